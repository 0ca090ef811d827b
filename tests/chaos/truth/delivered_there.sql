-- What we count as delivered was answered with 2xx there.
select d.event_id as event, 'delivered here, and never taken there' as difference
from assurance.delivery d
where d.state = 'delivered' and not exists (
    select from truth.received r where r.event_id = d.event_id and r.status between 200 and 299)
