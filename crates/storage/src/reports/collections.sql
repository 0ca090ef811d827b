-- What was collected for debts, by agency, fee and channel: $1 from, $2 to, $3 agency, $4 channel, $5 beneficiaries,
-- $6 whether by day. An entry is of the business date of its journal, so the sums are those of the accounts of obligations.
with entry as (
    select j.business_date as day, e.obligation_id, e.payment_id, -e.amount as amount, e.id = f.first as is_first,
           j.kind in ('refund_approved', 'refund_failed', 'refund_returned', 'taken_back', 'voided') as goes_back
    from ledger_entry e
    join journal j on j.id = e.journal_id
    -- gross and relief of a debt that is paid in parts are counted with its first đồng only
    cross join lateral (
        select min(x.id) as first
        from allocation a join ledger_entry x on x.journal_id = a.journal_id and x.obligation_id = a.obligation_id
        where a.obligation_id = e.obligation_id and x.account_code like 'obligation:%') f
    where e.account_code in (select code from account where kind = 'obligation')
      and j.business_date between $1::date and $2::date)
select case when $6::boolean then e.day end as day,
       o.agency_code as agency,
       o.fee_code,
       o.kind as obligation_kind,
       o.sub_item,
       p.channel,
       count(*) filter (where e.is_first)::bigint as count,
       coalesce(sum(o.gross_amount) filter (where e.is_first), 0)::bigint as gross,
       coalesce(sum(o.relief_amount) filter (where e.is_first), 0)::bigint as relief,
       coalesce(sum(e.amount) filter (where not e.goes_back), 0)::bigint as collected,
       coalesce(sum(-e.amount) filter (where e.goes_back), 0)::bigint as refunded,
       sum(e.amount)::bigint as net
from entry e
join obligation o on o.id = e.obligation_id
join payment p on p.id = e.payment_id
where ($3::text is null or o.agency_code = $3)
  and ($4::text is null or p.channel = $4)
  and ($5::text[] is null or o.beneficiary_code = any($5))
group by 1, 2, 3, 4, 5, 6
order by 1, 2, 3, 4, 5, 6
