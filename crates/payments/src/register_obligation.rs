//! A portal says what a dossier owes; it may change it while nothing rests on it, and cancel it while nothing is paid.

use crate::context::{Caller, Context};
use crate::reply::{IdempotencyError, Repeat, Reply, repeat_of};
use crate::retry::{Retryable, retrying};
use domain::catalogue;
use domain::cause::Cause;
use domain::changes::{Changes, step};
use domain::event::Notice;
use domain::obligation::{Obligation, ObligationStatus, Terms};
use domain::party::Party;
use domain::transition::{Entity, NoSuchEdge};
use domain::{ClientId, IntentId, ObligationId};
use futures_util::join;
use jiff::Timestamp;
use storage::ids::mint;
use storage::obligations::{Held, Parties};
use storage::unit::{Audit, Birth, Unit};
use storage::{StorageError, Tx, beneficiaries, idempotency, obligations, parties, unit};
use uuid::Uuid;

/// What the portal sent.
#[derive(Debug, Clone)]
pub struct Registration {
    pub client: ClientId,
    pub external_ref: String,
    pub terms: Terms,
    pub payer: Party,
    pub owner: Option<Party>,
    /// SHA-256 of the request in one spelling: tells an equal request from a changed one.
    pub fingerprint: Vec<u8>,
    pub caller: Caller,
    pub now: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registered {
    Created,
    Equal,
    Changed,
}

/// An obligation after a write, with what the catalogue says against it.
#[derive(Debug, Clone)]
pub struct Standing {
    pub obligation: Obligation,
    pub registered: Registered,
    pub warnings: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum ObligationError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Edge(#[from] NoSuchEdge),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error("no such obligation")]
    Absent,
    #[error("the agency is not known")]
    UnknownAgency,
    #[error("the beneficiary is not one of the agency's")]
    UnknownBeneficiary,
    #[error("money was seen for it")]
    Locked,
    #[error("a live intent holds it")]
    InPayment(IntentId),
    #[error("another portal registered the same fee of this dossier")]
    Duplicate,
    #[error("the obligation is {0}")]
    WrongStatus(ObligationStatus),
}

impl Retryable for ObligationError {
    fn is_retryable(&self) -> bool {
        // two first registrations at once: the second finds the first
        matches!(self, Self::Storage(e) if Retryable::is_retryable(e) || e.is_conflict("obligation_external_ref_unique"))
    }
}

#[tracing::instrument(skip_all, fields(client = %r.client))]
pub async fn register(ctx: &Context, r: &Registration) -> Result<Standing, ObligationError> {
    retrying(|| register_once(ctx, r)).await
}

async fn register_once(ctx: &Context, r: &Registration) -> Result<Standing, ObligationError> {
    let tx = ctx.pool.tx().await?;
    let outcome = registered(ctx, &tx, r).await;
    tx.close(outcome).await
}

async fn registered(ctx: &Context, tx: &Tx, r: &Registration) -> Result<Standing, ObligationError> {
    tx.begin().await?;
    let t = &r.terms;
    let (held, known, fees) = join!(
        obligations::lock_by_ref(tx, r.client, &r.external_ref),
        beneficiaries::known(tx, &t.agency_code, t.beneficiary_code.as_str()),
        beneficiaries::fees(tx, Some(&t.fee_code)),
    );
    let day = domain::business_day::business_date(r.now);
    let warnings = catalogue::contradiction(&fees?, &t.fee_code, t.gross_amount, day).into_iter().collect();
    match known? {
        (false, _) => return Err(ObligationError::UnknownAgency),
        (true, false) => return Err(ObligationError::UnknownBeneficiary),
        (true, true) => {}
    }
    let (obligation, registered) = match held? {
        None => (create(ctx, tx, r).await?, Registered::Created),
        Some(held) if held.fingerprint == r.fingerprint => (held.obligation, Registered::Equal),
        Some(held) => (revise(ctx, tx, r, held).await?, Registered::Changed),
    };
    Ok(Standing { obligation, registered, warnings })
}

async fn create(ctx: &Context, tx: &Tx, r: &Registration) -> Result<Obligation, ObligationError> {
    let status = r.terms.birth_status();
    let obligation = Obligation {
        id: mint(r.now),
        client_id: r.client,
        external_ref: r.external_ref.clone(),
        terms: r.terms.clone(),
        status,
        version: 1,
        paid_at: None,
        created_at: r.now,
        updated_at: r.now,
    };
    let parties = keep_parties(ctx, tx, r).await?;
    obligations::insert(tx, &obligation, parties, &r.fingerprint).await.map_err(duplicate)?;
    let mut unit = Unit::new(r.caller.actor(), r.now);
    unit.births.push(Birth {
        entity: Entity::Obligation,
        id: obligation.id.uuid(),
        status: status.as_str(),
        cause: if status == ObligationStatus::Exempt { Cause::RegisteredExempt } else { Cause::Registered },
    });
    unit.audit.push(audit("obligation_registered", &obligation, &r.caller));
    commit(tx, &unit).await?;
    Ok(obligation)
}

async fn revise(ctx: &Context, tx: &Tx, r: &Registration, held: Held) -> Result<Obligation, ObligationError> {
    let before = held.obligation;
    let open = matches!(before.status, ObligationStatus::Due | ObligationStatus::Exempt);
    if held.money_seen || held.live_intent.is_some() || !open {
        return Err(ObligationError::Locked);
    }
    // a QR, an order or a link of before still leads to the account of the one before
    let moves = r.terms.beneficiary_code != before.terms.beneficiary_code;
    if moves && held.was_asked_for {
        return Err(ObligationError::Locked);
    }
    let status = r.terms.birth_status();
    let mut unit = Unit::new(r.caller.actor(), r.now);
    let mut version = before.version;
    if status != before.status {
        // this step is written by the row's own update below; here only its trace
        let cause = if status == ObligationStatus::Exempt { Cause::ReliefGranted } else { Cause::ReliefWithdrawn };
        let (step, _) = step(before.id, before.version, before.status, cause)?;
        version = step.version;
        unit.traced.push(step);
    }
    let after = Obligation { terms: r.terms.clone(), status, version, updated_at: r.now, ..before };
    let parties = keep_parties(ctx, tx, r).await?;
    obligations::revise(tx, &after, parties, &r.fingerprint).await.map_err(duplicate)?;
    unit.audit.push(audit("obligation_revised", &after, &r.caller));
    commit(tx, &unit).await?;
    Ok(after)
}

async fn keep_parties(ctx: &Context, tx: &Tx, r: &Registration) -> Result<Parties, StorageError> {
    let payer: Uuid = mint(r.now);
    parties::insert(tx, &ctx.vault, payer, &r.payer).await?;
    let mut kept = Parties { payer: Some(payer), owner: None };
    if let Some(owner) = &r.owner {
        let id: Uuid = mint(r.now);
        parties::insert(tx, &ctx.vault, id, owner).await?;
        kept.owner = Some(id);
    }
    Ok(kept)
}

fn duplicate(error: StorageError) -> ObligationError {
    if error.is_conflict("obligation_duplicate") { ObligationError::Duplicate } else { error.into() }
}

fn audit(action: &'static str, o: &Obligation, caller: &Caller) -> Audit {
    Audit { action, subject: o.id.to_string(), request_id: caller.request_id.clone() }
}

async fn commit(tx: &Tx, unit: &Unit) -> Result<(), ObligationError> {
    let (written, committed) = join!(unit::write(tx, unit), tx.commit());
    written?;
    committed?;
    Ok(())
}

/// A portal takes an obligation back.
pub struct Cancellation {
    pub client: ClientId,
    pub id: ObligationId,
    pub caller: Caller,
    pub idempotency: idempotency::Request,
    pub now: Timestamp,
}

/// `due` only; not while a live intent holds it or money waits for it.
#[tracing::instrument(skip_all, fields(obligation_id = %c.id))]
pub async fn cancel(
    ctx: &Context,
    c: &Cancellation,
    render: &(dyn Fn(&Obligation) -> String + Send + Sync),
) -> Result<Reply, ObligationError> {
    let reply = retrying(|| cancel_once(ctx, c, render)).await?;
    ctx.wake.notify_one();
    Ok(reply)
}

async fn cancel_once(
    ctx: &Context,
    c: &Cancellation,
    render: &(dyn Fn(&Obligation) -> String + Send + Sync),
) -> Result<Reply, ObligationError> {
    let tx = ctx.pool.tx().await?;
    let outcome = async {
        let (begun, earlier) = join!(tx.begin(), idempotency::claim(&tx, &c.idempotency));
        begun?;
        if let Some(Repeat::Answered(reply)) = earlier?.map(repeat_of).transpose()? {
            return Ok(reply);
        }
        let held = obligations::lock_one(&tx, c.client, c.id).await?.ok_or(ObligationError::Absent)?;
        if let Some(intent) = held.live_intent {
            return Err(ObligationError::InPayment(intent));
        }
        let before = held.obligation;
        if before.status == ObligationStatus::Due && held.money_waits {
            return Err(ObligationError::Locked);
        }
        let (step, event) = step(before.id, before.version, before.status, Cause::CancelledByClient)
            .map_err(|_| ObligationError::WrongStatus(before.status))?;
        let mut unit = Unit::new(c.caller.actor(), c.now);
        unit.changes = Changes {
            obligations: vec![step],
            notices: event.map(|e| Notice::Obligation(before.id, e)).into_iter().collect(),
            ..Changes::default()
        };
        unit.events = crate::events::of_changes(&unit.changes, std::slice::from_ref(&before), &[], None)?;
        unit.audit.push(audit("obligation_cancelled", &before, &c.caller));
        let after = Obligation { status: step.to, version: step.version, updated_at: c.now, ..before };
        let body = render(&after);
        let id = after.id.to_string();
        let (written, kept, committed) = join!(
            unit::write(&tx, &unit),
            idempotency::keep(&tx, &c.idempotency, &id, Some((200, &body)), None),
            tx.commit(),
        );
        unit::first_error([written, kept, committed])?;
        Ok(Reply::fresh(200, body))
    }
    .await;
    tx.close(outcome).await
}
