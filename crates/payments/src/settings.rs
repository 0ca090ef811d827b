//! How this deployment waits, asks and retries.

use domain::intent;
use serde::Deserialize;

/// Settings of the use cases; each has the default that production wants.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    pub intents: Intents,
    pub poll: Poll,
    pub prompts: Prompts,
    pub delivery: Delivery,
    pub approvals: Approvals,
    pub receipts: Receipts,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Approvals {
    /// Hours before a beneficiary's new account is in force, once it is approved.
    pub cooling_off_h: i64,
    /// Seconds from one look for changed secrets of contracts to the next, in every process.
    pub secrets_within_s: u64,
}

impl Default for Approvals {
    fn default() -> Self {
        Self { cooling_off_h: 24, secrets_within_s: 5 }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Receipts {
    /// Seconds after which something paid that has no receipt is a case.
    pub case_after_s: i64,
    /// Whose key signs, as it stands in the document.
    pub key_name: String,
    /// Seconds before each try to send a mail about one; as many tries as entries, then it is parked.
    pub mail_schedule_s: Vec<i64>,
}

impl Default for Receipts {
    fn default() -> Self {
        // the day's receipts are told to the tax office on that day (Decree 254/2026 Art. 29(3)(b))
        // at once, 1 min, 5 min, 30 min, 2 h, 6 h, 12 h, then daily: nearly five days (RFC 5321, section 4.5.4.1)
        let mail_schedule_s = vec![0, 60, 300, 1_800, 7_200, 21_600, 43_200, 86_400, 86_400, 86_400, 86_400];
        Self { case_after_s: 3_600, key_name: "Khoá ký biên lai".to_owned(), mail_schedule_s }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Intents {
    /// Seconds: the shortest life that a portal may ask for. Below 300 in sandbox mode only, for demonstrations.
    pub min_expires_in_s: i64,
}

impl Default for Intents {
    fn default() -> Self {
        Self { min_expires_in_s: *intent::EXPIRES_IN_S.start() }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Poll {
    /// Seconds from one asking to the next; the last repeats until `give_up_after_s`.
    pub schedule_s: Vec<i64>,
    /// Seconds after which an attempt without an answer is `unknown` and a case.
    pub give_up_after_s: i64,
    /// Seconds from one listing of an account to the next, while a transfer to it may be under way.
    pub list_every_s: i64,
    /// The same while none is expected.
    pub list_idle_every_s: i64,
    /// Seconds from one asking about a refund that was sent to the next: the payer's bank may refuse it.
    pub sent_refund_every_s: i64,
    /// Seconds after which nobody asks about it any more; 0: nobody asks.
    pub sent_refund_for_s: i64,
}

impl Default for Poll {
    fn default() -> Self {
        // every minute while VNPAY's window of 15 minutes is open, then backing off to six hours, until 72 hours
        let mut schedule_s = vec![60; 16];
        schedule_s.extend([120, 300, 600, 1_800, 3_600, 7_200, 14_400, 21_600]);
        Self {
            schedule_s,
            give_up_after_s: 72 * 3_600,
            list_every_s: 60,
            list_idle_every_s: 3_600,
            sent_refund_every_s: 86_400,
            sent_refund_for_s: 30 * 86_400,
        }
    }
}

impl Poll {
    /// Seconds until the next asking, after `asked` ones.
    pub fn wait_s(&self, asked: i32) -> i64 {
        let last = self.schedule_s.len().saturating_sub(1);
        let at = usize::try_from(asked).unwrap_or(0).min(last);
        self.schedule_s.get(at).copied().unwrap_or(60).max(1)
    }
}

/// How often payers' phones are asked. Whoever has the link of a payment may type any number.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Prompts {
    /// Of one payment, whatever numbers are typed.
    pub per_intent: i64,
    /// Of one number, whatever payments it is for.
    pub per_number: i64,
    /// Seconds in which they are counted.
    pub within_s: i64,
}

impl Default for Prompts {
    fn default() -> Self {
        Self { per_intent: 5, per_number: 5, within_s: 3_600 }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Delivery {
    /// Seconds before each sending; as many sendings as entries, then it is given up with a case.
    pub schedule_s: Vec<i64>,
    /// Sendings under way at once, in one process.
    pub in_flight: usize,
}

impl Default for Delivery {
    fn default() -> Self {
        // at once, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h: over 75 hours (Standard Webhooks 1.0)
        let schedule_s = vec![0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
        Self { schedule_s, in_flight: 32 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asking_backs_off_and_never_stops_before_its_end() {
        let poll = Poll::default();
        assert_eq!(poll.wait_s(0), 60);
        assert_eq!(poll.wait_s(15), 60);
        assert_eq!(poll.wait_s(16), 120);
        assert_eq!(poll.wait_s(10_000), 21_600);
    }
}
