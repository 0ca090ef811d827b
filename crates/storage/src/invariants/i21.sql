-- Every step is an edge of the table.
select t.entity_id as subject,
       format('%s goes from %s to %s for %s', t.entity_type, coalesce(t.from_state, 'nothing'), t.to_state, t.cause) as detail
from assurance.transition t
where not exists (
    select from assurance.legal_transition l
    where l.entity_type = t.entity_type and l.from_state is not distinct from t.from_state and l.to_state = t.to_state)
