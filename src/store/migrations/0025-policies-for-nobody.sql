-- Two policies spoke of roles that hold no grant on their table: they let nobody through, and would have
-- let everybody of those roles through on the day somebody gives a grant without thinking of it.

set local role sotto_owner;

drop policy every_organisation on content_keys;
drop policy every_organisation on factor_failures;
