//! What the payer's page shows, read as it stood at one moment: an intent that is open beside an attempt that has succeeded
//! would be said to be neither.

use crate::context::Context;
use crate::view::{self, IntentView};
use domain::PaymentId;
use domain::codes::ChannelCode;
use domain::intent::{Intent, IntentStatus};
use domain::obligation::ObligationStatus;
use jiff::Timestamp;
use std::collections::BTreeMap;
use storage::payer_page::{self, Wish};
use storage::{StorageError, Tx, beneficiaries, channels, counters};

/// As many counters as are named on a page; who lives far from all of them asks.
const COUNTERS: i64 = 6;
/// The channel of what officers take.
const COUNTER: &str = "counter";

/// An intent with what is shown beside it.
pub struct PayerPage {
    pub view: IntentView,
    /// The name of whom it is paid to.
    pub beneficiary: String,
    /// Names of agencies, by code.
    pub agencies: BTreeMap<String, String>,
    /// When the dossier systems had acknowledged all that is paid.
    pub acknowledged: Option<Timestamp>,
    /// When a provider last answered a question of ours.
    pub asked_at: Option<Timestamp>,
    /// Where payers want money back, sealed.
    pub wishes: Vec<Wish>,
    /// Ways to pay its fees that no press on the page begins.
    pub aside: Aside,
}

/// Where its fees can be paid by who knows the dossier's code, while it is open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Aside {
    /// Channels by which applications ask us what a code owes.
    pub bills: Vec<ChannelCode>,
    /// Names of counters.
    pub counters: Vec<String>,
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
    let Some(view) = view::by_token(ctx, tx, token, now).await? else { return Ok(None) };
    let code = view.intent.beneficiary_code.as_str();
    let known = beneficiaries::in_force(tx, Some(code)).await?;
    let beneficiary = known.into_iter().next().map_or_else(|| code.to_owned(), |b| b.name);
    let codes: Vec<&str> = view.obligations.iter().map(|o| o.terms.agency_code.as_str()).collect();
    let agencies = payer_page::agencies(tx, &codes).await?;
    let is_settled = view.obligations.iter().all(|o| o.status == ObligationStatus::Paid);
    let acknowledged = match view.intent.status {
        IntentStatus::Paid => payer_page::acknowledged(tx, &view.intent.obligation_ids).await?,
        // paid another way after it was over
        IntentStatus::Expired if is_settled => payer_page::acknowledged(tx, &view.intent.obligation_ids).await?,
        _ => None,
    };
    let asked_at = match view.attempts.iter().any(|stored| stored.attempt.status.is_undecided()) {
        true => payer_page::asked_at(tx, view.intent.id).await?,
        false => None,
    };
    let paid: Vec<PaymentId> = view.payments.iter().map(|paid| paid.shown.payment.id).collect();
    let wishes = if paid.is_empty() { Vec::new() } else { payer_page::wishes(tx, &paid).await? };
    let aside = match view.intent.status {
        IntentStatus::Open => aside(ctx, tx, &view.intent).await?,
        _ => Aside::default(),
    };
    tx.commit().await?;
    Ok(Some(PayerPage { view, beneficiary, agencies, acknowledged, asked_at, wishes, aside }))
}

/// As `answer_bill` and `take_at_counter` would take it; the portal's choice of channels counts for the page.
async fn aside(ctx: &Context, tx: &Tx, intent: &Intent) -> Result<Aside, StorageError> {
    let allowed = |channel: &str| {
        let chosen = intent.allowed_channels.as_deref();
        chosen.is_none_or(|list| list.iter().any(|code| code == channel))
    };
    let gates = channels::gates(tx).await?;
    let mut bills = Vec::new();
    for provider in ctx.providers.iter() {
        let is_closed = gates.get(provider.profile.as_str()).is_some_and(|gate| gate.closed.is_some());
        let collects = provider.bills.is_some() && provider.beneficiaries.contains(&intent.beneficiary_code);
        if collects && !is_closed && allowed(provider.channel.as_str()) && !bills.contains(&provider.channel) {
            bills.push(provider.channel.clone());
        }
    }
    let counters = match allowed(COUNTER) && channels::closed(tx, COUNTER).await?.is_none() {
        true => counters::names_for(tx, intent.beneficiary_code.as_str(), COUNTERS).await?,
        false => Vec::new(),
    };
    Ok(Aside { bills, counters })
}
