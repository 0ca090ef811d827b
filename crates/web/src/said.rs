//! Which sentences a stage has: its heading, what is said beside it, and who it is that told us. Each is said where it is true,
//! and nowhere else.

use crate::language::{Language, Said, Words};
use crate::load::Returned;
use crate::money;
use crate::page::{held, last_attempt};
use crate::prompt::Prompt;
use crate::stage::{Held, Renewal, Stage};
use crate::transfer;
use crate::ways::{Why, channel_name, why_closed};
use domain::attempt::{Attempt, AttemptStatus};
use domain::cause::Cause;
use domain::obligation::ObligationStatus;
use domain::refund::RefundStatus;
use jiff::Timestamp;
use payments::Context;
use payments::payer_page::{Earlier, PayerPage, is_asked};
use payments::view::{IntentView, Unavailable};
use provider::{ChannelKind, Failure};
use std::borrow::Cow;
use std::collections::BTreeSet;
use storage::attempts::Stored;
use storage::payer_page::NamedTogether;

/// Said between the state and all else.
pub(crate) struct Notice {
    pub is_error: bool,
    pub text: Cow<'static, str>,
    pub why: Option<Why>,
}

impl Notice {
    fn of(text: impl Into<Cow<'static, str>>) -> Self {
        Self { is_error: false, text: text.into(), why: None }
    }

    pub fn of_error(text: impl Into<Cow<'static, str>>) -> Self {
        Self { is_error: true, ..Self::of(text) }
    }
}

/// The attempt whose provider is asked while a reader who has come back waits.
#[derive(Clone, Copy)]
pub(crate) struct Asking<'a> {
    pub attempt: &'a Attempt,
    /// Another way was chosen since.
    pub is_left: bool,
}

