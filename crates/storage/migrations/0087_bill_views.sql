-- `motlan verify` reads the views as the program's role too.
grant select on assurance.bill_quote, assurance.bill_payment to motlan_app;
