-- What a role may do and has no use for is taken from it, and what it deletes by age it can delete by age alone.
set local role sotto_owner;

-- The pages delete nothing of an appointment themselves.
revoke delete on codes, factor_failures from sotto_patient;
