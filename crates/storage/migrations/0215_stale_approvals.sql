-- What is about money and cannot be carried out any more is withdrawn when somebody would approve it: its case is open again, its
-- refund over. A release that knows nothing of this reads it as taken back.
alter table approval
    add column is_stale boolean not null default false,
    add constraint approval_stale_is_withdrawn check (not is_stale or status = 'withdrawn');
grant update (is_stale) on approval to motlan_app;
