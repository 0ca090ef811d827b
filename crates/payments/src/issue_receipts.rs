//! Receipts of what was paid: looked at after the commit that made it so, never inside a callback. In one commit a number is
//! taken and what stands on the receipt is fixed; then it is signed with nothing held; then it is kept and told. A crash
//! between leaves a number without a signature, which the next pass signs. What becomes of a receipt is the table in
//! `domain::receipt`; what cannot be done now (no series in force, no key, its numbers used up) waits, and is a case after a
//! while.

use crate::context::{Caller, Context};
use crate::events::stream_of;
use crate::mail_receipts;
use crate::retry::retrying;
use domain::business_day::business_date;
use domain::case::CaseKind;
use domain::cause::Cause;
use domain::changes::{Changes, NewCase, step};
use domain::obligation::{Obligation, ObligationStatus};
use domain::receipt::ReceiptStatus::Issued;
use domain::receipt::{self, Live, MailSays, Next, ReceiptStatus};
use domain::transition::Entity;
use domain::{MailId, ObligationId, ReceiptId};
use jiff::Timestamp;
use rand::Rng;
use std::collections::BTreeMap;
use std::time::Duration;
use storage::ids::mint;
use storage::receipt_mail;
use storage::receipt_series::{self, Series};
use storage::receipts::{self, Signed, Stored};
use storage::unit::{Birth, NewEvent, Unit};
use storage::{Db, StorageError, Tx, intents, obligations, unit};

/// A pass that found so many is followed by another at once.
pub const PER_PASS: i64 = 100;
/// Longer than a signature takes; a service that takes longer is away.
const PATIENCE: Duration = Duration::from_secs(20);

