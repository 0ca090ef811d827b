-- Versions count from 1 without a gap, in the order of time, and each step starts where the one before it ended.
select entity_id as subject,
       format('step %s bears version %s and goes from %s after %s', place, version, coalesce(from_state, 'nothing'),
              coalesce(before_state, 'nothing')) as detail
from (select entity_type, entity_id, seq, version, from_state, row_number() over steps as place,
             lag(to_state) over steps as before_state, lag(seq) over steps as before_seq
      from assurance.transition
      window steps as (partition by entity_type, entity_id order by version, seq)) t
where version <> place or from_state is distinct from before_state or seq < before_seq
