//! What the payer does on the phone, or waits for: the provider asks there, or looks at a code that the payer gave. Said in the
//! page's own words: the provider's are in the language in which the attempt was begun.

use crate::language::Words;
use domain::Vnd;
use jiff::Timestamp;
use payments::view::IntentView;

pub(crate) struct Prompt {
    /// The payer gave a code: nobody is asked on a phone.
    pub with_code: bool,
    pub amount: Vnd,
}

impl Prompt {
    /// What the last attempt asks for, while it may still be answered and is what is due: after a part came, another amount is.
    pub fn of(view: &IntentView, now: Timestamp) -> Option<Self> {
        let stored = view.attempts.last()?;
        let with_code = match stored.action.as_ref()?["type"].as_str() {
            Some("phone_prompt") => false,
            Some("otp_prompt") => true,
            _ => return None,
        };
        let is_open = stored.attempt.status.is_undecided() && now < stored.attempt.expires_at;
        (is_open && stored.attempt.amount == view.amount_due)
            .then_some(Self { with_code, amount: stored.attempt.amount })
    }

    pub const fn title(&self, w: &'static Words) -> &'static str {
        if self.with_code { w.prompt_code } else { w.prompt }
    }

    /// What is said over the other ways: it may still be confirmed, and another payment would be one too many.
    pub const fn before_other(&self, w: &'static Words) -> &'static str {
        if self.with_code { w.before_other_code } else { w.before_other }
    }

    pub fn text(&self, w: &Words) -> String {
        let text = if self.with_code { w.prompt_code_how } else { w.prompt_how };
        text.replace("{amount}", &self.amount.to_string())
    }
}
