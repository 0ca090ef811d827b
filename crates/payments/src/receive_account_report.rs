//! A row on a bank account of ours, told by a notification or a listing, in one transaction: kept verbatim once, then
//! concluded from. A statement is what proves it; until then its money is in transit.
//!
//! | the row | then |
//! |---|---|
//! | of a number that several banks have, and it cannot be said which | parked, a case `poison` |
//! | told before by the same teller, in whatever way | it is the same; a different amount is a case |
//! | money that went out, a provider's payout, a drawer's deposit, or a refund that comes back | kept as evidence; statements book it |
//! | its reference is that of a payment | another sight of it; a different amount is a case |
//! | its reference is that of a line which something else has claimed | kept as evidence: it is booked |
//! | not comparable with an equal payment | `domain::matching::sights`: another sight of it, which may give it its name; or it waits unbooked, a case `possible_same_movement` |
//! | anything else | new money: `domain::booking` |

use crate::alike::{self, Row};
use crate::context::{Caller, Context};
use crate::drive_parked::Calling;
use crate::facts;
use crate::learn;
use crate::match_movements::leftover;
use crate::payout_texts::PayoutTexts;
use crate::receive_report::{Outcome, Parked, ReportError};
use crate::record_money::{self, Recording, Seen};
use crate::retry::retrying;
use domain::account_report::{AccountReport, Direction};
use domain::attempt::AttemptStatus;
use domain::bank_reference::BankReference;
use domain::booking::Terms;
use domain::business_day::{WorkingCalendar, business_date};
use domain::case::CaseKind;
use domain::changes::NewCase;
use domain::codes::AccountCode;
use domain::matching::sights::{self, Sight};
use domain::payment::{Identity, Payment, SightingState};
use domain::reference::Reference;
use domain::reference_text::{self, Found};
use domain::refund::RefundStatus;
use domain::{IntentId, PaymentId, SightingId, Vnd};
use futures_util::join;
use jiff::Timestamp;
use provider::{Listed, Provider};
use sha2::{Digest, Sha256};
use storage::account_money::{self, NamedIntent, NewWaiting, turn};
use storage::ids::mint;
use storage::receiving_accounts::{self, ReceivingAccount};
use storage::sightings::{NewSighting, Said};
use storage::unit::Unit;
use storage::{Tx, attempts, beneficiaries, counters, payments, refunds, sightings, unit};

/// A verified row with the bytes that it stands in.
#[derive(Debug, Clone)]
pub struct Told<'a> {
    pub way: Way,
    pub provider: &'a Provider,
    pub report: &'a AccountReport,
    pub evidence: &'a [u8],
    /// The call that told it, where it was one.
    pub call: Option<Calling<'a>>,
    pub now: Timestamp,
}

/// Why a row is parked.
const NOT_OURS: &str = "a row of an account that is not ours";
const OF_EITHER: &str = "a row of one of several accounts with its number";

/// How a row was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Webhook,
    Listing,
}

/// What is known before the transaction begins: all of it stands still.
struct Known {
    account: ReceivingAccount,
    reference: Option<BankReference>,
    named: Option<NamedIntent>,
    /// Its text names all of these, and so none.
    named_together: Vec<IntentId>,
    /// Its text is that of a provider's payouts, or has the slip of a drawer's deposit.
    payout: bool,
    /// It brings a refund of ours back.
    returned: bool,
    calendar: WorkingCalendar,
}

/// Keeps the row and concludes from it.
#[tracing::instrument(skip_all, fields(teller = told.report.teller, source_key = %told.report.source_key))]
pub async fn receive(ctx: &Context, told: &Told<'_>, caller: &Caller) -> Result<Outcome, ReportError> {
    let known = match look_up(ctx, told).await? {
        Ok(known) => known,
        Err(reason) => {
            let (channel, profile) = (&told.provider.channel, &told.provider.profile);
            let parked = Parked { channel, profile, evidence: told.evidence, call: told.call, reason };
            return crate::receive_report::park(ctx, &parked, told.now).await;
        }
    };
    let outcome = retrying(|| receive_once(ctx, told, &known, caller)).await?;
    tracing::info!(?outcome, "account row received");
    ctx.wake.notify_one();
    Ok(outcome)
}

