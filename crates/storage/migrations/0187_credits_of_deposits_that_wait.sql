-- What was noted of a deposit's credits is of no more use once one of them is its own; nor of a credit that is another's for good.
grant delete on deposit_credit to motlan_app;
delete from deposit_credit c
where exists (select from movement_match k where k.deposit_id = c.deposit_id)
   or exists (select from movement_match k where k.movement_id = c.movement_id and k.payment_id is null);
