//! What came under the reference, as the page shows it: the three proofs of what is paid, and what is held or goes back.

use crate::language::{Language, Words};
use crate::load::Returned;
use crate::said::kind_of;
use crate::stage::Stage;
use crate::ways::channel_name;
use domain::Vnd;
use domain::bank_names as banks;
use domain::obligation::ObligationStatus;
use domain::payment::SuspenseReason;
use domain::reference::Reference;
use domain::refund::RefundStatus;
use jiff::Timestamp;
use payments::Context;
use payments::payer_page::{GivenBack, PayerPage, has_returned};
use payments::refund::wants_account;
use payments::view::{IntentView, Paid};
use provider::ChannelKind;
use std::collections::BTreeMap;
use storage::payer_page::{Told, Wish};

/// One party that says that it is paid.
pub(crate) struct Proof {
    pub who: String,
    /// A number that one may ask about there.
    pub code: Option<String>,
    /// The number of the bank behind it, where its provider told it.
    pub bank_no: Option<String>,
    pub says: Option<String>,
    pub when: String,
    pub is_there: bool,
}

pub(crate) struct Money {
    pub paid_at: Option<String>,
    pub amount: Option<String>,
    pub channel: Option<String>,
    pub transaction: Option<String>,
    pub bank_no: Option<String>,
    pub held: Option<String>,
    /// What becomes of it.
    pub next: Vec<String>,
    /// Asks where it shall go back to.
    pub account: Option<AccountForm>,
}

pub(crate) struct AccountForm {
    pub url: String,
    pub payment: String,
    /// One was told before, and may be told otherwise.
    pub again: bool,
    pub banks: &'static [(&'static str, &'static str)],
}

/// The transaction of who took the money, our reference, the dossier system's acknowledgement; none before all is paid. What
/// was paid by a bill or at a counter is under no reference of ours: its transaction or receipt is what its payer was given. What
/// came under another request's reference is shown with that one.
pub(crate) fn proofs(ctx: &Context, language: Language, loaded: &PayerPage, stage: Stage) -> Vec<Proof> {
    let is_elsewhere = matches!(stage, Stage::PaidElsewhere { .. });
    let view = &loaded.view;
    if !(stage.is_paid() || is_elsewhere) || is_given_back(view) {
        return Vec::new();
    }
    let came = view.payments.iter().chain(&loaded.under_others);
    let settling: Vec<&Paid> = came.filter(|paid| settled(view, paid).is_positive()).collect();
    // waived, or not owed any more: there is nothing to prove
    if is_elsewhere && settling.is_empty() {
        return Vec::new();
    }
    let mut proofs: Vec<Proof> = settling
        .iter()
        .map(|paid| Proof {
            who: whose_transaction(ctx, language, paid.shown.payment.channel.as_str()),
            code: Some(paid.shown.payment.identity.transaction().to_owned()),
            bank_no: loaded.bank_numbers.get(&paid.shown.payment.id).cloned(),
            says: Some(how_much(ctx, language, loaded, paid)),
            when: language.instant(paid.shown.payment.paid_at),
            is_there: true,
        })
        .collect();
    proofs.extend(of_references(language, view, &settling));
    proofs.extend(of_dossier_system(language, loaded));
    proofs
}

/// By which channel, and how much: the transaction's own sum, as its paper says. Where others' fees may be in it, their sum would
/// be told with it, so none is.
fn how_much(ctx: &Context, language: Language, loaded: &PayerPage, paid: &Paid) -> String {
    let (view, whole) = (&loaded.view, paid.shown.payment.amount);
    let channel = channel_name(ctx, language, paid.shown.payment.channel.as_str());
    let back: Vnd = refunds(loaded, paid).filter(|refund| refund.status.counts()).map(|refund| refund.amount).sum();
    let ours = settled(view, paid);
    match (ours == whole, is_own(view, paid) || ours + back == whole) {
        (true, _) => format!("{channel}: {whole}"),
        (false, true) => {
            format!("{channel}: {whole}, {}", language.words().of_which.replace("{amount}", &ours.to_string()))
        }
        (false, false) => channel,
    }
}

