//! What is shown of an intent: read whole, decided nowhere else.

use crate::context::Context;
use crate::facts::Facts;
use domain::codes::BeneficiaryCode;
use domain::intent::Intent;
use domain::obligation::{Obligation, ObligationStatus, Terms};
use domain::offering::{self, Contract, Obstacle, Wanted};
use domain::{IntentId, ObligationId, Vnd};
use futures_util::join;
use jiff::Timestamp;
use provider::{Asks, Provider};
use std::collections::BTreeMap;
use storage::attempts::Stored;
use storage::channels::{self, Closed, Gates};
use storage::payments::{Filter, Part, Shown};
use storage::{Db, StorageError, attempts, intents, parties, payments, receipts, references};
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
    /// Of its obligations, as far as they were ever issued.
    pub receipts: Vec<Handed>,
}

impl IntentView {
    /// What its fees owe that are due, whatever waits for them.
    pub fn owed(&self) -> Vnd {
        due(&self.obligations)
    }

    /// What its fees are now: one may have been lowered since it was opened.
    pub fn total(&self) -> Vnd {
        self.obligations.iter().map(Obligation::amount).sum()
    }
}

/// A receipt, and where it is.
#[derive(Debug, Clone)]
pub struct Handed {
    pub receipt: receipts::Stored,
    pub url: String,
}

/// A payment under the intent's reference, or one that names no intent and settled a fee of it (a bill's, a counter's), with
/// where its money is.
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
    /// What is due lacks what its receipt is made of, or is of a kind that it does not take.
    NotBillable,
    /// Its receipt names the payer's number, and nobody with one is named.
    PayerNotIdentified,
    /// A part of the money came another way, and it takes the whole or nothing.
    WholeOnly,
    AboveLimit,
    BelowLimit,
    /// Somebody switched it off, or announced that it is away, or its provider says that it is.
    Closed(Closed),
    /// Its provider has not been answering.
    NotAnswering,
}

impl Unavailable {
    /// A word of ours, or the words of who closed the channel.
    pub fn reason(&self) -> &str {
        match self {
            Self::NotBillable => Obstacle::NotBillable.as_str(),
            Self::PayerNotIdentified => Obstacle::PayerNotIdentified.as_str(),
            Self::WholeOnly => Obstacle::WholeOnly.as_str(),
            Self::AboveLimit => Obstacle::AboveLimit.as_str(),
            Self::BelowLimit => Obstacle::BelowLimit.as_str(),
            Self::Closed(closed) => &closed.reason,
            Self::NotAnswering => Obstacle::NotAnswering.as_str(),
        }
    }
}

/// How a contract stands for an intent that asks for `amount_due`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    Open,
    /// It is not for this intent at all.
    Never(Obstacle),
    NotNow(Unavailable),
}

/// Whom an intent pays, by which channels of its portal's choice, what of it is due, and whether its payer has a number.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub beneficiary: &'a BeneficiaryCode,
    pub allowed: Option<&'a [String]>,
    pub items: &'a [&'a Terms],
    pub payer_is_identified: bool,
}

/// `now`: the law of one day is not that of another.
pub(crate) fn standing(
    ctx: &Context,
    gates: &Gates,
    provider: &Provider,
    Asked { beneficiary, allowed, items, payer_is_identified }: Asked<'_>,
    (amount_due, now): (Vnd, Timestamp),
) -> Standing {
    let gate = gates.get(provider.profile.as_str());
    let closed = gate.and_then(|g| g.closed.as_ref());
    let away = gate.and_then(|g| g.away.as_ref());
    let checkout = provider.checkout.as_ref();
    let contract = Contract {
        channel: &provider.channel,
        beneficiaries: &provider.beneficiaries,
        takes_orders: checkout.is_some(),
        // of what is not due any more, nothing stands in the way
        can_bill: items.is_empty() || checkout.is_some_and(|c| c.can_bill(items)),
        names_payer: !items.is_empty() && checkout.is_some_and(|c| c.names_payer()),
        takes_a_rest: checkout.is_some_and(|c| c.takes_a_rest()),
        is_closed: closed.is_some(),
        is_answering: away.is_none() && ctx.breakers.is_answering(&provider.profile),
        least: [checkout.and_then(|c| c.least()), gate.map(|g| g.min_amount)],
        most: [checkout.and_then(|c| c.limit_at(now)), gate.and_then(|g| g.max_amount)],
    };
    let owed = items.iter().map(|t| t.amount()).sum();
    let wanted = Wanted { beneficiary, allowed, payer_is_identified, amount: amount_due, owed };
    standing_of(&offering::obstacles(contract, wanted), closed.or(away))
}

