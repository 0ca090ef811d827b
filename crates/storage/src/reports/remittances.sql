-- What was remitted to the treasury, or is to be: a row for each rule of a fee, of remittances whose period ends on a day from $1
-- to $2; $3 agency, $5 beneficiaries. Nothing of it is of one channel ($4).
select r.ends_on as day,
       b.agency_code as agency,
       r.beneficiary_code as beneficiary,
       r.period,
       r.begins_on,
       r.due_on,
       r.status,
       u.fee_code,
       u.chapter,
       u.sub_item,
       u.area,
       r.unit,
       i.collected,
       i.retained,
       i.carried,
       i.amount as remitted,
       r.treasury,
       r.treasury_account,
       r.account_code as account,
       r.reference,
       m.booking_date as debited_on,
       assurance.text_id('rmt', r.id) as remittance_id
from remittance r
join beneficiary b on b.code = r.beneficiary_code
join remittance_item i on i.remittance_id = r.id
join remittance_rule u on u.id = i.rule_id
left join movement_match k on k.remittance_id = r.id
left join movement m on m.id = k.movement_id
where r.ends_on between $1::date and $2::date
  and ($3::text is null or b.agency_code = $3)
  and $4::text is null
  and ($5::text[] is null or r.beneficiary_code = any($5))
order by r.ends_on, r.beneficiary_code, r.id, u.fee_code, u.valid_from
