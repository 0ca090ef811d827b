-- What each account and contract had, what came and went by kind of booking, and what it has: $1 from, $2 to, $3 agency,
-- $4 channel, $5 beneficiaries. The days of entries and who sees a scope are those of reconciliation.sql.
with scope as (
    select s.scope, s.kind, s.code
    from (select 'bank:' || code as scope, 'account' as kind, code, null as channel from receiving_account
          union all select 'clearing:' || code, 'profile', code, channel from merchant_profile) s
    where ($4::text is null or s.channel = $4)
      and ($3::text is null or exists (select from scope_beneficiary x join beneficiary b on b.code = x.beneficiary_code
                                       where x.scope = s.scope and b.agency_code = $3))
      and ($5::text[] is null
           or (exists (select from scope_beneficiary x where x.scope = s.scope)
               and not exists (select from scope_beneficiary x where x.scope = s.scope and x.beneficiary_code <> all($5))))),
entry as (
    select scope, kind, amount, kind in ('opening_balance', 'stated_opening') or day < $1::date as stood, (amount > 0) <> undoes as came
    from day_entry
    where scope in (select scope from scope) and (booked_on <= $2::date or moved_from <= $2::date) and day <= $2::date),
line as (
    select scope, 0 as place, 'opening' as line, null::bigint as "in", null::bigint as "out", sum(amount) filter (where stood) as balance
    from entry group by scope
    union all
    select scope, 1, kind, coalesce(sum(amount) filter (where came), 0), coalesce(-sum(amount) filter (where not came), 0), null
    from entry where not stood group by scope, kind
    union all
    select scope, 2, 'closing', null, null, sum(amount) from entry group by scope)
select s.kind as scope_kind,
       s.code as scope,
       l.line,
       l."in"::bigint as "in",
       l."out"::bigint as "out",
       case when l.place <> 1 then coalesce(l.balance, 0)::bigint end as balance
from line l join scope s on s.scope = l.scope
order by s.kind, s.code, l.place, l.line
