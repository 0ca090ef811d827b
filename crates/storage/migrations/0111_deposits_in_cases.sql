-- Each look at an account asks whether a deposit that waits is told of.
create index kase_missing_by_subject on kase (subject) where kind = 'missing_at_provider';