/// Under which references of ours it was paid, and when the last of it was recorded.
fn of_references(language: Language, view: &IntentView, settling: &[&Paid]) -> Vec<Proof> {
    let own = view.intent.reference.to_string();
    let mut recorded: BTreeMap<String, Timestamp> = BTreeMap::new();
    for paid in settling {
        let at = recorded
            .entry(paid.shown.reference.clone().unwrap_or_else(|| own.clone()))
            .or_insert(paid.shown.recorded_at);
        *at = paid.shown.recorded_at.max(*at);
    }
    if let Some(at) = view.intent.paid_at.filter(|_| recorded.is_empty()) {
        recorded.insert(own, at);
    }
    let proof = |(reference, at): (String, Timestamp)| Proof {
        who: language.words().proof_ours.to_owned(),
        code: Some(Reference::parse(&reference).map_or(reference, |known| known.spaced())),
        bank_no: None,
        says: None,
        when: language.instant(at),
        is_there: true,
    };
    recorded.into_iter().map(proof).collect()
}

/// A gateway's number is known to the gateway, and not to the bank behind it.
fn whose_transaction(ctx: &Context, language: Language, channel: &str) -> String {
    let (w, kind) = (language.words(), kind_of(ctx, Some(channel)));
    if kind == Some(ChannelKind::Gateway.as_str()) {
        return format!("{} {}", w.proof_at, channel_name(ctx, language, channel));
    }
    language.of(w.proof_theirs, kind)
}

/// None where no dossier system listens.
fn of_dossier_system(language: Language, loaded: &PayerPage) -> Option<Proof> {
    let w = language.words();
    let (says, at) = match loaded.told? {
        Told::Nobody => return None,
        Told::Awaited => (w.proof_awaited, None),
        Told::Acknowledged(at) => (w.proof_dossier_has, Some(at)),
    };
    Some(Proof {
        who: w.proof_dossier.to_owned(),
        code: None,
        bank_no: None,
        says: Some(says.to_owned()),
        when: at.map(|at| language.instant(at)).unwrap_or_default(),
        is_there: at.is_some(),
    })
}

/// What was received under the reference. Paid without any that is known: when and how.
pub(crate) fn money(ctx: &Context, language: Language, loaded: &PayerPage, stage: Stage) -> Vec<Money> {
    let (view, intent) = (&loaded.view, &loaded.view.intent);
    if view.payments.is_empty() && loaded.under_others.is_empty() && stage.is_paid() {
        return vec![Money {
            paid_at: intent.paid_at.map(|at| language.instant(at)),
            amount: None,
            channel: intent.paid_channel.as_deref().map(|code| channel_name(ctx, language, code)),
            transaction: None,
            bank_no: None,
            held: None,
            next: Vec::new(),
            account: None,
        }];
    }
    listed(loaded, stage).map(|paid| received(ctx, language, loaded, stage, paid)).collect()
}

/// What came and is shown with what becomes of it.
fn listed(loaded: &PayerPage, stage: Stage) -> impl Iterator<Item = &Paid> {
    let view = &loaded.view;
    let goes_back = |paid: &Paid| refunds(loaded, paid).any(|refund| refund.status.counts());
    let is_proof =
        move |paid: &Paid| stage.is_paid() && settled(view, paid) == paid.shown.payment.amount && !goes_back(paid);
    // what settles is among the proofs already
    let is_shown = move |paid: &Paid| is_own(view, paid) || goes_back(paid) || has_come_again(loaded, paid);
    let came = view.payments.iter().chain(&loaded.under_others);
    came.filter(move |paid| is_shown(paid) && !is_proof(paid) && !is_none(loaded, paid))
}

/// What is written over it: that it was too much only where all of it is money that waits and is not needed. What paid a fee once
/// and went back was needed.
pub(crate) fn title(w: &Words, loaded: &PayerPage, stage: Stage) -> &'static str {
    let view = &loaded.view;
    let is_spare = |paid: &Paid| held(view, paid).is_positive() && is_spare(view, paid);
    match stage {
        Stage::Paid => w.details,
        _ if is_all_taken_back(loaded) => w.details,
        Stage::PaidTwice | Stage::PaidElsewhere { .. } if listed(loaded, stage).all(is_spare) => w.spare,
        _ => w.received,
    }
}

fn received(ctx: &Context, language: Language, loaded: &PayerPage, stage: Stage, paid: &Paid) -> Money {
    let payment = &paid.shown.payment;
    let (view, held, wish) = (&loaded.view, held(&loaded.view, paid), wish(loaded, paid));
    let by_transfer = wants_account(ctx, payment);
    Money {
        paid_at: Some(language.instant(payment.paid_at)),
        amount: is_own(view, paid).then(|| payment.amount.to_string()),
        channel: Some(channel_name(ctx, language, payment.channel.as_str())),
        transaction: Some(payment.identity.transaction().to_owned()),
        bank_no: loaded.bank_numbers.get(&payment.id).cloned(),
        held: held.is_positive().then(|| held.to_string()),
        next: next(language, loaded, stage, (paid, by_transfer)),
        account: takes_account(ctx, view, paid).then(|| AccountForm {
            url: format!("/pay/{}/refund-account{}", view.intent.page_token, language.query(Returned::No)),
            payment: payment.id.to_string(),
            again: wish.is_some(),
            banks: banks::BANKS,
        }),
    }
}

