-- What was tried or taken up in vain is due again a little later, each time anew: by when it is due it never seems
-- late. Here it stands by when it was first to be sent. Next to nothing is in it while providers are well.
set local role sotto_owner;

create index reminders_put_off on reminders (channel, mode, send_at)
  where phase = 'scheduled' and due_at > send_at;

reset role;
