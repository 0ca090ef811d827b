-- Reversals whose credit no statement had shown are looked at again with each file: few, among all cases.

create index kase_early_reversal on kase (movement_id)
    where kind = 'chargeback' and status <> 'closed' and payment_id is null and movement_id is not null;