/// The worst of them, with the words of who closed it.
pub(crate) fn standing_of(obstacles: &[Obstacle], closed: Option<&Closed>) -> Standing {
    let Some(worst) = obstacles.first() else { return Standing::Open };
    Standing::NotNow(match worst {
        Obstacle::NotOffered | Obstacle::NotAllowed => return Standing::Never(*worst),
        Obstacle::NotBillable => Unavailable::NotBillable,
        Obstacle::PayerNotIdentified => Unavailable::PayerNotIdentified,
        Obstacle::Closed | Obstacle::NotAnswering => {
            closed.map_or(Unavailable::NotAnswering, |closed| Unavailable::Closed(closed.clone()))
        }
        Obstacle::WholeOnly => Unavailable::WholeOnly,
        Obstacle::AboveLimit => Unavailable::AboveLimit,
        Obstacle::BelowLimit => Unavailable::BelowLimit,
    })
}

/// The ways to pay: whom the contract collects for, what the portal allows, and what stands in the way now.
fn channels(
    ctx: &Context,
    gates: &Gates,
    intent: &Intent,
    (obligations, payers, amount_due): (&[Obligation], &Payers, Vnd),
    now: Timestamp,
) -> Vec<ChannelOption> {
    let due = due_items(obligations);
    let (beneficiary, allowed) = (&intent.beneficiary_code, intent.allowed_channels.as_deref());
    let wanted = Asked { beneficiary, allowed, items: &due, payer_is_identified: payers.identify(obligations) };
    let mut shown: Vec<ChannelOption> = Vec::new();
    for p in ctx.providers.iter() {
        let unavailable = match standing(ctx, gates, &p, wanted, (amount_due, now)) {
            Standing::Never(_) => continue,
            Standing::Open => None,
            Standing::NotNow(why) => Some(why),
        };
        // of two contracts for one channel, the one that can be used
        match shown.iter_mut().find(|option| option.code == p.channel.as_str()) {
            Some(option) if option.unavailable.is_some() => {
                (option.asks, option.unavailable) = (asks(&p), unavailable);
            }
            Some(_) => {}
            None => {
                let (code, name, kind) = (p.channel.to_string(), p.names.vi, p.kind.as_str());
                shown.push(ChannelOption { code, name, kind, asks: asks(&p), unavailable });
            }
        }
    }
    shown
}

fn asks(provider: &Provider) -> Asks {
    provider.checkout.as_ref().map_or_else(Asks::default, |c| c.asks())
}

/// One intent of any client, or of `client` only.
pub async fn by_id(
    ctx: &Context,
    db: &Db,
    client: Option<domain::ClientId>,
    id: IntentId,
    now: Timestamp,
) -> Result<Option<IntentView>, StorageError> {
    match intents::by_id(db, client, id).await? {
        Some(intent) => Ok(of_intents(ctx, db, vec![intent], now).await?.pop()),
        None => Ok(None),
    }
}

/// The page's view, by the random token of its link.
pub async fn by_token(ctx: &Context, db: &Db, token: &str, now: Timestamp) -> Result<Option<IntentView>, StorageError> {
    match intents::by_token(db, token).await? {
        Some(intent) => Ok(of_intents(ctx, db, vec![intent], now).await?.pop()),
        None => Ok(None),
    }
}

