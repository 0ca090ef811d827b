-- One idempotency key of one principal and scope names one request and one resource, which exists.
select min(resource_id) as subject,
       format('a key of %s for %s stands for %s requests and %s resources in %s rows', principal, scope,
              count(distinct fingerprint), count(distinct resource_id), count(*)) as detail
from assurance.idempotency group by principal, scope, key_hash having count(*) > 1
union all
select k.resource_id, format('a key of %s for %s names it and it does not exist', k.principal, k.scope)
from assurance.idempotency k
where k.resource_id ~ '^(obl|pi|att|pay|rfd|evt|ep)_[0-9a-f]{32}$' and not exists (
    select from (select obligation_id as id from assurance.obligation union all select intent_id from assurance.intent
                 union all select attempt_id from assurance.attempt union all select payment_id from assurance.payment
                 union all select refund_id from assurance.refund union all select event_id from assurance.event
                 union all select endpoint from assurance.endpoint) thing
    where thing.id = k.resource_id)
