-- $1: the payment; $2: how many moments at most
with p as (select * from payment where id = $1),
obligations as (
    select obligation_id as id from allocation where payment_id = $1 and obligation_id is not null
    union select io.obligation_id from p join intent_obligation io on io.intent_id = p.intent_id),
things as (
    select 'intent' as entity, 'pi' as prefix, intent_id as id from p where intent_id is not null
    union all select 'attempt', 'att', a.id from p join attempt a on a.intent_id = p.intent_id
    union all select 'obligation', 'obl', id from obligations
    union all select 'refund', 'rfd', id from refund where payment_id = $1
    union all select 'case', 'cas', id from kase where payment_id = $1),
streams as (
    select o.client_id, s.stream from obligations b join obligation o on o.id = b.id
    cross join lateral (values ('dossier:' || o.dossier_code), ('customer:' || o.customer_code)) s(stream) where s.stream is not null
    union select i.client_id, s.stream from p join intent i on i.id = p.intent_id
    cross join lateral (values ('intent:' || assurance.text_id('pi', i.id))) s(stream)),
events as (
    select e.* from streams s join event e on e.client_id = s.client_id and e.stream = s.stream
    where e.subject_id in (select id from things) or e.subject_id = $1)
select * from (
    select s.received_at as at, 'sighting' as what, s.source as kind, s.source_key as from_state, o.state as to_state,
           null::text as why, null::text as who, s.amount, s.payload_sha256 as proof, 1 as place
    from sighting_outcome o join sighting s on s.id = o.sighting_id where o.payment_id = $1
    union all
    select t.at, 'transition', th.entity, t.from_state, t.to_state, t.cause, t.actor, null,
           assurance.text_id(th.prefix, th.id), 3
    from things th join transition t on t.entity_id = th.id
    union all
    select j.booked_at, 'booked', j.kind, null, j.business_date::text, j.cause, j.actor,
           (select sum(abs(e.amount)) / 2 from ledger_entry e where e.journal_id = j.id)::bigint,
           assurance.text_id('jnl', j.id), 2
    from journal j where j.id in (select journal_id from allocation where payment_id = $1)
    union all
    select k.at, 'matched', m.account_code, coalesce(m.bank_ref, ''), m.booking_date::text, k.rule, null, m.amount,
           assurance.text_id('mov', m.id), 4
    from movement_match k join movement m on m.id = k.movement_id where k.payment_id = $1
    union all
    select s.imported_at, 'settled', l.profile, l.provider_txn_id, l.disposition, s.date::text, s.imported_by, l.amount,
           assurance.text_id('stl', s.id), 5
    from settlement_line l join settlement s on s.id = l.settlement_id where l.payment_id = $1
    union all
    select e.at, 'event', e.type, null, null, e.stream, null, null, assurance.text_id('evt', e.id), 6 from events e
    union all
    select d.updated_at, 'delivery', e.type, d.attempts::text, d.state, d.last_result, c.name, null,
           assurance.text_id('evt', e.id), 7
    from events e join delivery d on d.event_id = e.id join client c on c.id = e.client_id where d.attempts > 0
    union all
    select a.proposed_at, 'proposed', a.kind, null, a.status, a.note, a.proposer, null, assurance.text_id('apr', a.id), 8
    from approval a where a.kind in ('refund', 'case_resolution', 'counter_void')
      and a.subject in (select assurance.text_id(prefix, id) from things union all select assurance.text_id('pay', $1))
    union all
    select a.decided_at, 'decided', a.kind, null, a.status, a.decision_note, a.decider, null, assurance.text_id('apr', a.id), 9
    from approval a where a.kind in ('refund', 'case_resolution', 'counter_void') and a.decided_at is not null
      and a.subject in (select assurance.text_id(prefix, id) from things union all select assurance.text_id('pay', $1))
) moment order by at, place limit $2
