-- One transaction at a provider, or one reference on an account, is one payment; each payment was seen; each report of
-- money has its payment; and its capture is booked once, with its amount, on its profile's clearing account, or in
-- transit to the account that received it.
select min(payment_id) as subject,
       format('%s payments are transaction %s of %s', count(*), provider_txn_id, profile) as detail
from assurance.payment where profile is not null and provider_txn_id is not null
group by profile, provider_txn_id having count(*) > 1
union all
select min(payment_id), format('%s payments are reference %s on %s', count(*), bank_ref, receiving_account)
from assurance.payment where receiving_account is not null and bank_ref is not null
group by receiving_account, bank_ref having count(*) > 1
union all
select min(payment_id), format('%s payments are receipt %s of %s', count(*), receipt_ref, counter)
from assurance.payment where counter is not null group by counter, receipt_ref having count(*) > 1
union all
-- one that was merged into another has given its sightings away and is reversed whole
select p.payment_id, 'no sighting of it was applied'
from assurance.payment p
where p.reversed < p.amount and not exists (
    select from assurance.sighting s where s.payment_id = p.payment_id and s.state = 'applied')
union all
select s.sighting_id, format('it was %s and names %s', s.state, coalesce(s.payment_id, 'no payment'))
from assurance.sighting s left join assurance.payment p on p.payment_id = s.payment_id
where p.payment_id is null and (s.payment_id is not null or s.state = 'repeated'
                                or s.state = 'applied' and s.provider_txn_id is not null)
union all
select s.sighting_id, format('it tells of %s by transaction %s of %s; %s is %s by transaction %s of %s', s.amount,
                             s.provider_txn_id, s.profile, p.payment_id, p.amount, p.provider_txn_id, p.profile)
from assurance.sighting s join assurance.payment p on p.payment_id = s.payment_id
where s.provider_txn_id is not null and p.provider_txn_id is not null
  and ((s.profile, s.provider_txn_id) is distinct from (p.profile, p.provider_txn_id)
       or s.state = 'applied' and s.amount is distinct from p.amount)
union all
-- the money that a report of an account was the first to tell
select s.sighting_id, format('it tells of %s and %s is %s', s.amount, p.payment_id, p.amount)
from assurance.sighting s join assurance.payment p on p.payment_id = s.payment_id
where p.receiving_account is not null and s.state = 'applied' and s.amount is distinct from p.amount
union all
select p.payment_id, format('%s journals capture %s of it on %s, and it is of %s', coalesce(c.journals, 0),
                            coalesce(c.total, 0), p.account_code, p.amount)
from (select payment_id, amount,
             coalesce('in_transit:' || receiving_account, 'clearing:' || profile, 'drawer:' || counter) as account_code
      from assurance.payment
      where receiving_account is not null or provider_txn_id is not null or counter is not null) p
left join (select payment_id, account_code, count(distinct journal_id) as journals, sum(amount) as total
           from assurance.ledger_entry
           where journal_kind = 'capture' and account_code like 'clearing:%'
              or journal_kind = 'bank_credit' and account_code like 'in_transit:%'
              or journal_kind = 'cash_taken' and account_code like 'drawer:%'
           group by payment_id, account_code) c
    on c.payment_id = p.payment_id and c.account_code = p.account_code
where c.journals is distinct from 1 or c.total is distinct from p.amount
