-- The moment of the first call that a provider may have heard of a refund: `submitted_at` until now, and a later one where
-- the calls before it were certainly never sent. A provider that names a refund by its day names it by this one.

alter table refund add column first_asked_at timestamptz;