fn next(language: Language, loaded: &PayerPage, stage: Stage, (paid, by_transfer): (&Paid, bool)) -> Vec<String> {
    let w = language.words();
    if let Some(day) = loaded.gone.taken_back.get(&paid.shown.payment.id) {
        return vec![format!("{} {}.", w.taken_back, language.day(*day))];
    }
    let back: Vec<String> =
        refunds(loaded, paid).filter(|refund| refund.status.counts()).map(|refund| how_far(language, refund)).collect();
    if !back.is_empty() {
        return back;
    }
    let Some(waits) = waits(w, &loaded.view, stage, (paid, by_transfer)) else { return Vec::new() };
    let kept = wish(loaded, paid).filter(|_| asks_whereto(&loaded.view, paid));
    vec![kept.map_or_else(|| waits.to_owned(), |wish| format!("{waits} {} {}.", w.account_kept, wish.ends_in))]
}

/// For what money is held.
fn waits(w: &Words, view: &IntentView, stage: Stage, (paid, by_transfer): (&Paid, bool)) -> Option<&'static str> {
    // the page of its request asks for the account
    if !is_own(view, paid) && has_returned(paid) {
        return Some(w.returned_provider);
    }
    if !held(view, paid).is_positive() {
        return None;
    }
    Some(match by_transfer {
        true if has_returned(paid) => w.returned_transfer,
        false if has_returned(paid) => w.returned_provider,
        _ if !waits_for_reference(paid) => w.held_checked,
        // no rest is asked for there
        _ if view.owed().is_positive() && matches!(stage, Stage::Cancelled { .. }) => w.held_decided,
        _ if view.amount_due.is_positive() => w.held_part,
        _ if view.owed().is_positive() => w.held_covers,
        true => w.held_transfer,
        false => w.held_provider,
    })
}

pub(crate) fn has_any_come_again(loaded: &PayerPage) -> bool {
    loaded.view.payments.iter().chain(&loaded.under_others).any(|paid| has_come_again(loaded, paid))
}

/// Whether of what it paid here something was given back and came again.
pub(crate) fn has_come_again(loaded: &PayerPage, paid: &Paid) -> bool {
    let is_ours = match is_own(&loaded.view, paid) {
        true => held(&loaded.view, paid).is_positive(),
        false => refunds(loaded, paid).any(|r| r.status == RefundStatus::Failed),
    };
    is_ours && has_returned(paid)
}

/// A refund, as far as it is known to be.
fn how_far(language: Language, refund: &GivenBack) -> String {
    let (w, amount) = (language.words(), refund.amount);
    let to = refund.ends_in.as_ref().map(|end| format!(", {} {end}", w.gone_back_to)).unwrap_or_default();
    match refund.status {
        RefundStatus::PendingApproval => format!("{}: {amount}{to}.", w.back_proposed),
        RefundStatus::Succeeded => {
            format!("{}: {amount}, {} {}{to}.", w.gone_back, w.gone_back_at, language.instant(refund.at))
        }
        _ => format!("{}: {amount}{to}.", w.going_back),
    }
}

/// How much of what came goes back.
pub(crate) struct Back {
    /// By one person; nothing is under way yet.
    pub proposed: Vnd,
    pub going: Vnd,
    pub gone: Vnd,
}

pub(crate) fn given_back(loaded: &PayerPage) -> Back {
    let sum = |is: fn(RefundStatus) -> bool| {
        loaded.gone.refunds.iter().filter(|refund| is(refund.status)).map(|refund| refund.amount).sum()
    };
    Back {
        proposed: sum(|status| status == RefundStatus::PendingApproval),
        going: sum(is_going_back),
        gone: sum(|status| status == RefundStatus::Succeeded),
    }
}

/// One that is proposed is not under way yet.
pub(crate) fn is_going_back(status: RefundStatus) -> bool {
    status.counts() && !matches!(status, RefundStatus::PendingApproval | RefundStatus::Succeeded)
}

fn refunds<'a>(loaded: &'a PayerPage, paid: &Paid) -> impl Iterator<Item = &'a GivenBack> {
    let id = paid.shown.payment.id;
    loaded.gone.refunds.iter().filter(move |refund| refund.payment_id == id)
}