/// Views in the order of `list`; a handful of queries whatever its length.
pub async fn of_intents(
    ctx: &Context,
    db: &Db,
    list: Vec<Intent>,
    now: Timestamp,
) -> Result<Vec<IntentView>, StorageError> {
    let ids: Vec<Uuid> = list.iter().map(|i| i.id.uuid()).collect();
    let obligations = intents::obligations(db, &ids).await?;
    let attempts = attempts::of_intents(db, &ids).await?;
    let named: Vec<Uuid> = obligations.iter().map(|o| o.id.uuid()).collect();
    let (gates, payers) = join!(channels::gates(db), Payers::of(ctx, db, &named));
    let (gates, payers) = (gates?, payers?);
    let waiting: BTreeMap<IntentId, Vnd> = references::waiting_sums(db, &ids).await?.into_iter().collect();
    let with_money = payments::named_in(db, &ids).await?;
    let mut views = Vec::with_capacity(list.len());
    for intent in list {
        let has_money = with_money.contains(&intent.id);
        let held = held(&intent, &obligations);
        let mut payments = if has_money { paid(db, intent.id).await? } else { Vec::new() };
        payments.extend(paid_beside(db, &held, &payments).await?);
        let due = due(&held);
        let amount_due = due.less(waiting.get(&intent.id).copied().unwrap_or_default());
        let own = attempts.iter().filter(|a| a.attempt.intent_id == intent.id).cloned().collect();
        // paid another way, it has receipts though no money is its own
        let has_paid = held.iter().any(|o| o.status == ObligationStatus::Paid);
        let receipts =
            if has_money || has_paid || intent.version > 1 { receipts_of(ctx, db, &held).await? } else { Vec::new() };
        views.push(IntentView {
            receipts,
            ..whole(ctx, (&gates, &payers), intent, (held, own, payments), (amount_due, now))
        });
    }
    Ok(views)
}

/// The view of what is held under lock, as it stands in the transaction.
pub(crate) async fn of_facts(
    ctx: &Context,
    db: &Db,
    facts: &Facts,
    now: Timestamp,
) -> Result<IntentView, StorageError> {
    let intent = facts.intent()?.clone();
    let amount_due = facts.amount_due(&intent);
    let held = held(&intent, &facts.obligations);
    let has_money = !payments::named_in(db, &[intent.id.uuid()]).await?.is_empty();
    let mut payments = if has_money { paid(db, intent.id).await? } else { Vec::new() };
    payments.extend(paid_beside(db, &held, &payments).await?);
    let named: Vec<Uuid> = held.iter().map(|o| o.id.uuid()).collect();
    let (gates, payers) = join!(channels::gates(db), Payers::of(ctx, db, &named));
    let (gates, payers) = (gates?, payers?);
    let receipts = if intent.version == 1 { Vec::new() } else { receipts_of(ctx, db, &held).await? };
    let view = whole(ctx, (&gates, &payers), intent, (held, facts.attempts.clone(), payments), (amount_due, now));
    Ok(IntentView { receipts, ..view })
}

/// The view of an intent that is being opened: nothing was tried, nothing waits.
pub(crate) fn of_new(
    ctx: &Context,
    (gates, payers): (&Gates, &Payers),
    intent: Intent,
    obligations: &[Obligation],
    now: Timestamp,
) -> IntentView {
    let held = held(&intent, obligations);
    let amount_due = due(&held);
    whole(ctx, (gates, payers), intent, (held, Vec::new(), Vec::new()), (amount_due, now))
}

fn held(intent: &Intent, obligations: &[Obligation]) -> Vec<Obligation> {
    intent.obligation_ids.iter().filter_map(|id| obligations.iter().find(|o| o.id == *id).cloned()).collect()
}

/// Which of some obligations name a payer, and whether that has a number. Nobody's data is opened for it.
#[derive(Debug, Default)]
pub(crate) struct Payers(BTreeMap<ObligationId, bool>);

impl Payers {
    /// Nothing is read where no contract asks.
    pub async fn of(ctx: &Context, db: &Db, obligations: &[Uuid]) -> Result<Self, StorageError> {
        let is_asked = ctx.providers.iter().any(|p| p.checkout.as_ref().is_some_and(|c| c.names_payer()));
        Ok(Self(if is_asked { parties::payers(db, obligations).await? } else { BTreeMap::new() }))
    }

    /// Of these the payer whom those that are due name first, as an order names one.
    pub fn identify(&self, obligations: &[Obligation]) -> bool {
        let due = obligations.iter().filter(|o| o.status == ObligationStatus::Due);
        let named = due.filter_map(|o| self.0.get(&o.id).map(|is_identified| (o.id, *is_identified)));
        named.min().is_some_and(|(_, is_identified)| is_identified)
    }
}

pub(crate) fn due_items<'a>(obligations: impl IntoIterator<Item = &'a Obligation>) -> Vec<&'a Terms> {
    obligations.into_iter().filter(|o| o.status == ObligationStatus::Due).map(|o| &o.terms).collect()
}

