-- A small sound book, written with all triggers and constraints in force: each kind of obligation, intent, payment and
-- delivery that the money model has, refunds and a reversal among them. Everything in it is sequenced and sealed.
begin;

create schema test;

-- test.id('b', 7): the seventh obligation. b obligation, c client, d intent, a attempt, 5 sighting, f payment,
-- 1 journal, 7 receipt, 9 refund, e event, ed endpoint, ca case.
create function test.id(kind text, n int) returns uuid language sql immutable as
$$ select (lpad(kind, 8, '0') || '-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid $$;

create function test.obligation(n int, owed bigint, beneficiary text default 'H38.17-KB') returns void language plpgsql as $$
begin
    insert into obligation (id, client_id, external_ref, dossier_code, sector, agency_code, beneficiary_code, kind, fee_code,
        instalment, description, gross_amount, relief_amount, relief_basis, status, fingerprint)
    values (test.id('b', n), test.id('c', 1), 'ref-' || n, 'H38.17-261124-000' || n % 4, 'public_service', 'H38.17',
        beneficiary, 'fee', 'CT-' || n, 1, 'Phí', greatest(owed, 1), case owed when 0 then 1 else 0 end,
        case owed when 0 then 'NQ 1' end, case owed when 0 then 'exempt' else 'due' end, 'x');
    insert into transition (entity_type, entity_id, version, to_state, cause, actor)
    values ('obligation', test.id('b', n), 1, case owed when 0 then 'exempt' else 'due' end, 'registered', 'test');
end $$;

create function test.intent(n int, obligations int[], beneficiary text default 'H38.17-KB') returns void language plpgsql as $$
begin
    insert into intent (id, client_id, reference, beneficiary_code, amount, status, page_token, expires_at, created_at, updated_at)
    select test.id('d', n), test.id('c', 1), 'LTREF' || n, beneficiary, sum(amount), 'open', 'token-' || n,
           now() + interval '1 day', now(), now()
    from obligation where id in (select test.id('b', o) from unnest(obligations) o);
    insert into intent_obligation (intent_id, obligation_id, position, amount)
    select test.id('d', n), id, row_number() over (order by id), amount
    from obligation where id in (select test.id('b', o) from unnest(obligations) o);
    insert into transition (entity_type, entity_id, version, to_state, cause, actor)
    values ('intent', test.id('d', n), 1, 'open', 'opened', 'test');
end $$;

create function test.attempt(n int, intent int, asked bigint) returns void language plpgsql as $$
begin
    insert into attempt (id, intent_id, number, channel, profile, order_ref, amount, status, ordered_at, expires_at, updated_at)
    values (test.id('a', n), test.id('d', intent), n, 'vnpay', 'vnpay_main', 'ORDER' || n, asked, 'started', now(),
        now() + interval '15 minutes', now());
    insert into attempt_watch (attempt_id, next_at, until)
    values (test.id('a', n), now() + interval '1 minute', now() + interval '72 hours');
    insert into transition (entity_type, entity_id, version, to_state, cause, actor)
    values ('attempt', test.id('a', n), 1, 'started', 'started', 'test');
end $$;

-- One step of one thing, with its trace.
create function test.step(entity text, subject uuid, next text, why text) returns void language plpgsql as $$
declare
    rows text := case entity when 'case' then 'kase' else entity end;
    was text;
    was_version int;
begin
    execute format('select status, version from %I where id = $1', rows) into was, was_version using subject;
    execute format('update %I set status = $2, version = version + 1 where id = $1', rows) using subject, next;
    insert into transition (entity_type, entity_id, version, from_state, to_state, cause, actor)
    values (entity, subject, was_version + 1, was, next, why, 'test');
end $$;

create sequence test.events;
create function test.tell(event_type text, subject uuid) returns void language sql as $$
    insert into event (id, client_id, stream_kind, stream, type, subject_id, data, at)
    select test.id('e', nextval('test.events')::int), test.id('c', 1), kind, stream, event_type, subject, '{}', now()
    from (select 'dossier' as kind, 'dossier:' || dossier_code as stream from obligation where id = subject
          union all
          select 'intent', 'intent:pi_' || replace(id::text, '-', '') from intent where id = subject
          union all
          select 'dossier', 'dossier:' || o.dossier_code from refund_line l join obligation o on o.id = l.obligation_id
          where l.refund_id = subject) streams;
$$;

create function test.journal(n int, what text, why text) returns void language sql as $$
    insert into journal (id, kind, cause, business_date, actor)
    values (test.id('1', n), what, why, '2026-11-24', 'key_test');
    insert into unsealed (kind, subject_id) values ('journal', 'jnl_' || replace(test.id('1', n)::text, '-', ''));
$$;
create function test.leg(journal int, account text, leg bigint, payment int, obligation int default null)
    returns void language sql as $$
    insert into ledger_entry (journal_id, account_code, amount, payment_id, obligation_id)
    values (test.id('1', journal), account, leg, test.id('f', payment), test.id('b', obligation));
$$;
create function test.give(journal int, payment int, given bigint, obligation int default null, reason text default null,
    refund int default null) returns void language sql as $$
    insert into allocation (payment_id, obligation_id, suspense_reason, refund_id, amount, journal_id)
    values (test.id('f', payment), test.id('b', obligation), reason, test.id('9', refund), given, test.id('1', journal));
$$;

-- Money of `attempt` (null: of an order that nobody knows), with the sighting that told of it.
create function test.payment(n int, paid bigint, attempt_number int) returns void language plpgsql as $$
begin
    insert into payment (id, channel, profile, provider_txn_id, intent_id, order_ref, amount, paid_at, business_date)
    values (test.id('f', n), 'vnpay', 'vnpay_main', 'TXN' || n,
        (select intent_id from attempt where id = test.id('a', attempt_number)),
        coalesce('ORDER' || attempt_number, 'NOBODYS'), paid, now(), '2026-11-24');
    insert into sighting (id, source, source_key, channel, profile, order_ref, provider_txn_id, amount, payload_sha256)
    values (test.id('5', n), 'webhook:vnpay', 'TXN' || n || ':00', 'vnpay', 'vnpay_main',
        coalesce('ORDER' || attempt_number, 'NOBODYS'), 'TXN' || n, paid, encode(sha256('raw'), 'hex'));
    insert into sighting_payload values (test.id('5', n), 'raw');
    insert into sighting_outcome (sighting_id, state, payment_id) values (test.id('5', n), 'applied', test.id('f', n));
    insert into audit (actor, action, subject) values ('key_test', 'money_recorded', 'pay_' || n);
    if attempt_number is not null then
        perform test.step('attempt', test.id('a', attempt_number), 'succeeded', 'provider_captured');
        delete from attempt_watch where attempt_id = test.id('a', attempt_number);
    end if;
end $$;

create function test.case(n int, what text, about text, waiting bigint default 0, payment int default null)
    returns void language sql as $$
    insert into kase (id, kind, status, amount, payment_id, subject)
    values (test.id('ca', n), what, 'open', waiting, test.id('f', payment), about);
    insert into transition (entity_type, entity_id, version, to_state, cause, actor)
    values ('case', test.id('ca', n), 1, 'open', 'found', 'test');
$$;

create function test.refund(n int, payment int, given bigint, obligation int) returns void language sql as $$
    insert into refund (id, payment_id, amount, closing, reason_code, status, proposed_by, route, provider_request_id)
    values (test.id('9', n), test.id('f', payment), given, 'close', 'overcharged', 'pending_approval', 'usr_test', 'provider',
        'request-' || n);
    insert into refund_watch (refund_id, next_at) values (test.id('9', n), now());
    insert into approval (id, kind, subject, payload, proposer, status, decider, decided_at)
    values (test.id('a9', n), 'refund', 'rfd_' || replace(test.id('9', n)::text, '-', ''), '{}', 'usr_test', 'approved',
        'usr_other', now());
    insert into refund_line values (test.id('9', n), 0, test.id('b', obligation), given);
    insert into transition (entity_type, entity_id, version, to_state, cause, actor)
    values ('refund', test.id('9', n), 1, 'pending_approval', 'proposed', 'test');
$$;

-- ---------------------------------------------------------------- who and where

insert into client (id, code, name) values (test.id('c', 1), 'portal', 'Cổng'), (test.id('c', 2), 'other', 'Cổng khác');
insert into agency values ('H38.17', 'Sở Tư pháp');
insert into beneficiary (code, agency_code, name)
values ('H38.17-KB', 'H38.17', 'Kho bạc'), ('H38.18-KB', 'H38.17', 'Kho bạc khác');
insert into merchant_profile (code, channel) values ('vnpay_main', 'vnpay'), ('vnpay_two', 'vnpay');
insert into account (code, kind)
values ('clearing:vnpay_main', 'clearing'), ('clearing:vnpay_two', 'clearing'), ('obligation:H38.17-KB', 'obligation'),
       ('obligation:H38.18-KB', 'obligation');
insert into event_endpoint (id, client_id, url, secret_sealed, key_id, created_at, recorded_at, disabled_at)
values (test.id('ed', 1), test.id('c', 1), 'https://dossier.example/1', 'x', 'k', now(), now() - interval '1 hour', null),
       (test.id('ed', 2), test.id('c', 1), 'https://dossier.example/2', 'x', 'k', now(), now() - interval '1 hour', now()),
       (test.id('ed', 3), test.id('c', 2), 'https://other.example', 'x', 'k', now(), now() - interval '1 hour', null);

-- ---------------------------------------------------------------- two obligations paid in one go

select test.obligation(1, 21000), test.obligation(2, 30000);
select test.intent(1, array[1, 2]), test.attempt(1, 1, 51000);
select test.step('attempt', test.id('a', 1), 'offered', 'provider_offered');
select test.step('attempt', test.id('a', 1), 'committed', 'provider_committed');
select test.step('intent', test.id('d', 1), 'processing', 'attempt_committed');
select test.payment(1, 51000, 1), test.journal(1, 'capture', 'provider_captured');
select test.leg(1, 'clearing:vnpay_main', 51000, 1), test.leg(1, 'obligation:H38.17-KB', -21000, 1, 1),
       test.leg(1, 'obligation:H38.17-KB', -30000, 1, 2);
select test.give(1, 1, 21000, 1), test.give(1, 1, 30000, 2);
select test.step('obligation', test.id('b', 1), 'paid', 'settled'), test.tell('obligation.paid', test.id('b', 1));
select test.step('obligation', test.id('b', 2), 'paid', 'settled'), test.tell('obligation.paid', test.id('b', 2));
select test.step('intent', test.id('d', 1), 'paid', 'settled'), test.tell('payment_intent.paid', test.id('d', 1));
-- the same money, told by asking
insert into sighting (id, source, source_key, channel, profile, order_ref, provider_txn_id, amount, payload_sha256)
values (test.id('5', 101), 'poll:vnpay', 'TXN1:00', 'vnpay', 'vnpay_main', 'ORDER1', 'TXN1', 51000, repeat('0', 64));
insert into sighting_outcome (sighting_id, state, payment_id) values (test.id('5', 101), 'repeated', test.id('f', 1));
-- a report of no money
insert into sighting (id, source, source_key, channel, profile, order_ref, payload_sha256)
values (test.id('5', 102), 'webhook:vnpay', 'ORDER1:07', 'vnpay', 'vnpay_main', 'ORDER1', repeat('0', 64));
insert into sighting_outcome (sighting_id, state) values (test.id('5', 102), 'applied');

-- ---------------------------------------------------------------- too little, then the rest

select test.obligation(3, 50000);
select test.intent(2, array[3]), test.attempt(2, 2, 20000), test.attempt(3, 2, 30000);
select test.payment(2, 20000, 2), test.journal(2, 'capture', 'provider_captured');
select test.leg(2, 'clearing:vnpay_main', 20000, 2), test.leg(2, 'suspense:underpaid', -20000, 2);
select test.give(2, 2, 20000, null, 'underpaid'), test.case(1, 'underpaid', 'pi_2', 20000, 2);
select test.payment(3, 30000, 3), test.journal(3, 'capture', 'provider_captured');
select test.leg(3, 'clearing:vnpay_main', 30000, 3), test.leg(3, 'obligation:H38.17-KB', -30000, 3, 3);
select test.give(3, 3, 30000, 3), test.journal(4, 'reassignment', 'explained');
select test.leg(4, 'suspense:underpaid', 20000, 2), test.leg(4, 'obligation:H38.17-KB', -20000, 2, 3);
select test.give(4, 2, -20000, null, 'underpaid'), test.give(4, 2, 20000, 3);
select test.step('case', test.id('ca', 1), 'closed', 'explained');
select test.step('obligation', test.id('b', 3), 'paid', 'settled'), test.tell('obligation.paid', test.id('b', 3));
select test.step('intent', test.id('d', 2), 'paid', 'settled'), test.tell('payment_intent.paid', test.id('d', 2));

-- ---------------------------------------------------------------- what is only a plan

select test.obligation(4, 15000), test.obligation(5, 9000), test.obligation(6, 0), test.obligation(11, 5000, 'H38.18-KB');
select test.intent(3, array[4]), test.attempt(4, 3, 15000);
select test.step('attempt', test.id('a', 4), 'offered', 'provider_offered');
select test.step('obligation', test.id('b', 5), 'cancelled', 'cancelled_by_client'),
       test.tell('obligation.cancelled', test.id('b', 5));
select test.intent(9, array[11], 'H38.18-KB'), test.attempt(9, 9, 5000);
select test.step('attempt', test.id('a', 9), 'committed', 'provider_committed');
select test.step('intent', test.id('d', 9), 'processing', 'attempt_committed');

-- ---------------------------------------------------------------- refunds: one under way, one done

select test.obligation(7, 40000), test.obligation(8, 12000);
select test.intent(4, array[7]), test.attempt(5, 4, 40000), test.intent(5, array[8]), test.attempt(6, 5, 12000);
select test.payment(4, 40000, 5), test.journal(5, 'capture', 'provider_captured');
select test.leg(5, 'clearing:vnpay_main', 40000, 4), test.leg(5, 'obligation:H38.17-KB', -40000, 4, 7), test.give(5, 4, 40000, 7);
select test.payment(5, 12000, 6), test.journal(6, 'capture', 'provider_captured');
select test.leg(6, 'clearing:vnpay_main', 12000, 5), test.leg(6, 'obligation:H38.17-KB', -12000, 5, 8), test.give(6, 5, 12000, 8);
select test.step('obligation', test.id('b', o), 'paid', 'settled'), test.tell('obligation.paid', test.id('b', o))
from unnest(array[7, 8]) o;
select test.step('intent', test.id('d', i), 'paid', 'settled'), test.tell('payment_intent.paid', test.id('d', i))
from unnest(array[4, 5]) i;
select test.refund(1, 4, 40000, 7), test.refund(2, 5, 12000, 8);
select test.journal(7, 'refund', 'refund_approved');
select test.leg(7, 'obligation:H38.17-KB', 40000, 4, 7), test.leg(7, 'refund_payable', -40000, 4);
select test.give(7, 4, -40000, 7), test.give(7, 4, 40000, refund => 1);
select test.journal(8, 'refund', 'refund_approved');
select test.leg(8, 'obligation:H38.17-KB', 12000, 5, 8), test.leg(8, 'refund_payable', -12000, 5);
select test.give(8, 5, -12000, 8), test.give(8, 5, 12000, refund => 2);
select test.step('refund', test.id('9', r), 'approved', 'approved'), test.step('refund', test.id('9', r), 'submitted', 'submitted')
from unnest(array[1, 2]) r;
select test.step('obligation', test.id('b', o), 'refunding', 'refund_approved') from unnest(array[7, 8]) o;
select test.journal(9, 'refund', 'provider_sent');
select test.leg(9, 'refund_payable', 12000, 5), test.leg(9, 'clearing:vnpay_main', -12000, 5);
update refund set provider_refund_id = 'RF1' where id = test.id('9', 1);
update refund set provider_refund_id = 'RF2' where id = test.id('9', 2);
delete from refund_watch where refund_id = test.id('9', 2);
select test.step('refund', test.id('9', 2), 'succeeded', 'provider_sent'), test.tell('refund.succeeded', test.id('9', 2));
select test.step('obligation', test.id('b', 8), 'refunded', 'refund_closed'), test.tell('obligation.refunded', test.id('b', 8));

-- ---------------------------------------------------------------- taken back by the provider, after the deadline

select test.obligation(9, 8000), test.intent(6, array[9]), test.attempt(7, 6, 8000);
select test.payment(6, 8000, 7), test.journal(10, 'capture', 'provider_captured');
select test.leg(10, 'clearing:vnpay_main', 8000, 6), test.leg(10, 'obligation:H38.17-KB', -8000, 6, 9), test.give(10, 6, 8000, 9);
select test.step('obligation', test.id('b', 9), 'paid', 'settled'), test.tell('obligation.paid', test.id('b', 9));
select test.step('intent', test.id('d', 6), 'paid', 'settled'), test.tell('payment_intent.paid', test.id('d', 6));
select test.journal(11, 'reversal', 'taken_back');
select test.leg(11, 'obligation:H38.17-KB', 8000, 6, 9), test.leg(11, 'clearing:vnpay_main', -8000, 6), test.give(11, 6, -8000, 9);
update payment set reversed = 8000 where id = test.id('f', 6);
-- its report was taken from it again, as when two payments turn out to be one
insert into sighting_outcome (sighting_id, state) values (test.id('5', 6), 'waiting');
select test.step('obligation', test.id('b', 9), 'due', 'taken_back'), test.tell('obligation.reopened', test.id('b', 9));
select test.step('intent', test.id('d', 6), 'expired', 'taken_back_after_expiry'),
       test.tell('payment_intent.reopened', test.id('d', 6));

-- ---------------------------------------------------------------- money without a home

select test.obligation(10, 70000), test.intent(7, array[10]), test.attempt(8, 7, 70000);
select test.step('attempt', test.id('a', 8), 'expired', 'window_closed');
select test.step('intent', test.id('d', 7), 'expired', 'lapsed'), test.tell('payment_intent.expired', test.id('d', 7));
select test.payment(7, 69999, 8), test.journal(12, 'capture', 'provider_captured');
select test.leg(12, 'clearing:vnpay_main', 69999, 7), test.leg(12, 'suspense:amount_differs', -69999, 7);
select test.give(12, 7, 69999, null, 'amount_differs'), test.case(2, 'amount_differs', 'pi_7', 69999, 7);
select test.intent(8, array[10]), test.step('intent', test.id('d', 8), 'cancelled', 'cancelled_by_client'),
       test.tell('payment_intent.cancelled', test.id('d', 8));
select test.payment(8, 333, null), test.journal(13, 'capture', 'provider_captured');
select test.leg(13, 'clearing:vnpay_main', 333, 8), test.leg(13, 'suspense:unidentified', -333, 8);
select test.give(13, 8, 333, null, 'unidentified'), test.case(3, 'unidentified', 'NOBODYS', 333, 8);

-- ---------------------------------------------------------------- a transfer that names nothing, then its statement

insert into beneficiary_account (beneficiary_code, in_force_from, account_kind, bank_bin, account_number, account_name,
    proposed_by)
values ('H38.17-KB', now(), 'treasury', '970409', '8888', 'KHO BAC', 'test');
insert into payment (id, channel, receiving_account, bank_ref, amount, paid_at, business_date)
values (test.id('f', 9), 'vietqr', '970409.8888', 'FT1', 4000, now(), '2026-11-24');
insert into payment_reference values ('970409.8888', 'FT1', test.id('f', 9));
insert into sighting (id, source, source_key, channel, profile, amount, payload_sha256, account_code, bank_ref)
values (test.id('5', 9), 'webhook:vietqr', 'sepay:1', 'vietqr', 'vnpay_main', 4000, repeat('0', 64), '970409.8888', 'FT1');
insert into sighting_outcome (sighting_id, state, payment_id) values (test.id('5', 9), 'applied', test.id('f', 9));
select test.journal(14, 'bank_credit', 'bank_credited');
select test.leg(14, 'in_transit:970409.8888', 4000, 9), test.leg(14, 'suspense:unidentified', -4000, 9);
select test.give(14, 9, 4000, null, 'unidentified'), test.case(5, 'unidentified', '970409.8888', 4000, 9);
insert into statement (id, account_code, sha256, format, opening, opening_date, closing, closing_date, first_date, lines,
    new_movements, imported_by)
values (test.id('57', 1), '970409.8888', repeat('0', 64), 'camt053', 1000, '2026-11-24', 5000, '2026-11-24', '2026-11-24', 1,
    1, 'test');
insert into movement (id, account_code, direction, identity, bank_ref, booking_date, business_date, amount, fate,
    statement_id, line_no)
values (test.id('58', 1), '970409.8888', 'in', 'FT1', 'FT1', '2026-11-24', '2026-11-24', 4000, 'matched', test.id('57', 1), 1);
insert into statement_line (statement_id, line_no, movement_id, repeated, booking_date, business_date, amount, bank_ref, text,
    reversal)
values (test.id('57', 1), 1, test.id('58', 1), false, '2026-11-24', '2026-11-24', 4000, 'FT1', 'CHUYEN TIEN', false);
insert into movement_match (movement_id, payment_id, amount, rule, fields)
values (test.id('58', 1), test.id('f', 9), 4000, 'reference', array['bank_ref', 'amount']);
select test.journal(15, 'opening_balance', 'statement'), test.journal(16, 'statement_line', 'statement');
select test.leg(15, 'bank:970409.8888', 1000, null), test.leg(15, 'opening:bank', -1000, null);
select test.leg(16, 'bank:970409.8888', 4000, null), test.leg(16, 'in_transit:970409.8888', -4000, null);
-- what a provider pays out is on its way
insert into account (code, kind) values ('fee:vnpay_main', 'fee') on conflict do nothing;
insert into settlement (id, profile, sha256, date, gross, fee, refunds, net, lines, payout_account, imported_by)
values (test.id('59', 1), 'vnpay_main', repeat('0', 64), '2026-11-25', 100, 1, 0, 99, 1, '970409.8888', 'test');
insert into settlement_line (settlement_id, line_no, profile, kind, provider_txn_id, amount, fee, net, status, disposition)
values (test.id('59', 1), 1, 'vnpay_main', 'payment', '590001', 100, 1, 99, 'success', 'unmatched');
select test.journal(17, 'settlement', 'settled');
select test.leg(17, 'fee:vnpay_main', 1, null), test.leg(17, 'in_transit:970409.8888', 99, null),
       test.leg(17, 'clearing:vnpay_main', -100, null);
update ledger_entry set settlement_id = test.id('59', 1) where journal_id = test.id('1', 17);

insert into idempotency (principal, scope, key_hash, fingerprint, resource_id, status, body)
values (test.id('c', 1), 'POST /v1/payment-intents', 'k1', 'body', 'pi_' || replace(test.id('d', 1)::text, '-', ''), 201, '{}'),
       (test.id('c', 1), 'POST /v1/payment-intents', 'k2', 'body', 'pi_' || replace(test.id('d', 2)::text, '-', ''), 201, '{}'),
       (test.id('c', 1), 'POST /v1/events/redeliver', 'k1', 'body', '1..5', 202, '{}');

-- ---------------------------------------------------------------- places in stream and feed, deliveries, seals

update event e set sequence = p.sequence, feed_position = p.position
from (select seq, row_number() over (partition by client_id, stream order by seq) as sequence,
             row_number() over (order by seq) as position from event) p
where p.seq = e.seq;
insert into delivery (event_id, endpoint_id, stream, sequence, state, attempts)
select id, test.id('ed', 1), stream, sequence, 'delivered', 1 from event;
-- One is given up. One waits, and what was sent after it was asked for once more, out of order; so was one that waits
-- again though those after it have been delivered. The removed endpoint heard one event of two.
update delivery set state = 'dead', attempts = 10 where event_id = test.id('e', 1);
select test.case(4, 'undelivered', 'evt_' || replace(test.id('e', 1)::text, '-', ''));
update delivery set state = 'waiting', attempts = 3 where stream = 'dossier:H38.17-261124-0001' and sequence = 3;
update delivery set in_order = false where stream = 'dossier:H38.17-261124-0001' and sequence = 4;
update delivery set state = 'waiting', attempts = 0, in_order = false
where stream = 'dossier:H38.17-261124-0000' and sequence = 1;
insert into delivery (event_id, endpoint_id, stream, sequence, state, attempts)
select id, test.id('ed', 2), stream, sequence, case feed_position when 1 then 'delivered' else 'dead' end, 1
from event where feed_position <= 2;

insert into audit (actor, action, subject) select 'test', 'account_set', text from assurance.beneficiary_account;
insert into unsealed (kind, subject_id) select 'audit', 'aud_' || id from audit order by id;
do $$
declare
    waiting record;
    n bigint := 0;
    digest text;
    previous text;
begin
    for waiting in select * from unsealed order by seq loop
        n := n + 1;
        digest := encode(sha256(convert_to(case waiting.kind
            when 'journal' then assurance.journal_text(substr(waiting.subject_id, 5)::uuid)
            else assurance.audit_text(substr(waiting.subject_id, 5)::bigint) end, 'UTF8')), 'hex');
        insert into seal (seq, kind, subject_id, digest, prev_hash, hash)
        values (n, waiting.kind, waiting.subject_id, digest, previous,
                encode(sha256(convert_to(coalesce(previous, '') || '|' || n || '|' || digest, 'UTF8')), 'hex'))
        returning hash into previous;
    end loop;
    delete from unsealed;
end $$;

commit;
