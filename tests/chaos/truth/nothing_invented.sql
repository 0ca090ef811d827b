-- Nothing is booked that no provider, bank or officer knows.
select p.payment_id as payment,
       format('%s of %s, transaction %s, which it does not know', p.amount, p.channel, p.provider_txn_id) as difference
from assurance.payment p left join truth.capture c on c.channel = p.channel and c.transaction_no = p.provider_txn_id
where p.receiving_account is null and p.channel <> 'counter' and c.transaction_no is null
union all
select p.payment_id, format('%s on %s, reference %s, which the bank does not know as a payer''s', p.amount, p.receiving_account, p.bank_ref)
from assurance.payment p
where p.receiving_account is not null and p.reversed < p.amount and not exists (
    select from truth.movement m
    where m.amount > 0 and not m.payout and not m.deposit and right(p.receiving_account, length(m.account)) = m.account
      and (m.reference = p.bank_ref or exists (
          select from assurance.payment_reference r where r.payment_id = p.payment_id and r.reference = m.reference)))
union all
select p.payment_id, format('%s at a counter, receipt %s, of which no officer was told', p.amount,
                            coalesce(p.receipt_ref, p.provider_txn_id))
from assurance.payment p left join truth.taken t using (payment_id)
where p.channel = 'counter' and t.payment_id is null
