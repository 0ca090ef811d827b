-- The dossier system heard of each debt once that it is paid.
select body->'data'->>'id' as debt, format('it was told %s times that it is paid', count(*)) as difference
from truth.event e join truth.received r using (event_id)
where r.applied and body->>'type' = 'obligation.paid'
group by 1 having count(*) > 1
