-- A receipt is looked for by the number that stands on it, or by its dossier.

create index receipt_by_number on receipt (number);
create index receipt_by_dossier on receipt (dossier_code) where dossier_code is not null;
