-- Since when a provider is at a refund, for who checks that a case tells of one that nobody hears of.

create or replace view assurance.refund as
select assurance.text_id('rfd', id) as refund_id, assurance.text_id('pay', payment_id) as payment_id, amount, status,
       provider_refund_id, version, route, provider_request_id,
       exists (select from refund_watch w where w.refund_id = refund.id) as watched, submitted_at
from refund;
