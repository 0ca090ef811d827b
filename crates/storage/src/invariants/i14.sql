-- Event ids are unique; sequences count from 1 in each stream and positions from 1 in the feed, without a gap, in the
-- same order. Both are given together, after commit.
select event_id as subject, format('%s events have this id', count(*)) as detail
from assurance.event group by event_id having count(*) > 1
union all
select event_id, format('its sequence is %s and its feed position %s', coalesce(sequence::text, 'open'),
                        coalesce(feed_position::text, 'open'))
from assurance.event where (sequence is null) <> (feed_position is null)
union all
select event_id, format('it is number %s of %s and bears sequence %s', place, stream, sequence)
from (select event_id, stream, sequence, row_number() over (partition by stream order by feed_position, sequence) as place
      from assurance.event where sequence is not null) e
where sequence <> place
union all
select event_id, format('it is number %s of the feed and bears position %s', place, feed_position)
from (select event_id, feed_position, row_number() over (order by feed_position) as place
      from assurance.event where feed_position is not null) e
where feed_position <> place
