-- What a bank was told of a bill's money is what is in the books: paid, and the payment of its number is there; refused, and
-- nothing was concluded from the call. Of one bill one payment was booked by a call.
select b.sighting_id as subject,
       format('%s of %s was told %s, its report is %s, its payment %s is %s of %s', b.bank_txn_id, b.profile, b.outcome,
              coalesce(s.state, 'not there'), coalesce(b.payment_id, 'none'), coalesce(p.provider_txn_id, 'none'),
              coalesce(p.profile, 'none')) as detail
from assurance.bill_payment b
left join assurance.sighting s on s.sighting_id = b.sighting_id
left join assurance.payment p on p.payment_id = b.payment_id
where (b.outcome = 'paid') <> (p.payment_id is not null)
   or p.payment_id is not null and (p.profile is distinct from b.profile or p.provider_txn_id is distinct from b.bank_txn_id)
   or b.outcome = 'paid' and s.state is distinct from 'applied' and s.state is distinct from 'repeated'
   or b.outcome <> 'paid' and s.state is distinct from 'refused'
union all
select min(b.sighting_id), format('bill %s of %s was paid by %s calls', b.reference, b.profile, count(*))
from assurance.bill_payment b join assurance.sighting s on s.sighting_id = b.sighting_id and s.state = 'applied'
where b.outcome = 'paid' group by b.profile, b.reference having count(*) > 1