/// Why the row would be parked; None where nobody doubts whose account it is of.
pub async fn why_parked(ctx: &Context, told: &Told<'_>) -> Result<Option<&'static str>, ReportError> {
    Ok(look_up(ctx, told).await?.err())
}

/// The inner error: why it is parked.
async fn look_up(ctx: &Context, told: &Told<'_>) -> Result<Result<Known, &'static str>, ReportError> {
    let db = ctx.pool.get().await?;
    let account = match account_of(&db, told).await? {
        Ok(account) => account,
        Err(reason) => return Ok(Err(reason)),
    };
    let texts = [told.report.virtual_account.as_deref(), Some(told.report.text.as_str())];
    let (mut named, mut named_together) = (None, Vec::new());
    for text in texts.into_iter().flatten().filter(|_| told.report.direction == Direction::In) {
        let mut known = known_in(&db, ctx, text, &account).await?;
        match known.len() {
            0 => {}
            1 => {
                (named, named_together) = (known.pop(), Vec::new());
                break;
            }
            _ => named_together = known.iter().map(|named| named.id).collect(),
        }
    }
    let is_nameless = told.report.direction == Direction::In && named.is_none();
    let returned = is_nameless && brings_back(&db, ctx, &told.report.text).await?;
    let numbering = account.numbering(told.report.teller);
    let reference = told.report.bank_ref.as_deref().and_then(|raw| BankReference::read(raw, numbering));
    let calendar = beneficiaries::calendar(&db).await?;
    let payouts = PayoutTexts::of(&db, &account.code).await?;
    let (text, amount) = (&told.report.text, told.report.amount);
    let payout = payouts.contract(text, ctx.mode).is_some()
        || is_nameless && counters::is_told_of(&db, &account.code, amount, text).await?;
    Ok(Ok(Known { account, reference, named, named_together, payout, returned, calendar }))
}

/// The account of this contract's beneficiaries that a row is of: that under which it was kept when it was told first, else that
/// of the bank which the teller names, else the one of this number that was in force when the money came. The inner error: it is
/// none of theirs, or may be of either.
async fn account_of(
    db: &storage::Db,
    told: &Told<'_>,
) -> Result<Result<ReceivingAccount, &'static str>, storage::StorageError> {
    let (beneficiaries, number) = (&told.provider.beneficiaries, told.report.account_number.as_str());
    let mut accounts = receiving_accounts::of_beneficiaries(db, beneficiaries, Some(number)).await?;
    let is_named = |account: &ReceivingAccount| told.report.bank_bin.is_none_or(|bin| account.bank_bin == bin);
    // most rows: the only account of this number, of the bank that is named
    if accounts.len() > 1 || !accounts.iter().all(is_named) {
        let listings = accounts.iter().map(|account| listing_of(&account.code));
        let sources: Vec<String> = listings.chain([webhook_of(told)]).collect();
        match sightings::account_of(db, &sources, &source_key(told)).await? {
            Some(code) => accounts.retain(|account| account.code.as_str() == code),
            None => accounts.retain(is_named),
        }
    }
    if accounts.len() > 1 {
        let at = told.report.stated_at.unwrap_or(told.now);
        let in_force = receiving_accounts::in_force(db, beneficiaries, number, at).await?;
        accounts.retain(|account| in_force.iter().any(|code| code == account.code.as_str()));
        return Ok(accounts.pop().filter(|_| accounts.is_empty()).ok_or(OF_EITHER));
    }
    Ok(accounts.pop().ok_or(NOT_OURS))
}

/// The intents that a text names. Codes that were never given out count for nothing; of two that were, neither does.
async fn known_in(
    db: &storage::Db,
    ctx: &Context,
    text: &str,
    account: &ReceivingAccount,
) -> Result<Vec<NamedIntent>, storage::StorageError> {
    let codes = codes_in(text, ctx);
    let codes: Vec<&str> = codes.iter().map(Reference::as_str).collect();
    account_money::intents_named(db, &codes, &account.code).await
}

fn codes_in(text: &str, ctx: &Context) -> Vec<Reference> {
    match reference_text::find(text, ctx.mode) {
        Found::None => Vec::new(),
        Found::One(code) => vec![code],
        Found::Several(codes) => codes,
    }
}

/// Whether a text has the code of a transfer that people were given to make. Its statement says that it is back; a payment
/// of its own would be the same money twice.
async fn brings_back(db: &storage::Db, ctx: &Context, text: &str) -> Result<bool, storage::StorageError> {
    let codes: Vec<String> = codes_in(text, ctx).iter().map(ToString::to_string).collect();
    let given_out = [RefundStatus::AwaitingStatement, RefundStatus::Succeeded, RefundStatus::Failed];
    let named = refunds::by_codes(db, &codes).await?;
    Ok(named.iter().any(|refund| given_out.contains(&refund.state.status)))
}

/// Rows of a listing without those that were kept from one before, byte for byte. Each of these would be found to be known, one
/// by one; a teller that lists by the day shows all of them each minute.
///
/// # Errors
/// When the books cannot be read.
pub async fn not_kept<'r>(
    ctx: &Context,
    provider: &Provider,
    account: &ReceivingAccount,
    rows: &'r [Listed],
) -> Result<Vec<&'r Listed>, storage::StorageError> {
    let key = |row: &Listed| row.report.as_ref().ok().map(|report| key_of(provider, report));
    let said = rows.iter().filter_map(|row| Some((key(row)?, row.report.as_ref().ok()?.amount, digest(&row.evidence))));
    let said: Vec<_> = said.map(|(key, amount, digest)| Said { beside: beside(&key, amount), key, digest }).collect();
    if said.is_empty() {
        return Ok(rows.iter().collect());
    }
    let db = ctx.pool.get().await?;
    let kept = sightings::kept(&db, &listing_of(&account.code), &said).await?;
    let is_kept = |row: &&Listed| key(row).is_some_and(|key| kept.contains(&(key, digest(&row.evidence))));
    Ok(rows.iter().filter(|row| !is_kept(row)).collect())
}

