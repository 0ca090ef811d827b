-- How often a provider was, or may have been, asked to pay a refund out: a refusal says that nothing left only where the
-- call that it answers is the only one.

alter table refund add column calls int not null default 0 check (calls >= 0);
update refund set calls = 2 where submitted_at is not null;
