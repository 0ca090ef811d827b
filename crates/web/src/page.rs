//! The page's content: which state the reader is told, and what stands under it. States are those of `payments`; here
//! they are only put into words.

use crate::aside::{Aside, asides};
use crate::language::{Language, Said, Words};
use crate::load::{Asked, Returned};
use crate::money::{self, Money, Proof};
use crate::prompt::Prompt;
use crate::receipt::{Link, links, standing};
use crate::said::{
    Asking, Notice, action, after_expired, after_paid, beside_paid, kind_of, notices, said, teller, why_again,
    without_result,
};
use crate::stage::{Back, Due, Held, Known, Last, Renewal, Shows, Stage, stage};
use crate::transfer::{self, Transfer};
use crate::ways::{Button, Kind, channel_name, kinds};
use askama::Template;
use domain::Vnd;
use domain::attempt::{Attempt, AttemptStatus};
use domain::mode::Mode;
use domain::obligation::{Obligation, ObligationStatus};
use jiff::{SignedDuration, Timestamp};
use payments::Context;
use payments::payer_page::{Earlier, PayerPage};
use payments::view::IntentView;
use provider::Failure;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::BTreeMap;
use storage::attempts::Stored;
use storage::payer_page::Told;
use uuid::Uuid;

/// Seconds between reloads where there is no JavaScript and nothing to type: while a reader waits before the page, and while a
/// bank takes its time.
const REFRESH_RETURNED_S: u32 = 5;
const REFRESH_PROCESSING_S: u32 = 15;
/// While the payer confirms on the phone.
const REFRESH_PROMPT_S: u32 = 5;
/// Longer than it takes to copy a line.
const REFRESH_TRANSFER_S: u32 = 10;
/// Where it is over, and money may come late.
const REFRESH_LATE_S: u32 = 15;
/// How long after its window an attempt is still waited for by reloading: a forgotten phone shall not ask for ever.
const PATIENCE: SignedDuration = SignedDuration::from_mins(15);

/// So many fees are shown at first; an intent may name fifty, and a payer's line may be slow.
pub(crate) const ITEMS: usize = 8;

#[derive(Template)]
#[template(path = "pay.html")]
pub(crate) struct Page {
    w: &'static Words,
    title: String,
    text: String,
    said: &'static Said,
    /// Colours the heading.
    tone: &'static str,
    why: Option<&'static str>,
    /// Of fees that were paid before.
    again: Vec<&'static str>,
    asked: Option<String>,
    sandbox: bool,
    /// Of all that may change by itself.
    digest: String,
    /// Where news come from; of what is paid too: it may be given back, or taken back by its bank.
    live_url: String,
    refresh: Option<u32>,
    /// It would, and something can be typed: what was typed would be lost (WCAG 2.2, 2.2.1).
    by_hand: bool,
    notices: Vec<Notice>,
    page_url: String,
    switch_url: String,
    switch_words: &'static Words,
    start_url: String,
    renew_url: Option<String>,
    renew_form: String,
    big_amount: String,
    agency: Option<String>,
    beneficiary: String,
    reference: String,
    deadline: Option<Row>,
    /// What is to be done for it comes first then, before the facts.
    is_under_way: bool,
    /// From the amount, which may be all that a small screen shows, to the buttons; not where one should ask before paying.
    leads_to_ways: bool,
    items_title: &'static str,
    items: Vec<Item>,
    more: Option<More>,
    total: String,
    still_due: Option<String>,
    transfer: Option<Transfer>,
    picture_url: String,
    file_name: String,
    prompt: Option<ToDo>,
    elsewhere: Option<There>,
    may_pay: bool,
    /// One of the ways that are shown is to be had.
    can_pay: bool,
    /// What may still be paid by what was begun.
    before_other: Option<&'static str>,
    choose: &'static str,
    kinds: Vec<Kind>,
    asides: Vec<Aside>,
    leaves: bool,
    safety: &'static str,
    waits: bool,
    choose_again_url: Option<String>,
    notice_url: Option<String>,
    proofs: Vec<Proof>,
    /// Of what is paid, as far as they are issued.
    receipts: Vec<Link>,
    money_title: &'static str,
    money: Vec<Money>,
    portal_url: Option<String>,
}

/// Where a long list of fees is shown whole.
pub(crate) struct More {
    pub url: String,
    pub text: String,
}

/// On the payer's phone.
struct ToDo {
    title: &'static str,
    text: String,
}

struct Row {
    label: &'static str,
    value: String,
}

pub(crate) struct Item {
    pub description: String,
    pub dossier: Option<String>,
    /// Named where several agencies are.
    pub agency: Option<String>,
    pub amount: String,
    pub mark: Option<&'static str>,
}