async fn receive_once(ctx: &Context, told: &Told<'_>, known: &Known, caller: &Caller) -> Result<Outcome, ReportError> {
    let tx = ctx.pool.tx().await?;
    let outcome = conclude(&tx, told, known, caller).await;
    tx.close(outcome).await
}

async fn conclude(tx: &Tx, told: &Told<'_>, known: &Known, caller: &Caller) -> Result<Outcome, ReportError> {
    let id: SightingId = mint(told.now);
    let turns = [turn(&known.account.code, told.report.amount)];
    let (webhook, listing) = sources(told, known);
    let key = source_key(told);
    let source = if told.way == Way::Webhook { &webhook } else { &listing };
    let (begun, fresh, turned) =
        join!(tx.begin(), keep(tx, id, told, known, &key, source), account_money::take_turns(tx, &turns));
    begun?;
    let fresh = fresh?;
    turned?;
    if !fresh && !contradicts(tx, id, told, known, &key, source).await? {
        return Ok(Outcome::Known);
    }
    let mut unit = Unit::new(caller.actor(), told.now);
    if told.report.direction == Direction::Out || known.payout || known.returned {
        return finish(tx, id, SightingState::Applied, None, &unit, Outcome::Recorded).await;
    }
    let seen = seen(id, told, known);
    // the same row told another way: whatever was made of it then stands
    match account_money::same_row(tx, &[webhook, listing], &key, id).await? {
        Some(Some(payment)) => return same_row(tx, told, known, &seen, payment, caller).await,
        Some(None) => {
            if !fresh {
                unit.changes.cases_opened.push(NewCase {
                    sighting_id: Some(id),
                    day: Some((format!("bank:{}", known.account.code), business_date(told.now))),
                    ..NewCase::new(CaseKind::AmountDiffers, told.report.amount, known.account.code.to_string())
                });
            }
            return finish(tx, id, SightingState::Waiting, None, &unit, Outcome::Known).await;
        }
        None => {}
    }
    let stated = told.report.stated_at.unwrap_or(told.now);
    let day = business_date(stated);
    let teller = format!("{}:{}:", told.provider.profile, told.report.teller);
    let row = Row {
        account: &known.account.code,
        sighting_id: id,
        channel: &told.provider.channel,
        teller: &teller,
        amount: told.report.amount,
        stated_at: stated,
        intent: known.named.as_ref().map(|n| n.id),
        reference: known.reference.as_ref(),
    };
    if let Some(reference) = &known.reference
        && let Some(payment) = account_money::by_reference(tx, &known.account.code, reference).await?
    {
        if let Some((stays, unit)) =
            leftover::line_of_told(tx, &row, &payment, &known.calendar, caller, told.now).await?
        {
            return finish(tx, id, SightingState::Repeated, Some(stays), &unit, Outcome::Known).await;
        }
        return another_sight(tx, told, known, &seen, &payment, caller).await;
    }
    if let Some(reference) = &known.reference
        && account_money::is_otherwise_claimed(tx, &known.account.code, reference, told.report.amount, day).await?
    {
        return finish(tx, id, SightingState::Applied, None, &unit, Outcome::Recorded).await;
    }
    let found = alike::alike_to(tx, &row, &known.calendar).await?;
    match sights::sight(&row.report(false), &found, &known.calendar) {
        Sight::New => record(tx, told, known, &seen, caller).await,
        Sight::Waits(candidate) => wait(tx, told, &row, candidate, caller).await,
        Sight::Another(payment) => {
            let payment = locked(tx, payment).await?;
            let unit = alike::another_sight(tx, &row, known.named.as_ref(), &payment, caller, told.now).await?;
            account_money::names_together(tx, payment.id, &known.named_together).await?;
            finish(tx, id, SightingState::Repeated, Some(payment.id), &unit, Outcome::Known).await
        }
    }
}

