//! A bank or wallet asks what a code owes, and pays it (`domain::bill` has the table). A question reads and keeps what was
//! told; it locks nothing. A payment is one transaction: kept as a sighting under the bank's own number, judged with the
//! bill's obligations locked, booked through `record_money` or refused, and the verdict kept with it. What the bank hears is
//! what was committed; what was not committed is told as neither.

use crate::context::{Caller, Context};
use crate::facts::{self, Facts, obligation_state};
use crate::learn;
use crate::receive_report::{self, Parked, ReportError};
use crate::record_money::{self, Seen};
use crate::retry::retrying;
use domain::bill::{self, BillLine, BillOutcome, Quote};
use domain::booking::ObligationState;
use domain::business_day::business_date;
use domain::case::CaseKind;
use domain::changes::NewCase;
use domain::codes::BeneficiaryCode;
use domain::party::masked;
use domain::payment::{Identity, Payment, SightingState};
use domain::{SightingId, Vnd};
use futures_util::join;
use jiff::Timestamp;
use provider::{
    Answer, Asked, Bill, BillCall, BillLookup, BillPayment, BillQuestion, Bills, Decided, Heard, Owes, Provider,
};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use storage::bills::{BillPaid, Due};
use storage::channels::Gate;
use storage::ids::mint;
use storage::sightings::NewSighting;
use storage::unit::{Audit, Unit};
use storage::{StorageError, Tx, bill_callbacks, bills, cases, channels, parties, payments, sightings, unit};

/// Obligations of one code that are looked at; more are told when these are paid.
const DUE_AT_ONCE: i64 = 200;
/// Payments of one bill that are shown.
const PAID_SHOWN: i64 = 50;

/// For counting: what became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Heard(Heard),
    Told,
    Decided(BillOutcome),
    Unavailable,
}

impl Verdict {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Heard(Heard::Answered) => "answered",
            Self::Heard(Heard::Forged) => "forged",
            Self::Heard(Heard::Malformed) => "malformed",
            Self::Told => "told",
            Self::Decided(outcome) => outcome.as_str(),
            Self::Unavailable => "unavailable",
        }
    }
}

/// What is answered, in whose name, and what became of the call.
#[derive(Debug)]
pub struct Answered {
    pub channel: String,
    pub answer: Answer,
    pub verdict: Verdict,
}

/// None when no contract of this name collects bills.
pub async fn answer(
    ctx: &Context,
    profile: &str,
    call: &BillCall<'_>,
    request_id: &str,
    now: Timestamp,
) -> Option<Answered> {
    let provider = ctx.providers.iter().find(|p| p.profile.as_str() == profile)?;
    let bills = provider.bills.as_ref()?;
    let (answer, verdict) = match bills.hear(call, now) {
        Asked::Answered(answer, heard) => {
            if heard == Heard::Forged {
                tracing::warn!(profile, "a call about bills was refused");
            }
            (answer, Verdict::Heard(heard))
        }
        Asked::Unreadable(answer, reason) => {
            let (channel, profile) = (&provider.channel, &provider.profile);
            // in some documents the path names what was to be paid
            let named = if call.path.contains('/') { format!("{}\n\n", call.path) } else { String::new() };
            let evidence = [named.as_bytes(), call.request.evidence()].concat();
            let parked = Parked { channel, profile, evidence: &evidence, call: None, reason };
            let kept = receive_report::park(ctx, &parked, now).await.map(Some);
            told(bills.as_ref(), now, kept, |_| (answer, Verdict::Heard(Heard::Malformed)))
        }
        Asked::Alive => {
            let open = is_closed(ctx, &provider).await.map(|closed| Some(!closed));
            told(bills.as_ref(), now, open, |open| (bills.alive(open, now), Verdict::Heard(Heard::Answered)))
        }
        Asked::Bills(question) => told(
            bills.as_ref(),
            now,
            owing(ctx, &provider, bills.as_ref(), &question, now).await.map(Some),
            |o| match o {
                Some(owes) => (bills.owes(&question, &owes, now), Verdict::Told),
                None => (bills.closed(now), Verdict::Unavailable),
            },
        ),
        Asked::Paid(lookup) => told(bills.as_ref(), now, look_up(ctx, profile, &lookup).await, |found| {
            (bills.found(&lookup, &found, now), Verdict::Told)
        }),
        Asked::Pay(payment) => {
            let caller = Caller { request_id: request_id.to_owned(), ..Caller::system() };
            let decided = match pay(ctx, &provider, &payment, call.request.evidence(), &caller, now).await {
                Ok(decided) => promise(ctx, &payment, decided).await.map_err(ReportError::from),
                Err(error) => Err(error),
            };
            told(bills.as_ref(), now, decided, |decided| {
                (bills.decided(&payment, &decided), Verdict::Decided(decided.outcome))
            })
        }
    };
    Some(Answered { channel: provider.channel.to_string(), answer, verdict })
}

