-- One row for each place where a part of a payment is: $1 from, $2 to, $3 agency, $4 channel, $5 beneficiaries.
with line as (
    select a.payment_id, a.obligation_id, a.suspense_reason, a.refund_id, sum(a.amount)::bigint as amount, min(a.id) as first
    from payment p join allocation a on a.payment_id = p.id
    where p.business_date between $1::date and $2::date and ($4::text is null or p.channel = $4)
    group by 1, 2, 3, 4 having sum(a.amount) <> 0),
numbered as (select *, row_number() over (partition by payment_id order by first) as n from line)
select p.business_date as day,
       coalesce(o.agency_code, b.agency_code) as agency,
       coalesce(o.beneficiary_code, i.beneficiary_code) as beneficiary,
       o.procedure_code as procedure,
       o.dossier_code,
       o.customer_code,
       o.kind as obligation_kind,
       o.fee_code,
       o.amount as amount_due,
       l.amount as amount_paid,
       p.channel,
       p.profile,
       p.provider_txn_id,
       i.reference,
       p.order_ref,
       coalesce(m.bank_ref, payout.bank_ref) as statement_bank_ref,
       p.paid_at,
       coalesce(m.booking_date, payout.booking_date) as credited_on,
       -- a provider's fee is one for the whole payment: it stands on the first of its rows
       case when l.n = 1 then s.fee end as provider_fee,
       assurance.text_id('stl', s.settlement_id) as settlement_id,
       o.treasury,
       coalesce(o.revenue_account, account.account_number) as treasury_account,
       o.chapter,
       o.sub_item,
       case when k.movement_id is not null or s.disposition = 'matched' then 'matched'
            when c.kinds is not null or s.disposition = 'case' then 'case' else 'unmatched' end as match_state,
       coalesce(l.suspense_reason,
                case when l.refund_id is not null then 'refund' when l.obligation_id is null then 'written_off' end, c.kinds) as reason,
       assurance.text_id('pay', p.id) as payment_id,
       assurance.text_id('obl', l.obligation_id) as obligation_id
from numbered l
join payment p on p.id = l.payment_id
left join intent i on i.id = p.intent_id
left join obligation o on o.id = l.obligation_id
left join beneficiary b on b.code = i.beneficiary_code
left join movement_match k on k.payment_id = p.id
left join movement m on m.id = k.movement_id
left join lateral (
    select settlement_id, fee, disposition from settlement_line
    where payment_id = p.id and kind = 'payment' and disposition in ('matched', 'case')
    order by settlement_id limit 1) s on true
left join movement_match ks on ks.settlement_id = s.settlement_id
left join movement payout on payout.id = ks.movement_id
left join lateral (
    select string_agg(distinct kind, ' ' order by kind) as kinds from kase
    where payment_id = p.id and status <> 'closed') c on true
left join lateral (
    select account_number from beneficiary_account a
    where a.beneficiary_code = coalesce(o.beneficiary_code, i.beneficiary_code) and a.in_force_from <= p.paid_at
    order by a.in_force_from desc limit 1) account on true
where ($3::text is null or coalesce(o.agency_code, b.agency_code) = $3)
  and ($5::text[] is null or coalesce(o.beneficiary_code, i.beneficiary_code) = any($5)
       -- what names nobody is seen by those whose account, contract or counter it is on, a bill's by those who were owed
       or (coalesce(o.beneficiary_code, i.beneficiary_code) is null and p.whose = any(array(select concerning($5)))))
order by p.business_date, p.id, l.first
