-- One line may be several movements from the beginning: refunds that the bank paid in one sum, a batch that it takes back whole.

alter table movement
    -- of a line that takes several credits back: which of them this part does
    add column reverses uuid references movement;
create index movement_reversed on movement (reverses) where reverses is not null;
