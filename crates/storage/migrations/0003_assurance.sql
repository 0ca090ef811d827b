-- The books as others may check them (contract, "The books, as others may check them"). Ids are text as in the API.
-- Views of what is not built yet are empty and have their final columns.

create function assurance.text_id(prefix text, id uuid) returns text language sql immutable parallel safe as
$$ select case when id is not null then prefix || '_' || replace(id::text, '-', '') end $$;

create function assurance.utc(at timestamptz) returns text language sql immutable parallel safe as
$$ select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') $$;

create view assurance.account as select code as account_code, kind from account;

create view assurance.obligation as
select assurance.text_id('obl', id) as obligation_id, assurance.text_id('cli', client_id) as client,
       beneficiary_code as beneficiary, dossier_code, amount as amount_due, status
from obligation;

create view assurance.intent as
select assurance.text_id('pi', id) as intent_id, assurance.text_id('cli', client_id) as client, reference, amount,
       status, expires_at, updated_at
from intent;

create view assurance.intent_obligation as
select assurance.text_id('pi', intent_id) as intent_id, assurance.text_id('obl', obligation_id) as obligation_id, amount
from intent_obligation;

create view assurance.attempt as
select assurance.text_id('att', id) as attempt_id, assurance.text_id('pi', intent_id) as intent_id, channel, profile,
       order_ref, amount, status
from attempt;

create view assurance.payment as
select assurance.text_id('pay', id) as payment_id, channel, profile, provider_txn_id, receiving_account, bank_ref,
       amount, reversed, paid_at
from payment;

create view assurance.sighting as
select assurance.text_id('sgt', s.id) as sighting_id, s.source, s.source_key,
       assurance.text_id('pay', o.payment_id) as payment_id, s.payload_sha256, coalesce(o.state, 'received') as state,
       s.received_at
from sighting s
left join lateral (select payment_id, state from sighting_outcome where sighting_id = s.id
                   order by seq desc limit 1) o on true;

create view assurance.allocation as
select id as allocation_id, assurance.text_id('pay', payment_id) as payment_id,
       assurance.text_id('obl', obligation_id) as obligation_id, suspense_reason,
       assurance.text_id('rfd', refund_id) as refund_id, amount
from allocation;

create view assurance.ledger_entry as
select e.id as entry_id, assurance.text_id('jnl', e.journal_id) as journal_id, j.kind as journal_kind, e.account_code,
       e.amount, assurance.text_id('obl', e.obligation_id) as obligation_id,
       assurance.text_id('pay', e.payment_id) as payment_id, j.business_date, j.booked_at
from ledger_entry e left join journal j on j.id = e.journal_id;

-- beside the contract: a journal is seen even when its entries are gone
create view assurance.journal as
select assurance.text_id('jnl', id) as journal_id, kind, cause, business_date, original_business_date, actor, booked_at
from journal;

create view assurance.transition as
select seq, entity_type,
       assurance.text_id(case entity_type when 'obligation' then 'obl' when 'intent' then 'pi' when 'attempt' then 'att'
                         when 'refund' then 'rfd' else 'cas' end, entity_id) as entity_id,
       version, from_state, to_state, cause, at
from transition;

create view assurance.event as
select assurance.text_id('evt', id) as event_id, assurance.text_id('cli', client_id) || '/' || stream as stream,
       sequence::int as sequence, type, feed_position
from event;

create view assurance.delivery as
select assurance.text_id('evt', event_id) as event_id, assurance.text_id('ep', endpoint_id) as endpoint, state, attempts
from delivery;

create view assurance.refund as
select assurance.text_id('rfd', id) as refund_id, assurance.text_id('pay', payment_id) as payment_id, amount, status,
       provider_refund_id
from refund;

create view assurance.refund_line as
select assurance.text_id('rfd', refund_id) as refund_id, assurance.text_id('obl', obligation_id) as obligation_id, amount
from refund_line;

create view assurance.idempotency as
select principal::text as principal, scope, encode(key_hash, 'hex') as key_hash, encode(fingerprint, 'hex') as fingerprint,
       resource_id
from idempotency;

create view assurance.seal as select seq, kind, subject_id, digest, prev_hash, hash from seal;

-- beside the contract: what waits for its seal
create view assurance.unsealed as select kind, subject_id, at from unsealed;

create view assurance.kase as
select assurance.text_id('cas', id) as case_id, kind, status, amount, assurance.text_id('pay', payment_id) as payment_id,
       assurance.text_id('sgt', sighting_id) as sighting_id, assurance.text_id('mov', movement_id) as movement_id,
       subject as subject_id
from kase;

create view assurance.statement as
select null::text as statement_id, null::text as account, null::text as sha256, null::bigint as opening,
       null::bigint as closing, null::text as state where false;
create view assurance.statement_line as
select null::text as statement_id, null::int as line_no, null::text as movement_id, null::bigint as amount,
       null::text as disposition where false;
create view assurance.movement as
select null::text as movement_id, null::text as account, null::text as bank_ref, null::date as booking_date,
       null::bigint as amount, null::int as occurrence where false;
create view assurance.match as
select null::text as movement_id, null::text as payment_id, null::text as settlement_id, null::text as refund_id,
       null::text as contra_account, null::bigint as amount, null::text as rule where false;
create view assurance.settlement as
select null::text as settlement_id, null::text as profile, null::date as date, null::bigint as gross, null::bigint as fee,
       null::bigint as refunds, null::bigint as net where false;
create view assurance.settlement_line as
select null::text as settlement_id, null::int as line_no, null::text as kind, null::text as payment_id,
       null::text as refund_id, null::bigint as amount, null::text as disposition where false;
create view assurance.receipt as
select null::text as receipt_id, null::text as template, null::text as serial, null::int as number,
       null::text as obligation_id, null::text as status where false;
create view assurance.approval as
select null::text as approval_id, null::text as kind, null::text as status, null::text as proposer,
       null::text as decider where false;

-- The canonical text of what is sealed; `digest` is the SHA-256 of it in lower-case hex (docs/seals.md).
create function assurance.journal_text(wanted uuid) returns text language sql stable as $$
    select concat_ws('|', 'journal', assurance.text_id('jnl', j.id), j.kind, j.cause, j.business_date::text,
                     coalesce(j.original_business_date::text, ''), j.actor, assurance.utc(j.booked_at))
           || coalesce(E'\n' || (
               select string_agg(concat_ws('|', 'entry', e.id::text, e.account_code, e.amount::text,
                                           coalesce(assurance.text_id('obl', e.obligation_id), ''),
                                           coalesce(assurance.text_id('pay', e.payment_id), '')), E'\n' order by e.id)
               from ledger_entry e where e.journal_id = j.id), '')
    from journal j where j.id = wanted
$$;
create function assurance.audit_text(wanted bigint) returns text language sql stable as $$
    select concat_ws('|', 'audit', a.id::text, assurance.utc(a.at), a.actor, a.action, a.subject, a.request_id)
    from audit a where a.id = wanted
$$;

-- What each sealed or booked subject reads like now; null where it is gone.
create view assurance.sealed_text as
select s.seq, s.kind, s.subject_id,
       case s.kind
           when 'journal' then assurance.journal_text(replace(s.subject_id, 'jnl_', '')::uuid)
           when 'audit' then assurance.audit_text(replace(s.subject_id, 'aud_', '')::bigint)
       end as text
from seal s;

create view assurance.audit as
select 'aud_' || id as audit_id, at, actor, action, subject, request_id from audit;
