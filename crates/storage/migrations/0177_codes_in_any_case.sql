-- Codes are typed by people: in capitals or not, a dossier's and a customer's code is the same, on the page and at a bank.

create index obligation_by_dossier_in_capitals on obligation (upper(dossier_code collate "C")) where dossier_code is not null;
create index obligation_by_customer_in_capitals on obligation (upper(customer_code collate "C")) where customer_code is not null;