async fn locked(tx: &Tx, payment: PaymentId) -> Result<Payment, storage::StorageError> {
    let payment = payments::lock_one(tx, payment).await?;
    payment.ok_or_else(|| storage::StorageError::Unreadable("a row's payment".to_owned()))
}

fn source_key(told: &Told<'_>) -> String {
    key_of(told.provider, told.report)
}

fn key_of(provider: &Provider, report: &AccountReport) -> String {
    format!("{}:{}", provider.profile, report.source_key)
}

/// Under what a row is kept that says another amount than it did.
fn beside(key: &str, amount: Vnd) -> String {
    format!("{key}#{}", amount.dong())
}

fn digest(evidence: &[u8]) -> String {
    hex::encode(Sha256::digest(evidence))
}

fn sources(told: &Told<'_>, known: &Known) -> (String, String) {
    (webhook_of(told), listing_of(&known.account.code))
}

fn webhook_of(told: &Told<'_>) -> String {
    format!("webhook:{}", told.provider.channel)
}

fn listing_of(account: &AccountCode) -> String {
    format!("listing:{account}")
}

async fn keep(
    tx: &Tx,
    id: SightingId,
    told: &Told<'_>,
    known: &Known,
    key: &str,
    source: &str,
) -> Result<bool, storage::StorageError> {
    let digest = digest(told.evidence);
    let reference = known.reference.as_ref().map(ToString::to_string);
    let row = NewSighting {
        id,
        source,
        source_key: key,
        channel: told.provider.channel.as_str(),
        profile: Some(told.provider.profile.as_str()),
        order_ref: None,
        provider_txn_id: None,
        amount: Some(told.report.amount.dong()),
        stated_at: told.report.stated_at,
        payload_sha256: &digest,
        raw: told.evidence,
        received_at: told.now,
        account: Some(known.account.code.as_str()),
        bank_ref: reference.as_deref(),
        intent: known.named.as_ref().map(|n| n.id),
    };
    sightings::insert(tx, &row).await
}

/// A row that is kept already, told again with another amount: kept beside the first. False where it says the same.
async fn contradicts(
    tx: &Tx,
    id: SightingId,
    told: &Told<'_>,
    known: &Known,
    key: &str,
    source: &str,
) -> Result<bool, storage::StorageError> {
    let kept = sightings::latest(tx, source, key).await?;
    if kept.is_none_or(|kept| kept.amount == Some(told.report.amount.dong())) {
        return Ok(false);
    }
    keep(tx, id, told, known, &beside(key, told.report.amount), source).await
}

fn seen<'a>(id: SightingId, told: &'a Told<'_>, known: &Known) -> Seen<'a> {
    // a row without a reference is known by its teller's own id until a statement says more
    let reference = match &known.reference {
        Some(reference) => reference.to_string(),
        None => format!("row:{}:{}", told.provider.profile, told.report.source_key),
    };
    Seen {
        sighting_id: id,
        channel: &told.provider.channel,
        identity: Identity::Account { account: known.account.code.clone(), reference },
        order_ref: None,
        amount: told.report.amount,
        paid_at: told.report.stated_at,
        now: told.now,
    }
}

/// What a row became when it was told first, it stays; told again it may have the reference that it lacked.
async fn same_row(
    tx: &Tx,
    told: &Told<'_>,
    known: &Known,
    seen: &Seen<'_>,
    payment: PaymentId,
    caller: &Caller,
) -> Result<Outcome, ReportError> {
    let payment = locked(tx, payment).await?;
    let names: Vec<_> = known.reference.iter().map(|r| (r.to_string(), payment.id)).collect();
    account_money::learn(tx, &known.account.code, &names).await?;
    another_sight(tx, told, known, seen, &payment, caller).await
}

