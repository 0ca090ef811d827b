-- What a row says is what its last transition says.
with standing(entity_type, entity_id, status, version) as (
    select 'obligation', obligation_id, status, version from assurance.obligation
    union all select 'intent', intent_id, status, version from assurance.intent
    union all select 'attempt', attempt_id, status, version from assurance.attempt
    union all select 'refund', refund_id, status, version from assurance.refund
    union all select 'case', case_id, status, version from assurance.kase
    union all select 'receipt', receipt_id, status, version from assurance.receipt
    union all select 'remittance', remittance_id, status, version from assurance.remittance
),
last_steps as (
    select distinct on (entity_type, entity_id) entity_type, entity_id, to_state, version
    from assurance.transition order by entity_type, entity_id, version desc, seq desc
)
select coalesce(r.entity_id, s.entity_id) as subject,
       format('%s stands at %s (version %s), its last step at %s (version %s)', coalesce(r.entity_type, s.entity_type),
              coalesce(r.status, 'nothing'), coalesce(r.version, 0), coalesce(s.to_state, 'nothing'),
              coalesce(s.version, 0)) as detail
from standing r full join last_steps s on s.entity_type = r.entity_type and s.entity_id = r.entity_id
where (r.status, r.version) is distinct from (s.to_state, s.version)