/// Where its payer wants it back; what was told before a refund came back led to where it came from.
fn wish<'a>(loaded: &'a PayerPage, paid: &Paid) -> Option<&'a Wish> {
    let returned_at = refunds(loaded, paid).filter(|r| r.status == RefundStatus::Failed).map(|r| r.at).max();
    let is_later = |wish: &&Wish| returned_at.is_none_or(|at| at < wish.told_at);
    loaded.wishes.iter().find(|wish| wish.payment_id == paid.shown.payment.id).filter(is_later)
}

/// Found to be no payment of its own: nobody took it back, and it was told of elsewhere.
fn is_none(loaded: &PayerPage, paid: &Paid) -> bool {
    paid.shown.reversed.is_positive() && !is_taken_back(loaded, paid)
}

fn is_taken_back(loaded: &PayerPage, paid: &Paid) -> bool {
    loaded.gone.taken_back.contains_key(&paid.shown.payment.id)
}

/// Whether of all that came nothing is here any more.
fn is_all_taken_back(loaded: &PayerPage) -> bool {
    let mut listed = loaded.view.payments.iter().filter(|paid| !is_none(loaded, paid));
    listed.all(|paid| is_taken_back(loaded, paid))
}

/// Whether what was paid has gone back to its payer, or is on its way.
pub(crate) fn is_given_back(view: &IntentView) -> bool {
    use ObligationStatus::{Cancelled, Exempt, Refunded, Refunding};
    let has = |among: &[ObligationStatus]| view.obligations.iter().any(|o| among.contains(&o.status));
    has(&[Refunding, Refunded])
        && view.obligations.iter().all(|o| matches!(o.status, Refunding | Refunded | Exempt | Cancelled))
}

/// Whether it came under our reference. A bill's or a counter's money names no request, another request's names that one: both
/// may be for fees of others beside.
fn is_own(view: &IntentView, paid: &Paid) -> bool {
    paid.shown.payment.intent_id == Some(view.intent.id)
}

/// What of a payment under the reference settles nothing yet, and has not left past us.
pub(crate) fn held(view: &IntentView, paid: &Paid) -> Vnd {
    if !is_own(view, paid) {
        return Vnd::ZERO;
    }
    let waits = paid.parts.iter().filter(|part| part.suspense_reason.is_some()).map(|part| part.amount);
    waits.sum::<Vnd>().less(paid.shown.unexplained)
}

/// Whether what is held of it is not needed: nothing is due that it could pay.
fn is_spare(view: &IntentView, paid: &Paid) -> bool {
    waits_for_reference(paid) && !view.owed().is_positive()
}

/// Whether its payer is asked where it shall go: not until all of it is known to be too much, and on the page of its request,
/// which alone may say it (`payments::refund::tell_account`).
fn asks_whereto(view: &IntentView, paid: &Paid) -> bool {
    held(view, paid).is_positive() && (is_spare(view, paid) || has_returned(paid))
}

/// Whether its payer can say where it shall go: what is proposed stands.
fn takes_account(ctx: &Context, view: &IntentView, paid: &Paid) -> bool {
    asks_whereto(view, paid) && wants_account(ctx, &paid.shown.payment) && !paid.shown.refunding.is_positive()
}

/// Whether the page waits for its reader to say where money shall go.
pub(crate) fn is_account_awaited(ctx: &Context, loaded: &PayerPage) -> bool {
    let mut asked = loaded.view.payments.iter().filter(|paid| takes_account(ctx, &loaded.view, paid));
    asked.any(|paid| wish(loaded, paid).is_none())
}

/// Whether all that is held of it pays what is due as soon as it is enough.
fn waits_for_reference(paid: &Paid) -> bool {
    let waits = |reason: &str| reason.parse::<SuspenseReason>().is_ok_and(SuspenseReason::waits_for_reference);
    let mut held = paid.parts.iter().filter_map(|part| part.suspense_reason.as_deref()).peekable();
    held.peek().is_some() && held.all(waits)
}

/// Whether all money that is held is known not to be needed.
pub(crate) fn is_all_spare(view: &IntentView) -> bool {
    view.payments.iter().filter(|paid| held(view, paid).is_positive()).all(|paid| is_spare(view, paid))
}

/// What of it settles fees of this page.
fn settled(view: &IntentView, paid: &Paid) -> Vnd {
    let is_ours = |id| view.intent.obligation_ids.contains(&id);
    paid.parts.iter().filter(|part| part.obligation_id.is_some_and(is_ours)).map(|part| part.amount).sum()
}

/// Money that is held, whosever it is.
pub(crate) fn held_of(view: &IntentView) -> Vnd {
    view.payments.iter().map(|paid| held(view, paid)).sum()
}
