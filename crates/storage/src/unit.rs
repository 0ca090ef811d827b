//! One unit of work: everything that one decision changes, written in one pipeline. The only writer of states, ledger
//! entries, allocations, cases and transitions.

pub mod arrivals;

use crate::error::StorageError;
use crate::ids::mint;
use crate::pool::{Db, prepared};
use crate::tx::Tx;
use domain::allocation::Home;
use domain::changes::{Changes, Step};
use domain::event::EventType;
use domain::event::{Stream, StreamKind};
use domain::transition::Stateful;
use domain::{CaseId, ClientId, EventId, JournalId};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, join};
use jiff::Timestamp;
use std::collections::BTreeMap;
use tokio_postgres::Statement;
use uuid::Uuid;

pub(crate) const HOT: &[&str] = &[
    OBLIGATIONS,
    INTENTS,
    ATTEMPTS,
    REFUNDS,
    RECEIPTS,
    REMITTANCES,
    CASES_CLOSED,
    CASES_OPENED,
    JOURNALS,
    ENTRIES,
    ALLOCATIONS,
    TRANSITIONS,
    EVENTS,
    AUDIT,
    UNSEALED_JOURNALS,
];

/// An event with its body, committed with its cause; place in stream and feed are given after commit.
#[derive(Debug, Clone)]
pub struct NewEvent {
    pub client_id: ClientId,
    pub stream_kind: StreamKind,
    pub stream: Stream,
    pub event_type: EventType,
    pub subject: Uuid,
    pub data: serde_json::Value,
}

/// Who did what: one line of the audit trail.
#[derive(Debug, Clone)]
pub struct Audit {
    pub action: &'static str,
    pub subject: String,
    pub request_id: String,
}

/// A thing that was born in this transaction by its own insert.
#[derive(Debug, Clone, Copy)]
pub struct Birth {
    pub entity: domain::transition::Entity,
    pub id: Uuid,
    pub status: &'static str,
    pub cause: domain::cause::Cause,
}

#[derive(Debug, Clone)]
pub struct Unit {
    pub actor: String,
    pub at: Timestamp,
    pub changes: Changes,
    pub births: Vec<Birth>,
    /// Steps that the row's own update in this transaction has made; only their trace is written here.
    pub traced: Vec<Step<domain::ObligationId, domain::obligation::ObligationStatus>>,
    pub events: Vec<NewEvent>,
    pub audit: Vec<Audit>,
    /// For what becomes paid here: when and through which channel.
    pub paid: Option<(Timestamp, String)>,
    /// The same for one thing of several that different money paid.
    paid_each: BTreeMap<Uuid, (Timestamp, String)>,
}

impl Unit {
    pub fn new(actor: impl Into<String>, at: Timestamp) -> Self {
        Self {
            actor: actor.into(),
            at,
            changes: Changes::default(),
            births: Vec::new(),
            traced: Vec::new(),
            events: Vec::new(),
            audit: Vec::new(),
            paid: None,
            paid_each: BTreeMap::new(),
        }
    }

    /// Takes up another unit of the same commit, by the same actor.
    pub fn append(&mut self, other: Self) {
        if let Some(paid) = &other.paid {
            let obligations = other.changes.obligations.iter().map(|s| s.id.uuid());
            let intents = other.changes.intents.iter().map(|s| s.id.uuid());
            self.paid_each.extend(obligations.chain(intents).map(|id| (id, paid.clone())));
        }
        self.paid_each.extend(other.paid_each);
        self.changes.append(other.changes);
        self.births.extend(other.births);
        self.traced.extend(other.traced);
        self.events.extend(other.events);
        self.audit.extend(other.audit);
    }

    fn paid_of(&self, id: &Uuid) -> Option<(Timestamp, String)> {
        self.paid_each.get(id).or(self.paid.as_ref()).cloned()
    }
}

const OBLIGATIONS: &str = "update obligation o set status = s.status, version = s.version, updated_at = $4,
    paid_at = case s.status when 'paid' then coalesce(o.paid_at, s.paid_at) when 'due' then null else o.paid_at end
    from unnest($1::uuid[], $2::int[], $3::text[], $5::timestamptz[]) as s(id, version, status, paid_at)
    where o.id = s.id and o.version = s.version - 1";
