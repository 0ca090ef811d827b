-- Data of form C1-02/NS (Decree 347/2025, Annex I, form 02): what each payment gave to a debt of tax or land and has not taken back,
-- by the payment's business date: $1 from, $2 to, $3 agency, $4 channel, $5 beneficiaries. Who paid is not in it.
select p.business_date as day,
       o.agency_code as agency,
       o.beneficiary_code as beneficiary,
       o.dossier_code,
       o.payable_id,
       o.notice_number,
       o.notice_date,
       o.period as tax_period,
       o.description as content,
       sum(a.amount)::bigint as amount_paid,
       o.chapter,
       o.sub_item,
       o.area,
       o.budget_unit as unit,
       o.treasury,
       o.revenue_account,
       p.channel,
       n.reference,
       coalesce(p.bank_ref, p.provider_txn_id) as bank_ref,
       p.paid_at,
       assurance.text_id('pay', p.id) as payment_id,
       assurance.text_id('obl', o.id) as obligation_id
from obligation o
join allocation a on a.obligation_id = o.id
join payment p on p.id = a.payment_id
left join intent n on n.id = p.intent_id
where o.kind = 'tax_land'
  and p.business_date between $1::date and $2::date
  and ($3::text is null or o.agency_code = $3)
  and ($4::text is null or p.channel = $4)
  and ($5::text[] is null or o.beneficiary_code = any($5))
group by p.id, o.id, n.reference
having sum(a.amount) > 0
order by p.business_date, o.agency_code, p.id, o.id
