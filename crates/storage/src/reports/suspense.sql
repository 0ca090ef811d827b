-- Money that had no obligation at the end of day $2 and has waited since $1 or later, by the ledger:
-- $3 agency, $4 channel, $5 beneficiaries. What left an account without an explanation is negative.
with waiting as (
    select substr(e.account_code, length('suspense:') + 1) as reason, e.payment_id,
           case when e.payment_id is null then e.movement_id end as movement_id,
           case when e.payment_id is null then e.settlement_id end as settlement_id,
           -sum(e.amount)::bigint as amount, min(j.business_date) as since
    from ledger_entry e join journal j on j.id = e.journal_id
    where e.account_code in (select code from account where kind = 'suspense') and j.business_date <= $2::date
    group by 1, 2, 3, 4 having sum(e.amount) <> 0)
select w.reason,
       w.amount,
       w.since,
       ($2::date - w.since)::bigint as age_days,
       coalesce(p.channel, contract.channel) as channel,
       coalesce('bank:' || coalesce(m.account_code, p.receiving_account), 'clearing:' || coalesce(p.profile, s.profile)) as scope,
       b.agency_code as agency,
       coalesce(i.reference, m.codes[1]) as reference,
       p.provider_txn_id,
       coalesce(m.bank_ref, p.bank_ref) as bank_ref,
       p.paid_at,
       assurance.text_id('cas', coalesce(c.id, f.id)) as case_id,
       coalesce(c.kind, f.kind) as case_kind,
       assurance.text_id('pay', w.payment_id) as payment_id,
       assurance.text_id('mov', w.movement_id) as movement_id
from waiting w
left join payment p on p.id = w.payment_id
left join movement m on m.id = w.movement_id
left join settlement s on s.id = w.settlement_id
left join merchant_profile contract on contract.code = s.profile
left join intent i on i.id = p.intent_id
left join beneficiary b on b.code = i.beneficiary_code
left join lateral (
    select id, kind from kase
    where (payment_id = w.payment_id or movement_id = w.movement_id) and status <> 'closed'
    order by id desc limit 1) c on true
-- rows of a file that nobody explains have their cases under its day
left join lateral (
    select k.id, k.kind from kase k
    where k.scope = 'clearing:' || s.profile and k.business_date = s.date and k.status <> 'closed'
      -- what a file pays out again has the file's own case
      and case when w.reason = 'amount_differs' then k.kind = 'amount_differs' and k.subject = assurance.text_id('stl', s.id)
               else k.kind in ('missing_in_books', 'refund_without_payment')
                    or k.kind = 'amount_differs' and k.payment_id is null and k.subject not like 'stl\_%' end
    order by k.id desc limit 1) f on s.id is not null
where w.since >= $1::date
  and ($3::text is null or b.agency_code = $3)
  and ($4::text is null or coalesce(p.channel, contract.channel) = $4)
  -- what names nobody is seen by those whose account, contract or counter it is on, a bill's by those who were owed, a row of
  -- a settlement file by those who see the file
  and ($5::text[] is null
       or case when w.payment_id is not null then p.whose
               else coalesce('bank:' || m.account_code, 'whole:clearing:' || s.profile, '') end = any(array(select concerning($5))))
order by w.since, w.reason, w.payment_id, w.movement_id, w.settlement_id
