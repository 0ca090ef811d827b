-- A credit that brings a transfer back was booked as a payment, since statements covered its days without the debit. That may
-- be on another account, whose statement comes later.

create table early_return (
    movement_id  uuid primary key references movement,
    refund_id    uuid not null references refund
);
create index early_return_by_refund on early_return (refund_id);
grant select, insert, delete on early_return to motlan_app;
grant update (refund_id) on movement_match to motlan_app;

create or replace view assurance.refund as
select assurance.text_id('rfd', id) as refund_id, assurance.text_id('pay', payment_id) as payment_id, amount, status,
       provider_refund_id, version, route, provider_request_id,
       exists (select from refund_watch w where w.refund_id = refund.id) as watched, submitted_at, reference
from refund;