// what is over is past its deadline: whoever is told of the one is told of the other
const INTENTS: &str = "update intent i set status = s.status, version = s.version, updated_at = $4,
    expires_at = case s.status when 'expired' then least(i.expires_at, $4) else i.expires_at end,
    paid_at = case s.status when 'paid' then s.paid_at end,
    paid_channel = case s.status when 'paid' then s.channel end
    from unnest($1::uuid[], $2::int[], $3::text[], $5::timestamptz[], $6::text[]) as s(id, version, status, paid_at, channel)
    where i.id = s.id and i.version = s.version - 1";
const ATTEMPTS: &str = "update attempt a set status = s.status, version = s.version, updated_at = $4
    from unnest($1::uuid[], $2::int[], $3::text[]) as s(id, version, status)
    where a.id = s.id and a.version = s.version - 1";
const REFUNDS: &str = "update refund r set status = s.status, version = s.version, updated_at = $4
    from unnest($1::uuid[], $2::int[], $3::text[]) as s(id, version, status)
    where r.id = s.id and r.version = s.version - 1";
const RECEIPTS: &str = "update receipt r set status = s.status, version = s.version, updated_at = $4
    from unnest($1::uuid[], $2::int[], $3::text[]) as s(id, version, status)
    where r.id = s.id and r.version = s.version - 1";
const REMITTANCES: &str = "update remittance r set status = s.status, version = s.version, updated_at = $4
    from unnest($1::uuid[], $2::int[], $3::text[]) as s(id, version, status)
    where r.id = s.id and r.version = s.version - 1";
const CASES_CLOSED: &str = "update kase k set status = s.status, version = s.version, updated_at = $4
    from unnest($1::uuid[], $2::int[], $3::text[]) as s(id, version, status)
    where k.id = s.id and k.version = s.version - 1";
const CASES_OPENED: &str = "insert into kase (id, kind, status, amount, payment_id, sighting_id, movement_id, subject, scope,
        business_date, waits)
    select id, kind, 'open', amount, payment, sighting, movement, subject, scope, day, waits
    from unnest($1::uuid[], $2::text[], $3::bigint[], $4::uuid[], $5::uuid[], $6::uuid[], $7::text[], $8::text[], $9::date[],
        $10::boolean[]) as c(id, kind, amount, payment, sighting, movement, subject, scope, day, waits)";
const JOURNALS: &str = "insert into journal (id, kind, cause, business_date, original_business_date, actor)
    select id, kind, cause, open.day, case when open.day <> j.day then j.day end, $6
    from unnest($1::uuid[], $2::text[], $3::text[], $4::date[], $5::text[]) as j(id, kind, cause, day, scope)
    cross join lateral (select open_day(j.scope, j.day) as day) as open";
const ENTRIES: &str =
    "insert into ledger_entry (journal_id, account_code, amount, obligation_id, payment_id, movement_id,
        settlement_id)
    select journal, account, amount, obligation, payment, movement, settlement
    from unnest($1::uuid[], $2::text[], $3::bigint[], $4::uuid[], $5::uuid[], $6::uuid[], $7::uuid[]) with ordinality
        as e(journal, account, amount, obligation, payment, movement, settlement, n) order by n";
const ALLOCATIONS: &str =
    "insert into allocation (payment_id, obligation_id, suspense_reason, refund_id, amount, journal_id, written_off)
    select payment, obligation, reason, refund, amount, journal, given_up
    from unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::bigint[], $6::uuid[], $7::boolean[]) with ordinality
        as a(payment, obligation, reason, refund, amount, journal, given_up, n) order by n";
const TRANSITIONS: &str = "insert into transition (entity_type, entity_id, version, from_state, to_state, cause, actor)
    select entity, id, version, before, after, cause, $7
    from unnest($1::text[], $2::uuid[], $3::int[], $4::text[], $5::text[], $6::text[]) with ordinality
        as t(entity, id, version, before, after, cause, n) order by n";
const EVENTS: &str = "insert into event (id, client_id, stream_kind, stream, type, subject_id, data, at, traceparent)
    select id, client, kind, stream, type, subject, data, $8, $9
    from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::uuid[], $7::jsonb[]) with ordinality
        as e(id, client, kind, stream, type, subject, data, n) order by n";
const AUDIT: &str = "with written as (
        insert into audit (actor, action, subject, request_id)
        select $4, action, subject, request from unnest($1::text[], $2::text[], $3::text[]) as a(action, subject, request)
        returning id)
    insert into unsealed (kind, subject_id) select 'audit', 'aud_' || id from written";