fn told<T, E: std::error::Error + 'static>(
    bills: &dyn Bills,
    now: Timestamp,
    found: Result<Option<T>, E>,
    say: impl FnOnce(T) -> (Answer, Verdict),
) -> (Answer, Verdict) {
    match found {
        Ok(Some(found)) => say(found),
        Ok(None) => (bills.unavailable(now), Verdict::Unavailable),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a call about bills is not answered");
            (bills.unavailable(now), Verdict::Unavailable)
        }
    }
}

async fn is_closed(ctx: &Context, provider: &Provider) -> Result<bool, StorageError> {
    Ok(channels::closed(&*ctx.pool.get().await?, provider.channel.as_str()).await?.is_some())
}

/// What the code owes under this contract, one bill for each beneficiary, each kept before it is told. None while the
/// channel is closed.
async fn owing(
    ctx: &Context,
    provider: &Provider,
    bills: &dyn Bills,
    question: &BillQuestion,
    now: Timestamp,
) -> Result<Option<Owes>, StorageError> {
    let db = ctx.pool.get().await?;
    let gate = channels::gates(&db).await?.remove(provider.profile.as_str());
    if gate.as_ref().is_some_and(|g| g.closed.is_some()) {
        return Ok(None);
    }
    let codes: Vec<&str> = provider.beneficiaries.iter().map(BeneficiaryCode::as_str).collect();
    let due = bills::due(&db, &question.customer_key, &codes, DUE_AT_ONCE).await?;
    if due.is_empty() && !bills::is_known(&db, &question.customer_key, &codes).await? {
        return Ok(Some(Owes::UnknownCustomer));
    }
    let mut by_beneficiary: BTreeMap<BeneficiaryCode, Vec<ObligationState>> = BTreeMap::new();
    for d in &due {
        let state = obligation_state(&d.obligation);
        by_beneficiary.entry(state.beneficiary.clone()).or_default().push(state);
    }
    let mut told = Vec::new();
    for (beneficiary, states) in by_beneficiary {
        let quote = quoted(provider, question, beneficiary, bill::as_many_as_fit(states), bills.day_end(now));
        if !takes(gate.as_ref(), quote.amount) {
            continue;
        }
        bills::keep(&db, provider.profile.as_str(), &quote).await?;
        let named: Vec<&Due> =
            due.iter().filter(|d| quote.lines.iter().any(|l| l.obligation_id == d.obligation.id)).collect();
        let payer = if bills.shows_payer() { payer_of(ctx, &db, &named).await? } else { String::new() };
        told.push(Bill {
            reference: quote.reference,
            amount: quote.amount,
            payer,
            description: description_of(&named),
            due_at: named.iter().filter_map(|d| d.obligation.terms.due_at).min(),
        });
    }
    Ok(Some(if told.is_empty() { Owes::Nothing } else { Owes::Bills(told) }))
}

/// What the contract says of amounts.
fn takes(gate: Option<&Gate>, amount: Vnd) -> bool {
    gate.is_none_or(|g| amount >= g.min_amount && g.max_amount.is_none_or(|max| amount <= max))
}

