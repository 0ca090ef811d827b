-- What `motlan verify` needs beyond the contract's columns. Columns are added at the end only, so whoever reads the
-- views by the contract sees no change.

-- ---------------------------------------------------------------- what the tables did not say

-- The database's own clock: `at` and `created_at` are the program's, and no check may depend on that one.
alter table event add column recorded_at timestamptz not null default now();
alter table event_endpoint add column recorded_at timestamptz not null default now();

-- Which edge is told, as in crates/domain/src/transition.rs; a test compares the two.
alter table assurance.legal_transition add column tells text;
update assurance.legal_transition as legal set tells = edge.tells
from (values ('obligation', 'due', 'paid', 'obligation.paid'),
             ('obligation', 'due', 'cancelled', 'obligation.cancelled'),
             ('obligation', 'paid', 'due', 'obligation.reopened'),
             ('obligation', 'refunding', 'due', 'obligation.reopened'),
             ('obligation', 'refunding', 'refunded', 'obligation.refunded'),
             ('intent', 'open', 'paid', 'payment_intent.paid'),
             ('intent', 'processing', 'paid', 'payment_intent.paid'),
             ('intent', 'expired', 'paid', 'payment_intent.paid'),
             ('intent', 'cancelled', 'paid', 'payment_intent.paid'),
             ('intent', 'open', 'expired', 'payment_intent.expired'),
             ('intent', 'open', 'cancelled', 'payment_intent.cancelled'),
             ('intent', 'paid', 'open', 'payment_intent.reopened'),
             ('intent', 'paid', 'expired', 'payment_intent.reopened'),
             ('refund', 'submitted', 'succeeded', 'refund.succeeded'),
             ('refund', 'unknown', 'succeeded', 'refund.succeeded'),
             ('refund', 'awaiting_statement', 'succeeded', 'refund.succeeded'),
             ('refund', 'submitted', 'failed', 'refund.failed'),
             ('refund', 'unknown', 'failed', 'refund.failed'),
             ('refund', 'awaiting_statement', 'failed', 'refund.failed'),
             ('refund', 'succeeded', 'failed', 'refund.failed')) as edge (entity_type, from_state, to_state, tells)
where legal.entity_type = edge.entity_type and legal.from_state = edge.from_state and legal.to_state = edge.to_state;

-- ---------------------------------------------------------------- more columns

create or replace view assurance.obligation as
select assurance.text_id('obl', id) as obligation_id, assurance.text_id('cli', client_id) as client,
       beneficiary_code as beneficiary, dossier_code, amount as amount_due, status,
       customer_code, version
from obligation;

create or replace view assurance.intent as
select assurance.text_id('pi', id) as intent_id, assurance.text_id('cli', client_id) as client, reference, amount,
       status, expires_at, updated_at,
       version
from intent;

create or replace view assurance.intent_obligation as
select assurance.text_id('pi', intent_id) as intent_id, assurance.text_id('obl', obligation_id) as obligation_id, amount,
       live
from intent_obligation;

create or replace view assurance.attempt as
select assurance.text_id('att', a.id) as attempt_id, assurance.text_id('pi', a.intent_id) as intent_id, a.channel,
       a.profile, a.order_ref, a.amount, a.status,
       a.version, w.attempt_id is not null as watched
from attempt a left join attempt_watch w on w.attempt_id = a.id;

create or replace view assurance.payment as
select assurance.text_id('pay', id) as payment_id, channel, profile, provider_txn_id, receiving_account, bank_ref,
       amount, reversed, paid_at,
       assurance.text_id('pi', intent_id) as intent_id, order_ref, recorded_at
from payment;

create or replace view assurance.sighting as
select assurance.text_id('sgt', s.id) as sighting_id, s.source, s.source_key,
       assurance.text_id('pay', o.payment_id) as payment_id, s.payload_sha256, coalesce(o.state, 'received') as state,
       s.received_at,
       s.channel, s.profile, s.order_ref, s.provider_txn_id, s.amount
from sighting s
left join lateral (select payment_id, state from sighting_outcome where sighting_id = s.id
                   order by seq desc limit 1) o on true;

create or replace view assurance.allocation as
select id as allocation_id, assurance.text_id('pay', payment_id) as payment_id,
       assurance.text_id('obl', obligation_id) as obligation_id, suspense_reason,
       assurance.text_id('rfd', refund_id) as refund_id, amount,
       assurance.text_id('jnl', journal_id) as journal_id
