//! The payer chooses a channel. Two commits with the provider between them: the order id is committed before the
//! provider hears it, and a crash in between leaves `started`, which asking or a repeat of the request finds out.

use crate::advance_intent::{self, PlanError};
use crate::context::{Caller, Context};
use crate::facts::{self, Facts};
use crate::neighbour;
use crate::reply::{IdempotencyError, Repeat, Reply, repeat_of};
use crate::retry::{Retryable, retrying};
use crate::view::{self, Asked, Payers, Standing};
use domain::attempt::{Attempt, AttemptStatus};
use domain::codes::{ChannelCode, OrderRef};
use domain::intent::{Intent, IntentStatus};
use domain::obligation::Obligation;
use domain::offering::Obstacle;
use domain::plan::AttemptNews;
use domain::transition::Entity;
use domain::{AttemptId, ClientId, IntentId, Vnd};
use futures_util::join;
use jiff::{SignedDuration, Timestamp};
use provider::checkout::{Locale, NotGiven};
use provider::{Action, Failure, Given, Order, OrderBill, Provider, ProviderError, Receiver, Started};
use secrecy::{ExposeSecret, SecretString};
use std::net::IpAddr;
use std::sync::Arc;
use storage::attempts::Stored;
use storage::channels::{self, Gates};
use storage::ids::mint;
use storage::unit::{Audit, Birth, Unit};
use storage::{StorageError, Tx, attempts, beneficiaries, idempotency, intents, obligations, parties, prompts, unit};
use telemetry::trace;
use tracing::Instrument;
use uuid::Uuid;

/// Seconds for which another process must believe that this one is between the two commits: longer than a provider may take.
const BUSY_S: i64 = 45;
/// How long a payer takes who has the phone in hand.
const PROMPTED: SignedDuration = SignedDuration::from_secs(5);
/// Attempts of one intent: whoever has the page's link may start them, so there is an end to it.
const MAX_ATTEMPTS: usize = 50;

