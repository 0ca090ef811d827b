-- Every event was delivered.
select e.event_id as event, format('%s of %s is %s', e.type, e.subject_id, coalesce(d.state, 'not to be delivered')) as difference
from assurance.event e left join assurance.delivery d using (event_id)
where d.state is distinct from 'delivered'
