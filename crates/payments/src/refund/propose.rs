//! Proposing a refund. What it rests on is looked at under lock, and looked at again when it is approved.

use super::{KIND, RefundError, of_case, subject, wish};
use crate::context::{Caller, Context};
use crate::match_movements;
use crate::move_money;
use crate::proposal::reaches;
use crate::reply::{Repeat, Reply, repeat_of};
use crate::retry::retrying;
use domain::allocation::Home;
use domain::approval::ApprovalKind;
use domain::cause::Cause;
use domain::changes::Changes;
use domain::moving::Part;
use domain::obligation::ObligationStatus;
use domain::payment::{Identity, SuspenseReason};
use domain::principal::Who;
use domain::reference::Reference;
use domain::refund::{Closing, RefundLine, RefundStatus, check_lines};
use domain::transition::Entity;
use domain::{ApprovalId, CaseId, ClientId, PaymentId, RefundId, Vnd};
use futures_util::join;
use jiff::Timestamp;
use rand::Rng;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use storage::approvals::{self, NewApproval};
use storage::ids::mint;
use storage::refunds::{self, NewRefund, Route, Stored};
use storage::unit::{Audit, Birth, Unit};
use storage::{Tx, idempotency, intents, payments, receiving_accounts, unit};

/// Where a transfer goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayerAccount {
    /// Six digits (NAPAS).
    pub bank_bin: String,
    pub account_number: String,
    pub account_name: String,
}

/// How long numbers of accounts and cards are that NAPAS transfers to: at most 19 characters (NAPAS 38-01-01, as of VietQR); no bank is
/// known to have one of fewer than six.
const NUMBER: RangeInclusive<usize> = 6..=19;

impl PayerAccount {
    /// Whether a transfer may go to it, whoever writes it.
    pub fn is_number(text: &str) -> bool {
        NUMBER.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
    }
}

#[derive(Debug, Clone)]
pub struct Proposal {
    pub payment: PaymentId,
    /// The case that it resolves: then `lines` is empty, and all that waits under it goes back.
    pub case: Option<CaseId>,
    pub lines: Vec<RefundLine>,
    pub closing: Closing,
    pub reason_code: String,
    pub note: String,
    /// What the caller believes may be refunded.
    pub refundable: Vnd,
    pub payer_account: Option<PayerAccount>,
    /// Whose money the person sees; None: all, and a client, which asks for its own.
    pub beneficiaries: Option<Vec<String>>,
    pub caller: Caller,
    pub now: Timestamp,
}

/// Keeps the proposal; `render` gives the answer from the refund and its approval.
#[tracing::instrument(skip_all, fields(payment = %proposal.payment))]
pub async fn propose(
    ctx: &Context,
    proposal: &Proposal,
    key: &idempotency::Request,
    render: &(dyn Fn(&Stored, ApprovalId) -> String + Send + Sync),
) -> Result<Reply, RefundError> {
    retrying(|| propose_once(ctx, proposal, key, render)).await
}

async fn propose_once(
    ctx: &Context,
    p: &Proposal,
    key: &idempotency::Request,
    render: &(dyn Fn(&Stored, ApprovalId) -> String + Send + Sync),
) -> Result<Reply, RefundError> {
    let tx = ctx.pool.tx().await?;
    let outcome = proposed(ctx, &tx, p, key, render).await;
    tx.close(outcome).await
}

async fn proposed(
    ctx: &Context,
    tx: &Tx,
    p: &Proposal,
    key: &idempotency::Request,
    render: &(dyn Fn(&Stored, ApprovalId) -> String + Send + Sync),
) -> Result<Reply, RefundError> {
    let (begun, earlier) = join!(tx.begin(), idempotency::claim(tx, key));
    begun?;
    if let Some(Repeat::Answered(reply)) = earlier?.map(repeat_of).transpose()? {
        return Ok(reply);
    }
    let (stored, approval) = put(ctx, tx, p).await?;
    let body = render(&stored, approval);
    idempotency::keep(tx, key, &stored.state.id.to_string(), Some((201, &body)), None).await?;
    tx.commit().await?;
    tracing::info!(refund = %stored.state.id, amount = stored.state.amount().dong(), "refund proposed");
    Ok(Reply::fresh(201, body))
}