/// What the fees owe that are due.
fn due(obligations: &[Obligation]) -> Vnd {
    obligations.iter().filter(|o| o.status == ObligationStatus::Due).map(Obligation::amount).sum()
}

fn whole(
    ctx: &Context,
    (gates, payers): (&Gates, &Payers),
    intent: Intent,
    (obligations, attempts, payments): (Vec<Obligation>, Vec<Stored>, Vec<Paid>),
    (amount_due, now): (Vnd, Timestamp),
) -> IntentView {
    let channels = channels(ctx, gates, &intent, (&obligations, payers, amount_due), now);
    let checkout_url = ctx.checkout_url(&intent.page_token);
    IntentView { intent, obligations, attempts, payments, channels, amount_due, checkout_url, receipts: Vec::new() }
}

async fn receipts_of(ctx: &Context, db: &Db, obligations: &[Obligation]) -> Result<Vec<Handed>, StorageError> {
    let ids: Vec<Uuid> = obligations.iter().map(|o| o.id.uuid()).collect();
    let found = receipts::of_obligations(db, &ids).await?;
    Ok(found.into_iter().map(|receipt| Handed { url: ctx.receipt_url(&receipt.token), receipt }).collect())
}

async fn paid(db: &Db, intent: IntentId) -> Result<Vec<Paid>, StorageError> {
    let filter = Filter { intent: Some(intent.uuid()), ..Filter::default() };
    let mut shown = payments::page(db, &filter, None, 200).await?;
    shown.reverse();
    with_parts(db, shown).await
}

/// Of fees that were paid and that no payment of `known` settles: what did, where that names no intent.
async fn paid_beside(db: &Db, obligations: &[Obligation], known: &[Paid]) -> Result<Vec<Paid>, StorageError> {
    let is_known = |o: &Obligation| known.iter().flat_map(|p| &p.parts).any(|part| part.obligation_id == Some(o.id));
    let of = |statuses: &[ObligationStatus]| -> Vec<Uuid> {
        let unknown = obligations.iter().filter(|o| statuses.contains(&o.status) && !is_known(o));
        unknown.map(|o| o.id.uuid()).collect()
    };
    let (settled, given_back) =
        (of(&[ObligationStatus::Paid]), of(&[ObligationStatus::Refunding, ObligationStatus::Refunded]));
    let mut beside = if settled.is_empty() { Vec::new() } else { payments::that_settled(db, &settled).await? };
    if !given_back.is_empty() {
        let gone = payments::that_settled_once(db, &given_back).await?;
        beside.extend(
            gone.into_iter().filter(|g| beside.iter().all(|b| b.payment.id != g.payment.id)).collect::<Vec<_>>(),
        );
    }
    with_parts(db, beside).await
}

/// What came under another intent, which is over, and settles fees of this one, or did until it was given back.
pub(crate) async fn paid_under_others(db: &Db, view: &IntentView) -> Result<Vec<Paid>, StorageError> {
    let of = |statuses: &[ObligationStatus]| -> Vec<Uuid> {
        view.obligations.iter().filter(|o| statuses.contains(&o.status)).map(|o| o.id.uuid()).collect()
    };
    let (settled, given_back) =
        (of(&[ObligationStatus::Paid]), of(&[ObligationStatus::Refunding, ObligationStatus::Refunded]));
    let mut under = match settled.is_empty() {
        true => Vec::new(),
        false => payments::that_settled_under_others(db, &settled, view.intent.id).await?,
    };
    if !given_back.is_empty() {
        let gone = payments::that_settled_once_under_others(db, &given_back, view.intent.id).await?;
        let is_new = |g: &Shown| under.iter().all(|known| known.payment.id != g.payment.id);
        let gone: Vec<Shown> = gone.into_iter().filter(is_new).collect();
        under.extend(gone);
    }
    with_parts(db, under).await
}

async fn with_parts(db: &Db, shown: Vec<Shown>) -> Result<Vec<Paid>, StorageError> {
    let ids: Vec<Uuid> = shown.iter().map(|s| s.payment.id.uuid()).collect();
    let parts = if ids.is_empty() { Vec::new() } else { payments::parts(db, &ids).await? };
    Ok(shown
        .into_iter()
        .map(|shown| {
            let parts = parts.iter().filter(|p| p.payment_id == shown.payment.id).cloned().collect();
            Paid { shown, parts }
        })
        .collect())
}
