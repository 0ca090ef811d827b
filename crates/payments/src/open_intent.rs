//! A portal opens a payment for what a dossier owes: one commit, two round trips, no provider called.

use crate::context::{Caller, Context};
use crate::reply::{IdempotencyError, Repeat, Reply, repeat_of};
use crate::retry::{Retryable, retrying};
use crate::view::{self, IntentView, Payers};
use domain::codes::BeneficiaryCode;
use domain::intent::{Intent, IntentStatus};
use domain::obligation::{Obligation, ObligationStatus};
use domain::reference::Reference;
use domain::transition::Entity;
use domain::{ClientId, IntentId, ObligationId, Vnd};
use futures_util::join;
use jiff::{SignedDuration, Timestamp};
use rand::Rng;
use std::collections::BTreeMap;
use storage::ids::mint;
use storage::unit::{Audit, Birth, Unit};
use storage::{StorageError, Tx, channels, idempotency, intents, obligations, unit};
use uuid::Uuid;

/// What the portal asks for; obligations are distinct.
#[derive(Debug, Clone)]
pub struct Opening {
    pub client: ClientId,
    pub obligation_ids: Vec<ObligationId>,
    pub return_url: Option<String>,
    pub life: SignedDuration,
    pub allowed_channels: Option<Vec<String>>,
    pub metadata: serde_json::Value,
    pub caller: Caller,
    pub idempotency: idempotency::Request,
    pub now: Timestamp,
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error("no such obligation")]
    ObligationAbsent(ObligationId),
    #[error("the obligation is paid")]
    ObligationPaid(ObligationId),
    #[error("nothing is owed for the obligation")]
    ObligationExempt(ObligationId),
    #[error("the obligation cannot be paid: it is {1}")]
    ObligationNotPayable(ObligationId, ObligationStatus),
    #[error("a live intent holds the obligation")]
    ObligationInPayment(ObligationId, Option<IntentId>),
    #[error("the obligations belong to several beneficiaries")]
    MixedBeneficiaries(BTreeMap<BeneficiaryCode, Vec<ObligationId>>),
}

impl Retryable for OpenError {
    fn is_retryable(&self) -> bool {
        matches!(self, Self::Storage(e) if Retryable::is_retryable(e))
    }
}

/// Opens the intent; `render` gives the answer that is kept beside the key.
#[tracing::instrument(skip_all, fields(client = %opening.client, intent_id, reference))]
pub async fn open(
    ctx: &Context,
    opening: &Opening,
    render: &(dyn Fn(&IntentView) -> String + Send + Sync),
) -> Result<Reply, OpenError> {
    retrying(|| open_once(ctx, opening, render)).await
}

async fn open_once(
    ctx: &Context,
    opening: &Opening,
    render: &(dyn Fn(&IntentView) -> String + Send + Sync),
) -> Result<Reply, OpenError> {
    let tx = ctx.pool.tx().await?;
    let outcome = opened(ctx, &tx, opening, render).await;
    tx.close(outcome).await
}

async fn opened(
    ctx: &Context,
    tx: &Tx,
    opening: &Opening,
    render: &(dyn Fn(&IntentView) -> String + Send + Sync),
) -> Result<Reply, OpenError> {
    let ids: Vec<Uuid> = opening.obligation_ids.iter().map(|id| id.uuid()).collect();
    let (begun, earlier, locked, holders, gates, payers) = join!(
        tx.begin(),
        idempotency::claim(tx, &opening.idempotency),
        obligations::lock_by_ids(tx, &ids),
        intents::live_holders(tx, &ids),
        channels::gates(tx),
        Payers::of(ctx, tx, &ids),
    );
    begun?;
    if let Some(Repeat::Answered(reply)) = earlier?.map(repeat_of).transpose()? {
        return Ok(reply);
    }
    let obligations = payable(opening, locked?, &holders?)?;
    let intent = minted(ctx, opening, &obligations)?;
    let linked: Vec<(ObligationId, Vnd)> = obligations.iter().map(|o| (o.id, o.amount())).collect();
    let mut unit = Unit::new(opening.caller.actor(), opening.now);
    unit.births.push(Birth {
        entity: Entity::Intent,
        id: intent.id.uuid(),
        status: IntentStatus::Open.as_str(),
        cause: domain::cause::Cause::Opened,
    });
    let id = intent.id.to_string();
    unit.audit.push(Audit {
        action: "intent_opened",
        subject: id.clone(),
        request_id: opening.caller.request_id.clone(),
    });
    let body = render(&view::of_new(ctx, (&gates?, &payers?), intent.clone(), &obligations, opening.now));
    let (inserted, links, written, kept, committed) = join!(
        intents::insert(tx, &intent),
        intents::link(tx, intent.id, &linked),
        unit::write(tx, &unit),
        idempotency::keep(tx, &opening.idempotency, &id, Some((201, &body)), None),
        tx.commit(),
    );
    unit::first_error([inserted, links, written, kept, committed])?;
    let span = tracing::Span::current();
    span.record("intent_id", &id).record("reference", intent.reference.as_str());
    tracing::info!(obligations = obligations.len(), amount = intent.amount.dong(), "intent opened");
    Ok(Reply::fresh(201, body))
}

/// The obligations in the order in which they were named, if all of them can be paid together.
fn payable(
    opening: &Opening,
    locked: Vec<Obligation>,
    holders: &[(ObligationId, IntentId)],
) -> Result<Vec<Obligation>, OpenError> {
    let mut named = Vec::with_capacity(locked.len());
    for id in &opening.obligation_ids {
        let o = locked
            .iter()
            .find(|o| o.id == *id && o.client_id == opening.client)
            .ok_or(OpenError::ObligationAbsent(*id))?;
        named.push(o.clone());
    }
    for o in &named {
        match o.status {
            ObligationStatus::Due => {}
            ObligationStatus::Paid => return Err(OpenError::ObligationPaid(o.id)),
            ObligationStatus::Exempt => return Err(OpenError::ObligationExempt(o.id)),
            other => return Err(OpenError::ObligationNotPayable(o.id, other)),
        }
    }
    if let Some((obligation, intent)) = holders.first() {
        return Err(OpenError::ObligationInPayment(*obligation, Some(*intent)));
    }
    let mut groups: BTreeMap<BeneficiaryCode, Vec<ObligationId>> = BTreeMap::new();
    for o in &named {
        groups.entry(o.terms.beneficiary_code.clone()).or_default().push(o.id);
    }
    if groups.len() > 1 {
        return Err(OpenError::MixedBeneficiaries(groups));
    }
    Ok(named)
}

fn minted(ctx: &Context, opening: &Opening, obligations: &[Obligation]) -> Result<Intent, OpenError> {
    let first = obligations.first().ok_or_else(|| StorageError::Unreadable("an intent of nothing".to_owned()))?;
    let mut random = rand::rng();
    let mut token = [0_u8; 24];
    random.fill_bytes(&mut token);
    Ok(Intent {
        id: mint(opening.now),
        client_id: opening.client,
        reference: Reference::mint(ctx.mode, || random.next_u32()),
        beneficiary_code: first.terms.beneficiary_code.clone(),
        amount: obligations.iter().map(Obligation::amount).sum(),
        status: IntentStatus::Open,
        version: 1,
        obligation_ids: opening.obligation_ids.clone(),
        return_url: opening.return_url.clone(),
        allowed_channels: opening.allowed_channels.clone(),
        metadata: opening.metadata.clone(),
        page_token: hex::encode(token),
        expires_at: opening.now + opening.life,
        created_at: opening.now,
        paid_at: None,
        paid_channel: None,
    })
}