fn quoted(
    provider: &Provider,
    question: &BillQuestion,
    beneficiary: BeneficiaryCode,
    states: Vec<ObligationState>,
    expires_at: Timestamp,
) -> Quote {
    let line = |o: ObligationState| BillLine { obligation_id: o.id, version: o.version, amount: o.amount };
    let lines: Vec<BillLine> = states.into_iter().map(line).collect();
    let mut quote = Quote {
        reference: String::new(),
        customer_key: question.customer_key.clone(),
        beneficiary,
        amount: lines.iter().map(|l| l.amount).sum(),
        expires_at,
        lines,
    };
    quote.reference = reference_of(provider, &quote);
    quote
}

/// `HD` and sixteen digits of a digest of all that is told: asked again, the same bill has the same name, and a bill that
/// changed has another.
fn reference_of(provider: &Provider, quote: &Quote) -> String {
    let Quote { customer_key, beneficiary, expires_at, lines, .. } = quote;
    let customer_key = customer_key.to_ascii_uppercase();
    let mut told = format!("{}\n{customer_key}\n{beneficiary}\n{expires_at}", provider.profile);
    for line in lines {
        // writing to a text does not fail
        let _ = write!(told, "\n{} {} {}", line.obligation_id, line.version, line.amount.dong());
    }
    format!("HD{}", hex::encode_upper(&Sha256::digest(told)[..8]))
}

/// The masked name of the one person in whose name all of it is owed; empty where there is none, or more than one.
async fn payer_of(ctx: &Context, db: &storage::pool::Db, named: &[&Due]) -> Result<String, StorageError> {
    let registered: BTreeSet<_> = named.iter().map(|d| d.payer).collect();
    if registered.contains(&None) {
        return Ok(String::new());
    }
    // each fee has a registration of its own, so a bill of fifty fees has fifty, of one person or of several
    let registered: Vec<_> = registered.into_iter().flatten().collect();
    let mut names = BTreeSet::new();
    let opened = parties::by_ids(db, &ctx.vault, &registered).await?;
    let all = opened.len() == registered.len();
    names.extend(opened.into_iter().map(|party| party.name));
    let one = if all && names.len() == 1 { names.pop_first() } else { None };
    Ok(one.as_deref().map(masked).unwrap_or_default())
}

fn description_of(named: &[&Due]) -> String {
    match named {
        [one] => one.obligation.terms.description.clone(),
        [first, rest @ ..] => format!("{} (+{})", first.obligation.terms.description, rest.len()),
        [] => String::new(),
    }
}

async fn look_up(ctx: &Context, profile: &str, lookup: &BillLookup) -> Result<Option<Vec<Decided>>, StorageError> {
    let db = ctx.pool.get().await?;
    let found = match lookup {
        BillLookup::OfBill { bill, customer_key } => {
            bills::paid_of_bill(&db, profile, bill, customer_key, PAID_SHOWN).await?
        }
        BillLookup::ByHandle(handle) => bills::by_handle(&db, profile, *handle).await?.into_iter().collect(),
        BillLookup::ByCall(call) => bills::by_call(&db, profile, call).await?.into_iter().collect::<Vec<_>>(),
    };
    Ok(Some(found.into_iter().map(as_decided).collect()))
}

/// What is told now: of a number whose money is in the books, that it is paid, though it was refused before.
fn as_decided(paid: BillPaid) -> Decided {
    Decided {
        handle: paid.sighting_id.uuid(),
        transaction: paid.bank_txn_id,
        customer_key: paid.customer_key,
        bill: paid.reference,
        amount: paid.amount,
        told: paid.told,
        outcome: if paid.booked.is_some() { BillOutcome::Paid } else { paid.outcome },
        payment: paid.booked,
        at: paid.decided_at,
    }
}

/// A bill payment with the bytes that it stands in.
struct Paying<'a> {
    provider: &'a Provider,
    payment: &'a BillPayment,
    evidence: &'a [u8],
    caller: &'a Caller,
    now: Timestamp,
    sighting_id: SightingId,
}

#[tracing::instrument(skip_all, fields(profile = %provider.profile, transaction = %payment.transaction))]
async fn pay(
    ctx: &Context,
    provider: &Provider,
    payment: &BillPayment,
    evidence: &[u8],
    caller: &Caller,
    now: Timestamp,
) -> Result<Decided, ReportError> {
    let decided = retrying(|| async {
        let paying = Paying { provider, payment, evidence, caller, now, sighting_id: mint(now) };
        let tx = ctx.pool.tx().await?;
        let outcome = decide(&tx, &paying).await;
        tx.close(outcome).await
    })
    .await?;
    let decided = as_decided(decided);
    tracing::info!(outcome = %decided.outcome, "bill payment decided");
    Ok(decided)
}