/// One pass; how many receipts it made, signed or ended. `ignore_schedule`: what waits for its next time too.
pub async fn issue(ctx: &Context, ignore_schedule: bool, now: Timestamp) -> Result<usize, StorageError> {
    let due = receipts::due(&*ctx.pool.get().await?, PER_PASS, ignore_schedule).await?;
    let (mut done, mut failed) = (0, None);
    for id in due {
        match looked_at(ctx, id, now).await {
            Ok(has_moved) => done += usize::from(has_moved),
            // one that cannot be worked on does not keep others from it
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    done += sign(ctx, now).await?;
    done += tell_of_late(ctx, now).await?;
    failed.map_or(Ok(done), Err)
}

async fn looked_at(ctx: &Context, id: ObligationId, now: Timestamp) -> Result<bool, StorageError> {
    let outcome = retrying(|| async {
        let tx = ctx.pool.tx().await?;
        let outcome = look(ctx, &tx, id, now).await;
        tx.close(outcome).await
    })
    .await;
    match outcome {
        Err(e) if e.is_conflict("receipt_number_in_range") => {
            receipts::later(&*ctx.pool.get().await?, id, "the numbers of this year are used up").await?;
            Ok(false)
        }
        other => other,
    }
}

async fn look(ctx: &Context, tx: &Tx, id: ObligationId, now: Timestamp) -> Result<bool, StorageError> {
    tx.begin().await?;
    let Some((o, live)) = receipts::take(tx, id).await? else { return Ok(false) };
    let next = receipt::next(&o, live.as_ref().map(as_live));
    let mut unit = Unit::new(Caller::system().actor(), now);
    match next {
        Next::Stands => {}
        Next::End(cause) => {
            unit.changes.receipts.extend(ended(live.as_ref(), cause)?);
            to_be_told(ctx, tx, live.as_ref(), MailSays::Cancelled, now).await?;
        }
        Next::Number | Next::Renew(_) if ctx.signer.is_none() => return wait(tx, id, "nobody signs here").await,
        Next::Number => return number(tx, &o, None, unit, now).await,
        Next::Renew(cause) => {
            unit.changes.receipts.extend(ended(live.as_ref(), cause)?);
            to_be_told(ctx, tx, live.as_ref(), MailSays::Replaced, now).await?;
            return number(tx, &o, live.as_ref(), unit, now).await;
        }
    }
    if !matches!(next, Next::Stands) || o.status != ObligationStatus::Paid {
        unit.changes.append(explained(tx, id).await?);
    }
    let has_moved = !unit.changes.is_empty();
    unit::write(tx, &unit).await?;
    receipts::done(tx, id).await?;
    tx.commit().await?;
    Ok(has_moved)
}

/// Takes the next number of the series in force, and fixes what stands on the receipt. `before`: whose place it takes.
async fn number(
    tx: &Tx,
    o: &Obligation,
    before: Option<&Stored>,
    mut unit: Unit,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let day = business_date(now);
    let found = receipt_series::in_force(tx, o.terms.beneficiary_code.as_str(), o.terms.kind, day).await?;
    let Some(series) = found else { return wait(tx, o.id, "no series is in force").await };
    let id: ReceiptId = mint(now);
    let status = ReceiptStatus::Numbered.as_str();
    unit.births.push(Birth { entity: Entity::Receipt, id: id.uuid(), status, cause: Cause::NumberTaken });
    // the one before ends first: an obligation has one live receipt at any time
    unit::write(tx, &unit).await?;
    receipts::done(tx, o.id).await?;
    // nothing waits for anything after it
    let number = receipt_series::take_number(tx, &series.code, day.year()).await?;
    let replaces = before.filter(|before| before.status == Issued).map(|before| before.id);
    receipts::insert(tx, &fixed(o, &series, (id, number, replaces), now)).await?;
    tx.commit().await?;
    Ok(true)
}

fn fixed(
    o: &Obligation,
    series: &Series,
    (id, number, replaces): (ReceiptId, i32, Option<ReceiptId>),
    now: Timestamp,
) -> Stored {
    let issued_on = business_date(now);
    let mut token = [0_u8; 24];
    rand::rng().fill_bytes(&mut token);
    Stored {
        id,
        obligation_id: o.id,
        status: ReceiptStatus::Numbered,
        version: 1,
        series_code: series.code.clone(),
        template: series.template,
        serial: receipt::serial(issued_on.year(), series.letters),
        number,
        token: hex::encode(token),
        issued_on,
        collector_name: series.collector_name.clone(),
        collector_tax_code: series.collector_tax_code.clone(),
        collector_address: series.collector_address.clone(),
        kind: o.terms.kind,
        description: o.terms.description.clone(),
        dossier_code: o.terms.dossier_code.as_ref().map(ToString::to_string),
        amount: o.amount(),
        replaces,
        replaced_by: None,
        replacement_by: None,
        signed_by: None,
        signed_at: None,
        created_at: now,
        updated_at: now,
        ended_on: None,
    }
}

fn as_live(r: &Stored) -> Live {
    Live { status: r.status, amount: r.amount, is_to_be_replaced: r.replacement_by.is_some() }
}

type ReceiptStep = domain::changes::Step<ReceiptId, ReceiptStatus>;

fn ended(live: Option<&Stored>, cause: Cause) -> Result<Option<ReceiptStep>, StorageError> {
    live.map(|r| Ok(step(r.id, r.version, r.status, cause).map_err(|e| unreadable(&e))?.0)).transpose()
}

/// A mail to its payer, who was told that it was issued. Who saw no receipt hears of no end.
async fn to_be_told(
    ctx: &Context,
    tx: &Tx,
    of: Option<&Stored>,
    says: MailSays,
    now: Timestamp,
) -> Result<(), StorageError> {
    let Some(receipt) = of.filter(|r| r.status == Issued || says == MailSays::Issued) else { return Ok(()) };
    let id: MailId = mint(now);
    let message_id = format!("{}@{}", id.uuid().simple(), ctx.public_host());
    let new = receipt_mail::New { id, receipt: receipt.id, says, message_id: &message_id, at: now };
    receipt_mail::queue(tx, &new).await
}

async fn wait(tx: &Tx, id: ObligationId, said: &str) -> Result<bool, StorageError> {
    receipts::later(tx, id, said).await?;
    tx.commit().await?;
    Ok(false)
}

/// What told people that it has none is over.
async fn explained(tx: &Tx, id: ObligationId) -> Result<Changes, StorageError> {
    let mut changes = Changes::default();
    for case in receipts::lock_cases(tx, id).await? {
        let closed = step(case.id, case.version, case.status, Cause::Explained);
        changes.cases_closed.push(closed.map_err(|e| unreadable(&e))?.0);
    }
    Ok(changes)
}

// ---------------------------------------------------------------- signing

/// Signs what has its number, one after the other; a signer that is away ends the pass.
async fn sign(ctx: &Context, now: Timestamp) -> Result<usize, StorageError> {
    let Some(signer) = ctx.signer.as_deref() else { return Ok(0) };
    let (unsigned, before) = {
        let db = ctx.pool.get().await?;
        let unsigned = receipts::unsigned(&db, PER_PASS).await?;
        let before = named(&db, &unsigned).await?;
        (unsigned, before)
    };
    let mut done = 0;
    for r in &unsigned {
        let draft = ::receipt::Draft::new(&content(r, &before), &ctx.receipt_url(&r.token));
        let signature = match tokio::time::timeout(PATIENCE, signer.sign(draft.to_sign())).await {
            Ok(Ok(signature)) if draft.is_signed_by(&signature, &signer.public_point()) => signature,
            Ok(Ok(_)) => {
                tracing::error!(receipt = %r.id, "what the signer gave is no signature of its key");
                return Ok(done);
            }
            Ok(Err(error)) => {
                tracing::warn!(receipt = %r.id, error = &error as &dyn std::error::Error, "a receipt was not signed");
                return Ok(done);
            }
            Err(_) => {
                tracing::warn!(receipt = %r.id, "a receipt was not signed in time");
                return Ok(done);
            }
        };
        let document = draft.signed(&signature, signer.key_name(), &signer.public_point());
        done += usize::from(keep(ctx, r, (&document, signer.key_name()), now).await?);
    }
    Ok(done)
}

/// Receipts whose place these take.
async fn named(db: &Db, of: &[Stored]) -> Result<BTreeMap<ReceiptId, ::receipt::Named>, StorageError> {
    let ids: Vec<ReceiptId> = of.iter().filter_map(|r| r.replaces).collect();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    Ok(receipts::by_ids(db, &ids).await?.iter().map(|r| (r.id, name_of(r))).collect())
}

fn name_of(r: &Stored) -> ::receipt::Named {
    ::receipt::Named {
        template: r.template.to_string(),
        serial: r.serial.clone(),
        number: r.number,
        issued_on: r.issued_on,
    }
}

/// What stands on a receipt, without the one before it.
pub(crate) fn content_of(r: &Stored) -> ::receipt::Content {
    content(r, &BTreeMap::new())
}

fn content(r: &Stored, before: &BTreeMap<ReceiptId, ::receipt::Named>) -> ::receipt::Content {
    ::receipt::Content {
        template: r.template,
        serial: r.serial.clone(),
        number: r.number,
        issued_on: r.issued_on,
        collector: ::receipt::Collector {
            name: r.collector_name.clone(),
            tax_code: r.collector_tax_code.clone(),
            address: r.collector_address.clone(),
        },
        kind: r.kind,
        description: r.description.clone(),
        dossier_code: r.dossier_code.clone(),
        amount: r.amount,
        replaces: r.replaces.and_then(|id| before.get(&id).cloned()),
    }
}

async fn keep(ctx: &Context, r: &Stored, signed: (&str, &str), now: Timestamp) -> Result<bool, StorageError> {
    retrying(|| async {
        let tx = ctx.pool.tx().await?;
        let outcome = kept(ctx, &tx, r, signed, now).await;
        tx.close(outcome).await
    })
    .await
}

/// Whether its payer is told by e-mail. A row that does not open is the mail's trouble, and no receipt waits for it.
async fn has_address(ctx: &Context, tx: &Tx, id: ObligationId) -> Result<bool, StorageError> {
    let payer = receipt_mail::payer_of(tx, id).await?;
    match mail_receipts::address_of(tx, &ctx.vault, payer).await {
        Err(StorageError::Vault | StorageError::Unreadable(_)) => Ok(true),
        other => Ok(other?.is_some()),
    }
}

async fn kept(
    ctx: &Context,
    tx: &Tx,
    r: &Stored,
    (document, signed_by): (&str, &str),
    now: Timestamp,
) -> Result<bool, StorageError> {
    tx.begin().await?;
    let mailed = ctx.post.is_some() && has_address(ctx, tx, r.obligation_id).await?;
    // another process was first, or its money has left: this signature is nobody's
    if !receipts::keep(tx, r, Signed { document, by: signed_by, at: now, mailed }).await? {
        return Ok(false);
    }
    if mailed {
        to_be_told(ctx, tx, Some(r), MailSays::Issued, now).await?;
    }
    let o = receipts::obligation_of(tx, r.obligation_id).await?.ok_or_else(|| unreadable(&"a receipt of nothing"))?;
    let (signed, told) = step(r.id, r.version, r.status, Cause::Signed).map_err(|e| unreadable(&e))?;
    let mut unit = Unit::new(Caller::system().actor(), now);
    unit.changes.receipts.push(signed);
    unit.changes.append(explained(tx, r.obligation_id).await?);
    // a page that says paid has its link from now on
    tx.concerns(intents::naming(tx, o.id).await?);
    if let Some(event_type) = told {
        let (stream_kind, stream) = stream_of(&o);
        let line = dossier::ReceiptLine {
            id: r.id,
            obligation_id: o.id,
            template: r.template.as_str(),
            serial: r.serial.clone(),
            number: r.number,
            status: Issued.as_str(),
            issued_on: r.issued_on,
            amount: r.amount,
            url: ctx.receipt_url(&r.token),
        };
        let data = dossier::ReceiptData::new(&o, receipts::told_of_payment(tx, o.id).await?, line).into_value();
        let subject = r.id.uuid();
        unit.events.push(NewEvent { client_id: o.client_id, stream_kind, stream, event_type, subject, data });
    }
    unit::write(tx, &unit).await?;
    tx.commit().await?;
    ctx.wake.notify_one();
    Ok(true)
}

// ---------------------------------------------------------------- what is late

/// Opens a case for each that was paid a while ago and has no receipt.
async fn tell_of_late(ctx: &Context, now: Timestamp) -> Result<usize, StorageError> {
    let after_s = ctx.settings.receipts.case_after_s;
    let late = receipts::late(&*ctx.pool.get().await?, after_s, None, PER_PASS).await?;
    let mut told = 0;
    for (id, _) in late {
        told += usize::from(retrying(|| tell_one(ctx, id, now)).await?);
    }
    Ok(told)
}

async fn tell_one(ctx: &Context, id: ObligationId, now: Timestamp) -> Result<bool, StorageError> {
    let tx = ctx.pool.tx().await?;
    let outcome = async {
        tx.begin().await?;
        obligations::lock_by_ids(&tx, &[id.uuid()]).await?;
        // somebody else may have told of it, or made it, meanwhile
        let late = receipts::late(&tx, ctx.settings.receipts.case_after_s, Some(id), 1).await?;
        let Some((_, amount)) = late.first().copied() else { return Ok(false) };
        let payment_id = obligations::newest_cover(&tx, id).await?;
        let case = NewCase { payment_id, ..NewCase::new(CaseKind::WithoutReceipt, amount, id.to_string()) };
        let mut unit = Unit::new(Caller::system().actor(), now);
        unit.changes.cases_opened.push(case);
        unit::write(&tx, &unit).await?;
        tx.commit().await?;
        Ok(true)
    }
    .await;
    tx.close(outcome).await
}

fn unreadable(error: &dyn std::fmt::Display) -> StorageError {
    StorageError::Unreadable(error.to_string())
}

// ---------------------------------------------------------------- showing one

/// A receipt with all that is printed on it.
#[derive(Debug, Clone)]
pub struct Shown {
    pub stored: Stored,
    pub content: ::receipt::Content,
    pub url: String,
    /// What took its place.
    pub replaced_by: Option<::receipt::Named>,
}

/// The receipt of this address; none before it is signed.
pub async fn by_token(ctx: &Context, token: &str) -> Result<Option<Shown>, StorageError> {
    let db = ctx.pool.get().await?;
    let found = receipts::by_token(&db, token).await?;
    let Some(stored) = found.filter(|r| r.signed_at.is_some()) else { return Ok(None) };
    let before = named(&db, std::slice::from_ref(&stored)).await?;
    let by: Vec<ReceiptId> = stored.replaced_by.into_iter().collect();
    let replaced_by = receipts::by_ids(&db, &by).await?.first().map(name_of);
    let url = ctx.receipt_url(&stored.token);
    Ok(Some(Shown { content: content(&stored, &before), url, replaced_by, stored }))
}

/// The signed document of a receipt, word for word.
pub async fn document(ctx: &Context, id: ReceiptId) -> Result<Option<String>, StorageError> {
    receipts::document(&*ctx.pool.get().await?, id).await
}
