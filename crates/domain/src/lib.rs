//! What is true: money, who owes, what was paid, which state follows which cause.
//! No async, no I/O, no clock, no randomness, no wire formats: `now` and random numbers are arguments.

pub mod account_report;
pub mod allocation;
pub mod approval;
pub mod attempt;
pub mod bank_reference;
pub mod banks;
pub mod beneficiary;
pub mod bill;
pub mod booking;
pub mod business_day;
pub mod case;
pub mod catalogue;
pub mod cause;
pub mod changes;
pub mod codes;
pub mod counter;
pub mod dossier_code;
pub mod event;
pub mod fee;
pub mod ids;
pub mod intent;
pub mod ledger;
pub mod matching;
pub mod mode;
pub mod money;
pub mod moving;
pub mod obligation;
pub mod offering;
pub mod party;
pub mod payment;
pub mod plan;
pub mod principal;
pub mod reconciliation;
pub mod reference;
pub mod reference_text;
pub mod refund;
pub mod report;
pub mod rights;
pub mod role;
pub mod score;
mod states;
pub mod suggestion;
pub mod transition;

pub use ids::*;
pub use money::Vnd;
