-- The dossier system heard of each debt once that it is paid, and once more for each time that it was due again.
select body->'data'->>'id' as debt, format('it was told %s times that it is paid', count(*)) as difference
from truth.event e join truth.received r using (event_id)
where r.applied and body->>'type' in ('obligation.paid', 'obligation.reopened')
group by 1
having count(*) filter (where body->>'type' = 'obligation.paid') > 1 + count(*) filter (where body->>'type' = 'obligation.reopened')