/// A provider's page that was opened and may be paid still.
struct There {
    name: String,
    url: String,
}

/// The stage of the page, and what is shown of the last attempt.
pub(crate) struct Seen {
    pub stage: Stage,
    pub transfer: Option<Transfer>,
    prompt: Option<Prompt>,
}

impl Seen {
    pub fn of(loaded: &PayerPage, returned: Returned, now: Timestamp) -> Self {
        let view = &loaded.view;
        let (transfer, prompt) = (Transfer::of(view, now), Prompt::of(view, now));
        let stage = stage(&known(loaded, (&transfer, &prompt), returned, now));
        Self {
            stage,
            transfer: transfer.filter(|_| stage == Stage::Scan),
            prompt: prompt.filter(|_| matches!(stage, Stage::Confirm | Stage::Processing)),
        }
    }
}

fn known(
    loaded: &PayerPage,
    (transfer, prompt): (&Option<Transfer>, &Option<Prompt>),
    returned: Returned,
    now: Timestamp,
) -> Known {
    let view = &loaded.view;
    let last = view.attempts.last().map(|stored| Last {
        status: stored.attempt.status,
        shows: match action(stored) {
            Some("qr") if transfer.is_some() => Shows::Code,
            Some("phone_prompt" | "otp_prompt") if prompt.is_some() => Shows::Prompt,
            Some("redirect") if is_to_pay(view, &stored.attempt) => Shows::Page,
            _ => Shows::Nothing,
        },
        is_open: now < stored.attempt.expires_at,
        is_awaited: now < stored.attempt.expires_at + PATIENCE,
        failure: stored.failure.as_deref().map_or(Failure::Unsaid, Failure::read),
    });
    Known {
        intent: view.intent.status,
        is_overdue: view.intent.expires_at <= now,
        due: match view.amount_due {
            _ if view.obligations.iter().all(|o| o.status != ObligationStatus::Due) => Due::Settled,
            due if !due.is_positive() => Due::Nothing,
            due if due < view.total() => Due::Part,
            _ => Due::All,
        },
        held: held(view),
        is_under_review: view.attempts.iter().any(|a| a.attempt.status == AttemptStatus::Unknown),
        is_unclear_beside: !loaded.named_together.is_empty()
            || loaded.earlier.iter().flat_map(|earlier| &earlier.asked).any(may_have_taken),
        renewal: loaded.over.renewal,
        last,
        returned: match asking_of(view, returned, now) {
            None => Back::No,
            Some(asking) if asking.is_left => Back::Left,
            Some(_) => Back::Last,
        },
    }
}

/// Its page is of what is due now, and of a channel that is not switched off.
fn is_to_pay(view: &IntentView, attempt: &Attempt) -> bool {
    attempt.amount == view.amount_due && transfer::closed(view, &attempt.channel).is_none()
}

/// Whether its provider may have money, or has begun to take it.
fn may_have_taken(stored: &Stored) -> bool {
    matches!(stored.attempt.status, AttemptStatus::Committed | AttemptStatus::Unknown)
}

/// The attempt whose provider is asked, of a browser that has come back: the one that it names, and where it names none the
/// last. Nobody comes back from a code or a phone, nor from what has its end.
fn asking_of(view: &IntentView, returned: Returned, now: Timestamp) -> Option<Asking<'_>> {
    let last = view.attempts.last()?;
    let from = match returned {
        Returned::No => return None,
        Returned::From(number) => view.attempts.iter().find(|stored| stored.number == number)?,
        Returned::Yes => last,
    };
    // what it was given may have been lost on the way to us
    let is_page = matches!(action(from), Some("redirect") | None);
    let is_awaited = from.attempt.status.is_undecided() && now < from.attempt.expires_at + PATIENCE;
    (is_page && is_awaited).then_some(Asking { attempt: &from.attempt, is_left: from.number != last.number })
}

/// What waits for the reference lowers what its fees owe; what is more than that does not.
pub(crate) fn held(view: &IntentView) -> Held {
    match money::held_of(view) {
        held if !held.is_positive() => Held::None,
        held if held <= view.owed().less(view.amount_due) => Held::Lowers,
        _ => Held::Beside,
    }
}

