-- Whose payer is to be told of a receipt has a mail that says so, and whoever was told that it was issued hears of its end: each
-- once, and nothing is told of what did not happen.
with told as (
    select r.receipt_id, r.status, r.mailed, r.signed_at, n.says, m.state
    from assurance.receipt r
    cross join (values ('issued'), ('replaced'), ('cancelled')) n(says)
    left join assurance.receipt_mail m on m.receipt_id = r.receipt_id and m.says = n.says
)
select receipt_id as subject, 'its payer had an address, and no mail says that it was issued' as detail
from told where says = 'issued' and mailed and state is null
union all
select receipt_id, 'a mail says that it was issued, and it was not to be told'
from told where says = 'issued' and state is not null and not (mailed and signed_at is not null)
union all
select receipt_id, format('it is %s, its payer was told that it was issued, and no mail says so', status)
from told where says = status and status in ('replaced', 'cancelled') and mailed and state is null
union all
select receipt_id, format('it is %s, and a mail says %s', status, says)
from told where says <> 'issued' and says <> status and state is not null
union all
select m.receipt_id, format('%s mails say %s', count(*), m.says)
from assurance.receipt_mail m group by m.receipt_id, m.says having count(*) > 1
