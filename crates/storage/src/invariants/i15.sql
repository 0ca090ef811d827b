-- Each sequenced event is delivered, waits, or was given up with a case, once for each endpoint that was there; and no
-- endpoint gets a later event of a stream while an earlier one is on its way.
with listening as (
    -- from its first event on an endpoint misses none; a removed one, up to its last
    select p.endpoint, p.client, p.stream_kinds, p.recorded_at, p.disabled_at, min(e.feed_position) as first_position,
           max(e.feed_position) as last_position
    from assurance.endpoint p
    left join assurance.delivery d on d.endpoint = p.endpoint and d.in_order
    left join assurance.event e on e.event_id = d.event_id
    group by p.endpoint, p.client, p.stream_kinds, p.recorded_at, p.disabled_at
)
select event_id as subject, format('%s deliveries to %s', count(*), endpoint) as detail
from assurance.delivery group by event_id, endpoint having count(*) > 1
union all
select e.event_id, format('no delivery to %s', l.endpoint)
from assurance.event e
join listening l on l.client = e.client and (l.stream_kinds = '{}' or e.stream_kind = any (l.stream_kinds))
left join assurance.delivery d on d.event_id = e.event_id and d.endpoint = l.endpoint
where e.feed_position is not null and d.event_id is null
  and (e.feed_position > l.first_position and (l.disabled_at is null or e.feed_position < l.last_position)
       -- an event of a minute after the endpoint was certainly sequenced after it
       or l.disabled_at is null and e.recorded_at > l.recorded_at + interval '1 minute')
union all
select d.event_id, format('its delivery to %s: %s', d.endpoint,
                          case when e.event_id is null then 'there is no such event'
                               when p.endpoint is null then 'there is no such endpoint'
                               when e.client <> p.client then 'the endpoint is another client''s'
                               else 'it has no place in its stream yet' end)
from assurance.delivery d
left join assurance.event e on e.event_id = d.event_id
left join assurance.endpoint p on p.endpoint = d.endpoint
where e.event_id is null or p.endpoint is null or e.client <> p.client or e.feed_position is null
union all
select event_id, format('its delivery to %s is %s after %s sendings', endpoint, state, attempts)
from assurance.delivery
where state not in ('waiting', 'leased', 'delivered', 'dead') or state in ('leased', 'delivered') and attempts < 1
union all
-- what waited for an endpoint that its owner removed is dead without a case
select d.event_id, format('given up for %s without a case', d.endpoint)
from assurance.delivery d join assurance.endpoint p on p.endpoint = d.endpoint
where d.state = 'dead' and p.disabled_at is null and not exists (
    select from assurance.kase k where k.kind = 'undelivered' and k.subject_id = d.event_id)
union all
select event_id, format('sent to %s as number %s of %s while number %s was on its way', endpoint, sequence, stream, pending)
from (select d.event_id, d.endpoint, d.in_order, d.attempts, e.stream, e.sequence,
             min(e.sequence) filter (where d.in_order and d.state in ('waiting', 'leased'))
                 over (partition by d.endpoint, e.stream) as pending
      from assurance.delivery d join assurance.event e on e.event_id = d.event_id) sent
where in_order and attempts > 0 and sequence > pending
