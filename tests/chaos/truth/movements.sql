-- Every line that the bank booked is one movement, and no other is.
select coalesce(t.reference, m.bank_ref) as movement,
       format('on %s: the bank has %s, we have %s', coalesce(t.account, m.account), coalesce(t.amount::text, 'nothing'),
              coalesce(m.amounts, 'nothing')) as difference
from truth.movement t
full join (select account, bank_ref, string_agg(amount::text, ' and ') as amounts from assurance.movement group by 1, 2) m
    on truth.plain(m.bank_ref) = t.reference and right(m.account, length(t.account)) = t.account
where m.amounts is distinct from t.amount::text
