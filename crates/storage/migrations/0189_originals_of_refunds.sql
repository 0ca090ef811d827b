-- A provider may name a refund that was made past us before anybody has told us of its payment.

-- of a refund or a correction: what it is of, in the provider's words
alter table settlement_line add column original_txn_id text;
create index kase_without_payment on kase (id) where kind = 'refund_without_payment' and payment_id is null and status = 'open';
