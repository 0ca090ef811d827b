-- Whose payer is to be told of a receipt has a mail that says so, and whoever was told that it was issued hears of its end: each
-- once, and nothing is told of what did not happen. Who was not told that it was issued is not told of its end, and nobody is told
-- that it was issued after its end; what is dropped had nothing left to say.
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
select e.receipt_id, format('its payer was not told that it was issued, and a mail says that it is %s', e.says)
from assurance.receipt_mail e join assurance.receipt_mail i on i.receipt_id = e.receipt_id and i.says = 'issued'
where e.says <> 'issued' and e.state = 'sent' and i.state <> 'sent'
union all
select e.receipt_id, format('a mail said that it was issued after one that it is %s', e.says)
from assurance.receipt_mail e join assurance.receipt_mail i on i.receipt_id = e.receipt_id and i.says = 'issued'
where e.says <> 'issued' and e.state = 'sent' and i.state = 'sent' and i.updated_at > e.updated_at
union all
select e.receipt_id, format('its payer was told that it was issued, and the mail that it is %s was dropped', e.says)
from assurance.receipt_mail e join assurance.receipt_mail i on i.receipt_id = e.receipt_id and i.says = 'issued'
where e.says <> 'issued' and e.state = 'dropped' and i.state = 'sent'
union all
select receipt_id, format('it is %s, and the mail that it was issued was dropped', status)
from told where says = 'issued' and state = 'dropped' and status not in ('replaced', 'cancelled')
union all
select m.receipt_id, format('%s mails say %s', count(*), m.says)
from assurance.receipt_mail m group by m.receipt_id, m.says having count(*) > 1
