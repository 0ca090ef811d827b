//! What the payer does on the phone: the provider asks there, and the page waits for what comes of it.

use jiff::Timestamp;
use payments::view::IntentView;

pub(crate) struct Prompt {
    pub message: String,
}

impl Prompt {
    /// What the last attempt asks for, while it may still be answered.
    pub fn of(view: &IntentView, now: Timestamp) -> Option<Self> {
        let stored = view.attempts.last()?;
        let action = stored.action.as_ref()?;
        let prompts = matches!(action["type"].as_str(), Some("phone_prompt" | "otp_prompt"));
        if !prompts || !stored.attempt.status.is_undecided() || now >= stored.attempt.expires_at {
            return None;
        }
        Some(Self { message: action["message"].as_str().unwrap_or_default().to_owned() })
    }
}
