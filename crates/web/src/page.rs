//! The page's content: which state the reader is told, and what stands under it. States are those of `payments`; here
//! they are only put into words.

use crate::language::{Language, Said, Words};
use crate::load::{Asked, Loaded};
use crate::prompt::Prompt;
use crate::transfer::Transfer;
use askama::Template;
use domain::Vnd;
use domain::attempt::{Attempt, AttemptStatus};
use domain::intent::IntentStatus;
use domain::mode::Mode;
use domain::obligation::{Obligation, ObligationStatus};
use jiff::{SignedDuration, Timestamp};
use payments::Context;
use payments::view::{ChannelOption, IntentView, Paid, Unavailable};
use provider::{ChannelKind, Need};
use uuid::Uuid;

/// Seconds between reloads: while a reader waits before the page, and while a bank takes its time.
const REFRESH_RETURNED_S: u32 = 5;
const REFRESH_PROCESSING_S: u32 = 15;
/// While the payer confirms on the phone.
const REFRESH_PROMPT_S: u32 = 5;
/// Longer than it takes to copy a line.
const REFRESH_TRANSFER_S: u32 = 10;
/// How long after its window an attempt is still waited for by reloading: a forgotten phone shall not ask for ever.
const PATIENCE: SignedDuration = SignedDuration::from_mins(15);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// Open, and the browser came back from a provider that has not yet told us.
    Checking,
    Processing,
    /// Open with nothing left to pay: what was received is not yet applied.
    Settling,
    Paid,
    Expired,
    Cancelled,
}

#[derive(Template)]
#[template(path = "pay.html")]
pub(crate) struct Page {
    w: &'static Words,
    said: &'static Said,
    /// Colours the heading.
    tone: &'static str,
    sandbox: bool,
    refresh: Option<u32>,
    notice: Option<Notice>,
    page_url: String,
    switch_url: String,
    switch_words: &'static Words,
    start_url: String,
    big_amount: String,
    beneficiary: String,
    reference: String,
    deadline: Option<Row>,
    items_title: &'static str,
    items: Vec<Item>,
    total: String,
    still_due: Option<String>,
    transfer: Option<Transfer>,
    prompt: Option<Prompt>,
    may_pay: bool,
    choose: &'static str,
    channels: Vec<Button>,
    leaves: bool,
    safety: &'static str,
    waits: bool,
    choose_again_url: Option<String>,
    money_title: &'static str,
    money: Vec<Money>,
    portal_url: Option<String>,
}

struct Notice {
    is_error: bool,
    text: &'static str,
}

struct Row {
    label: &'static str,
    value: String,
}

struct Item {
    description: String,
    dossier: Option<String>,
    amount: String,
    mark: Option<&'static str>,
}

struct Button {
    code: String,
    name: String,
    form_id: String,
    /// Why it cannot be pressed.
    closed: Option<String>,
    /// Its page is elsewhere.
    leaves: bool,
    /// What is typed with the press.
    phone: Field,
    one_time_code: Field,
}

/// A field of a channel's form.
struct Field {
    is_shown: bool,
    is_required: bool,
}

impl Field {
    fn of(need: Need) -> Self {
        Self { is_shown: need != Need::Never, is_required: need == Need::Required }
    }
}

struct Money {
    paid_at: Option<String>,
    amount: Option<String>,
    channel: Option<String>,
    transaction: Option<String>,
    held: Option<String>,
}

impl Page {
    pub fn of(ctx: &Context, loaded: &Loaded, asked: &Asked, now: Timestamp) -> Self {
        let view = &loaded.view;
        let intent = &view.intent;
        let (language, w) = (asked.language, asked.language.words());
        let state = state(view, asked.returned, now);
        let token = &intent.page_token;
        let (said, tone) = said(w, state);
        let transfer = Transfer::of(view, now).filter(|_| state == State::Open);
        let prompt = Prompt::of(view, now).filter(|_| matches!(state, State::Open | State::Processing));
        let waits = matches!(state, State::Checking | State::Processing) || transfer.is_some() || prompt.is_some();
        let channels = buttons(ctx, language, &view.channels, transfer.as_ref());
        let still_due = (view.amount_due != intent.amount && state != State::Paid).then_some(view.amount_due);
        Self {
            w,
            said,
            tone,
            sandbox: ctx.mode == Mode::Sandbox,
            refresh: match prompt {
                Some(_) => Some(REFRESH_PROMPT_S),
                None => refresh(view, state, transfer.as_ref(), asked.returned, now),
            },
            notice: notice(w, view, state, asked.returned),
            page_url: format!("/pay/{token}{}", language.query(asked.returned)),
            switch_url: format!("/pay/{token}{}", language.other().query(asked.returned)),
            switch_words: language.other().words(),
            start_url: format!("/pay/{token}/attempts{}", language.query(false)),
            big_amount: big_amount(view, state).to_string(),
            beneficiary: loaded.beneficiary.clone(),
            reference: intent.reference.spaced(),
            deadline: deadline(language, view, state),
            items_title: if state == State::Paid { w.items_paid } else { w.items },
            items: view.obligations.iter().map(|o| item(language, o, state)).collect(),
            total: intent.amount.to_string(),
            still_due: still_due.map(|due| due.to_string()),
            may_pay: state == State::Open && !(transfer.is_some() && channels.is_empty()),
            choose: if transfer.is_some() || prompt.is_some() { w.choose_other } else { w.choose },
            safety: if channels.iter().any(|c| c.one_time_code.is_shown) { w.safety_code } else { w.safety },
            leaves: channels.iter().any(|c| c.leaves && c.closed.is_none()),
            transfer,
            prompt,
            channels,
            waits,
            choose_again_url: (state == State::Checking).then(|| format!("/pay/{token}{}", language.query(false))),
            money_title: if state == State::Paid { w.details } else { w.received },
            money: money(ctx, language, view, state),
            portal_url: back_to(view).filter(|url| is_web(url)),
        }
    }