/// Puts the proposal forward; whoever asks commits.
pub(crate) async fn put(ctx: &Context, tx: &Tx, p: &Proposal) -> Result<(Stored, ApprovalId), RefundError> {
    let locked = move_money::lock(tx, p.payment, &[], p.now).await?.ok_or(RefundError::Absent)?;
    let own: Vec<Part> = locked.scene.parts.iter().filter(|part| part.payment_id == p.payment).copied().collect();
    let (p, resolution) = &with_lines(p, &locked)?;
    must_be_theirs(tx, p, &locked).await?;
    let concerned = concerned(tx, p, &locked).await?;
    if !reaches(p.beneficiaries.as_deref(), &concerned) {
        return Err(RefundError::NotOfAll);
    }
    let earlier = refunds::of_payment(tx, p.payment).await?;
    let gone = refunds::unexplained(tx, p.payment).await?;
    let refundable = refundable(&own, &earlier, gone);
    if p.refundable != refundable {
        return Err(RefundError::RefundableMismatch(refundable));
    }
    check_lines(&p.lines, &own, refundable, gone)?;
    check_lines(&p.lines, &unproposed(&own, &earlier), refundable, gone).map_err(|_| RefundError::Pending)?;
    let unpaid = |line: &RefundLine| {
        let obligation = locked.obligations.iter().find(|o| Some(o.id) == line.obligation_id);
        obligation.is_some_and(|o| o.status != ObligationStatus::Paid)
    };
    if p.lines.iter().any(unpaid) {
        return Err(RefundError::NotPaid);
    }
    let route = route_of(ctx, &locked.payment.identity);
    must_be_proven(tx, p, &locked, &own, route).await?;
    let payer_account = match &p.payer_account {
        None if route == Route::Transfer => wish::told_account(ctx, tx, p.payment).await?,
        named => named.clone(),
    };
    if route == Route::Transfer && payer_account.is_none() {
        return Err(RefundError::NoPayerAccount);
    }
    if let Some(payer) = &payer_account
        && is_ours(ctx, tx, payer).await?
    {
        return Err(RefundError::OwnAccount);
    }

    let id: RefundId = mint(p.now);
    let approval: ApprovalId = mint(p.now);
    let new = new_refund(ctx, p, (id, route), payer_account.as_ref())?;
    let mut unit = Unit::new(p.caller.actor(), p.now);
    unit.changes = resolution.clone();
    unit.births.push(Birth {
        entity: Entity::Refund,
        id: id.uuid(),
        status: RefundStatus::PendingApproval.as_str(),
        cause: Cause::Proposed,
    });
    unit.audit.push(Audit {
        action: "refund_proposed",
        subject: id.to_string(),
        request_id: p.caller.request_id.clone(),
    });
    refunds::insert(tx, &new).await?;
    let wanted = NewApproval {
        id: approval,
        kind: KIND,
        subject: subject(id),
        beneficiaries: concerned,
        payload: serde_json::json!({
            "payment_id": p.payment, of_case::CASE: p.case, "amount": sum(&p.lines), "then": p.closing.as_str(),
            "lines": shown(tx, p, &locked).await?,
        }),
        note: p.note.clone(),
        proposer: p.caller.actor(),
        at: p.now,
    };
    debug_assert_eq!(wanted.kind, ApprovalKind::Refund);
    approvals::insert(tx, &wanted).await?;
    unit::write(tx, &unit).await?;
    let stored = refunds::by_id(tx, id).await?.ok_or(RefundError::Absent)?;
    Ok((stored, approval))
}

/// What is proposed with its lines, and what becomes of the case that it resolves.
fn with_lines(p: &Proposal, locked: &move_money::Locked) -> Result<(Proposal, Changes), RefundError> {
    let Some(case) = p.case else { return Ok((p.clone(), Changes::default())) };
    let (line, changes) = of_case::resolved(locked, case)?;
    Ok((Proposal { lines: vec![line], ..p.clone() }, changes))
}