/// That it is told where the caller wants it is kept before the caller hears so: a crash in between is a call without an
/// answer, which comes again. Of a contradiction the answer itself tells.
async fn promise(ctx: &Context, payment: &BillPayment, decided: Decided) -> Result<Option<Decided>, StorageError> {
    if let Some(url) = payment.callback.as_deref().filter(|_| decided.outcome != BillOutcome::Contradicted) {
        let db = ctx.pool.get().await?;
        bill_callbacks::promise(&db, decided.handle.into(), url, payment.call_id.as_deref()).await?;
    }
    ctx.wake.notify_one();
    Ok(Some(decided))
}

/// What is told now of what was decided under a handle of ours.
pub(crate) async fn told_by(ctx: &Context, profile: &str, id: SightingId) -> Result<Option<Decided>, StorageError> {
    let db = ctx.pool.get().await?;
    Ok(bills::by_handle(&db, profile, id.uuid()).await?.map(as_decided))
}

async fn decide(tx: &Tx, paying: &Paying<'_>) -> Result<BillPaid, ReportError> {
    let Paying { provider, payment, now, sighting_id, .. } = *paying;
    let profile = provider.profile.as_str();
    let digest = hex::encode(Sha256::digest(paying.evidence));
    let source = format!("bill:{profile}");
    // two contracts with one bank may meet in a number: the key is the contract's
    let source_key = format!("{profile}:{}", payment.transaction);
    let row = sighting(paying, &source, &source_key, &digest);
    let (begun, fresh, booked) =
        join!(tx.begin(), sightings::insert(tx, &row), payments::lock_by_txn(tx, profile, &payment.transaction));
    begun?;
    let (fresh, booked) = (fresh?, booked?);
    if !fresh {
        // once for each thing that it means, however often it is told
        let BillPayment { bill, amount, .. } = payment;
        let customer_key = payment.customer_key.to_ascii_uppercase();
        let means = hex::encode(Sha256::digest(format!("{bill}\n{}\n{customer_key}", amount.dong())));
        let beside = format!("{source_key}#{}", &means[..16]);
        return again(tx, paying, &NewSighting { source_key: &beside, ..row }, booked.as_ref()).await;
    }
    let booked = match booked {
        Some(booked) => Some(booked),
        // a file that shows this money may come at this moment, and of a bill that nobody knows there is nothing else to wait for
        None => {
            bills::take_turn(tx, profile, &payment.transaction).await?;
            payments::lock_by_txn(tx, profile, &payment.transaction).await?
        }
    };
    let quote = bills::quote(tx, profile, &payment.bill).await?.filter(|q| is_same_code(&q.customer_key, payment));
    let Some(quote) = quote else {
        return match booked {
            Some(booked) => in_the_books(tx, paying, &booked, None).await,
            None => refuse(tx, paying, None, BillOutcome::UnknownBill).await,
        };
    };
    let facts = facts::lock_bill(tx, &quote).await?;
    if let Some(booked) = booked {
        return in_the_books(tx, paying, &booked, Some((&facts, &quote))).await;
    }
    let stand: Vec<_> = facts.obligations.iter().map(obligation_state).collect();
    match bill::judge(&quote, &stand, payment.amount, now) {
        BillOutcome::Paid => {}
        // while this waited for what the bill names, a file may have booked this very money
        refusal => {
            return match payments::lock_by_txn(tx, profile, &payment.transaction).await? {
                Some(booked) => in_the_books(tx, paying, &booked, Some((&facts, &quote))).await,
                None => refuse(tx, paying, Some(&quote), refusal).await,
            };
        }
    }
    let named = facts.billed(quote.amount);
    let recording = record_money::record(&seen(paying), Some((&facts, named)), paying.caller)?;
    let booked = recording.new.payment.id;
    let decided = verdict(paying, Some(&quote), BillOutcome::Paid, Some(booked));
    payments::insert(tx, std::slice::from_ref(&recording.new), recording.unit.at).await?;
    bills::decided(tx, profile, &decided).await?;
    finish(tx, sighting_id, SightingState::Applied, Some(booked), &recording.unit).await?;
    Ok(decided)
}