    /// With what went wrong on top. Nothing reloads by itself: the address is that of the form.
    pub fn with_error(self, text: &'static str) -> Self {
        Self { notice: Some(Notice { is_error: true, text }), refresh: None, ..self }
    }

    /// Pressed again, this channel's button goes on with what it began.
    pub fn keep_form(&mut self, channel: &str, form_id: &str) {
        for button in self.channels.iter_mut().filter(|button| button.code == channel) {
            form_id.clone_into(&mut button.form_id);
        }
    }
}

fn state(view: &IntentView, returned: bool, now: Timestamp) -> State {
    match view.intent.status {
        IntentStatus::Paid => State::Paid,
        IntentStatus::Cancelled => State::Cancelled,
        IntentStatus::Processing => State::Processing,
        IntentStatus::Expired => State::Expired,
        // the task that expires it asks the provider first; to the payer it is over
        IntentStatus::Open if view.intent.expires_at <= now => State::Expired,
        IntentStatus::Open if !view.amount_due.is_positive() => State::Settling,
        IntentStatus::Open if returned && is_awaited(view, now) => State::Checking,
        IntentStatus::Open => State::Open,
    }
}

fn last_attempt(view: &IntentView) -> Option<&Attempt> {
    view.attempts.iter().map(|stored| &stored.attempt).next_back()
}

/// Whether the provider of the last attempt is likely to tell us soon.
fn is_awaited(view: &IntentView, now: Timestamp) -> bool {
    last_attempt(view).is_some_and(|a| a.status.is_undecided() && now < a.expires_at + PATIENCE)
}

fn refresh(
    view: &IntentView,
    state: State,
    transfer: Option<&Transfer>,
    returned: bool,
    now: Timestamp,
) -> Option<u32> {
    if let Some(transfer) = transfer {
        return transfer.awaited.then_some(REFRESH_TRANSFER_S);
    }
    if state == State::Paid || !is_awaited(view, now) {
        return None;
    }
    match state {
        _ if returned => Some(REFRESH_RETURNED_S),
        State::Processing => Some(REFRESH_PROCESSING_S),
        _ => None,
    }
}

fn notice(w: &'static Words, view: &IntentView, state: State, returned: bool) -> Option<Notice> {
    let failed = last_attempt(view).is_some_and(|a| a.status == AttemptStatus::Failed);
    let text = match state {
        State::Paid => return None,
        State::Open | State::Checking if may_have_paid(view) => w.ask_first,
        State::Open if failed => w.failed,
        _ if returned && !failed => w.returned,
        _ => return None,
    };
    Some(Notice { is_error: false, text })
}

/// Money came that lowers nothing, or a payment is under review at its provider: paying again would only add to it.
fn may_have_paid(view: &IntentView) -> bool {
    let held_back = view.amount_due == view.intent.amount && view.payments.iter().any(|p| held(p).is_positive());
    held_back || view.attempts.iter().any(|a| a.attempt.status == AttemptStatus::Unknown)
}

fn said(w: &'static Words, state: State) -> (&'static Said, &'static str) {
    match state {
        State::Open => (&w.open, "open"),
        State::Checking => (&w.checking, "waiting"),
        State::Processing => (&w.processing, "waiting"),
        State::Settling => (&w.settling, "waiting"),
        State::Paid => (&w.paid, "paid"),
        State::Expired => (&w.expired, "over"),
        State::Cancelled => (&w.cancelled, "over"),
    }
}

