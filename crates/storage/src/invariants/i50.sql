-- Each đồng of a fee is remitted once at most, by two persons' word: a remittance is the sum of its items, an item that of its
-- lines less what is kept, a line is of one remittance and is what the books say a payment gave to an obligation of that fee or
-- took back; what is paid has one debit of its amount and account, and nothing else has one.
with item as (
    select i.*, u.beneficiary, u.fee_code, u.retained_ppm, u.account, u.unit, u.treasury_bank_bin, u.treasury_account
    from assurance.remittance_item i left join assurance.remittance_rule u on u.rule_id = i.rule_id
),
standing as (
    select i.beneficiary, i.fee_code, i.rule_id, i.retained_ppm, sum(i.collected) as collected, sum(i.amount) as amount
    from item i join assurance.remittance r on r.remittance_id = i.remittance_id and r.status <> 'cancelled'
    group by i.beneficiary, i.fee_code, i.rule_id, i.retained_ppm
)
select r.remittance_id as subject, format('it is of %s, and its items of %s', r.amount, coalesce(sum(i.amount), 0)) as detail
from assurance.remittance r left join item i on i.remittance_id = r.remittance_id
group by r.remittance_id, r.amount having r.amount <> coalesce(sum(i.amount), 0)
union all
select i.remittance_id, format('%s is of %s, and %s − %s + %s', i.rule_id, i.amount, i.collected, i.retained, i.carried)
from item i where i.amount <> i.collected - i.retained + i.carried or i.amount < 0
union all
select i.remittance_id, format('%s is of another beneficiary, account, unit or treasury account', i.rule_id)
from item i join assurance.remittance r on r.remittance_id = i.remittance_id
where (i.beneficiary, i.account, i.unit, i.treasury_bank_bin, i.treasury_account)
      is distinct from (r.beneficiary, r.account, r.unit, r.treasury_bank_bin, r.treasury_account)
union all
select i.remittance_id, format('%s collected %s, and its lines %s', i.rule_id, i.collected, coalesce(sum(l.amount), 0))
from item i left join assurance.remittance_line l on l.remittance_id = i.remittance_id and l.rule_id = i.rule_id
group by i.remittance_id, i.rule_id, i.collected having i.collected <> coalesce(sum(l.amount), 0)
union all
select min(remittance_id), format('allocation %s is of %s remittances', allocation_id, count(*))
from assurance.remittance_line where live group by allocation_id having count(*) > 1
union all
select l.remittance_id, format('allocation %s is %s, and its line is %s', l.allocation_id, coalesce(a.amount::text, 'nothing'), l.amount)
from assurance.remittance_line l
left join assurance.allocation a on a.allocation_id = l.allocation_id and a.obligation_id is not null
where a.amount is distinct from l.amount
union all
select l.remittance_id, format('allocation %s is of %s, and its rule of %s', l.allocation_id, o.beneficiary, u.beneficiary)
from assurance.remittance_line l join assurance.allocation a on a.allocation_id = l.allocation_id
join assurance.obligation o on o.obligation_id = a.obligation_id
join assurance.remittance_rule u on u.rule_id = l.rule_id where o.beneficiary <> u.beneficiary
union all
select l.remittance_id, format('it is %s, and allocation %s is %s', r.status, l.allocation_id,
                               case when l.live then 'its own' else 'free' end)
from assurance.remittance_line l join assurance.remittance r on r.remittance_id = l.remittance_id
where l.live <> (r.status <> 'cancelled')
union all
-- rounding leaves less than one đồng of each rule
select beneficiary || '/' || fee_code, format('%s were collected, %s of them not to be kept, and %s are instructed', sum(collected),
                                              sum(trunc(collected * (1000000 - retained_ppm) / 1000000.0)), sum(amount))
from standing group by beneficiary, fee_code
having sum(amount) > sum(collected * (1000000 - retained_ppm) / 1000000.0) + count(*)
union all
select r.remittance_id, format('it is %s, and no second person said yes', r.status)
from assurance.remittance r
where r.status in ('instructed', 'paid') and not exists (
    select from assurance.approval a
    where a.kind = 'remittance' and a.status = 'approved' and a.subject = r.remittance_id and a.decider is distinct from a.proposer)
union all
select r.remittance_id, format('it is %s of %s, and its debit is %s', r.status, r.amount, coalesce(k.amount::text, 'not there'))
from assurance.remittance r
left join assurance.match k on k.remittance_id = r.remittance_id
left join assurance.movement m on m.movement_id = k.movement_id
where (r.status = 'paid') <> (k.movement_id is not null)
   or k.movement_id is not null and (k.amount <> -r.amount or m.account is distinct from r.account)
