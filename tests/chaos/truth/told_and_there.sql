-- Whatever a caller was told with 2xx is there as it was told.
select a.path as told, format('%s of %s: %s', a.answer->>'id', coalesce(a.answer->>'amount', 'nothing'), 'not there') as difference
from truth.answer a
where not exists (
    select from assurance.obligation o
    where a.path like '/v1/obligations/%' and o.obligation_id = a.answer->>'id'
      and o.amount_due = (a.answer->>'amount')::bigint and o.dossier_code = a.answer->>'dossier_code'
    union all
    select from assurance.attempt t
    where a.path like '%/attempts' and t.attempt_id = a.answer->>'id' and t.order_ref = a.answer->>'order_ref'
      and t.amount = (a.answer->>'amount')::bigint
    union all
    select from assurance.intent i
    where a.path like '/v1/payment-intents%' and a.path not like '%/attempts' and i.intent_id = a.answer->>'id'
      and i.reference = a.answer->>'reference'
    union all
    select from assurance.refund r
    where (a.path like '/v1/payments/%/refunds' or a.path like '/v1/approvals/%') and r.refund_id = a.answer->>'id'
      and r.amount = (a.answer->>'amount')::bigint
    union all
    select from assurance.approval p
    where (a.path like '/v1/approvals/%' and p.approval_id = a.answer->>'id')
       or (a.path like '/v1/counter-payments/%/void' and p.approval_id = a.answer->>'approval_id')
    union all
    select from assurance.counter_payment c
    where a.path = '/v1/counter-payments' and c.payment_id = a.answer->>'id' and c.receipt_ref = a.answer->>'receipt_ref'
      and c.amount = (a.answer->>'amount')::bigint
    union all
    select from assurance.deposit d
    where a.path like '/v1/counters/%/deposits' and d.deposit_id = a.answer->>'id' and d.amount = (a.answer->>'amount')::bigint
    union all
    select from assurance.statement s where a.path like '/v1/statements%' and s.statement_id = a.answer->>'id'
    union all
    select from assurance.settlement s where a.path like '/v1/settlements%' and s.settlement_id = a.answer->>'id')
union all
-- a cancellation that was told stands, unless money came
select a.path, format('it was cancelled and is %s', i.status)
from truth.answer a join assurance.intent i on i.intent_id = a.answer->>'id'
where a.path like '/v1/payment-intents/%/cancel' and i.status not in ('cancelled', 'paid')