#[derive(Debug, Clone)]
pub struct Start {
    pub intent: IntentId,
    /// None: the payer on the page, who proves the right by the page's token.
    pub client: Option<ClientId>,
    pub channel: ChannelCode,
    pub return_url: Option<String>,
    pub payer_ip: IpAddr,
    pub locale: Locale,
    /// What the channel needs of the payer for this start; nothing of it is stored.
    pub given: Given,
    pub caller: Caller,
    pub idempotency: idempotency::Request,
    pub now: Timestamp,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error("no such intent")]
    Absent,
    #[error("the intent is paid")]
    IntentPaid,
    #[error("the intent has expired")]
    IntentExpired,
    #[error("the intent is cancelled")]
    IntentCancelled,
    #[error("another attempt has begun to take money")]
    AttemptCommitted,
    #[error("nothing is left to pay")]
    NothingDue,
    /// The payer's phone, or a code, that this channel starts with.
    #[error(transparent)]
    NotGiven(#[from] NotGiven),
    /// The payer's phone, or phones for this payment, were asked too often of late.
    #[error("too many prompts; again from {again_at}")]
    TooOften { again_at: Timestamp },
    #[error("the channel cannot be used: {}", reason(.0))]
    ChannelUnavailable(Unavailable),
    /// The provider said no, or was not reached; the attempt is kept and asked about.
    #[error("the provider gave no page")]
    Provider(#[source] ProviderError),
    #[error("the work was interrupted; the same request goes on with it")]
    Interrupted,
}

/// Why no attempt is made by this channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unavailable {
    /// A word of ours.
    Rule(&'static str),
    /// What the intent's list of channels says too.
    Shown(view::Unavailable),
}

/// As the caller reads it.
pub fn reason(unavailable: &Unavailable) -> &str {
    match unavailable {
        Unavailable::Rule(word) => word,
        Unavailable::Shown(shown) => shown.reason(),
    }
}

const fn rule(word: &'static str) -> StartError {
    StartError::ChannelUnavailable(Unavailable::Rule(word))
}

impl Retryable for StartError {
    fn is_retryable(&self) -> bool {
        match self {
            Self::Storage(e) => Retryable::is_retryable(e),
            Self::Plan(e) => Retryable::is_retryable(e),
            _ => false,
        }
    }
}

type Render = std::sync::Arc<dyn Fn(&Stored) -> String + Send + Sync>;

/// Starts an attempt. What lies between the commits runs detached: a caller that hangs up does not stop it.
#[tracing::instrument(skip_all, fields(intent_id = %start.intent, channel = %start.channel))]
pub async fn start(ctx: &Context, start: &Start, render: Render) -> Result<Reply, StartError> {
    let attempt = match retrying(|| begin_once(ctx, start)).await {
        Ok(Begun::Answered(reply)) => return Ok(reply),
        Ok(Begun::Attempt { id, again }) => (id, again),
        Err(error) => {
            // whether the first commit came through is not known: if it did, the repeat shall find it free
            if matches!(&error, StartError::Storage(e) if e.is_unavailable()) {
                release(ctx, start).await;
            }
            return Err(error);
        }
    };
    let (attempt, again) = attempt;
    let (ctx, mut start) = (ctx.clone(), start.clone());
    start.given.again = again;
    let offering = async move {
        let offered = offer(&ctx, &start, attempt, &render).await;
        match &offered {
            Ok(_) => tracing::info!(attempt_id = %attempt, "attempt offered"),
            Err(_) => release(&ctx, &start).await,
        }
        offered
    };
    tokio::spawn(offering.in_current_span()).await.map_err(|_| StartError::Interrupted)?
}

/// Nobody is inside any more: the same request may go on at once. If this fails too, it may after [`BUSY_S`].
async fn release(ctx: &Context, start: &Start) {
    let released = async {
        let db = ctx.pool.get().await?;
        idempotency::release(&db, &start.idempotency).await
    };
    if let Err(error) = released.await {
        tracing::debug!(intent = %start.intent, error = &error as &dyn std::error::Error, "the key stays busy until its time");
    }
}

enum Begun {
    Answered(Reply),
    /// `again`: whether an earlier request came as far as this one.
    Attempt {
        id: AttemptId,
        again: bool,
    },
}

async fn begin_once(ctx: &Context, start: &Start) -> Result<Begun, StartError> {
    let tx = ctx.pool.tx().await?;
    let outcome = begin(ctx, &tx, start).await;
    tx.close(outcome).await
}

/// First commit: the key is claimed, the attempt is there with its final order id.
async fn begin(ctx: &Context, tx: &Tx, start: &Start) -> Result<Begun, StartError> {
    let (begun, earlier) = join!(tx.begin(), idempotency::claim(tx, &start.idempotency));
    begun?;
    match earlier?.map(repeat_of).transpose()? {
        Some(Repeat::Answered(reply)) => return Ok(Begun::Answered(reply)),
        Some(Repeat::Resume(id)) => {
            let attempt: AttemptId = id.parse().map_err(|_| StorageError::Unreadable("an attempt's id".to_owned()))?;
            intents::by_id(tx, start.client, start.intent).await?.ok_or(StartError::Absent)?;
            go_on(&facts::lock(tx, start.intent).await?, attempt, start.now)?;
            let (kept, committed) =
                join!(idempotency::keep(tx, &start.idempotency, &id, None, Some(BUSY_S)), tx.commit());
            unit::first_error([kept, committed])?;
            return Ok(Begun::Attempt { id: attempt, again: true });
        }
        None => {}
    }
    intents::by_id(tx, start.client, start.intent).await?.ok_or(StartError::Absent)?;
    let facts = facts::lock(tx, start.intent).await?;
    let named: Vec<Uuid> = facts.obligations.iter().map(|o| o.id.uuid()).collect();
    let (gates, payers) = join!(channels::gates(tx), Payers::of(ctx, tx, &named));
    let (stored, rung) = new_attempt(ctx, start, &facts, (&gates?, &payers?))?;
    if let Some(number) = rung {
        may_ring(ctx, tx, start, &facts, &number).await?;
    }
    let id = stored.attempt.id;
    let give_up_after = SignedDuration::from_secs(ctx.settings.poll.give_up_after_s);
    attempts::insert(tx, &stored).await?;
    let first = start.now + SignedDuration::from_secs(ctx.settings.poll.wait_s(0));
    attempts::watch(tx, id, first, start.now + give_up_after).await?;
    let mut unit = Unit::new(start.caller.actor(), start.now);
    unit.births.push(Birth {
        entity: Entity::Attempt,
        id: id.uuid(),
        status: AttemptStatus::Started.as_str(),
        cause: domain::cause::Cause::Started,
    });
    unit.audit.push(Audit {
        action: "attempt_started",
        subject: id.to_string(),
        request_id: start.caller.request_id.clone(),
    });
    let text = id.to_string();
    let (written, kept, committed) = join!(
        unit::write(tx, &unit),
        idempotency::keep(tx, &start.idempotency, &text, None, Some(BUSY_S)),
        tx.commit(),
    );
    unit::first_error([written, kept, committed])?;
    Ok(Begun::Attempt { id, again: false })
}

/// The attempt, and the phone that it asks.
fn new_attempt(
    ctx: &Context,
    start: &Start,
    facts: &Facts,
    (gates, payers): (&Gates, &Payers),
) -> Result<(Stored, Option<SecretString>), StartError> {
    let intent = facts.intent()?;
    payable_now(intent, facts, start.now)?;
    let amount = facts.amount_due(intent);
    if !amount.is_positive() {
        return Err(StartError::NothingDue);
    }
    let provider = provider_for(ctx, (gates, payers), facts, &start.channel, (amount, start.now))?;
    let checkout = provider.checkout.as_ref().ok_or(rule("no_checkout"))?;
    checkout.takes(&start.given)?;
    if facts.attempts.len() >= MAX_ATTEMPTS {
        return Err(rule("too_many_attempts"));
    }
    let number = facts.attempts.iter().map(|a| a.number).max().unwrap_or(0) + 1;
    let order_ref = OrderRef::new(format!("{}{number}", intent.reference))
        .map_err(|_| StorageError::Unreadable("an order reference".to_owned()))?;
    let attempt = Attempt {
        id: mint(start.now),
        intent_id: intent.id,
        channel: provider.channel.clone(),
        profile: provider.profile.clone(),
        order_ref,
        amount,
        status: AttemptStatus::Started,
        version: 1,
        ordered_at: start.now,
        expires_at: intent.expires_at.min(start.now + checkout.window()),
    };
    let return_url = start.return_url.clone().or_else(|| intent.return_url.clone());
    Ok((
        Stored { attempt, number, action: None, handle: None, return_url, failure: None, traceparent: None },
        checkout.rings(&start.given),
    ))
}

/// Whoever has the link types any number, so a payment asks so many phones, and a phone is asked so often. Counted in the
/// transaction that makes the attempt, by all processes together; the number is counted under its keyed index.
async fn may_ring(
    ctx: &Context,
    tx: &Tx,
    start: &Start,
    facts: &Facts,
    number: &SecretString,
) -> Result<(), StartError> {
    let limits = &ctx.settings.prompts;
    let within = SignedDuration::from_secs(limits.within_s);
    let since = start.now - within;
    let own = facts.attempts.iter().map(|stored| &stored.attempt).filter(|a| a.channel == start.channel);
    let mut asked: Vec<Timestamp> = own.map(|a| a.ordered_at).filter(|at| *at > since).collect();
    asked.sort_unstable();
    let of_intent = usize::try_from(limits.per_intent).unwrap_or(usize::MAX);
    let oldest = match asked.len().checked_sub(of_intent) {
        Some(before) => asked.get(before).copied(),
        None => {
            let index = ctx.vault.blind_index("prompted_phone", number.expose_secret());
            prompts::take(tx, &index, limits.per_number, since, start.now).await?
        }
    };
    oldest.map_or(Ok(()), |oldest| Err(StartError::TooOften { again_at: oldest + within }))
}

/// Whether an attempt that was interrupted may be offered still: the payer may have paid another way since.
fn go_on(facts: &Facts, attempt: AttemptId, now: Timestamp) -> Result<(), StartError> {
    payable_now(facts.intent()?, facts, now)?;
    let attempt = &facts.attempt(attempt)?.attempt;
    let is_over =
        attempt.expires_at <= now || !matches!(attempt.status, AttemptStatus::Started | AttemptStatus::Offered);
    if is_over { Err(rule("attempt_over")) } else { Ok(()) }
}

fn payable_now(intent: &Intent, facts: &Facts, now: Timestamp) -> Result<(), StartError> {
    match intent.status {
        IntentStatus::Paid => return Err(StartError::IntentPaid),
        IntentStatus::Expired => return Err(StartError::IntentExpired),
        IntentStatus::Cancelled => return Err(StartError::IntentCancelled),
        IntentStatus::Processing => return Err(StartError::AttemptCommitted),
        IntentStatus::Open => {}
    }
    if intent.expires_at <= now {
        return Err(StartError::IntentExpired);
    }
    let committed = facts.attempts.iter().any(|a| a.attempt.status == AttemptStatus::Committed);
    if committed { Err(StartError::AttemptCommitted) } else { Ok(()) }
}

/// A contract for the channel that can be used; else what stands in the way of the one that comes nearest.
fn provider_for(
    ctx: &Context,
    (gates, payers): (&Gates, &Payers),
    facts: &Facts,
    channel: &ChannelCode,
    (amount, now): (Vnd, Timestamp),
) -> Result<Arc<Provider>, StartError> {
    let intent = facts.intent()?;
    let held: Vec<Obligation> =
        facts.obligations.iter().filter(|o| intent.obligation_ids.contains(&o.id)).cloned().collect();
    let (due, payer_is_identified) = (view::due_items(&held), payers.identify(&held));
    let (beneficiary, allowed) = (&intent.beneficiary_code, intent.allowed_channels.as_deref());
    let wanted = Asked { beneficiary, allowed, items: &due, payer_is_identified };
    let mut nearest = Unavailable::Rule(Obstacle::NotOffered.as_str());
    for provider in ctx.providers.iter().filter(|p| p.channel == *channel) {
        match view::standing(ctx, gates, &provider, wanted, (amount, now)) {
            Standing::Open => return Ok(provider),
            Standing::NotNow(why) => nearest = Unavailable::Shown(why),
            Standing::Never(why) if matches!(nearest, Unavailable::Rule(_)) => {
                nearest = Unavailable::Rule(why.as_str());
            }
            Standing::Never(_) => {}
        }
    }
    Err(StartError::ChannelUnavailable(nearest))
}

/// Tells the provider, then commits what it said with the answer. The payer on the page comes without a trace: what is
/// done for the attempt joins the one in which its intent was opened.
async fn offer(ctx: &Context, start: &Start, id: AttemptId, render: &Render) -> Result<Reply, StartError> {
    let (stored, intent, receiver) = {
        let db = ctx.pool.get().await?;
        let stored = attempts::by_id(&db, id).await?.ok_or(StartError::Absent)?;
        let intent = intents::by_id(&db, None, stored.attempt.intent_id).await?.ok_or(StartError::Absent)?;
        let beneficiary = beneficiaries::in_force(&db, Some(intent.beneficiary_code.as_str())).await?.pop();
        let beneficiary = beneficiary.ok_or(rule("no_account"))?;
        let receiver = Receiver {
            bank_bin: beneficiary.bank_bin,
            account_number: beneficiary.account_number,
            account_name: beneficiary.account_name,
        };
        (stored, intent, receiver)
    };
    let span = trace::join(tracing::info_span!("offer", attempt_id = %id), stored.traceparent.as_deref());
    offer_order(ctx, start, (&stored, &intent), receiver, render).instrument(span).await
}

async fn offer_order(
    ctx: &Context,
    start: &Start,
    (stored, intent): (&Stored, &Intent),
    receiver: Receiver,
    render: &Render,
) -> Result<Reply, StartError> {
    let id = stored.attempt.id;
    let provider = ctx.providers.by_profile(&stored.attempt.profile).ok_or(rule("not_offered"))?;
    let checkout = provider.checkout.as_ref().ok_or(rule("no_checkout"))?;
    let bill = if checkout.asks_for_bill() { Some(bill(ctx, intent.id).await?) } else { None };
    let order = Order {
        order_ref: stored.attempt.order_ref.clone(),
        reference: intent.reference.clone(),
        receiver,
        amount: stored.attempt.amount,
        description: format!("Thanh toan {}", intent.reference),
        bill,
        return_url: page_url(ctx, intent, stored.number, start.locale),
        notify_url: ctx.webhook_url(&provider.channel, &provider.profile),
        payer_ip: start.payer_ip,
        locale: start.locale,
        ordered_at: stored.attempt.ordered_at,
        expires_at: stored.attempt.expires_at,
    };
    let offered = neighbour::called(&provider, "checkout", checkout.start_with(&order, &start.given)).await;
    ctx.breakers.heard(&provider.profile, &offered);
    match offered {
        Ok(started) => retrying(|| offered_once(ctx, start, id, &started, render)).await,
        // the same order may have been told before: what became of that, the provider is asked
        Err(ProviderError::NotSent(why)) if !start.given.again => {
            tracing::warn!(why, "no order could be made");
            advance_intent::attempt_refused(ctx, id, Failure::NotSent, start.now).await?;
            let db = ctx.pool.get().await?;
            attempts::unwatch(&db, id).await?;
            Err(rule("not_sent"))
        }
        Err(error) => {
            if let ProviderError::Refused(code) = &error {
                advance_intent::attempt_refused(ctx, id, checkout.why(code), start.now).await?;
            }
            Err(StartError::Provider(error))
        }
    }
}

/// What is due now, and who pays it; read for channels that make a receipt of it, and kept nowhere.
async fn bill(ctx: &Context, intent: IntentId) -> Result<OrderBill, StorageError> {
    let db = ctx.pool.get().await?;
    let due = obligations::due_of_intent(&db, intent).await?;
    let payer = match due.iter().find_map(|(_, payer)| *payer) {
        Some(id) => parties::by_id(&db, &ctx.vault, id).await?,
        None => None,
    };
    let agency = due.first().map(|(obligation, _)| obligation.terms.agency_code.clone());
    let agency_name = match agency {
        Some(code) => beneficiaries::agencies(&db, Some(&code)).await?.pop().map(|(_, name)| name),
        None => None,
    };
    let items = due.into_iter().map(|(obligation, _)| obligation.terms).collect();
    Ok(OrderBill { items, agency_name: agency_name.unwrap_or_default(), payer })
}

/// Where the provider sends the payer's browser back to: our page, in the payer's language. `returned` tells the page that a
/// browser came back, `attempt` from which page, and nothing else.
fn page_url(ctx: &Context, intent: &Intent, number: i32, locale: Locale) -> String {
    let page = ctx.checkout_url(&intent.page_token);
    match locale {
        Locale::Vi => format!("{page}?returned=1&attempt={number}"),
        Locale::En => format!("{page}?lang=en&returned=1&attempt={number}"),
    }
}

/// What the payer acts on, as it is stored and shown (contract, "Payment intents", `action`).
pub fn action_json(action: &Action) -> serde_json::Value {
    match action {
        Action::Redirect { url } => serde_json::json!({"type": "redirect", "url": url}),
        Action::Qr { qr_data, receiver, transfer_content, amount } => serde_json::json!({
            "type": "qr", "qr_data": qr_data, "bank_bin": receiver.bank_bin, "account_number": receiver.account_number,
            "account_name": receiver.account_name, "transfer_content": transfer_content, "amount": amount.dong(),
        }),
        Action::PhonePrompt { message } => serde_json::json!({"type": "phone_prompt", "message": message}),
        Action::OtpPrompt { message } => serde_json::json!({"type": "otp_prompt", "message": message}),
    }
}

async fn offered_once(
    ctx: &Context,
    start: &Start,
    id: AttemptId,
    started: &Started,
    render: &Render,
) -> Result<Reply, StartError> {
    let action = &started.offer.action;
    let tx = ctx.pool.tx().await?;
    let outcome = async {
        tx.begin().await?;
        let facts = facts::lock(&tx, start.intent).await?;
        let unit = advance_intent::follow(&facts, id, AttemptNews::Offered, None, start.now, &start.caller)?;
        let mut stored = facts.attempt(id)?.clone();
        stored.action = Some(action_json(action));
        for step in &unit.changes.attempts {
            stored.attempt.status = step.to;
        }
        let body = render(&stored);
        if let Some(action) = &stored.action {
            attempts::set_action(&tx, id, action, started.handle.as_deref()).await?;
        }
        if matches!(action, Action::PhonePrompt { .. } | Action::OtpPrompt { .. }) {
            // the payer waits before our page: a provider that tells nobody is asked soon
            attempts::ask_by(&tx, id, start.now + PROMPTED).await?;
        }
        let text = id.to_string();
        let (written, kept, committed) = join!(
            unit::write(&tx, &unit),
            idempotency::keep(&tx, &start.idempotency, &text, Some((201, &body)), None),
            tx.commit(),
        );
        unit::first_error([written, kept, committed])?;
        Ok(Reply::fresh(201, body))
    }
    .await;
    tx.close(outcome).await
}
