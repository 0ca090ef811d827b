//! What came under the reference, as the page shows it: the three proofs of what is paid, and what is held or goes back.

use crate::banks;
use crate::language::{Language, Words};
use crate::said::kind_of;
use crate::stage::Stage;
use crate::ways::channel_name;
use domain::Vnd;
use domain::payment::SuspenseReason;
use payments::Context;
use payments::payer_page::PayerPage;
use payments::refund::wants_account;
use payments::view::{IntentView, Paid};

/// One party that says that it is paid.
pub(crate) struct Proof {
    pub who: String,
    /// A number that one may ask about there.
    pub code: Option<String>,
    pub says: Option<String>,
    pub when: String,
    pub is_there: bool,
}

pub(crate) struct Money {
    pub paid_at: Option<String>,
    pub amount: Option<String>,
    pub channel: Option<String>,
    pub transaction: Option<String>,
    pub held: Option<String>,
    /// What becomes of it.
    pub next: Option<String>,
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
/// was paid by a bill or at a counter is under no reference of ours: its transaction or receipt is what its payer was given.
pub(crate) fn proofs(ctx: &Context, language: Language, loaded: &PayerPage, stage: Stage) -> Vec<Proof> {
    let is_elsewhere = matches!(stage, Stage::PaidElsewhere { .. });
    if !stage.is_paid() && !is_elsewhere {
        return Vec::new();
    }
    let (w, view) = (language.words(), &loaded.view);
    let settling = view.payments.iter().filter(|paid| settled(view, paid).is_positive());
    // waived, or not owed any more: there is nothing to prove
    if is_elsewhere && settling.clone().next().is_none() {
        return Vec::new();
    }
    let mut proofs: Vec<Proof> = settling
        .clone()
        .map(|paid| Proof {
            who: language.of(w.proof_theirs, kind_of(ctx, Some(paid.shown.payment.channel.as_str()))),
            code: Some(paid.shown.payment.identity.transaction().to_owned()),
            says: Some(format!(
                "{}: {}",
                channel_name(ctx, language, paid.shown.payment.channel.as_str()),
                settled(view, paid)
            )),
            when: language.instant(paid.shown.payment.paid_at),
            is_there: true,
        })
        .collect();
    let recorded_at = settling.map(|paid| paid.shown.recorded_at).max().or(view.intent.paid_at);
    proofs.push(Proof {
        who: w.proof_ours.to_owned(),
        code: Some(view.intent.reference.spaced()),
        says: None,
        when: recorded_at.map(|at| language.instant(at)).unwrap_or_default(),
        is_there: true,
    });
    proofs.push(Proof {
        who: w.proof_dossier.to_owned(),
        code: None,
        says: Some(if loaded.acknowledged.is_some() { w.proof_dossier_has } else { w.proof_awaited }.to_owned()),
        when: loaded.acknowledged.map(|at| language.instant(at)).unwrap_or_default(),
        is_there: loaded.acknowledged.is_some(),
    });
    proofs
}

/// What was received under the reference. Paid without any (at a counter, under another reference): when and how.
pub(crate) fn money(ctx: &Context, language: Language, loaded: &PayerPage, stage: Stage) -> Vec<Money> {
    let (view, intent) = (&loaded.view, &loaded.view.intent);
    if view.payments.is_empty() && stage.is_paid() {
        return vec![Money {
            paid_at: intent.paid_at.map(|at| language.instant(at)),
            amount: None,
            channel: intent.paid_channel.as_deref().map(|code| channel_name(ctx, language, code)),
            transaction: None,
            held: None,
            next: None,
            account: None,
        }];
    }
    let is_proof = |paid: &Paid| stage.is_paid() && settled(view, paid) == paid.shown.payment.amount;
    // what settles is among the proofs already
    let shown = view.payments.iter().filter(|paid| is_under_reference(paid) && !is_proof(paid));
    shown.map(|paid| received(ctx, language, loaded, paid)).collect()
}

fn received(ctx: &Context, language: Language, loaded: &PayerPage, paid: &Paid) -> Money {
    let payment = &paid.shown.payment;
    let (w, view, held) = (language.words(), &loaded.view, held(paid));
    let wish = loaded.wishes.iter().find(|wish| wish.payment_id == payment.id);
    // until all of it is known to be too much, nobody is asked where it shall go
    let spare = is_spare(view, paid);
    let by_transfer = wants_account(ctx, payment);
    Money {
        paid_at: Some(language.instant(payment.paid_at)),
        amount: Some(payment.amount.to_string()),
        channel: Some(channel_name(ctx, language, payment.channel.as_str())),
        transaction: Some(payment.identity.transaction().to_owned()),
        held: held.is_positive().then(|| held.to_string()),
        next: next(w, view, paid, by_transfer, wish.map(|wish| wish.ends_in.as_str())),
        // what is proposed stands
        account: (spare && by_transfer && !paid.shown.refunding.is_positive()).then(|| AccountForm {
            url: format!("/pay/{}/refund-account{}", view.intent.page_token, language.query(false)),
            payment: payment.id.to_string(),
            again: wish.is_some(),
            banks: banks::BANKS,
        }),
    }
}

fn next(w: &Words, view: &IntentView, paid: &Paid, by_transfer: bool, ends_in: Option<&str>) -> Option<String> {
    let back = paid.shown.refunding;
    if back.is_positive() {
        return Some(format!("{}: {back}", w.going_back));
    }
    if !held(paid).is_positive() {
        return None;
    }
    if !waits_for_reference(paid) {
        return Some(w.held_checked.to_owned());
    }
    if view.owed().is_positive() {
        return Some(if view.amount_due.is_positive() { w.held_part } else { w.held_covers }.to_owned());
    }
    let how = if by_transfer { w.held_transfer } else { w.held_provider };
    Some(ends_in.map_or_else(|| how.to_owned(), |ends_in| format!("{how} {} {ends_in}.", w.account_kept)))
}

/// A bill's or a counter's money names no payment of ours, and may be for fees of others beside.
fn is_under_reference(paid: &Paid) -> bool {
    paid.shown.reference.is_some()
}

/// What of a payment under the reference settles nothing yet.
pub(crate) fn held(paid: &Paid) -> Vnd {
    if !is_under_reference(paid) {
        return Vnd::ZERO;
    }
    paid.parts.iter().filter(|part| part.suspense_reason.is_some()).map(|part| part.amount).sum()
}

/// Whether what is held of it is not needed: nothing is due that it could pay.
fn is_spare(view: &IntentView, paid: &Paid) -> bool {
    waits_for_reference(paid) && !view.owed().is_positive()
}

/// Whether all that is held of it pays what is due as soon as it is enough.
fn waits_for_reference(paid: &Paid) -> bool {
    let waits = |reason: &str| reason.parse::<SuspenseReason>().is_ok_and(SuspenseReason::waits_for_reference);
    let mut held = paid.parts.iter().filter_map(|part| part.suspense_reason.as_deref()).peekable();
    held.peek().is_some() && held.all(waits)
}

/// Whether all money that is held is known not to be needed.
pub(crate) fn is_all_spare(view: &IntentView) -> bool {
    view.payments.iter().filter(|paid| held(paid).is_positive()).all(|paid| is_spare(view, paid))
}

/// What of it settles fees of this page.
fn settled(view: &IntentView, paid: &Paid) -> Vnd {
    let is_ours = |id| view.intent.obligation_ids.contains(&id);
    paid.parts.iter().filter(|part| part.obligation_id.is_some_and(is_ours)).map(|part| part.amount).sum()
}

/// Money that is held, whosever it is.
pub(crate) fn held_of(view: &IntentView) -> Vnd {
    view.payments.iter().map(held).sum()
}
