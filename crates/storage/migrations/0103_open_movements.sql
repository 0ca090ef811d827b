-- What an open movement names of ours stands in its view: one that names something waits for nobody.

create or replace view assurance.movement as
select assurance.text_id('mov', m.id) as movement_id, m.account_code as account, bank_ref, booking_date, amount, occurrence,
       m.business_date, fate, reversal, direction, payout_of, s.imported_at, m.codes
from movement m join statement s on s.id = m.statement_id;
