//! What was parked for a person is driven again: a report is verified anew as it came and taken like any other, a delivery
//! or a mail that was given up goes out again, a refund of which nobody knows the end is asked about at once. A report that still cannot
//! be read stays parked. Taking it and closing its case are two commits: between them it is known, and driving it once more only
//! closes the case.

use crate::administer::{self, AdminError, By, Kept as Keeping, Made};
use crate::context::{Caller, Context};
use crate::receive_account_report::{self, Told, Way};
use crate::receive_report::{self, ReportError, Sighted};
use crate::reply::Reply;
use domain::cause::Cause;
use domain::changes::step;
use domain::codes::ProfileCode;
use domain::payment::SightingState;
use domain::refund::RefundStatus;
use domain::{EventId, MailId, NotAnId, RefundId, SightingId};
use provider::{Provider, Refusal, Request};
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use storage::idempotency;
use storage::parked::{self, Kept};
use storage::unit::Unit;
use storage::{Pool, StorageError, Tx, receipt_mail, refunds, sightings, unit};

#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    #[error(transparent)]
    Admin(#[from] AdminError),
    #[error(transparent)]
    Report(#[from] ReportError),
    /// And why.
    #[error("it stays parked: {0}")]
    Stays(String),
}

impl From<StorageError> for DriveError {
    fn from(e: StorageError) -> Self {
        Self::Admin(e.into())
    }
}

/// What a call came with beside its payload.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Call {
    method: String,
    /// Of a call whose payload is its body.
    query: String,
    headers: Vec<(String, String)>,
    /// Who tells of an account.
    teller: Option<String>,
}

/// A call as it comes in.
#[derive(Debug, Clone, Copy)]
pub struct Calling<'a> {
    pub request: &'a Request<'a>,
    /// Who tells of an account.
    pub teller: Option<&'a str>,
}

impl Call {
    pub fn of(Calling { request, teller }: Calling<'_>) -> Self {
        let query = if request.method == "GET" { "" } else { request.query };
        Self {
            method: request.method.to_owned(),
            query: query.to_owned(),
            headers: request.headers.to_vec(),
            teller: teller.map(str::to_owned),
        }
    }

    fn request<'a>(&'a self, raw: &'a [u8]) -> Option<Request<'a>> {
        let get = self.method == "GET";
        let query = if get { std::str::from_utf8(raw).ok()? } else { &self.query };
        Some(Request { method: &self.method, query, headers: &self.headers, body: if get { &[] } else { raw } })
    }
}

/// Which thing, by the kind of its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    Report(SightingId),
    /// Wherever it was given up.
    Deliveries(EventId),
    Refund(RefundId),
    /// What a payer was to be told of a receipt.
    Mail(MailId),
}