/// A client asks for what was paid for its own obligations, and for what waits under its own intent. What is another's is
/// absent for it, whatever else of the payment is its own.
async fn must_be_theirs(tx: &Tx, p: &Proposal, locked: &move_money::Locked) -> Result<(), RefundError> {
    let Who::Client(client) = p.caller.who else { return Ok(()) };
    let owner = owner(tx, locked).await?;
    let is_theirs = |line: &RefundLine| match line.obligation_id {
        Some(id) => locked.obligations.iter().any(|o| o.id == id && o.client_id == client),
        None => owner == Some(client),
    };
    if p.lines.iter().all(is_theirs) { Ok(()) } else { Err(RefundError::Absent) }
}

/// Whose intent the payment named.
async fn owner(tx: &Tx, locked: &move_money::Locked) -> Result<Option<ClientId>, RefundError> {
    let Some(id) = locked.payment.intent_id else { return Ok(None) };
    Ok(intents::by_id(tx, None, id).await?.map(|intent| intent.client_id))
}

/// The lines as who decides sees them: what was paid, whose it is, and for whom it was collected.
async fn shown(tx: &Tx, p: &Proposal, locked: &move_money::Locked) -> Result<Vec<serde_json::Value>, RefundError> {
    let owner = owner(tx, locked).await?;
    let line = |line: &RefundLine| {
        let paid = locked.obligations.iter().find(|o| Some(o.id) == line.obligation_id);
        serde_json::json!({
            "obligation_id": line.obligation_id,
            "amount": line.amount,
            "client_id": paid.map_or(owner, |o| Some(o.client_id)),
            "beneficiary_code": paid.map(|o| o.terms.beneficiary_code.as_str()),
            "dossier_code": paid.and_then(|o| o.terms.dossier_code.as_ref()).map(ToString::to_string),
        })
    };
    Ok(p.lines.iter().map(line).collect())
}

fn sum(lines: &[RefundLine]) -> Vnd {
    lines.iter().map(|l| l.amount).sum()
}

/// Amount − reversed − every refund that is not over: what has a home that is no refund, less what was only proposed.
/// What has left past us is not there to be given back either.
fn refundable(own: &[Part], earlier: &[Stored], unexplained: Vnd) -> Vnd {
    let proposed: Vnd =
        earlier.iter().filter(|r| r.state.status == RefundStatus::PendingApproval).map(|r| r.state.amount()).sum();
    at_home(own).less(proposed).less(unexplained)
}

/// What no other proposal names: of two for the same money the second could never be approved.
fn unproposed(own: &[Part], earlier: &[Stored]) -> Vec<Part> {
    let pending = earlier.iter().filter(|r| r.state.status == RefundStatus::PendingApproval);
    let lines: Vec<RefundLine> = pending.flat_map(|r| r.state.lines.iter().copied()).collect();
    let mut held: Vnd = lines.iter().filter(|l| l.obligation_id.is_none()).map(|l| l.amount).sum();
    let mut free = Vec::new();
    for part in own {
        let taken = match part.home {
            Home::Obligation(id) if lines.iter().any(|l| l.obligation_id == Some(id)) => part.amount,
            Home::Suspense(_) => part.amount.min(held),
            _ => Vnd::ZERO,
        };
        if let Home::Suspense(_) = part.home {
            held = held.less(taken);
        }
        free.push(Part { amount: part.amount.less(taken), ..*part });
    }
    free
}

/// What of a payment's money is no refund's, and was not given up.
pub(super) fn at_home(own: &[Part]) -> Vnd {
    own.iter().filter(|p| !matches!(p.home, Home::Refund(_) | Home::WrittenOff)).map(|p| p.amount).sum()
}

pub(super) fn route_of(ctx: &Context, identity: &Identity) -> Route {
    let provider = identity.profile().and_then(|profile| ctx.providers.by_profile(profile));
    if provider.is_some_and(|p| p.refunds.is_some()) { Route::Provider } else { Route::Transfer }
}

/// Whether it is an account that we collect on, or a virtual number of one: the transfer would come to us once more.
async fn is_ours(ctx: &Context, tx: &Tx, payer: &PayerAccount) -> Result<bool, storage::StorageError> {
    let ours = receiving_accounts::at_bank(tx, &payer.bank_bin).await?;
    if ours.is_empty() {
        return Ok(false);
    }
    let number = payer.account_number.to_ascii_uppercase();
    let is_virtual = |prefix: String| number.starts_with(&prefix.to_ascii_uppercase());
    let has_own = ours.iter().any(|account| account.account_number.to_ascii_uppercase() == number);
    Ok(has_own || ctx.providers.iter().filter_map(|p| p.virtual_accounts.clone()).any(is_virtual))
}

