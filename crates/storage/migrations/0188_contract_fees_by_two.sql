-- What a contract's provider keeps is said by two persons.
alter table approval drop constraint approval_kind_check;
alter table approval add constraint approval_kind_check check (kind in (
    'refund', 'reduction', 'case_resolution', 'day_reopening', 'beneficiary_account', 'profile_credentials',
    'person_rights', 'person_key', 'counter_void', 'contract_fee'));