async fn another_sight(
    tx: &Tx,
    told: &Told<'_>,
    known: &Known,
    seen: &Seen<'_>,
    payment: &Payment,
    caller: &Caller,
) -> Result<Outcome, ReportError> {
    let intent = known.named.as_ref().map(|n| n.id);
    let mut unit = record_money::repeat(seen, payment, intent, caller);
    // a part that is told of under the reference of the whole does not say whose the whole is
    let whole = payment.amount == told.report.amount;
    if let (None, Some(named), true) = (payment.intent_id, &known.named, whole) {
        let placed =
            learn::place(tx, payment, named, &told.provider.channel, seen.sighting_id, caller, told.now).await?;
        unit.append(placed);
    }
    account_money::names_together(tx, payment.id, &known.named_together).await?;
    finish(tx, seen.sighting_id, SightingState::Repeated, Some(payment.id), &unit, Outcome::Known).await
}

async fn wait(
    tx: &Tx,
    told: &Told<'_>,
    row: &Row<'_>,
    candidate: PaymentId,
    caller: &Caller,
) -> Result<Outcome, ReportError> {
    let mut unit = Unit::new(caller.actor(), told.now);
    unit.changes.cases_opened.push(NewCase {
        payment_id: Some(candidate),
        sighting_id: Some(row.sighting_id),
        day: Some((format!("bank:{}", row.account), business_date(row.stated_at))),
        ..NewCase::new(CaseKind::PossibleSameMovement, row.amount, row.account.to_string())
    });
    unit::write(tx, &unit).await?;
    let waiting = NewWaiting {
        sighting_id: row.sighting_id,
        amount: row.amount,
        intent_id: row.intent,
        bank_ref: row.reference,
        channel: row.channel,
        stated_at: row.stated_at,
        payment_id: candidate,
    };
    // not in the pipeline: a statement that has to be prepared first would run after its COMMIT
    account_money::wait(tx, row.account, &waiting).await?;
    let (noted, committed) = join!(sightings::outcome(tx, row.sighting_id, SightingState::Waiting, None), tx.commit());
    unit::first_error([noted, committed])?;
    Ok(Outcome::Recorded)
}

async fn record(
    tx: &Tx,
    told: &Told<'_>,
    known: &Known,
    seen: &Seen<'_>,
    caller: &Caller,
) -> Result<Outcome, ReportError> {
    let recording = match &known.named {
        None => record_money::record(seen, None, caller)?,
        Some(named) => {
            let facts = facts::lock(tx, named.id).await?;
            let typed = facts.typed(terms(named), &told.provider.channel);
            record_money::record(seen, Some((&facts, typed)), caller)?
        }
    };
    write(tx, known, seen, &recording).await?;
    Ok(Outcome::Recorded)
}

/// What the amount of a transfer is held against.
pub fn terms(named: &NamedIntent) -> Terms {
    if named.of_account { Terms::Typed } else { Terms::WrongAccount }
}

async fn write(tx: &Tx, known: &Known, seen: &Seen<'_>, recording: &Recording) -> Result<(), ReportError> {
    let payment = &recording.new.payment;
    let names: Vec<_> = known.reference.iter().map(|r| (r.to_string(), payment.id)).collect();
    payments::insert(tx, std::slice::from_ref(&recording.new), recording.unit.at).await?;
    account_money::learn(tx, &known.account.code, &names).await?;
    account_money::await_line(tx, &known.account.code, payment).await?;
    account_money::names_together(tx, payment.id, &known.named_together).await?;
    unwatch_served(tx, &recording.unit).await?;
    let (written, noted, committed) = join!(
        unit::write(tx, &recording.unit),
        sightings::outcome(tx, seen.sighting_id, SightingState::Applied, Some(payment.id)),
        tx.commit(),
    );
    unit::first_error([written, noted, committed])?;
    Ok(())
}

/// Attempts that a transfer has served are not looked after any more.
pub(crate) async fn unwatch_served(tx: &Tx, unit: &Unit) -> Result<(), storage::StorageError> {
    for step in unit.changes.attempts.iter().filter(|step| step.to == AttemptStatus::Succeeded) {
        attempts::unwatch(tx, step.id).await?;
    }
    Ok(())
}

async fn finish(
    tx: &Tx,
    id: SightingId,
    state: SightingState,
    payment: Option<PaymentId>,
    unit: &Unit,
    outcome: Outcome,
) -> Result<Outcome, ReportError> {
    unwatch_served(tx, unit).await?;
    let (written, noted, committed) =
        join!(unit::write(tx, unit), sightings::outcome(tx, id, state, payment), tx.commit());
    unit::first_error([written, noted, committed])?;
    Ok(outcome)
}