impl FromStr for Which {
    type Err = NotAnId;
    fn from_str(id: &str) -> Result<Self, NotAnId> {
        let report = || id.parse().map(Self::Report);
        let deliveries = || id.parse().map(Self::Deliveries);
        let refund = || id.parse().map(Self::Refund);
        report().or_else(|_| deliveries()).or_else(|_| refund()).or_else(|_| id.parse().map(Self::Mail))
    }
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Driven {
    pub id: String,
    /// Deliveries that go out again; 0 for anything else.
    pub deliveries: u64,
}

/// Drives one thing for a request with a key.
///
/// # Errors
/// When it is not parked, or stays so.
pub async fn answer(
    ctx: &Context,
    by: &By,
    which: Which,
    request: &idempotency::Request,
    render: impl Fn(&Driven) -> (u16, String),
) -> Result<Reply, DriveError> {
    by.of_all()?;
    // answered before: what it did is done, and there is nothing parked to look at
    if let Some(reply) = administer::earlier(ctx, request).await? {
        return Ok(reply);
    }
    take(ctx, by, which).await?;
    let work = async |tx: &Tx| finish(tx, by, which).await;
    let reply = administer::answered(ctx, by, request, Keeping::Plain, render, work).await?;
    ctx.wake.notify_one();
    Ok(reply)
}

/// The same from the command line.
///
/// # Errors
/// When it is not parked, or stays so.
pub async fn drive(ctx: &Context, by: &By, which: Which) -> Result<Driven, DriveError> {
    take(ctx, by, which).await?;
    Ok(administer::once(&ctx.pool, by, async |tx: &Tx| finish(tx, by, which).await).await?)
}

/// Sends an event again wherever it was given up.
///
/// # Errors
/// When it was not.
pub async fn send_again(pool: &Pool, by: &By, event: EventId) -> Result<Driven, AdminError> {
    administer::once(pool, by, async |tx: &Tx| finish(tx, by, Which::Deliveries(event)).await).await
}

/// A report is taken as if it came now; verified as of when it came, since some signatures are of a time.
async fn take(ctx: &Context, by: &By, which: Which) -> Result<(), DriveError> {
    let db = ctx.pool.get().await?;
    let kept = match which {
        Which::Deliveries(event) if parked::is_unheard(&db, event).await? => {
            return Err(DriveError::Stays("its endpoint was removed".to_owned()));
        }
        Which::Deliveries(_) | Which::Refund(_) | Which::Mail(_) => return Ok(()),
        Which::Report(id) => parked::kept(&db, &ctx.vault, id).await?.ok_or(AdminError::Absent)?,
    };
    drop(db);
    let gone = || DriveError::Stays(format!("no contract {} of {}", kept.profile, kept.channel));
    let profile = ProfileCode::new(kept.profile.as_str()).map_err(|_| gone())?;
    let provider = ctx.providers.by_profile(&profile).ok_or_else(gone)?;
    let call = call_of(&kept, &provider)?;
    let unusable = || DriveError::Stays("its payload is no call".to_owned());
    let request = call.request(&kept.raw).ok_or_else(unusable)?;
    let caller = Caller { request_id: by.request_id.clone(), ..Caller::system() };
    match &call.teller {
        Some(teller) => take_rows(ctx, by, (&provider, teller), &kept, &request, &caller).await,
        None => take_report(ctx, by, &provider, &request, &caller).await,
    }
}

fn call_of(kept: &Kept, provider: &Provider) -> Result<Call, DriveError> {
    if let Some(call) = &kept.call {
        return serde_json::from_slice(call).map_err(|_| StorageError::Unreadable("a parked call".to_owned()).into());
    }
    // parked before calls were kept: one whose signature is in its query is whole all the same
    let alone = provider.webhook.as_ref().is_some_and(|webhook| webhook.method() == "GET");
    if alone {
        return Ok(Call { method: "GET".to_owned(), query: String::new(), headers: Vec::new(), teller: None });
    }
    Err(DriveError::Stays("only its payload was kept, and its signature is not in it".to_owned()))
}

fn stays(refusal: Refusal) -> DriveError {
    DriveError::Stays(refusal.to_string())
}

async fn take_report(
    ctx: &Context,
    by: &By,
    provider: &Provider,
    request: &Request<'_>,
    caller: &Caller,
) -> Result<(), DriveError> {
    let webhook =
        provider.webhook.as_ref().ok_or_else(|| DriveError::Stays("the contract takes no calls".to_owned()))?;
    let report = webhook.verify(request).map_err(stays)?;
    let (channel, profile) = (&provider.channel, &provider.profile);
    let (source, evidence) = (format!("webhook:{channel}"), request.evidence());
    let sighted = Sighted { source, channel, profile, report: &report, evidence, now: by.now };
    receive_report::receive(ctx, &sighted, caller).await?;
    Ok(())
}

async fn take_rows(
    ctx: &Context,
    by: &By,
    (provider, teller): (&Provider, &str),
    kept: &Kept,
    request: &Request<'_>,
    caller: &Caller,
) -> Result<(), DriveError> {
    let named = provider.account_webhooks.iter().find(|w| w.teller() == teller);
    let webhook = named.ok_or_else(|| DriveError::Stays(format!("the contract has no teller {teller}")))?;
    let rows = webhook.verify(request, kept.received_at).map_err(stays)?;
    let told =
        |report| Told { way: Way::Webhook, provider, report, evidence: request.evidence(), call: None, now: by.now };
    for report in &rows {
        if let Some(reason) = receive_account_report::why_parked(ctx, &told(report)).await? {
            return Err(DriveError::Stays(reason.to_owned()));
        }
    }
    for report in &rows {
        receive_account_report::receive(ctx, &told(report), caller).await?;
    }
    Ok(())
}

async fn finish(tx: &Tx, by: &By, which: Which) -> Result<Made<Driven>, AdminError> {
    by.of_all()?;
    match which {
        Which::Report(id) => {
            let case = parked::case(tx, id).await?.ok_or(AdminError::Absent)?;
            let closed = step(case.id, case.version, case.status, Cause::Explained);
            let mut unit = Unit::new(by.actor.clone(), by.now);
            unit.changes.cases_closed.push(closed.map_err(|e| StorageError::Unreadable(e.to_string()))?.0);
            unit::write(tx, &unit).await?;
            sightings::outcome(tx, id, SightingState::Applied, None).await?;
            let driven = Driven { id: id.to_string(), deliveries: 0 };
            Ok(Made::of(driven, "parked_report_driven", id))
        }
        Which::Deliveries(event) => {
            let deliveries = parked::send_again(tx, event).await?;
            if deliveries == 0 {
                return Err(AdminError::Absent);
            }
            Ok(Made::of(Driven { id: event.to_string(), deliveries }, "parked_deliveries_driven", event))
        }
        Which::Refund(id) => {
            let stored = refunds::by_id(tx, id).await?.ok_or(AdminError::Absent)?;
            if !matches!(stored.state.status, RefundStatus::Submitted | RefundStatus::Unknown) {
                return Err(AdminError::Absent);
            }
            refunds::watch(tx, id, by.now).await?;
            Ok(Made::of(Driven { id: id.to_string(), deliveries: 0 }, "parked_refund_driven", id))
        }
        Which::Mail(id) => {
            if !receipt_mail::send_again(tx, id).await? {
                return Err(AdminError::Absent);
            }
            Ok(Made::of(Driven { id: id.to_string(), deliveries: 0 }, "parked_mail_driven", id))
        }
    }
}
