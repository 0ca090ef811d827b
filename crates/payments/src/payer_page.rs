//! What the payer's page shows, read as it stood at one moment: an intent that is open beside an attempt that has succeeded
//! would be said to be neither.

use crate::context::Context;
use crate::refund;
use crate::view::{self, IntentView, Paid, Standing, Unavailable};
use domain::attempt::AttemptStatus;
use domain::cause::Cause;
use domain::codes::{BeneficiaryCode, ChannelCode};
use domain::intent::{IntentStatus, NotRenewed, renewal};
use domain::obligation::{Obligation, ObligationStatus};
use domain::offering::{self, Contract, Wanted};
use domain::payment::SuspenseReason;
use domain::reference::Reference;
use domain::refund::RefundStatus;
use domain::{AttemptId, IntentId, ObligationId, PaymentId, Vnd, counter};
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::BTreeMap;
use storage::channels::{self, Closed};
use storage::payer_page::{self, Before, NamedTogether, Told, Wish};
use storage::{StorageError, Tx, attempts, beneficiaries, counters, intents, references, refunds};
use uuid::Uuid;

/// As many counters as are named on a page; who lives far from all of them asks.
const COUNTERS: i64 = 6;

/// An intent with what is shown beside it.
pub struct PayerPage {
    pub view: IntentView,
    /// What settles its fees, or did until it was given back, and came under the reference of another request for them, which was
    /// cancelled or has expired.
    pub under_others: Vec<Paid>,
    /// The name of whom it is paid to.
    pub beneficiary: String,
    /// Names of agencies, by code.
    pub agencies: BTreeMap<String, String>,
    /// What the dossier systems have heard of it; None while it is not paid.
    pub told: Option<Told>,
    /// When providers last answered a question of ours.
    pub asked_at: BTreeMap<AttemptId, Timestamp>,
    /// The numbers of the banks behind providers, of payments of which one was told.
    pub bank_numbers: BTreeMap<PaymentId, String>,
    /// Where payers want money back, sealed.
    pub wishes: Vec<Wish>,
    pub gone: Gone,
    /// What is held under requests for the same fees that are over, or goes back, and what is still asked about there.
    pub earlier: Vec<Earlier>,
    /// Money whose text names this request, or another one for the same fees, beside others, and that waits until people say whose
    /// it is.
    pub named_together: Vec<NamedTogether>,
    pub over: Over,
    /// Ways to pay its fees that no press on the page begins.
    pub aside: Aside,
}

/// What is known of a request that has expired, or is past its deadline.
#[derive(Debug, Clone)]
pub struct Over {
    pub renewal: Result<(), NotRenewed>,
    /// Other requests for the same fees under which their payer began to pay: money may be found there, too.
    pub begun_beside: Vec<Reference>,
}

/// Of money that is here no longer: what became of it, and what follows for its fees.
#[derive(Debug, Clone, Default)]
pub struct Gone {
    /// Payments that their bank took back, and when.
    pub taken_back: BTreeMap<PaymentId, Date>,
    /// Of payments of which something is on its way back, has left, or has come again.
    pub refunds: Vec<GivenBack>,
    /// Why fees are due.
    pub due_since: Vec<Cause>,
}

/// A request for the same fees that is over. Its money lowers nothing here: people decide whether it pays a fee or is given back.
#[derive(Debug, Clone)]
pub struct Earlier {
    pub reference: Reference,
    /// Its sums tell nothing of somebody else.
    pub tells_sums: bool,
    pub held: Vnd,
    /// Of what was held there: the sums that go back, or went. One that is proposed is held still.
    pub refunds: Vec<(RefundStatus, Vnd)>,
    /// Of which nobody knows yet whether they are paid.
    pub asked: Vec<attempts::Stored>,
}

impl Earlier {
    /// How much is proposed to be given back, or is on its way, or has gone: what is `of` these states.
    pub fn refunded(&self, of: impl Fn(RefundStatus) -> bool) -> Vnd {
        self.refunds.iter().filter(|(status, _)| of(*status)).map(|(_, amount)| *amount).sum()
    }

