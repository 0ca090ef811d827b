//! What is shown of an intent: read whole, decided nowhere else.

use crate::context::Context;
use crate::facts::Facts;
use domain::intent::{Intent, IntentStatus};
use domain::obligation::{Obligation, ObligationStatus};
use domain::{IntentId, Vnd};
use jiff::Timestamp;
use provider::{Asks, Provider};
use std::collections::BTreeMap;
use storage::attempts::Stored;
use storage::channels::{self, Closed, Gates};
use storage::payments::{Filter, Part, Shown};
use storage::{Db, StorageError, attempts, intents, payments, references};
use uuid::Uuid;

#[derive(Debug, Clone)]
pub struct IntentView {
    pub intent: Intent,
    /// In the order in which the portal named them.
    pub obligations: Vec<Obligation>,
    pub attempts: Vec<Stored>,
    pub payments: Vec<Paid>,
    pub channels: Vec<ChannelOption>,
    pub amount_due: Vnd,
    pub checkout_url: String,
}

/// A payment under the intent's reference, with where its money is.
#[derive(Debug, Clone)]
pub struct Paid {
    pub shown: Shown,
    pub parts: Vec<Part>,
}

/// A way to pay this intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelOption {
    pub code: String,
    pub name: &'static str,
    pub kind: &'static str,
    /// What the payer gives with the press.
    pub asks: Asks,
    /// Why it cannot be taken now; None when it can.
    pub unavailable: Option<Unavailable>,
}

/// Why a channel takes no attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unavailable {
    AboveLimit,
    BelowLimit,
    /// Somebody switched it off, or announced that it is away.
    Closed(Closed),
}

impl Unavailable {
    /// A word of ours, or the words of who closed the channel.
    pub fn reason(&self) -> &str {
        match self {
            Self::AboveLimit => "amount_above_limit",
            Self::BelowLimit => "amount_below_limit",
            Self::Closed(closed) => &closed.reason,
        }
    }
}

/// What stands in the way of an attempt of this amount with a contract; `at`: of one that is made at that moment.
pub(crate) fn unavailable(
    gates: &Gates,
    provider: &Provider,
    amount: Vnd,
    at: Option<Timestamp>,
) -> Option<Unavailable> {
    let gate = gates.get(provider.profile.as_str());
    if let Some(closed) = gate.and_then(|g| g.closed.as_ref()) {
        return Some(Unavailable::Closed(closed.clone()));
    }
    let own = provider.checkout.as_ref().and_then(|c| at.map_or_else(|| c.limit(), |at| c.limit_at(at)));
    if own.into_iter().chain(gate.and_then(|g| g.max_amount)).any(|most| amount > most) {
        return Some(Unavailable::AboveLimit);
    }
    gate.filter(|g| amount < g.min_amount).map(|_| Unavailable::BelowLimit)
}

/// The ways to pay: whom the contract collects for, what the portal allows, and what stands in the way now.
fn channels(ctx: &Context, gates: &Gates, intent: &Intent, amount_due: Vnd) -> Vec<ChannelOption> {
    ctx.providers
        .for_beneficiary(&intent.beneficiary_code)
        .filter(|p| {
            intent.allowed_channels.as_ref().is_none_or(|allowed| allowed.iter().any(|c| c == p.channel.as_str()))
        })
        .map(|p| ChannelOption {
            code: p.channel.to_string(),
            name: p.names.vi,
            kind: p.kind.as_str(),
            asks: p.checkout.as_ref().map_or_else(Asks::default, |c| c.asks()),
            // of what is paid, nothing is below a limit
            unavailable: unavailable(gates, p, amount_due, None)
                .filter(|u| amount_due.is_positive() || *u != Unavailable::BelowLimit),
        })
        .collect()
}

/// One intent of any client, or of `client` only.
pub async fn by_id(
    ctx: &Context,
    db: &Db,
    client: Option<domain::ClientId>,
    id: IntentId,
) -> Result<Option<IntentView>, StorageError> {
    match intents::by_id(db, client, id).await? {
        Some(intent) => Ok(of_intents(ctx, db, vec![intent]).await?.pop()),
        None => Ok(None),
    }
}

