-- Every credit of the bank that is no payout of a provider and no drawer's cash is booked, once, with the same amount.
with known as (
    select payment_id, bank_ref as reference from assurance.payment where receiving_account is not null
    union
    select payment_id, reference from assurance.payment_reference
)
select m.reference as credit,
       format('on %s: the bank booked %s, we %s in %s payments; %s', m.account, m.amount, sum(p.amount), count(p.*), m.content)
           as difference
from truth.movement m
left join known k on k.reference = m.reference
left join assurance.payment p
    on p.payment_id = k.payment_id and right(p.receiving_account, length(m.account)) = m.account and p.reversed < p.amount
where m.amount > 0 and not m.payout and not m.deposit
group by m.reference, m.account, m.amount, m.content having count(p.*) <> 1 or sum(p.amount) <> m.amount