/// Codes are typed by people, in capitals or not.
fn is_same_code(customer_key: &str, payment: &BillPayment) -> bool {
    customer_key.eq_ignore_ascii_case(&payment.customer_key)
}

fn sighting<'a>(paying: &'a Paying<'_>, source: &'a str, source_key: &'a str, digest: &'a str) -> NewSighting<'a> {
    NewSighting {
        id: paying.sighting_id,
        source,
        source_key,
        channel: paying.provider.channel.as_str(),
        profile: Some(paying.provider.profile.as_str()),
        order_ref: Some(&paying.payment.bill),
        provider_txn_id: Some(&paying.payment.transaction),
        amount: Some(paying.payment.amount.dong()),
        stated_at: paying.payment.paid_at,
        payload_sha256: digest,
        raw: paying.evidence,
        received_at: paying.now,
        account: None,
        bank_ref: None,
        intent: None,
    }
}

fn seen<'a>(paying: &'a Paying<'_>) -> Seen<'a> {
    let Paying { provider, payment, now, sighting_id, .. } = paying;
    Seen {
        sighting_id: *sighting_id,
        channel: &provider.channel,
        identity: Identity::Provider { profile: provider.profile.clone(), transaction: payment.transaction.clone() },
        order_ref: Some(&payment.bill),
        amount: payment.amount,
        paid_at: payment.paid_at,
        now: *now,
    }
}

fn verdict(
    paying: &Paying<'_>,
    told: Option<&Quote>,
    outcome: BillOutcome,
    booked: Option<domain::PaymentId>,
) -> BillPaid {
    let payment = paying.payment;
    BillPaid {
        sighting_id: paying.sighting_id,
        bank_txn_id: payment.transaction.clone(),
        call_id: payment.call_id.clone(),
        customer_key: payment.customer_key.clone(),
        reference: payment.bill.clone(),
        amount: payment.amount,
        told: told.map(|q| q.amount),
        outcome,
        payment_id: booked,
        decided_at: paying.now,
        booked,
    }
}

/// Nothing is booked; what the bank hears is kept.
async fn refuse(
    tx: &Tx,
    paying: &Paying<'_>,
    told: Option<&Quote>,
    outcome: BillOutcome,
) -> Result<BillPaid, ReportError> {
    let decided = verdict(paying, told, outcome, None);
    bills::decided(tx, paying.provider.profile.as_str(), &decided).await?;
    let mut unit = Unit::new(paying.caller.actor(), paying.now);
    unit.audit.push(Audit {
        action: "bill_refused",
        subject: paying.sighting_id.to_string(),
        request_id: paying.caller.request_id.clone(),
    });
    finish(tx, paying.sighting_id, SightingState::Refused, None, &unit).await?;
    Ok(decided)
}

/// The bank's file told of this money before the bank's call did: it is ours, and is never refused. Where it waits, it
/// finds what it is for.
async fn in_the_books(
    tx: &Tx,
    paying: &Paying<'_>,
    booked: &Payment,
    bill: Option<(&Facts, &Quote)>,
) -> Result<BillPaid, ReportError> {
    let mut unit = record_money::repeat(&seen(paying), booked, None, paying.caller);
    if let Some((facts, quote)) = bill {
        let named = facts.billed(quote.amount);
        let placed = learn::place_by(tx, booked, facts, &named, paying.sighting_id, paying.caller, paying.now).await?;
        unit.append(placed);
    }
    let decided = verdict(paying, bill.map(|(_, q)| q), BillOutcome::Paid, Some(booked.id));
    bills::decided(tx, paying.provider.profile.as_str(), &decided).await?;
    finish(tx, paying.sighting_id, SightingState::Repeated, Some(booked.id), &unit).await?;
    Ok(decided)
}