const UNSEALED_JOURNALS: &str =
    "insert into unsealed (kind, subject_id) select 'journal', id from unnest($1::text[]) as j(id)";

/// Rows of transitions, column by column.
#[derive(Default)]
struct Transitions {
    entity: Vec<&'static str>,
    id: Vec<Uuid>,
    version: Vec<i32>,
    from: Vec<Option<&'static str>>,
    to: Vec<&'static str>,
    cause: Vec<&'static str>,
}

/// The update of one kind of thing, column by column.
#[derive(Default)]
struct Steps {
    id: Vec<Uuid>,
    version: Vec<i32>,
    status: Vec<&'static str>,
}

impl Transitions {
    fn born(&mut self, b: &Birth) {
        self.push(b.entity.as_str(), b.id, 1, None, b.status, b.cause.as_str());
    }

    fn step<Id: Copy, S: Stateful>(&mut self, steps: &[Step<Id, S>], uuid: impl Fn(Id) -> Uuid) -> Steps {
        let mut columns = Steps::default();
        for s in steps {
            let id = uuid(s.id);
            self.push(S::ENTITY.as_str(), id, s.version, Some(s.from.word()), s.to.word(), s.cause.as_str());
            columns.id.push(id);
            columns.version.push(s.version);
            columns.status.push(s.to.word());
        }
        columns
    }

    fn push(
        &mut self,
        entity: &'static str,
        id: Uuid,
        version: i32,
        from: Option<&'static str>,
        to: &'static str,
        cause: &'static str,
    ) {
        self.entity.push(entity);
        self.id.push(id);
        self.version.push(version);
        self.from.push(from);
        self.to.push(to);
        self.cause.push(cause);
    }
}

type Params<'a> = Vec<&'a (dyn tokio_postgres::types::ToSql + Sync)>;

/// Runs a statement unless it has nothing to write, and demands that it touches `expected` rows: fewer means that a row
/// moved under us.
async fn run(
    db: &Db,
    statement: Result<Statement, StorageError>,
    params: Params<'_>,
    expected: usize,
) -> Result<(), StorageError> {
    if expected == 0 {
        return Ok(());
    }
    let touched = db.execute(&statement?, &params).await?;
    if touched == expected as u64 { Ok(()) } else { Err(StorageError::Retry(None)) }
}

/// Writes the unit; the caller joins `tx.commit()` after it or goes on in the transaction. The COMMIT is on its way before
/// a row count is seen: that a row had moved is caught by the database all the same, because the transition of the same
/// version is there already (`transition_version_unique`), and the COMMIT rolls back.
pub fn write<'a>(tx: &'a Tx, unit: &'a Unit) -> BoxFuture<'a, Result<(), StorageError>> {
    // it is large, and everybody who writes would carry it within
    written(tx, unit).boxed()
}

