-- A case tells of money of a payment that waits in suspense, or of something else: a movement, a report, a refund, a row
-- of a file. Both may be of one kind and one payment. The first is closed when its money has found its home; the other is
-- not explained by that.

alter table kase add column waits boolean not null default false;

-- Those that are open, have money that waits for their reason, and are not known to tell of something else.
update kase k set waits = true
where status <> 'closed' and payment_id is not null and movement_id is null
  and kind in ('amount_differs', 'duplicate_payment', 'late', 'overpaid', 'status_differs', 'unidentified', 'underpaid',
               'wrong_account')
  -- a refund that nobody knows of
  and subject not like 'rfd\_%'
  -- another sight that says something else
  and not (sighting_id is not null and kind in ('amount_differs', 'status_differs')
           and subject = assurance.text_id('pay', payment_id))
  and (select coalesce(sum(a.amount), 0) from allocation a
       where a.payment_id = k.payment_id
         and a.suspense_reason = case k.kind when 'duplicate_payment' then 'duplicate'
                                             when 'status_differs' then 'refund_returned' else k.kind end) > 0;

create or replace view case_in_context as
select k.id, k.kind, k.status, k.amount, k.payment_id, k.sighting_id, k.movement_id, k.subject, k.opened_at, k.updated_at,
       coalesce(k.scope, 'bank:' || coalesce(m.account_code, p.receiving_account), 'clearing:' || p.profile,
                'bank:' || s.account_code, 'clearing:' || s.profile) as scope,
       coalesce(k.business_date, m.business_date, p.business_date,
                (s.stated_at at time zone 'Asia/Ho_Chi_Minh')::date) as business_date,
       i.beneficiary_code, k.waits
from kase k
left join payment p on p.id = k.payment_id
left join movement m on m.id = k.movement_id
left join sighting s on s.id = k.sighting_id
left join intent i on i.id = coalesce(p.intent_id, s.intent_id);
