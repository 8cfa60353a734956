-- What was carried forward of deleted reminders is one row an organisation, mode and state, however long it runs.
set local role sotto_owner;
grant select (organisation_id, mode, state, count), delete on carried_balances to sotto_scheduler;