async fn written(tx: &Tx, unit: &Unit) -> Result<(), StorageError> {
    let c = &unit.changes;
    let mut t = Transitions::default();
    unit.births.iter().for_each(|b| t.born(b));
    let case_ids: Vec<Uuid> = c.cases_opened.iter().map(|_| mint::<CaseId>(unit.at).uuid()).collect();
    for &id in &case_ids {
        let (entity, cause) = (domain::transition::Entity::Case, domain::cause::Cause::Found);
        t.born(&Birth { entity, id, status: "open", cause });
    }
    t.step(&unit.traced, domain::ObligationId::uuid);
    let obligations = t.step(&c.obligations, domain::ObligationId::uuid);
    let intents = t.step(&c.intents, domain::IntentId::uuid);
    // whatever moved it: a bill that was paid elsewhere, or an officer, knows no intent to begin with
    tx.concerns(intents.id.iter().copied());
    let attempts = t.step(&c.attempts, domain::AttemptId::uuid);
    let refunds = t.step(&c.refunds, domain::RefundId::uuid);
    let receipts = t.step(&c.receipts, domain::ReceiptId::uuid);
    let remittances = t.step(&c.remittances, domain::RemittanceId::uuid);
    let closed = t.step(&c.cases_closed, CaseId::uuid);
    let obligations_paid: Vec<Option<Timestamp>> =
        obligations.id.iter().map(|id| unit.paid_of(id).map(|(at, _)| at)).collect();
    let (intents_paid, intent_channels): (Vec<Option<Timestamp>>, Vec<Option<String>>) =
        intents.id.iter().map(|id| unit.paid_of(id).unzip()).unzip();

    let kinds: Vec<&str> = c.cases_opened.iter().map(|k| k.kind.as_str()).collect();
    let case_amounts: Vec<i64> = c.cases_opened.iter().map(|k| k.amount.dong()).collect();
    let case_payments: Vec<Option<Uuid>> = c.cases_opened.iter().map(|k| k.payment_id.map(|p| p.uuid())).collect();
    let case_sightings: Vec<Option<Uuid>> = c.cases_opened.iter().map(|k| k.sighting_id.map(|s| s.uuid())).collect();
    let case_movements: Vec<Option<Uuid>> = c.cases_opened.iter().map(|k| k.movement_id.map(|m| m.uuid())).collect();
    let case_scopes: Vec<Option<&str>> =
        c.cases_opened.iter().map(|k| k.day.as_ref().map(|(scope, _)| scope.as_str())).collect();
    let case_days: Vec<Option<jiff::civil::Date>> =
        c.cases_opened.iter().map(|k| k.day.as_ref().map(|(_, day)| *day)).collect();
    let case_waits: Vec<bool> = c.cases_opened.iter().map(|k| k.waits).collect();
    let case_subjects: Vec<&str> = c.cases_opened.iter().map(|k| k.subject.as_str()).collect();

    let journal_ids: Vec<JournalId> = c.journals.iter().map(|_| mint(unit.at)).collect();
    let journal_uuids: Vec<Uuid> = journal_ids.iter().map(|id| id.uuid()).collect();
    let journal_kinds: Vec<&str> = c.journals.iter().map(|j| j.kind().as_str()).collect();
    let journal_causes: Vec<&str> = c.journals.iter().map(|j| j.cause().as_str()).collect();
    let journal_days: Vec<jiff::civil::Date> = c.journals.iter().map(domain::ledger::Journal::business_date).collect();
    let journal_scopes: Vec<Option<String>> = c.journals.iter().map(domain::ledger::Journal::scope).collect();
    let journal_texts: Vec<String> = journal_ids.iter().map(ToString::to_string).collect();

    let legs: Vec<(Uuid, &domain::ledger::Leg)> =
        c.journals.iter().zip(&journal_uuids).flat_map(|(j, id)| j.legs().iter().map(move |leg| (*id, leg))).collect();
    let leg_journals: Vec<Uuid> = legs.iter().map(|(id, _)| *id).collect();
    let leg_accounts: Vec<String> = legs.iter().map(|(_, leg)| leg.account.to_string()).collect();
    let leg_amounts: Vec<i64> = legs.iter().map(|(_, leg)| leg.amount.dong()).collect();
    let leg_obligations: Vec<Option<Uuid>> = legs.iter().map(|(_, leg)| leg.obligation_id.map(|o| o.uuid())).collect();
    let leg_payments: Vec<Option<Uuid>> = legs.iter().map(|(_, leg)| leg.payment_id.map(|p| p.uuid())).collect();
    let leg_movements: Vec<Option<Uuid>> = legs.iter().map(|(_, leg)| leg.movement_id.map(|m| m.uuid())).collect();
    let leg_settlements: Vec<Option<Uuid>> = legs.iter().map(|(_, leg)| leg.settlement_id.map(|s| s.uuid())).collect();

    let parts = &c.allocations;
    let part_payments: Vec<Uuid> = parts.iter().map(|a| a.payment_id.uuid()).collect();
    let part_obligations: Vec<Option<Uuid>> = parts
        .iter()
        .map(|a| match a.home {
            Home::Obligation(id) => Some(id.uuid()),
            Home::Suspense(_) | Home::Refund(_) | Home::WrittenOff => None,
        })
        .collect();
    let part_reasons: Vec<Option<&str>> = parts
        .iter()
        .map(|a| match a.home {
            Home::Suspense(reason) => Some(reason.as_str()),
            Home::Obligation(_) | Home::Refund(_) | Home::WrittenOff => None,
        })
        .collect();
    let part_refunds: Vec<Option<Uuid>> = parts
        .iter()
        .map(|a| match a.home {
            Home::Refund(id) => Some(id.uuid()),
            Home::Obligation(_) | Home::Suspense(_) | Home::WrittenOff => None,
        })
        .collect();
    let part_given_up: Vec<bool> = parts.iter().map(|a| a.home == Home::WrittenOff).collect();
    let part_amounts: Vec<i64> = parts.iter().map(|a| a.amount.dong()).collect();
    let part_journals: Vec<Uuid> =
        parts.iter().map(|a| journal_uuids.get(a.journal).copied().unwrap_or_default()).collect();

    let events = &unit.events;
    let event_ids: Vec<Uuid> = events.iter().map(|_| mint::<EventId>(unit.at).uuid()).collect();
    let event_clients: Vec<Uuid> = events.iter().map(|e| e.client_id.uuid()).collect();
    let event_kinds: Vec<&str> = events.iter().map(|e| e.stream_kind.as_str()).collect();
    let event_streams: Vec<&str> = events.iter().map(|e| e.stream.as_str()).collect();
    let event_types: Vec<&str> = events.iter().map(|e| e.event_type.as_str()).collect();
    let event_subjects: Vec<Uuid> = events.iter().map(|e| e.subject).collect();
    let event_data: Vec<&serde_json::Value> = events.iter().map(|e| &e.data).collect();

    let traceparent = telemetry::trace::current();

    let actions: Vec<&str> = unit.audit.iter().map(|a| a.action).collect();
    let subjects: Vec<&str> = unit.audit.iter().map(|a| a.subject.as_str()).collect();
    let requests: Vec<&str> = unit.audit.iter().map(|a| a.request_id.as_str()).collect();

    let st = |sql| prepared(tx, sql);
    let (at, actor) = (&unit.at, &unit.actor);
    let results = join!(
        run(
            tx,
            st(OBLIGATIONS),
            vec![&obligations.id, &obligations.version, &obligations.status, at, &obligations_paid],
            obligations.id.len()
        ),
        run(
            tx,
            st(INTENTS),
            vec![&intents.id, &intents.version, &intents.status, at, &intents_paid, &intent_channels],
            intents.id.len()
        ),
        run(tx, st(ATTEMPTS), vec![&attempts.id, &attempts.version, &attempts.status, at], attempts.id.len()),
        run(tx, st(REFUNDS), vec![&refunds.id, &refunds.version, &refunds.status, at], refunds.id.len()),
        run(tx, st(RECEIPTS), vec![&receipts.id, &receipts.version, &receipts.status, at], receipts.id.len()),
        run(
            tx,
            st(REMITTANCES),
            vec![&remittances.id, &remittances.version, &remittances.status, at],
            remittances.id.len()
        ),
        run(tx, st(CASES_CLOSED), vec![&closed.id, &closed.version, &closed.status, at], closed.id.len()),
        run(
            tx,
            st(CASES_OPENED),
            vec![
                &case_ids,
                &kinds,
                &case_amounts,
                &case_payments,
                &case_sightings,
                &case_movements,
                &case_subjects,
                &case_scopes,
                &case_days,
                &case_waits
            ],
            case_ids.len()
        ),
        run(
            tx,
            st(JOURNALS),
            vec![&journal_uuids, &journal_kinds, &journal_causes, &journal_days, &journal_scopes, actor],
            journal_uuids.len()
        ),
        run(
            tx,
            st(ENTRIES),
            vec![
                &leg_journals,
                &leg_accounts,
                &leg_amounts,
                &leg_obligations,
                &leg_payments,
                &leg_movements,
                &leg_settlements
            ],
            leg_journals.len()
        ),
        run(
            tx,
            st(ALLOCATIONS),
            vec![
                &part_payments,
                &part_obligations,
                &part_reasons,
                &part_refunds,
                &part_amounts,
                &part_journals,
                &part_given_up
            ],
            parts.len()
        ),
        run(tx, st(TRANSITIONS), vec![&t.entity, &t.id, &t.version, &t.from, &t.to, &t.cause, actor], t.id.len()),
        run(
            tx,
            st(EVENTS),
            vec![
                &event_ids,
                &event_clients,
                &event_kinds,
                &event_streams,
                &event_types,
                &event_subjects,
                &event_data,
                at,
                &traceparent
            ],
            events.len()
        ),
        run(tx, st(UNSEALED_JOURNALS), vec![&journal_texts], journal_texts.len()),
        run(tx, st(AUDIT), vec![&actions, &subjects, &requests, actor], actions.len()),
    );
    first_error([
        results.0, results.1, results.2, results.3, results.4, results.5, results.6, results.7, results.8, results.9,
        results.10, results.11, results.12, results.13, results.14,
    ])
}

/// In a pipeline the first failure is the cause; those after it only say that the transaction is aborted.
pub fn first_error<const N: usize>(results: [Result<(), StorageError>; N]) -> Result<(), StorageError> {
    results.into_iter().collect()
}