fn big_amount(view: &IntentView, state: State) -> Vnd {
    match state {
        State::Open | State::Checking | State::Processing => view.amount_due,
        State::Settling | State::Paid | State::Expired | State::Cancelled => view.intent.amount,
    }
}

fn deadline(language: Language, view: &IntentView, state: State) -> Option<Row> {
    let w = language.words();
    let label = match state {
        State::Open | State::Checking => w.expires,
        State::Expired => w.expired_at,
        State::Processing | State::Settling | State::Paid | State::Cancelled => return None,
    };
    Some(Row { label, value: language.instant(view.intent.expires_at) })
}

fn item(language: Language, o: &Obligation, state: State) -> Item {
    // on the page of what is paid it goes without saying
    let plain = state == State::Paid && o.status == ObligationStatus::Paid;
    Item {
        description: o.terms.description.clone(),
        dossier: o.terms.dossier_code.as_ref().map(ToString::to_string),
        amount: o.amount().to_string(),
        mark: language.obligation(o.status).filter(|_| !plain),
    }
}

/// What can be pressed first; not what is shown already.
fn buttons(ctx: &Context, language: Language, options: &[ChannelOption], transfer: Option<&Transfer>) -> Vec<Button> {
    let others = options.iter().filter(|option| transfer.is_none_or(|shown| shown.channel != option.code));
    let mut buttons: Vec<Button> = others.map(|option| button(ctx, language, option)).collect();
    buttons.sort_by_key(|button| button.closed.is_some());
    buttons
}

fn button(ctx: &Context, language: Language, option: &ChannelOption) -> Button {
    Button {
        name: channel_name(ctx, language, &option.code),
        code: option.code.clone(),
        form_id: Uuid::new_v4().simple().to_string(),
        closed: option.unavailable.as_ref().map(|why| closed(language, why)),
        leaves: ![ChannelKind::Bank, ChannelKind::MobileMoney].iter().any(|kind| option.kind == kind.as_str()),
        phone: Field::of(option.asks.phone),
        one_time_code: Field::of(option.asks.one_time_code),
    }
}

fn closed(language: Language, why: &Unavailable) -> String {
    let w = language.words();
    match why {
        Unavailable::AboveLimit => w.above_limit.to_owned(),
        Unavailable::BelowLimit => w.below_limit.to_owned(),
        Unavailable::NotAnswering => w.not_answering.to_owned(),
        Unavailable::Closed(closed) => {
            let until = closed.until.map(|at| format!(" ({} {})", w.closed_until, language.instant(at)));
            format!("{} {}{}", w.closed, closed.reason, until.unwrap_or_default())
        }
    }
}

/// As people call the channel; its code where no contract of ours names it any more.
fn channel_name(ctx: &Context, language: Language, code: &str) -> String {
    let named = ctx.providers.iter().find(|provider| provider.channel.as_str() == code);
    named
        .map_or(code, |provider| match language {
            Language::Vi => provider.names.vi,
            Language::En => provider.names.en,
        })
        .to_owned()
}

/// What was received under the reference. Paid without any (at a counter, under another reference): when and how.
fn money(ctx: &Context, language: Language, view: &IntentView, state: State) -> Vec<Money> {
    let intent = &view.intent;
    if view.payments.is_empty() && state == State::Paid {
        return vec![Money {
            paid_at: intent.paid_at.map(|at| language.instant(at)),
            amount: None,
            channel: intent.paid_channel.as_deref().map(|code| channel_name(ctx, language, code)),
            transaction: None,
            held: None,
        }];
    }
    view.payments.iter().map(|paid| received(ctx, language, paid)).collect()
}

fn received(ctx: &Context, language: Language, paid: &Paid) -> Money {
    let payment = &paid.shown.payment;
    let held = held(paid);
    Money {
        paid_at: Some(language.instant(payment.paid_at)),
        amount: Some(payment.amount.to_string()),
        channel: Some(channel_name(ctx, language, payment.channel.as_str())),
        transaction: Some(payment.identity.transaction().to_owned()),
        held: held.is_positive().then(|| held.to_string()),
    }
}

/// What of a payment settles nothing yet.
fn held(paid: &Paid) -> Vnd {
    paid.parts.iter().filter(|part| part.suspense_reason.is_some()).map(|part| part.amount).sum()
}

/// Where the portal wants its payer back: as the last attempt said, else as the intent did.
fn back_to(view: &IntentView) -> Option<String> {
    view.attempts.last().and_then(|a| a.return_url.clone()).or_else(|| view.intent.return_url.clone())
}

/// The portal's address is foreign text: only one of the web becomes a link.
fn is_web(url: &str) -> bool {
    url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}
