-- Each transition that is told has its one event of that type, in the stream of its subject, and no event tells of what
-- did not happen. A refund tells each stream that its lines touch.
with told as (
    select t.entity_type, t.entity_id, l.tells, count(*) as times
    from assurance.transition t
    join assurance.legal_transition l
        on l.entity_type = t.entity_type and l.from_state = t.from_state and l.to_state = t.to_state
    where l.tells is not null
    group by t.entity_type, t.entity_id, l.tells
),
events as (
    select subject_id, type, count(*) as times from assurance.event
    where split_part(type, '.', 1) in ('obligation', 'payment_intent', 'receipt') group by subject_id, type
),
refund_events as (
    select subject_id, type, stream, count(*) as times from assurance.event
    where split_part(type, '.', 1) = 'refund' group by subject_id, type, stream
)
select coalesce(t.entity_id, e.subject_id) as subject,
       format('%s happened %s times and was told %s times', coalesce(t.tells, e.type), coalesce(t.times, 0),
              coalesce(e.times, 0)) as detail
from (select * from told where entity_type in ('obligation', 'intent', 'receipt')) t
full join events e on e.subject_id = t.entity_id and e.type = t.tells
where t.times is distinct from e.times
union all
select e.subject_id, format('%s happened %s times and was told %s times in %s', e.type, coalesce(t.times, 0), e.times,
                            e.stream)
from refund_events e left join told t on t.entity_id = e.subject_id and t.tells = e.type
where t.times is distinct from e.times
union all
select t.entity_id, format('%s happened and was not told', t.tells)
from told t
where t.entity_type = 'refund'
  and exists (select from assurance.refund_line l where l.refund_id = t.entity_id and l.obligation_id is not null)
  and not exists (select from refund_events e where e.subject_id = t.entity_id and e.type = t.tells)
union all
select e.event_id, format('%s of %s is told in %s', e.type, e.subject_id, e.stream)
from assurance.event e join assurance.obligation o on o.obligation_id = e.subject_id
where e.stream is distinct from o.client || '/' || coalesce('dossier:' || o.dossier_code, 'customer:' || o.customer_code)
union all
select e.event_id, format('%s of %s is told in %s', e.type, e.subject_id, e.stream)
from assurance.event e join assurance.intent i on i.intent_id = e.subject_id
where e.stream is distinct from i.client || '/intent:' || i.intent_id
union all
select e.event_id, format('%s of %s is told in %s', e.type, e.subject_id, e.stream)
from assurance.event e join assurance.receipt r on r.receipt_id = e.subject_id
join assurance.obligation o on o.obligation_id = r.obligation_id
where e.stream is distinct from o.client || '/' || coalesce('dossier:' || o.dossier_code, 'customer:' || o.customer_code)
