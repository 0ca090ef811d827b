-- A reversal names its credit by a word of its text. One that names none we know is looked at again on each pass.
create index movement_reference_by_word on movement_reference
    (account_code, direction, (split_part(':' || reference, ':', -1)));