/// With the colour of its heading.
pub(crate) fn said(
    w: &'static Words,
    loaded: &PayerPage,
    (stage, asking): (Stage, Option<Asking<'_>>),
    prompt: Option<&Prompt>,
) -> (&'static Said, &'static str) {
    let view = &loaded.view;
    let is_more_held = loaded.earlier.iter().any(|earlier| earlier.held.is_positive());
    match stage {
        Stage::Choose if view.amount_due < view.owed() => (&w.rest, "open"),
        Stage::Choose if view.amount_due < view.total() => (&w.fewer, "open"),
        Stage::Choose => (&w.open, "open"),
        Stage::Scan => (&w.scan, "open"),
        Stage::Confirm if prompt.is_some_and(|prompt| prompt.with_code) => (&w.checking, "waiting"),
        Stage::Confirm => (&w.confirm, "waiting"),
        Stage::Elsewhere => (&w.elsewhere_open, "waiting"),
        Stage::Asking if asking.is_some_and(|asking| asking.is_left) => (&w.asking_earlier, "waiting"),
        Stage::Asking => (&w.asking, "waiting"),
        Stage::Processing => (&w.processing, "waiting"),
        Stage::Covered => (&w.covered, "waiting"),
        Stage::PaidElsewhere { .. } | Stage::Paid | Stage::PaidTwice if money::is_given_back(view) => {
            (given_back(w, loaded), "over")
        }
        Stage::PaidElsewhere { held } if held || is_more_held => (&w.elsewhere_paid_held, "paid"),
        Stage::PaidElsewhere { .. } => (&w.elsewhere_paid, "paid"),
        Stage::Failed(Failure::NotSent) => (&w.not_sent, "failed"),
        Stage::Failed(_) => (&w.failed_try, "failed"),
        Stage::Unclear => (&w.unclear, "waiting"),
        Stage::Paid if is_more_held => (&w.paid_and_checked, "paid"),
        Stage::Paid if at_counter(view) => (&w.paid_at_counter, "paid"),
        Stage::Paid => (&w.paid, "paid"),
        Stage::PaidTwice if money::is_all_spare(view) => (&w.paid_twice, "paid"),
        Stage::PaidTwice => (&w.paid_and_checked, "paid"),
        Stage::Expired { renewal, held } => (expired(w, renewal, held), "over"),
        Stage::Cancelled { held: false } => (&w.cancelled, "over"),
        Stage::Cancelled { held: true } => (&w.cancelled_held, "over"),
    }
}

fn expired(w: &'static Words, renewal: Renewal, held: Held) -> &'static Said {
    match (renewal, held) {
        (Renewal::NotWhole, _) => &w.expired_in_part,
        (Renewal::Beside, _) => &w.expired_beside,
        (Renewal::Reviewed, Held::None) => &w.expired,
        (Renewal::Reviewed, _) => &w.expired_held,
        (Renewal::OnePress, Held::None) => &w.renewable,
        (Renewal::OnePress, Held::Lowers) => &w.renewable_rest,
        (Renewal::OnePress, Held::Beside) => &w.renewable_unclear,
    }
}

/// Behind what is said of what is over: under which references money would be found, or that some is held.
pub(crate) fn after_expired(w: &Words, loaded: &PayerPage, stage: Stage) -> Vec<String> {
    match stage {
        Stage::Expired { held: Held::None, .. } => vec![w.traced.replace("{references}", &references(w, loaded))],
        Stage::Expired { renewal: Renewal::NotWhole | Renewal::Beside, .. } => vec![w.held_here.to_owned()],
        _ => Vec::new(),
    }
}

/// Its own, and those of other requests for the same fees under which a payer began to pay.
fn references(w: &Words, loaded: &PayerPage) -> String {
    let all = std::iter::once(&loaded.view.intent.reference).chain(&loaded.over.begun_beside);
    all.map(|reference| reference.spaced()).collect::<Vec<_>>().join(w.or)
}

fn given_back(w: &'static Words, loaded: &PayerPage) -> &'static Said {
    match loaded.view.obligations.iter().any(|o| o.status == ObligationStatus::Refunding) {
        _ if money::has_any_come_again(loaded) => &w.came_back,
        true => &w.giving_back,
        false => &w.given_back,
    }
}

/// Why fees that were paid are due again, each reason once.
pub(crate) fn why_again(w: &Words, loaded: &PayerPage, stage: Stage) -> Vec<&'static str> {
    if !(stage.is_owing() || stage == Stage::Covered) {
        return Vec::new();
    }
    let has = |causes: &[Cause]| loaded.gone.due_since.iter().any(|cause| causes.contains(cause));
    [
        (w.again_taken_back, [Cause::TakenBack].as_slice()),
        (w.again_given_back, &[Cause::RefundReopened, Cause::RefundUncovered]),
        (w.again_voided, &[Cause::Voided]),
    ]
    .into_iter()
    .filter(|(_, causes)| has(causes))
    .map(|(words, _)| words)
    .collect()
}

/// The channel by which we heard what the stage says.
pub(crate) fn teller<'a>(view: &'a IntentView, (stage, asking): (Stage, Option<Asking<'a>>)) -> Option<&'a str> {
    match stage {
        Stage::Asking => asking.map(|asking| asking.attempt.channel.as_str()),
        Stage::Paid | Stage::PaidTwice => view.intent.paid_channel.as_deref(),
        // who takes the money, though another way was tried since
        Stage::Processing => committed(view).or(last_attempt(view)).map(|attempt| attempt.channel.as_str()),
        _ => last_attempt(view).map(|attempt| attempt.channel.as_str()),
    }
}

/// The kind of a channel; None where no contract of ours names it any more.
pub(crate) fn kind_of(ctx: &Context, channel: Option<&str>) -> Option<&'static str> {
    let channel = channel?;
    let named = ctx.providers.iter().find(|provider| provider.channel.as_str() == channel);
    // cash is taken without a contract
    let is_counter = channel == ChannelKind::Counter.as_str();
    named.map(|provider| provider.kind.as_str()).or(is_counter.then(|| ChannelKind::Counter.as_str()))
}

fn at_counter(view: &IntentView) -> bool {
    view.intent.paid_channel.as_deref() == Some(ChannelKind::Counter.as_str())
}

pub(crate) fn notices(
    ctx: &Context,
    language: Language,
    loaded: &PayerPage,
    (stage, asking, prompt): (Stage, Option<Asking<'_>>, Option<&Prompt>),
    returned: Returned,
    now: Timestamp,
) -> Vec<Notice> {
    let (w, view) = (language.words(), &loaded.view);
    let mut notices: Vec<Notice> =
        loaded.earlier.iter().flat_map(|earlier| of_earlier(ctx, language, earlier, stage)).collect();
    notices.extend(loaded.named_together.iter().map(|named| of_named_together(w, named, stage)));
    notices.extend(is_to_ask_first(view, stage).then(|| Notice::of(w.ask_first)));
    notices.extend(of_no_result(ctx, language, view, (stage, asking), now));
    notices.extend(still_asked(ctx, language, loaded, stage));
    notices.extend(
        withdrawn(w, view, now)
            .filter(|_| stage.may_pay())
            .map(|(text, why)| Notice { why: Some(why_closed(language, why)), ..Notice::of(text) }),
    );
    notices.extend(failed_there(view, stage, returned).map(|from| of_failed(ctx, language, view, (stage, from))));
    notices.extend(outdated(view, now).filter(|_| stage.is_owing()).map(|attempt| {
        let (page, amount) = (w.page_outdated, attempt.amount.to_string());
        Notice::of(page.replace("{amount}", &amount))
    }));
    notices.extend(of_phone(w, asked_on_phone(ctx, loaded, prompt), (stage, prompt)));
    notices
}

/// So many requests may still be confirmed on a phone, beside the one that is shown.
fn of_phone(w: &Words, asked: usize, (stage, prompt): (Stage, Option<&Prompt>)) -> Option<Notice> {
    let is_before_paying = prompt.is_none() && (stage.may_pay() || matches!(stage, Stage::Expired { .. }));
    let text = match (asked, prompt) {
        (0, _) => return None,
        (_, Some(prompt)) if !prompt.with_code => {
            let text = w.phone_asks_twice.replace("{amount}", &prompt.amount.to_string());
            return Some(Notice::of(text.replace("{count}", &(asked + 1).to_string())));
        }
        (1, _) if is_before_paying => w.phone_asks,
        (1, _) => w.phone_asks_for_nothing,
        _ if is_before_paying => w.phone_asks_often,
        _ => w.phone_asks_often_for_nothing,
    };
    Some(Notice::of(text.replace("{count}", &asked.to_string())))
}

/// Beside what the heading says.
pub(crate) fn is_to_ask_first(view: &IntentView, stage: Stage) -> bool {
    match stage {
        Stage::Scan | Stage::Confirm | Stage::Asking => may_have_paid(view),
        Stage::Cancelled { .. } => is_under_review(view),
        _ => false,
    }
}

/// What was begun at a provider, by each channel once, of which nobody knows yet how it ended: the payer may have been charged.
fn of_no_result(
    ctx: &Context,
    language: Language,
    view: &IntentView,
    (stage, asking): (Stage, Option<Asking<'_>>),
    now: Timestamp,
) -> Vec<Notice> {
    let is_asking = |attempt: &Attempt| asking.is_some_and(|asking| asking.attempt.id == attempt.id);
    let begun = without_result(view, stage, now).filter(|attempt| !is_asking(attempt));
    let channels: BTreeSet<&str> = begun.map(|attempt| attempt.channel.as_str()).collect();
    let told = channels.into_iter().map(|channel| {
        let text = language.words().no_result.replace("{channel}", &channel_name(ctx, language, channel));
        Notice::of(language.of(&text, kind_of(ctx, Some(channel))))
    });
    told.collect()
}

/// What a provider should have told the end of by now, and has not. Within its window its payer may be at it still, unless its
/// page was left for another way; on a request that is over nobody is meant to be.
pub(crate) fn without_result(view: &IntentView, stage: Stage, now: Timestamp) -> impl Iterator<Item = &Attempt> {
    let is_over = matches!(stage, Stage::Cancelled { .. } | Stage::Expired { .. });
    let is_told = is_over || stage.may_pay() || stage == Stage::Asking;
    let last = view.attempts.last().map(|last| last.number);
    let is_left = move |stored: &Stored| action(stored) == Some("redirect") && last != Some(stored.number);
    let is_late = move |stored: &Stored| is_over || stored.attempt.expires_at <= now || is_left(stored);
    let asked = view.attempts.iter().filter(|stored| is_asked(stored) && stored.attempt.status.is_undecided());
    asked.filter(move |stored| is_told && is_late(stored)).map(|stored| &stored.attempt)
}

/// Where nothing is left to pay: what was begun here or under an earlier request and has no result, by each channel once. Of what
/// a phone asks its own warning tells.
fn still_asked(ctx: &Context, language: Language, loaded: &PayerPage, stage: Stage) -> Vec<Notice> {
    let w = language.words();
    let told = beside_paid(ctx, loaded, stage).map(|attempt| {
        let text = if attempt.status == AttemptStatus::Unknown { w.unclear_beside } else { w.no_result_beside };
        let channel = attempt.channel.as_str();
        let text = text.replace("{channel}", &channel_name(ctx, language, channel));
        language.of(&text, kind_of(ctx, Some(channel)))
    });
    told.collect::<BTreeSet<String>>().into_iter().map(Notice::of).collect()
}

/// Of what nobody knows how it ended.
pub(crate) fn beside_paid<'a>(
    ctx: &'a Context,
    loaded: &'a PayerPage,
    stage: Stage,
) -> impl Iterator<Item = &'a Attempt> {
    let begun = loaded.view.attempts.iter().chain(loaded.earlier.iter().flat_map(|earlier| &earlier.asked));
    let asked = begun.filter(move |stored| stage.is_settled() && is_asked(stored) && !may_ask_on_phone(ctx, stored));
    asked.map(|stored| &stored.attempt)
}

/// Behind what is said of what is paid: what is asked to be given back of it, goes back or has gone, and what its reader is asked
/// for; that nothing is left to do only where that is so, for people too.
pub(crate) fn after_paid(
    ctx: &Context,
    w: &'static Words,
    loaded: &PayerPage,
    (stage, said): (Stage, &'static Said),
    prompt: Option<&Prompt>,
) -> Vec<String> {
    // where all of it was, the heading says so
    if !stage.is_settled() || money::is_given_back(&loaded.view) {
        return Vec::new();
    }
    let back = money::given_back(loaded);
    let back = [(w.some_proposed, back.proposed), (w.some_going_back, back.going), (w.some_gone_back, back.gone)];
    let back = back.into_iter().filter(|(_, sum)| sum.is_positive());
    let mut told: Vec<String> = back.map(|(text, sum)| text.replace("{amount}", &sum.to_string())).collect();
    told.extend(money::is_account_awaited(ctx, loaded).then(|| w.account_awaited.to_owned()));
    let is_done = [&w.paid, &w.paid_at_counter, &w.elsewhere_paid].into_iter().any(|done| std::ptr::eq(done, said));
    let is_asked = asked_on_phone(ctx, loaded, prompt) > 0 || beside_paid(ctx, loaded, stage).next().is_some();
    let is_looked_at = !loaded.named_together.is_empty() || money::has_any_come_again(loaded);
    if told.is_empty() && is_done && !is_asked && !is_looked_at {
        return vec![w.nothing_more.to_owned()];
    }
    told
}

/// A provider's page that was opened and asks for what is not due any more: a part came, or a fee was paid another way.
fn outdated(view: &IntentView, now: Timestamp) -> Option<&Attempt> {
    let opened = view.attempts.iter().rev().filter(|stored| action(stored) == Some("redirect"));
    let mut open = opened.map(|stored| &stored.attempt).filter(|a| a.status.is_undecided() && now < a.expires_at);
    open.find(|attempt| attempt.amount != view.amount_due)
}

/// That money waits which may be for this request: its text names others, too.
fn of_named_together(w: &Words, named: &NamedTogether, stage: Stage) -> Notice {
    let money = match named.amount {
        Some(amount) => {
            let words = if named.is_rest { w.rest_of_transfer } else { w.transfer_of };
            words.replace("{amount}", &amount.to_string())
        }
        None => w.some_transfer.to_owned(),
    };
    let reference = match &named.reference {
        Some(reference) => w.named_of_same_fees.replace("{reference}", &reference.spaced()),
        None => w.named_here.to_owned(),
    };
    let text = if stage.is_owing() { w.named_together } else { w.named_together_beside };
    Notice::of(text.replace("{money}", &money).replace("{named}", &reference))
}

/// Of a request for the same fees that is over: money that is held there or goes back, and whom we ask about what was begun there.
fn of_earlier(ctx: &Context, language: Language, earlier: &Earlier, stage: Stage) -> Vec<Notice> {
    let w = language.words();
    let named =
        |text: &str, kind| Notice::of(language.of(&text.replace("{reference}", &earlier.reference.spaced()), kind));
    let is_owing = stage.is_owing();
    let proposed = earlier.refunded(|status| status == RefundStatus::PendingApproval);
    let sums = [
        (if is_owing { w.earlier } else { w.earlier_beside }, earlier.held.less(proposed)),
        (if is_owing { w.earlier_proposed } else { w.earlier_proposed_beside }, proposed),
        (w.earlier_going_back, earlier.refunded(money::is_going_back)),
        // where nothing is to be paid, it is over
        (w.earlier_gone_back, earlier.refunded(|status| is_owing && status == RefundStatus::Succeeded)),
    ];
    let told = sums.iter().filter(|(_, sum)| sum.is_positive());
    let told = told.map(|(text, sum)| {
        let amount = if earlier.tells_sums { sum.to_string() } else { w.some_money.to_owned() };
        named(&text.replace("{amount}", &amount), None)
    });
    let mut notices: Vec<Notice> = told.collect();
    if !is_owing {
        return notices;
    }
    if earlier.asked.iter().any(|stored| stored.attempt.status == AttemptStatus::Unknown) {
        notices.push(named(w.earlier_unclear, None));
    }
    let asked = earlier.asked.iter().filter(|stored| stored.attempt.status.is_undecided());
    let kinds: BTreeSet<_> = asked.map(|stored| kind_of(ctx, Some(stored.attempt.channel.as_str()))).collect();
    notices.extend(kinds.into_iter().map(|kind| named(w.earlier_asked, kind)));
    notices
}

/// The attempt from whose page the browser comes back, where its provider has told that it failed and no heading says so.
fn failed_there(view: &IntentView, stage: Stage, returned: Returned) -> Option<&Stored> {
    let Returned::From(number) = returned else { return None };
    let from = view.attempts.iter().find(|stored| stored.number == number)?;
    let is_last = view.attempts.last().is_some_and(|last| last.number == number);
    let is_in_heading = is_last && matches!(stage, Stage::Failed(_));
    (from.attempt.status == AttemptStatus::Failed && !is_in_heading).then_some(from)
}

fn of_failed(ctx: &Context, language: Language, view: &IntentView, (stage, failed): (Stage, &Stored)) -> Notice {
    let channel = channel_name(ctx, language, failed.attempt.channel.as_str());
    let told = language.words().left_failed.replace("{channel}", &channel);
    let is_to_wait = stage == Stage::Unclear || may_have_paid(view) || view.attempts.iter().any(is_asked);
    // why it failed ends with how to go on
    if !stage.may_pay() || is_to_wait {
        return Notice::of(told);
    }
    let why = language.why(failed.failure.as_deref().map_or(Failure::Unsaid, Failure::read));
    Notice::of(format!("{told} {why}"))
}

/// What an attempt gave its payer to act on.
pub(crate) fn action(stored: &Stored) -> Option<&str> {
    stored.action.as_ref().and_then(|action| action["type"].as_str())
}

/// How often a phone may still ask its owner to pay, beside what the page shows of that: also where the answer to our request was
/// lost, or another way, or another request, was chosen since. Until its provider says how it ended: a request may outlive the
/// window that we gave it.
pub(crate) fn asked_on_phone(ctx: &Context, loaded: &PayerPage, shown: Option<&Prompt>) -> usize {
    let own = &loaded.view.attempts;
    let beside = own.iter().take(own.len() - usize::from(shown.is_some()));
    let begun = beside.chain(loaded.earlier.iter().flat_map(|earlier| &earlier.asked));
    begun.filter(|stored| may_ask_on_phone(ctx, stored)).count()
}

fn may_ask_on_phone(ctx: &Context, stored: &Stored) -> bool {
    let kind = kind_of(ctx, Some(stored.attempt.channel.as_str()));
    let is_phone = matches!(action(stored), Some("phone_prompt" | "otp_prompt"))
        || kind == Some(ChannelKind::MobileMoney.as_str());
    is_phone && matches!(stored.attempt.status, AttemptStatus::Started | AttemptStatus::Offered)
}

/// What the last attempt gave is shown no more: its channel was switched off since, and who has kept it shall know.
fn withdrawn<'a>(w: &'static Words, view: &'a IntentView, now: Timestamp) -> Option<(&'static str, &'a Unavailable)> {
    if let Some(why) = transfer::withdrawn(view, now) {
        return Some((w.code_withdrawn, why));
    }
    let last = view.attempts.last().filter(|stored| stored.action.as_ref().is_some_and(|a| a["type"] == "redirect"))?;
    let attempt = Some(&last.attempt).filter(|a| a.status.is_undecided() && now < a.expires_at)?;
    transfer::closed(view, &attempt.channel).map(|why| (w.page_withdrawn, why))
}

/// Money came that lowers nothing, or a payment is under review at its provider: paying again would only add to it.
fn may_have_paid(view: &IntentView) -> bool {
    held(view) == Held::Beside || is_under_review(view)
}

fn is_under_review(view: &IntentView) -> bool {
    view.attempts.iter().any(|a| a.attempt.status == AttemptStatus::Unknown)
}

fn committed(view: &IntentView) -> Option<&Attempt> {
    let attempts = view.attempts.iter().map(|stored| &stored.attempt);
    attempts.rev().find(|attempt| attempt.status == AttemptStatus::Committed)
}