    /// Whether its payer is to ask before paying here.
    pub fn is_unsettled(&self) -> bool {
        self.held.is_positive() || !self.asked.is_empty()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenBack {
    pub payment_id: PaymentId,
    pub amount: Vnd,
    pub status: RefundStatus,
    /// Since when it is so.
    pub at: Timestamp,
    /// The last characters of the account's number that it goes to, where one was told.
    pub ends_in: Option<String>,
}

/// Where its fees can be paid by who knows the dossier's code, while it is open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Aside {
    /// Channels by which applications ask us what a code owes.
    pub bills: Vec<Bills>,
    /// None where no counter collects for its beneficiary, or the portal leaves counters out.
    pub counters: Option<Counters>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bills {
    pub channel: ChannelCode,
    /// Why nothing is to be had there now; None when it is.
    pub unavailable: Option<Unavailable>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counters {
    pub names: Vec<String>,
    pub unavailable: Option<Unavailable>,
}

/// None for a token that names nothing.
///
/// # Errors
/// When the database is away.
pub async fn by_token(ctx: &Context, token: &str, now: Timestamp) -> Result<Option<PayerPage>, StorageError> {
    let tx = ctx.pool.tx().await?;
    let outcome = read(ctx, &tx, token, now).await;
    tx.close(outcome).await
}

async fn read(ctx: &Context, tx: &Tx, token: &str, now: Timestamp) -> Result<Option<PayerPage>, StorageError> {
    tx.begin_reading().await?;
    let Some(page) = page(ctx, tx, token, now).await? else { return Ok(None) };
    tx.commit().await?;
    Ok(Some(page))
}

/// What a dossier owes, with the requests that may say something of it.
pub struct DossierPage {
    pub obligations: Vec<Obligation>,
    /// Names of agencies, by code.
    pub agencies: BTreeMap<String, String>,
    /// For fees that are due: what is open first, then the newest. Not for who looks up: their pages are.
    pub requests: Vec<PayerPage>,
}

/// # Errors
/// When the database is away.
pub async fn of_dossier(ctx: &Context, code: &str, now: Timestamp) -> Result<DossierPage, StorageError> {
    let tx = ctx.pool.tx().await?;
    let outcome = read_dossier(ctx, &tx, code, now).await;
    tx.close(outcome).await
}

async fn read_dossier(ctx: &Context, tx: &Tx, code: &str, now: Timestamp) -> Result<DossierPage, StorageError> {
    tx.begin_reading().await?;
    let obligations = payer_page::of_dossier(tx, code).await?;
    let codes: Vec<&str> = obligations.iter().map(|o| o.terms.agency_code.as_str()).collect();
    let agencies = payer_page::agencies(tx, &codes).await?;
    let due: Vec<ObligationId> =
        obligations.iter().filter(|o| o.status == ObligationStatus::Due).map(|o| o.id).collect();
    let tokens = if due.is_empty() { Vec::new() } else { payer_page::requests(tx, &due).await? };
    let mut requests = Vec::with_capacity(tokens.len());
    for token in tokens {
        requests.extend(page(ctx, tx, &token, now).await?);
    }
    tx.commit().await?;
    Ok(DossierPage { obligations, agencies, requests })
}

async fn page(ctx: &Context, tx: &Tx, token: &str, now: Timestamp) -> Result<Option<PayerPage>, StorageError> {
    let Some(view) = view::by_token(ctx, tx, token, now).await? else { return Ok(None) };
    let code = view.intent.beneficiary_code.as_str();
    let known = beneficiaries::in_force(tx, Some(code)).await?;
    let beneficiary = known.into_iter().next().map_or_else(|| code.to_owned(), |b| b.name);
    let codes: Vec<&str> = view.obligations.iter().map(|o| o.terms.agency_code.as_str()).collect();
    let agencies = payer_page::agencies(tx, &codes).await?;
    let is_settled = view.obligations.iter().all(|o| o.status == ObligationStatus::Paid);
    let told = match view.intent.status {
        IntentStatus::Paid => Some(payer_page::told(tx, &view.intent.obligation_ids).await?),
        // paid another way
        IntentStatus::Open | IntentStatus::Expired if is_settled => {
            Some(payer_page::told(tx, &view.intent.obligation_ids).await?)
        }
        _ => None,
    };
    let asked_at = match view.attempts.iter().any(|stored| stored.attempt.status.is_undecided()) {
        true => payer_page::asked_at(tx, view.intent.id).await?,
        false => BTreeMap::new(),
    };
    let under_others = view::paid_under_others(tx, &view).await?;
    let paid: Vec<PaymentId> = view.payments.iter().chain(&under_others).map(|paid| paid.shown.payment.id).collect();
    let (wishes, bank_numbers) = match paid.is_empty() {
        true => (Vec::new(), BTreeMap::new()),
        false => (payer_page::wishes(tx, &paid).await?, payer_page::bank_numbers(tx, &paid).await?),
    };
    let gone = gone(ctx, tx, (&view, &under_others), &paid).await?;
    let earlier = match view.intent.status {
        IntentStatus::Cancelled => Vec::new(),
        _ => earlier(tx, &view).await?,
    };
    let named_together = payer_page::named_together(tx, view.intent.id, &view.intent.obligation_ids).await?;
    let over = over(tx, &view, now).await?;
    let aside = match view.intent.status {
        IntentStatus::Open => aside(ctx, tx, &view).await?,
        _ => Aside::default(),
    };
    Ok(Some(PayerPage {
        view,
        under_others,
        beneficiary,
        agencies,
        told,
        asked_at,
        bank_numbers,
        wishes,
        gone,
        earlier,
        named_together,
        over,
        aside,
    }))
}

async fn over(tx: &Tx, view: &IntentView, now: Timestamp) -> Result<Over, StorageError> {
    let intent = &view.intent;
    let is_overdue = intent.status == IntentStatus::Open && intent.expires_at <= now;
    let is_expired = intent.status == IntentStatus::Expired;
    let begun_beside = match is_expired || is_overdue {
        true => payer_page::begun_beside(tx, intent.id, &intent.obligation_ids).await?,
        false => Vec::new(),
    };
    let holder = if is_expired { holder_of(tx, view).await? } else { None };
    let obligations = view.obligations.iter().map(|o| (o.id, o.status));
    Ok(Over { renewal: renewal(intent.status, obligations, holder), begun_beside })
}

/// The live request that holds a fee of it.
async fn holder_of(tx: &Tx, view: &IntentView) -> Result<Option<IntentId>, StorageError> {
    let ids: Vec<Uuid> = view.intent.obligation_ids.iter().map(|id| id.uuid()).collect();
    Ok(intents::live_holders(tx, &ids).await?.first().map(|(_, holder)| *holder))
}

async fn earlier(tx: &Tx, view: &IntentView) -> Result<Vec<Earlier>, StorageError> {
    let known = payer_page::earlier(tx, view.intent.id, &view.intent.obligation_ids).await?;
    if known.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = known.iter().map(|before| before.id.uuid()).collect();
    let sums: BTreeMap<IntentId, Vnd> = references::held_sums(tx, &ids).await?.into_iter().collect();
    let refunds = payer_page::refunds_of_held(tx, &ids).await?;
    let tried = attempts::of_intents(tx, &ids).await?;
    let earlier = known.into_iter().map(|Before { id, reference, tells_sums }| Earlier {
        reference,
        tells_sums,
        held: sums.get(&id).copied().unwrap_or_default(),
        refunds: refunds.iter().filter(|(of, ..)| *of == id).map(|(_, status, amount)| (*status, *amount)).collect(),
        asked: tried.iter().filter(|stored| stored.attempt.intent_id == id && is_asked(stored)).cloned().collect(),
    });
    Ok(earlier.filter(|earlier| earlier.is_unsettled() || !earlier.refunds.is_empty()).collect())
}

/// Whether a provider is being asked about something that its payer began there. Of a transfer nobody can be asked.
pub fn is_asked(stored: &attempts::Stored) -> bool {
    let is_transfer = stored.action.as_ref().is_some_and(|action| action["type"] == "qr");
    match stored.attempt.status {
        AttemptStatus::Unknown => true,
        status => status.is_undecided() && !is_transfer,
    }
}

async fn gone(
    ctx: &Context,
    tx: &Tx,
    (view, under_others): (&IntentView, &[Paid]),
    paid: &[PaymentId],
) -> Result<Gone, StorageError> {
    // in its first state a fee is due because it was registered
    let is_due_again = |o: &Obligation| o.status == ObligationStatus::Due && o.version > 1;
    let due_since = match view.obligations.iter().any(is_due_again) {
        true => payer_page::due_since(tx, &view.intent.obligation_ids).await?,
        false => Vec::new(),
    };
    let taken_back = match view.payments.iter().any(|paid| paid.shown.reversed.is_positive()) {
        true => payer_page::taken_back(tx, paid).await?,
        false => BTreeMap::new(),
    };
    let mut given = Vec::new();
    let came = view.payments.iter().chain(under_others);
    for paid in came.filter(|paid| paid.shown.refunding.is_positive() || has_returned(paid)) {
        let refunds = refunds::of_payment(tx, paid.shown.payment.id).await?;
        given.extend(refunds.iter().map(|r| given_back(ctx, r, view, paid)).filter(|given| given.amount.is_positive()));
    }
    Ok(Gone { taken_back, refunds: given, due_since })
}

/// Whether money of it was given back and came again.
pub fn has_returned(paid: &Paid) -> bool {
    let returned = SuspenseReason::RefundReturned.as_str();
    paid.parts.iter().any(|part| part.suspense_reason.as_deref() == Some(returned))
}

fn given_back(ctx: &Context, refund: &refunds::Stored, view: &IntentView, paid: &Paid) -> GivenBack {
    // an account that does not open is said nothing of
    let account = refund::payer_account(ctx, refund).ok().flatten();
    GivenBack {
        payment_id: refund.payment_id,
        amount: ours_of(refund, view, paid),
        status: refund.state.status,
        at: refund.updated_at,
        ends_in: account.as_ref().map(refund::ends_in),
    }
}

/// Of a payment that is not under our reference, the fees of others that it paid are not told of here.
fn ours_of(refund: &refunds::Stored, view: &IntentView, paid: &Paid) -> Vnd {
    if paid.shown.payment.intent_id == Some(view.intent.id) {
        return refund.state.amount();
    }
    let is_ours = |id: ObligationId| view.intent.obligation_ids.contains(&id);
    let lines = refund.state.lines.iter().filter(|line| line.obligation_id.is_some_and(is_ours));
    lines.map(|line| line.amount).sum()
}

/// As `answer_bill` and `take_at_counter` would take it: all that is due or nothing. The portal's choice of channels counts for
/// the page.
async fn aside(ctx: &Context, tx: &Tx, view: &IntentView) -> Result<Aside, StorageError> {
    let gates = channels::gates(tx).await?;
    let mut bills: Vec<Bills> = Vec::new();
    for provider in ctx.providers.iter().filter(|provider| provider.bills.is_some()) {
        let closed = gates.get(provider.profile.as_str()).and_then(|gate| gate.closed.as_ref());
        let channel = &provider.channel;
        let unavailable = match takes(view, channel, &provider.beneficiaries, closed) {
            Standing::Never(_) => continue,
            Standing::Open => None,
            Standing::NotNow(why) => Some(why),
        };
        // of two contracts for one channel, the one that can be used
        match bills.iter_mut().find(|known| known.channel == *channel) {
            Some(known) => known.unavailable = known.unavailable.take().and(unavailable),
            None => bills.push(Bills { channel: channel.clone(), unavailable }),
        }
    }
    Ok(Aside { bills, counters: at_counters(tx, view).await? })
}

async fn at_counters(tx: &Tx, view: &IntentView) -> Result<Option<Counters>, StorageError> {
    let beneficiary = &view.intent.beneficiary_code;
    let channel = ChannelCode::new(counter::CHANNEL).map_err(|e| StorageError::Unreadable(e.to_string()))?;
    let closed = channels::closed(tx, counter::CHANNEL).await?;
    let unavailable = match takes(view, &channel, std::slice::from_ref(beneficiary), closed.as_ref()) {
        Standing::Never(_) => return Ok(None),
        Standing::Open => None,
        Standing::NotNow(why) => Some(why),
    };
    let names = counters::names_for(tx, beneficiary.as_str(), COUNTERS).await?;
    Ok((!names.is_empty()).then_some(Counters { names, unavailable }))
}

/// How one stands that is asked for a dossier's fees, and knows of nothing that waits for them.
fn takes(
    view: &IntentView,
    channel: &ChannelCode,
    beneficiaries: &[BeneficiaryCode],
    closed: Option<&Closed>,
) -> Standing {
    let contract = Contract {
        channel,
        beneficiaries,
        takes_orders: true,
        can_bill: true,
        names_payer: false,
        takes_a_rest: false,
        is_closed: closed.is_some(),
        is_answering: true,
        least: [None, None],
        most: [None, None],
    };
    let intent = &view.intent;
    let (beneficiary, allowed) = (&intent.beneficiary_code, intent.allowed_channels.as_deref());
    let (amount, owed) = (view.amount_due, view.owed());
    let wanted = Wanted { beneficiary, allowed, payer_is_identified: false, amount, owed };
    view::standing_of(&offering::obstacles(contract, wanted), closed)
}
