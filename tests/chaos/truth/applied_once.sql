-- Every event took effect there exactly once, in order, with the same bytes each time; and nothing else did.
select coalesce(e.event_id, r.event_id) as event,
       format('%s: applied %s times, gaps %s, other bytes %s', coalesce(e.type, 'unknown here'), coalesce(r.applied, 0),
              coalesce(r.gaps, 0), coalesce(r.others, 0)) as difference
from assurance.event e
full join (select event_id, count(*) filter (where applied) as applied, count(*) filter (where gap) as gaps,
                  count(*) filter (where not same_bytes) as others
           from truth.received group by event_id) r on r.event_id = e.event_id
where e.event_id is null or coalesce(r.applied, 0) <> 1 or coalesce(r.gaps, 0) > 0 or coalesce(r.others, 0) > 0
