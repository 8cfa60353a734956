-- What a role may change and never does is taken from it, as 0057 did.
set local role sotto_owner;

-- A link that went out opens under the selector it went out with: a worker that changed it would end the link.
-- Whoever revokes a key acts as another role.
create function keep_selector() returns trigger
language plpgsql set search_path = public, pg_temp as $$
begin
  raise exception 'a link keeps its selector' using errcode = 'insufficient_privilege';
end
$$;
create trigger keep_selector after update of selector on links for each row
  when (current_user = 'sotto_worker' and old.selector is not null and new.selector is distinct from old.selector)
  execute function keep_selector();

-- Api retires links, and whoever sends empties them.
revoke update (parcel, parcel_day) on links from sotto_api;
revoke update (current) on links from sotto_worker;

-- Api ends, marks and retimes reminders; nobody else does but to send them.
revoke update (attempt_count, channel, delivered_at, possible_duplicate, reason_code, sent_at, skipped_reason)
  on reminders from sotto_api;
revoke update (not_after, pending_end, send_at, skipped_reason) on reminders
  from sotto_ops, sotto_scheduler, sotto_worker;
revoke update (attempt_count) on reminders from sotto_ops, sotto_scheduler;

-- How an attempt ended, and what became of its copy: not whose it is, nor its token.
revoke update on attempts from sotto_worker;
grant update (copy_gone_at, copy_owed_at, copy_retry_at, copy_tries, ended_at, outcome, proven_copy_at,
  provider_id, reason_code, receipt_at, receipt_code, receipt_state) on attempts to sotto_worker;

-- Batches are made and deleted; that one was taken, its worker says.
revoke update on batches from sotto_scheduler;

-- They go with what they belong to, by whoever owns that rule.
revoke delete on content_keys, send_check_secrets, webhook_secrets from sotto_api;

reset role;
