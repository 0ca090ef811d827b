-- A later file may have what the first one has lost of a movement's text.
grant update (codes) on movement to motlan_app;

create index kase_of_statement on kase (subject) where kind = 'statement_gap';
