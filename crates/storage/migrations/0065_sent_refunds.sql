-- Refunds that a provider has called sent: the payer's bank may refuse the money for days after that. They are asked about
-- seldom, and no drain waits for them.

create table sent_refund (
    refund_id    uuid primary key references refund,
    next_at      timestamptz not null,
    -- nobody asks any more
    until_at     timestamptz not null,
    lease_until  timestamptz
);
create index sent_refund_due on sent_refund (next_at);

insert into sent_refund (refund_id, next_at, until_at)
select id, now() + interval '1 day', updated_at + interval '30 days' from refund
where route = 'provider' and status = 'succeeded' and updated_at > now() - interval '30 days';

-- A row of a settlement file that brings a refund back.
alter table settlement_line add column returns_refund_id uuid references refund;
create unique index settlement_line_returns_once on settlement_line (returns_refund_id) where returns_refund_id is not null;
create index refund_by_provider_number on refund (provider_refund_id) where provider_refund_id is not null;

grant select, insert, update, delete on sent_refund to motlan_app;