/// Nothing goes back as a duplicate before both credits are proven, nothing by transfer before its own is, and before it is known
/// that it is not the money of another payment.
async fn must_be_proven(
    tx: &Tx,
    p: &Proposal,
    locked: &move_money::Locked,
    own: &[Part],
    route: Route,
) -> Result<(), RefundError> {
    let from_suspense = p.lines.iter().any(|l| l.obligation_id.is_none());
    let is_duplicate = own.iter().any(|part| part.home == Home::Suspense(SuspenseReason::Duplicate));
    let mut needed = BTreeSet::new();
    if route == Route::Transfer {
        needed.insert(p.payment);
    }
    if from_suspense && is_duplicate {
        needed.extend(doubled(locked));
    }
    let is_proven = are_proven(tx, &needed).await? && !may_be_anothers(tx, p.payment, route).await?;
    if is_proven { Ok(()) } else { Err(RefundError::NotProven) }
}

/// Whether what would go back by transfer may be the money of another payment.
pub(super) async fn may_be_anothers(tx: &Tx, payment: PaymentId, route: Route) -> Result<bool, storage::StorageError> {
    Ok(route == Route::Transfer && match_movements::may_be_anothers(tx, payment).await?)
}

/// A payment that waits as a duplicate, and those that pay what it was to pay.
pub(crate) fn doubled(locked: &move_money::Locked) -> BTreeSet<PaymentId> {
    let covers = locked.scene.parts.iter().filter(|part| matches!(part.home, Home::Obligation(_)));
    covers.map(|part| part.payment_id).chain([locked.payment.id]).collect()
}

/// Whether a statement or a settlement file shows each of these.
pub(crate) async fn are_proven(tx: &Tx, payments: &BTreeSet<PaymentId>) -> Result<bool, storage::StorageError> {
    let payments: Vec<PaymentId> = payments.iter().copied().collect();
    Ok(refunds::proven(tx, &payments).await?.iter().all(|(_, proven)| *proven))
}

fn new_refund(
    ctx: &Context,
    p: &Proposal,
    (id, route): (RefundId, Route),
    payer_account: Option<&PayerAccount>,
) -> Result<NewRefund, RefundError> {
    let sealed = match payer_account {
        Some(account) => {
            let json = serde_json::to_vec(account).map_err(|e| storage::StorageError::Unreadable(e.to_string()))?;
            Some(ctx.vault.seal(id.uuid().as_bytes(), &json)?)
        }
        None => None,
    };
    let mut random = rand::rng();
    Ok(NewRefund {
        id,
        payment_id: p.payment,
        closing: p.closing,
        lines: p.lines.clone(),
        reason_code: p.reason_code.clone(),
        note: p.note.clone(),
        route,
        provider_request_id: id.uuid().simple().to_string(),
        reference: Reference::mint(ctx.mode, || random.next_u32()).to_string(),
        payer_account_sealed: sealed,
        proposed_by: p.caller.actor(),
        at: p.now,
    })
}

/// Whose money it is: of the obligations, and of what waits whom its payment concerns.
async fn concerned(tx: &Tx, p: &Proposal, locked: &move_money::Locked) -> Result<Vec<String>, RefundError> {
    let mut codes: BTreeSet<String> = locked.obligations.iter().map(|o| o.terms.beneficiary_code.to_string()).collect();
    if codes.is_empty() || p.lines.iter().any(|line| line.obligation_id.is_none()) {
        codes.extend(payments::beneficiaries(tx, p.payment).await?);
    }
    Ok(codes.into_iter().collect())
}

/// Opens the account that a transfer goes to, for who makes it.
pub fn payer_account(ctx: &Context, refund: &Stored) -> Result<Option<PayerAccount>, RefundError> {
    let Some(sealed) = &refund.payer_account_sealed else { return Ok(None) };
    let plain = ctx.vault.open(refund.state.id.uuid().as_bytes(), sealed)?;
    let account = serde_json::from_slice(&plain).map_err(|e| storage::StorageError::Unreadable(e.to_string()))?;
    Ok(Some(account))
}