from allocation;

create or replace view assurance.event as
select assurance.text_id('evt', id) as event_id, assurance.text_id('cli', client_id) || '/' || stream as stream,
       sequence::int as sequence, type, feed_position,
       assurance.text_id(case split_part(type, '.', 1) when 'obligation' then 'obl' when 'payment_intent' then 'pi'
                         when 'refund' then 'rfd' else 'rcp' end, subject_id) as subject_id,
       assurance.text_id('cli', client_id) as client, stream_kind, recorded_at
from event;

create or replace view assurance.delivery as
select assurance.text_id('evt', event_id) as event_id, assurance.text_id('ep', endpoint_id) as endpoint, state, attempts,
       in_order
from delivery;

create view assurance.endpoint as
select assurance.text_id('ep', id) as endpoint, assurance.text_id('cli', client_id) as client, stream_kinds, recorded_at,
       disabled_at
from event_endpoint;
grant select on assurance.endpoint to motlan_app, motlan_auditor;

create or replace view assurance.refund as
select assurance.text_id('rfd', id) as refund_id, assurance.text_id('pay', payment_id) as payment_id, amount, status,
       provider_refund_id,
       version
from refund;

create or replace view assurance.kase as
select assurance.text_id('cas', id) as case_id, kind, status, amount, assurance.text_id('pay', payment_id) as payment_id,
       assurance.text_id('sgt', sighting_id) as sighting_id, assurance.text_id('mov', movement_id) as movement_id,
       subject as subject_id,
       version
from kase;

-- ---------------------------------------------------------------- the canonical text

-- A value inside a canonical text. What separates values and lines cannot come from inside one, so no two subjects
-- read alike (docs/seals.md). E'' because a session may read plain quotes differently.
create function assurance.sealed_value(value text) returns text language sql immutable parallel safe as
$$ select replace(replace(replace(coalesce(value, ''), E'\\', E'\\\\'), '|', E'\\p'), E'\n', E'\\n') $$;

-- Dates whatever the session's DateStyle is.
create function assurance.sealed_date(value date) returns text language sql immutable parallel safe as
$$ select coalesce(to_char(value, 'YYYY-MM-DD'), '') $$;

-- The auditor reads views only, and a function inside a view runs as the caller: these run as their owner.
create or replace function assurance.journal_text(wanted uuid) returns text
language sql stable security definer set search_path = public, assurance, pg_temp as $$
    select concat_ws('|', 'journal', text_id('jnl', j.id), sealed_value(j.kind), sealed_value(j.cause),
                     sealed_date(j.business_date), sealed_date(j.original_business_date), sealed_value(j.actor),
                     utc(j.booked_at))
           || coalesce(E'\n' || (
               select string_agg(concat_ws('|', 'entry', e.id::text, sealed_value(e.account_code), e.amount::text,
                                           coalesce(text_id('obl', e.obligation_id), ''),
                                           coalesce(text_id('pay', e.payment_id), '')), E'\n' order by e.id)
               from ledger_entry e where e.journal_id = j.id), '')
    from journal j where j.id = wanted
$$;
create or replace function assurance.audit_text(wanted bigint) returns text
language sql stable security definer set search_path = public, assurance, pg_temp as $$
    select concat_ws('|', 'audit', a.id::text, utc(a.at), sealed_value(a.actor), sealed_value(a.action),
                     sealed_value(a.subject), sealed_value(a.request_id))
    from audit a where a.id = wanted
$$;
revoke execute on function assurance.journal_text(uuid), assurance.audit_text(bigint) from public;
grant execute on function assurance.journal_text(uuid), assurance.audit_text(bigint) to motlan_app, motlan_auditor;

-- A seal whose subject is not even an id is named by the verifier, not an error that stops it.
create or replace view assurance.sealed_text as
select s.seq, s.kind, s.subject_id,
       case
           when s.kind = 'journal' and s.subject_id ~ '^jnl_[0-9a-f]{32}$'
               then assurance.journal_text(substr(s.subject_id, 5)::uuid)
           when s.kind = 'audit' and s.subject_id ~ '^aud_[1-9][0-9]{0,17}$'
               then assurance.audit_text(substr(s.subject_id, 5)::bigint)
       end as text
from seal s;