/// The page's view, by the random token of its link.
pub async fn by_token(ctx: &Context, db: &Db, token: &str) -> Result<Option<IntentView>, StorageError> {
    match intents::by_token(db, token).await? {
        Some(intent) => Ok(of_intents(ctx, db, vec![intent]).await?.pop()),
        None => Ok(None),
    }
}

/// Views in the order of `list`; a handful of queries whatever its length.
pub async fn of_intents(ctx: &Context, db: &Db, list: Vec<Intent>) -> Result<Vec<IntentView>, StorageError> {
    let ids: Vec<Uuid> = list.iter().map(|i| i.id.uuid()).collect();
    let obligations = intents::obligations(db, &ids).await?;
    let attempts = attempts::of_intents(db, &ids).await?;
    let gates = channels::gates(db).await?;
    let waiting: BTreeMap<IntentId, Vnd> = references::waiting_sums(db, &ids).await?.into_iter().collect();
    let mut views = Vec::with_capacity(list.len());
    for intent in list {
        // money is read where there may be some: an attempt was made, or it is paid
        let may_have_money =
            intent.status == IntentStatus::Paid || attempts.iter().any(|a| a.attempt.intent_id == intent.id);
        let payments = if may_have_money { paid(db, intent.id).await? } else { Vec::new() };
        let held = held(&intent, &obligations);
        let due = due(&held);
        let amount_due = due.less(waiting.get(&intent.id).copied().unwrap_or_default());
        let own = attempts.iter().filter(|a| a.attempt.intent_id == intent.id).cloned().collect();
        views.push(whole(ctx, &gates, intent, (held, own, payments), amount_due));
    }
    Ok(views)
}

/// The view of what is held under lock, as it stands in the transaction.
pub(crate) async fn of_facts(ctx: &Context, db: &Db, facts: &Facts) -> Result<IntentView, StorageError> {
    let intent = facts.intent()?.clone();
    let amount_due = facts.amount_due(&intent);
    let payments = if facts.attempts.is_empty() { Vec::new() } else { paid(db, intent.id).await? };
    let held = held(&intent, &facts.obligations);
    let gates = channels::gates(db).await?;
    Ok(whole(ctx, &gates, intent, (held, facts.attempts.clone(), payments), amount_due))
}

/// The view of an intent that is being opened: nothing was tried, nothing waits.
pub(crate) fn of_new(ctx: &Context, gates: &Gates, intent: Intent, obligations: &[Obligation]) -> IntentView {
    let held = held(&intent, obligations);
    let amount_due = due(&held);
    whole(ctx, gates, intent, (held, Vec::new(), Vec::new()), amount_due)
}

fn held(intent: &Intent, obligations: &[Obligation]) -> Vec<Obligation> {
    intent.obligation_ids.iter().filter_map(|id| obligations.iter().find(|o| o.id == *id).cloned()).collect()
}

fn due(obligations: &[Obligation]) -> Vnd {
    obligations.iter().filter(|o| o.status == ObligationStatus::Due).map(Obligation::amount).sum()
}

fn whole(
    ctx: &Context,
    gates: &Gates,
    intent: Intent,
    (obligations, attempts, payments): (Vec<Obligation>, Vec<Stored>, Vec<Paid>),
    amount_due: Vnd,
) -> IntentView {
    let channels = channels(ctx, gates, &intent, amount_due);
    let checkout_url = ctx.checkout_url(&intent.page_token);
    IntentView { intent, obligations, attempts, payments, channels, amount_due, checkout_url }
}

async fn paid(db: &Db, intent: IntentId) -> Result<Vec<Paid>, StorageError> {
    let filter = Filter { intent: Some(intent.uuid()), ..Filter::default() };
    let shown = payments::page(db, &filter, None, 200).await?;
    let ids: Vec<Uuid> = shown.iter().map(|s| s.payment.id.uuid()).collect();
    let parts = if ids.is_empty() { Vec::new() } else { payments::parts(db, &ids).await? };
    Ok(shown
        .into_iter()
        .rev()
        .map(|shown| {
            let parts = parts.iter().filter(|p| p.payment_id == shown.payment.id).cloned().collect();
            Paid { shown, parts }
        })
        .collect())
}
