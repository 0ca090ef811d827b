//! The ways to pay that have a button: by kind, and under each its channels with what is typed for them.

use crate::language::Language;
use crate::transfer::Transfer;
use askama::Template;
use payments::Context;
use payments::view::{ChannelOption, IntentView, Unavailable};
use provider::{ChannelKind, Need};
use uuid::Uuid;

/// Channels of one kind, under its heading.
pub(crate) struct Kind {
    pub title: &'static str,
    pub how: &'static str,
    pub channels: Vec<Button>,
}

pub(crate) struct Button {
    pub code: String,
    pub name: String,
    pub form_id: String,
    /// Why it cannot be pressed.
    pub closed: Option<Why>,
    /// Its page is elsewhere.
    pub leaves: bool,
    pub last_used: bool,
    /// What is typed with the press.
    pub phone: Field,
    /// What was typed there before, and would not do.
    pub typed_phone: String,
    pub one_time_code: Field,
}

impl Button {
    /// Whether something can be typed, which a page that reloads itself would take away.
    pub fn has_field(&self) -> bool {
        self.closed.is_none() && (self.phone.is_shown || self.one_time_code.is_shown)
    }
}

/// Why a way is not to be had.
#[derive(Template)]
#[template(path = "why.html")]
pub(crate) struct Why {
    text: &'static str,
    /// As an officer wrote it, in Vietnamese.
    reason: Option<String>,
    until: Option<String>,
    /// The page around it is in another language.
    is_foreign: bool,
}

/// A field of a channel's form.
pub(crate) struct Field {
    pub is_shown: bool,
    pub is_required: bool,
}

impl Field {
    fn of(need: Need) -> Self {
        Self { is_shown: need != Need::Never, is_required: need == Need::Required }
    }
}

/// In which order kinds are shown: what anybody can use first.
const KINDS: &[&str] = &["bank", "wallet", "gateway", "mobile_money", "national", "counter"];

/// Channels by kind: what was used last first, then what anybody can use; of one kind what can be pressed first.
/// Not what is shown already.
pub(crate) fn kinds(ctx: &Context, language: Language, view: &IntentView, transfer: Option<&Transfer>) -> Vec<Kind> {
    let last = view.attempts.last().map(|stored| stored.attempt.channel.as_str());
    let mut options: Vec<&ChannelOption> =
        view.channels.iter().filter(|option| transfer.is_none_or(|shown| shown.channel != option.code)).collect();
    let place = |option: &ChannelOption| KINDS.iter().position(|kind| *kind == option.kind).unwrap_or(KINDS.len());
    options.sort_by_key(|option| (Some(option.code.as_str()) != last, place(option), option.unavailable.is_some()));
    let mut kinds: Vec<(&str, Kind)> = Vec::new();
    for option in options {
        let button = button(ctx, language, option, last);
        match kinds.iter_mut().find(|(kind, _)| *kind == option.kind) {
            Some((_, kind)) => kind.channels.push(button),
            None => {
                let (title, how) = language.kind(option.kind);
                kinds.push((option.kind, Kind { title, how, channels: vec![button] }));
            }
        }
    }
    kinds.into_iter().map(|(_, kind)| kind).collect()
}

fn button(ctx: &Context, language: Language, option: &ChannelOption, last: Option<&str>) -> Button {
    Button {
        name: channel_name(ctx, language, &option.code),
        code: option.code.clone(),
        form_id: Uuid::new_v4().simple().to_string(),
        closed: option.unavailable.as_ref().map(|why| why_closed(language, why)),
        leaves: ![ChannelKind::Bank, ChannelKind::MobileMoney].iter().any(|kind| option.kind == kind.as_str()),
        last_used: last == Some(option.code.as_str()),
        phone: Field::of(option.asks.phone),
        typed_phone: String::new(),
        one_time_code: Field::of(option.asks.one_time_code),
    }
}

/// In words for the payer.
pub(crate) fn why_closed(language: Language, why: &Unavailable) -> Why {
    let w = language.words();
    let ours = |text| Why { text, reason: None, until: None, is_foreign: false };
    match why {
        Unavailable::NotBillable => ours(w.not_billable),
        Unavailable::PayerNotIdentified => ours(w.payer_not_identified),
        Unavailable::WholeOnly => ours(w.whole_only),
        Unavailable::AboveLimit => ours(w.above_limit),
        Unavailable::BelowLimit => ours(w.below_limit),
        Unavailable::NotAnswering => ours(w.not_answering),
        Unavailable::Closed(closed) => Why {
            reason: Some(closed.reason.clone()),
            until: closed.until.map(|at| format!("({} {})", w.closed_until, language.instant_and_zone(at))),
            is_foreign: language != Language::Vi,
            ..ours(w.closed)
        },
    }
}

/// As people call the channel; its code where no contract of ours names it any more.
pub(crate) fn channel_name(ctx: &Context, language: Language, code: &str) -> String {
    let named = ctx.providers.iter().find(|provider| provider.channel.as_str() == code);
    named
        .map_or(code, |provider| match language {
            Language::Vi => provider.names.vi,
            Language::En => provider.names.en,
        })
        .to_owned()
}
