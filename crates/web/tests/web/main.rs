//! The citizen's page against a real database, a provider that is made up, and the use cases that stand behind it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests only: a failure here is a failed test")]

mod begun;
mod beside;
mod gone;
mod guarded;
mod overdue;
mod presses;
mod printed;
mod receipts;
mod returns;
mod shown;
mod ways;
mod world;

use world::Answered;

const FORGED: &str = "?vnp_ResponseCode=00&vnp_TransactionStatus=00&vnp_TransactionNo=14226112&vnp_SecureHash=abcdef";

fn no_buttons(page: &Answered) {
    assert!(!page.body.contains("<form") && !page.body.contains("<button"), "{}", page.body);
}

fn says_none_of(page: &str, sentences: &[&str]) {
    for sentence in sentences {
        assert!(!page.contains(sentence), "{sentence} is said: {page}");
    }
}

/// The one script there is.
const SCRIPT: &str = "<script src=\"/pay/assets/pay.js\" defer></script>";
