-- Not every format says that a debit takes a credit back: one that does may come after one that does not.

grant update (reversal) on movement to motlan_app;

drop index kase_early_reversal;
create index kase_early_reversal on kase (movement_id)
    where kind in ('chargeback', 'unidentified') and status <> 'closed' and payment_id is null and movement_id is not null;
