-- What an application heard of a customer's money stands: never both answers, never none, and paid means that the debt was settled.
select b.transaction_no as payment,
       format('%s of %s: told %s, here it is %s', b.amount, b.channel,
              concat_ws(' and ', case when b.paid then 'paid' end, case when b.returned then 'refused' end), coalesce(p.outcome, 'unknown'))
           as difference
from truth.bill b
left join assurance.bill_payment p on p.bank_txn_id = b.transaction_no
where b.paid = b.returned or (p.outcome = 'paid') is distinct from b.paid or p.amount <> b.amount
union all
select p.bank_txn_id, format('%s was decided as %s, and nobody paid it', p.profile, p.outcome)
from assurance.bill_payment p left join truth.bill b on b.transaction_no = p.bank_txn_id
where b.transaction_no is null