/// The bank's number comes again: the same answer, unless it means another bill or amount now, or a file has shown the money
/// of a refusal.
async fn again(
    tx: &Tx,
    paying: &Paying<'_>,
    beside: &NewSighting<'_>,
    booked: Option<&Payment>,
) -> Result<BillPaid, ReportError> {
    let payment = paying.payment;
    let profile = paying.provider.profile.as_str();
    let known = bills::by_transaction(tx, profile, &payment.transaction).await?;
    let known = known.ok_or_else(|| StorageError::Unreadable("a bill payment without its verdict".to_owned()))?;
    let same =
        known.reference == payment.bill && known.amount == payment.amount && is_same_code(&known.customer_key, payment);
    if same {
        if let Some(booked) = booked.filter(|_| known.outcome != BillOutcome::Paid) {
            said_both(tx, paying, &known, booked).await?;
        }
        return Ok(known);
    }
    if sightings::insert(tx, beside).await? {
        let mut unit = Unit::new(paying.caller.actor(), paying.now);
        if let Some(booked) = booked {
            let kind = if booked.amount == payment.amount { CaseKind::StatusDiffers } else { CaseKind::AmountDiffers };
            unit.changes.cases_opened.push(NewCase {
                payment_id: Some(booked.id),
                sighting_id: Some(beside.id),
                day: booked.identity.source_account().scope().map(|s| (s, business_date(booked.paid_at))),
                ..NewCase::new(kind, payment.amount, booked.id.to_string())
            });
        }
        finish(tx, beside.id, SightingState::Refused, None, &unit).await?;
    }
    Ok(BillPaid { outcome: BillOutcome::Contradicted, payment_id: None, booked: None, ..known })
}

/// The bank hears "paid" from now on; people hear that it was told the opposite, where they have not heard it yet.
async fn said_both(tx: &Tx, paying: &Paying<'_>, refused: &BillPaid, booked: &Payment) -> Result<(), ReportError> {
    let case = refused_and_booked(refused, booked);
    if cases::was_told(tx, booked.id, case.kind, &case.subject).await? {
        return Ok(());
    }
    let mut unit = Unit::new(paying.caller.actor(), paying.now);
    unit.changes.cases_opened.push(case);
    let (written, committed) = join!(unit::write(tx, &unit), tx.commit());
    unit::first_error([written, committed])?;
    Ok(())
}

/// The bank was told to give this money back, and its file says that it came here: it may have done either, or both.
fn refused_and_booked(refused: &BillPaid, booked: &Payment) -> NewCase {
    NewCase {
        payment_id: Some(booked.id),
        sighting_id: Some(refused.sighting_id),
        day: booked.identity.source_account().scope().map(|s| (s, business_date(booked.paid_at))),
        ..NewCase::new(CaseKind::StatusDiffers, booked.amount, refused.sighting_id.to_string())
    }
}

async fn finish(
    tx: &Tx,
    id: SightingId,
    state: SightingState,
    payment: Option<domain::PaymentId>,
    unit: &Unit,
) -> Result<(), ReportError> {
    let (written, noted, committed) =
        join!(unit::write(tx, unit), sightings::outcome(tx, id, state, payment), tx.commit());
    unit::first_error([written, noted, committed])?;
    Ok(())
}

/// Money of which only a file tells.
pub(crate) struct Told {
    /// The bill that it was for: the one under which it was refused, or that the file names.
    pub bill: Option<Quote>,
    refused: Option<BillPaid>,
}

impl Told {
    /// What people must hear of it once it is booked.
    pub fn case(&self, booked: &Payment) -> Option<NewCase> {
        self.refused.as_ref().map(|refused| refused_and_booked(refused, booked))
    }
}

/// What a bank said before of money that is in no books yet.
pub(crate) async fn told_of(tx: &Tx, profile: &str, transaction: &str, named: &str) -> Result<Told, StorageError> {
    bills::take_turn(tx, profile, transaction).await?;
    let refused = bills::by_transaction(tx, profile, transaction).await?;
    let reference = refused.as_ref().map_or(named, |r| &r.reference);
    Ok(Told { bill: bills::quote(tx, profile, reference).await?, refused })
}