impl Page {
    pub fn of(ctx: &Context, loaded: &PayerPage, asked: &Asked, now: Timestamp) -> Self {
        let view = &loaded.view;
        let intent = &view.intent;
        let (language, w) = (asked.language, asked.language.words());
        let Seen { stage, transfer, prompt } = Seen::of(loaded, asked.returned, now);
        let token = &intent.page_token;
        let asking = asking_of(view, asked.returned, now).filter(|_| stage == Stage::Asking);
        let (said, tone) = said(w, loaded, (stage, asking), prompt.as_ref());
        let kind = kind_of(ctx, teller(view, (stage, asking)));
        let kinds = kinds(ctx, language, view, transfer.as_ref());
        let asides = if stage.may_pay() { asides(ctx, language, loaded) } else { Vec::new() };
        let buttons = || kinds.iter().flat_map(|kind| &kind.channels);
        let money = money::money(ctx, language, loaded, stage);
        let still_due = (view.amount_due != view.total() && stage.is_owing()).then_some(view.amount_due);
        let whole_url = |language: Language| format!("/pay/{token}{}", language.query_whole(asked.returned));
        let (is_long, is_whole) = (view.obligations.len() > ITEMS, asked.whole && view.obligations.len() > ITEMS);
        let shown = if is_long && !is_whole { ITEMS } else { view.obligations.len() };
        let at = |path: &str, returned: Returned| format!("/pay/{token}{path}{}", language.query(returned));
        let elsewhere = elsewhere(ctx, language, view, stage);
        let is_under_way = transfer.is_some() || prompt.is_some() || elsewhere.is_some();
        let may_pay = stage.may_pay() && !(is_under_way && kinds.is_empty() && asides.is_empty());
        let can_pay =
            buttons().any(|button| button.closed.is_none()) || asides.iter().any(|aside| !aside.names.is_empty());
        let has_field = (may_pay && buttons().any(Button::has_field)) || money.iter().any(|m| m.account.is_some());
        let asks_first = asks_first(loaded, stage, now);
        let refresh = refresh(view, stage, transfer.as_ref(), now);
        Self {
            w,
            title: language.of(said.title, kind),
            text: [
                vec![language.of(said.text, kind)],
                after_paid(ctx, w, loaded, (stage, said), prompt.as_ref()),
                after_expired(w, loaded, stage),
            ]
            .concat()
            .join(" "),
            said,
            tone,
            why: match stage {
                Stage::Failed(failure) => Some(language.why(failure)),
                _ => None,
            },
            again: why_again(w, loaded, stage),
            asked: asking
                .and_then(|asking| loaded.asked_at.get(&asking.attempt.id))
                .map(|at| format!("{} {}.", language.of(w.last_asked, kind), language.second(*at))),
            sandbox: ctx.mode == Mode::Sandbox,
            digest: digest(loaded, asked.returned, now),
            live_url: at("/news", asked.returned),
            refresh: refresh.filter(|_| !has_field),
            by_hand: refresh.is_some() && has_field,
            notices: notices(ctx, language, loaded, (stage, asking, prompt.as_ref()), asked.returned, now),
            page_url: if is_whole { whole_url(language) } else { at("", asked.returned) },
            switch_url: if is_whole {
                whole_url(language.other())
            } else {
                format!("/pay/{token}{}", language.other().query(asked.returned))
            },
            switch_words: language.other().words(),
            start_url: at("/attempts", Returned::No),
            renew_url: matches!(stage, Stage::Expired { renewal: Renewal::OnePress, .. })
                .then(|| at("/renew", Returned::No)),
            renew_form: Uuid::new_v4().simple().to_string(),
            big_amount: big_amount(view, stage).to_string(),
            agency: one_agency(loaded),
            beneficiary: loaded.beneficiary.clone(),
            reference: intent.reference.spaced(),
            deadline: deadline(language, view, stage),
            items_title: match stage {
                Stage::Paid | Stage::PaidTwice if !money::is_given_back(view) => w.items_paid,
                Stage::Paid | Stage::PaidTwice => w.items_named,
                Stage::PaidElsewhere { .. } | Stage::Cancelled { .. } => w.items_named,
                _ => w.items,
            },
            items: view.obligations.iter().take(shown).map(|o| item(language, loaded, o, stage)).collect(),
            more: (is_long && !is_whole).then(|| More {
                url: format!("{}#items", whole_url(language)),
                text: language.all_items(view.obligations.len()),
            }),
            total: view.total().to_string(),
            still_due: still_due.map(|due| due.to_string()),
            is_under_way,
            leads_to_ways: may_pay && can_pay && !is_under_way && !asks_first,
            may_pay,
            can_pay,
            choose: match stage {
                Stage::Choose | Stage::Failed(_) | Stage::Unclear if !can_pay => w.choose_none,
                Stage::Choose | Stage::Failed(_) | Stage::Unclear => w.choose,
                _ => w.choose_other,
            },
            before_other: prompt.as_ref().filter(|_| can_pay).map(|prompt| prompt.before_other(w)),
            safety: if buttons().any(|c| c.one_time_code.is_shown) { w.safety_code } else { w.safety },
            leaves: buttons().any(|c| c.leaves && c.closed.is_none()),
            picture_url: format!("/pay/{token}/qr.png"),
            file_name: intent.reference.to_string(),
            elsewhere,
            waits: stage.waits()
                || !asides.is_empty()
                || asks_first
                || loaded.earlier.iter().any(|earlier| earlier.refunded(money::is_going_back).is_positive())
                || beside_paid(ctx, loaded, stage).next().is_some()
                || last_attempt(view).is_some_and(|attempt| attempt.status.is_undecided())
                || (stage.is_paid() && loaded.told == Some(Told::Awaited)),
            choose_again_url: (stage == Stage::Asking).then(|| at("", Returned::No)),
            notice_url: stage.may_pay().then(|| at("/notice.pdf", Returned::No)),
            proofs: money::proofs(ctx, language, loaded, stage),
            receipts: links(language, view, stage),
            money_title: money::title(w, loaded, stage),
            money,
            portal_url: back_to(view).filter(|url| is_web(url)),
            transfer,
            prompt: prompt.map(|prompt| ToDo { title: prompt.title(w), text: prompt.text(w) }),
            kinds,
            asides,
        }
    }

