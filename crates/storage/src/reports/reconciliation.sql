-- One row for each day on which something happened, of each account and contract: $1 from, $2 to, $3 agency, $4 channel,
-- $5 beneficiaries. Totals of a scope are seen by those who see all that have a part in it.
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
    select scope, day, kind in ('opening_balance', 'stated_opening') as stood, amount, (amount > 0) <> undoes as came
    from day_entry
    where scope in (select scope from scope) and (booked_on <= $2::date or moved_from <= $2::date) and day <= $2::date),
fate as (
    select 'bank:' || account_code as scope, business_date as day, count(*) filter (where fate = 'matched') as matched,
           count(*) filter (where fate is null) as unmatched
    from movement where business_date between $1::date and $2::date group by 1, 2
    union all
    select 'clearing:' || s.profile, s.date, count(*) filter (where l.disposition = 'matched'),
           count(*) filter (where l.disposition = 'unmatched')
    from settlement s join settlement_line l on l.settlement_id = s.id
    where s.date between $1::date and $2::date group by 1, 2),
cases as (
    select at_scope as scope, at_day as day, count(*) as cases from kase
    where status <> 'closed' and at_scope in (select scope from scope) and at_day between $1::date and $2::date group by 1, 2),
stated as (
    select 'bank:' || account_code as scope, closing_date as day
    from statement where state = 'imported' and closing is not null and closing_date between $1::date and $2::date),
timeline as (
    select scope, day, sum(stood)::bigint as stood, sum(moved_in)::bigint as moved_in, sum(moved_out)::bigint as moved_out
    from (select scope, greatest(day, $1::date - 1) as day,
                 case when stood or day < $1::date then amount else 0 end as stood,
                 case when not stood and day >= $1::date and came then amount else 0 end as moved_in,
                 case when not stood and day >= $1::date and not came then -amount else 0 end as moved_out
          from entry
          union all select scope, day, 0, 0, 0 from fate
          union all select scope, day, 0, 0, 0 from cases
          union all select scope, day, 0, 0, 0 from stated
          union all select scope, day, 0, 0, 0 from closed_day where reopened_at is null and day between $1::date and $2::date) every
    where scope in (select scope from scope)
    group by scope, day),
running as (
    select *, sum(stood + moved_in - moved_out) over (partition by scope order by day)::bigint as closing from timeline),
-- how the day began and ended by each statement that covers it, and which of them is the last: the same as a day shows
-- of itself (`days::PIECES`, `domain::reconciliation::{standing, shown_closing}`)
piece as (
    select r.scope, c.code, r.day, r.closing as ours, s.imported_at, s.id, o.named, s.opening + coalesce(l.before, 0) as opening,
           case when s.closing_date = r.day then s.closing else s.opening + coalesce(l.until, 0) end as closing
    from running r
    join scope c on c.scope = r.scope and c.kind = 'account'
    join statement s on s.account_code = c.code and s.state = 'imported' and s.opening is not null and s.closing is not null
        and (s.closing_date = r.day or s.closing_date > r.day and s.first_date <= r.day)
    left join overtaken_piece o on o.statement_id = s.id and o.day = r.day
    cross join lateral (
        select sum(k.amount) filter (where m.business_date < r.day)::bigint as before,
               sum(k.amount) filter (where m.business_date <= r.day)::bigint as until
        from statement_line k join movement m on m.id = k.movement_id where k.statement_id = s.id
            -- a file of this day alone says what stood before and after it
            and (s.first_date is null or s.first_date < r.day or s.closing_date > r.day)) l
    where r.day >= $1::date),
-- the last of all pieces, and of those that no other has overtaken
ended as (
    select distinct on (p.scope, p.day, p.of_all) p.scope, p.day, p.of_all, p.closing::bigint as closing
    from (select p.*, a.of_all,
                 exists (select from piece q where q.scope = p.scope and q.day = p.day and q.opening = p.closing
                            and q.closing <> p.closing and (a.of_all or q.named is null)) as goes_on
          from piece p join (values (true), (false)) as a(of_all) on a.of_all or p.named is null) p
    order by p.scope, p.day, p.of_all, p.goes_on, p.goes_on and p.closing = p.ours desc, p.imported_at desc, p.id desc),
overtaken as (
    select p.scope, p.day, p.opening, p.closing, p.named, array(
        select n.opening from statement n
        where n.account_code = p.code and n.state = 'imported' and n.opening is not null and n.closing is not null and n.first_date > p.day
          and n.closing_date = (select min(x.closing_date) from statement x
                                where x.account_code = p.code and x.state = 'imported' and x.closing_date > p.day
                                  and x.opening is not null and x.closing is not null)) as after
    from piece p where p.named is not null),
doubtful as (
    select o.scope, o.day from overtaken o
    join ended e on e.scope = o.scope and e.day = o.day and not e.of_all
    where e.closing <> all(o.after)
      and (o.closing = any(o.after)
           or not o.named and exists (select from piece q where q.scope = o.scope and q.day = o.day and q.named is null
                                                            and q.closing = o.opening))),
shown as (
    select e.scope, e.day, e.closing from ended e
    where e.of_all = ((e.scope, e.day) in (select d.scope, d.day from doubtful d)))
select r.day,
       s.kind as scope_kind,
       s.code as scope,
       r.closing - r.moved_in + r.moved_out as opening,
       r.moved_in as "in",
       r.moved_out as "out",
       r.closing,
       t.closing as statement_closing,
       coalesce(f.matched, 0)::bigint as matched,
       coalesce(f.unmatched, 0)::bigint as unmatched,
       coalesce(c.cases, 0)::bigint as cases,
       case when r.day <= (select max(d.day) from closed_day d where d.scope = r.scope and d.reopened_at is null) then 'closed' else 'open' end as status
from running r
join scope s on s.scope = r.scope
left join fate f on f.scope = r.scope and f.day = r.day
left join cases c on c.scope = r.scope and c.day = r.day
left join shown t on t.scope = r.scope and t.day = r.day
where r.day >= $1::date
order by r.day, s.kind, s.code