    /// With what went wrong on top of what is warned of anyway. Nothing reloads by itself: the address is that of the form.
    pub fn with_error(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.notices.insert(0, Notice::of_error(text));
        (self.refresh, self.by_hand) = (None, false);
        self
    }

    /// Whether this channel has a button.
    pub fn offers(&self, channel: &str) -> bool {
        let mut buttons = self.kinds.iter().flat_map(|kind| &kind.channels);
        buttons.any(|button| button.code == channel && button.closed.is_none())
    }

    /// What was typed for this channel stands in its field again.
    pub fn keep_phone(&mut self, channel: &str, phone: &str) {
        let buttons = self.kinds.iter_mut().flat_map(|kind| &mut kind.channels);
        for button in buttons.filter(|button| button.code == channel && button.phone.is_shown) {
            phone.clone_into(&mut button.typed_phone);
        }
    }

    /// Pressed again, this channel's button goes on with what it began.
    pub fn keep_form(&mut self, channel: &str, form_id: &str) {
        let buttons = self.kinds.iter_mut().flat_map(|kind| &mut kind.channels);
        for button in buttons.filter(|button| button.code == channel) {
            form_id.clone_into(&mut button.form_id);
        }
    }
}

/// Of all on the page that may change by itself: another digest is another page.
pub(crate) fn digest(loaded: &PayerPage, returned: Returned, now: Timestamp) -> String {
    let view = &loaded.view;
    let stage = Seen::of(loaded, returned, now).stage;
    let mut text = format!(
        "{stage:?} {} {} {:?} {:?} {}",
        view.intent.version,
        view.amount_due.dong(),
        view.intent.expires_at,
        loaded.told,
        without_result(view, stage, now).count(),
    );
    for earlier in &loaded.earlier {
        text.push_str(&format!(" {} {}", earlier.reference, earlier.held.dong()));
        earlier.asked.iter().for_each(|stored| text.push_str(&format!(" {:?}", stored.attempt.status)));
        earlier.refunds.iter().for_each(|(status, amount)| text.push_str(&format!(" {status:?} {}", amount.dong())));
    }
    for named in &loaded.named_together {
        text.push_str(&format!(" {} {}", named.payment_id, named.amount.unwrap_or_default().dong()));
    }
    for stored in &view.attempts {
        text.push_str(&format!(" {}{:?}", stored.number, stored.attempt.status));
    }
    for obligation in &view.obligations {
        text.push_str(&format!(" {:?}", obligation.status));
    }
    for paid in view.payments.iter().chain(&loaded.under_others) {
        let (held, shown) = (money::held(view, paid).dong(), &paid.shown);
        text.push_str(&format!(" {} {held} {} {}", shown.payment.id, shown.refunding.dong(), shown.reversed.dong()));
    }
    for handed in standing(view) {
        text.push_str(&format!(" {}", handed.receipt.id));
    }
    for refund in &loaded.gone.refunds {
        text.push_str(&format!(" {:?} {}", refund.status, refund.at));
    }
    for wish in &loaded.wishes {
        text.push_str(&format!(" {}", wish.told_at));
    }
    for option in &view.channels {
        text.push_str(&format!(" {} {}", option.code, option.unavailable.is_some()));
    }
    for way in &loaded.aside.bills {
        text.push_str(&format!(" {} {}", way.channel, way.unavailable.is_some()));
    }
    if let Some(counters) = &loaded.aside.counters {
        text.push_str(&format!(" {} {}", counters.names.len(), counters.unavailable.is_some()));
    }
    hex(&Sha256::digest(text.as_bytes())[..8])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn last_attempt(view: &IntentView) -> Option<&Attempt> {
    view.attempts.iter().map(|stored| &stored.attempt).next_back()
}

/// Whether the provider of the last attempt is likely to tell us soon.
fn is_awaited(view: &IntentView, now: Timestamp) -> bool {
    last_attempt(view).is_some_and(|a| a.status.is_undecided() && now < a.expires_at + PATIENCE)
}

/// Whether money may have come that is not counted: to ask is better than to pay again.
pub(crate) fn asks_first(loaded: &PayerPage, stage: Stage, now: Timestamp) -> bool {
    stage == Stage::Unclear
        || loaded.earlier.iter().any(Earlier::is_unsettled)
        || !loaded.named_together.is_empty()
        || without_result(&loaded.view, stage, now).next().is_some()
}

fn refresh(view: &IntentView, stage: Stage, transfer: Option<&Transfer>, now: Timestamp) -> Option<u32> {
    if let Some(transfer) = transfer {
        return transfer.awaited.then_some(REFRESH_TRANSFER_S);
    }
    if matches!(stage, Stage::Expired { .. } | Stage::Cancelled { .. }) {
        let tried = view.attempts.iter().any(|stored| now < stored.attempt.ordered_at + PATIENCE);
        return tried.then_some(REFRESH_LATE_S);
    }
    if stage == Stage::Asking {
        return Some(REFRESH_RETURNED_S);
    }
    if !is_awaited(view, now) {
        return None;
    }
    match stage {
        Stage::Confirm => Some(REFRESH_PROMPT_S),
        Stage::Processing => Some(REFRESH_PROCESSING_S),
        _ => None,
    }
}

fn big_amount(view: &IntentView, stage: Stage) -> Vnd {
    match stage {
        Stage::Covered => view.owed(),
        Stage::PaidElsewhere { .. }
        | Stage::Paid
        | Stage::PaidTwice
        | Stage::Expired { .. }
        | Stage::Cancelled { .. } => view.total(),
        _ => view.amount_due,
    }
}

fn deadline(language: Language, view: &IntentView, stage: Stage) -> Option<Row> {
    let w = language.words();
    let label = match stage {
        Stage::Expired { .. } => w.expired_at,
        Stage::Asking => w.expires,
        _ if stage.may_pay() => w.expires,
        _ => return None,
    };
    Some(Row { label, value: language.instant_and_zone(view.intent.expires_at) })
}

/// The agency of all obligations, where it is one.
fn one_agency(loaded: &PayerPage) -> Option<String> {
    let mut codes = loaded.view.obligations.iter().map(|o| &o.terms.agency_code);
    let first = codes.next()?;
    codes.all(|code| code == first).then(|| agency_name(&loaded.agencies, first))
}

/// Its name; its code where nobody named it.
pub(crate) fn agency_name(agencies: &BTreeMap<String, String>, code: &str) -> String {
    agencies.get(code).map_or(code, String::as_str).to_owned()
}

fn item(language: Language, loaded: &PayerPage, o: &Obligation, stage: Stage) -> Item {
    // on the page of what is paid it goes without saying
    let plain = stage.is_paid() && o.status == ObligationStatus::Paid;
    Item {
        description: o.terms.description.clone(),
        dossier: o.terms.dossier_code.as_ref().map(ToString::to_string),
        agency: one_agency(loaded).is_none().then(|| agency_name(&loaded.agencies, &o.terms.agency_code)),
        amount: o.amount().to_string(),
        mark: language.obligation(o.status).filter(|_| !plain),
    }
}

fn elsewhere(ctx: &Context, language: Language, view: &IntentView, stage: Stage) -> Option<There> {
    let last = view.attempts.last().filter(|_| stage == Stage::Elsewhere)?;
    let url = last.action.as_ref()?["url"].as_str().filter(|url| is_web(url))?;
    Some(There { name: channel_name(ctx, language, last.attempt.channel.as_str()), url: url.to_owned() })
}

/// Where the portal wants its payer back: as the last attempt said, else as the intent did.
fn back_to(view: &IntentView) -> Option<String> {
    view.attempts.last().and_then(|a| a.return_url.clone()).or_else(|| view.intent.return_url.clone())
}

/// The portal's address is foreign text: only one of the web becomes a link.
fn is_web(url: &str) -> bool {
    url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}
