//! What holds for any bytes that somebody else sends: each target is a function that panics where it does not.
//! The fuzzer calls it with bytes of its own (`make fuzz`), `tests/replay.rs` with the corpus; there is no other copy.

mod account_webhooks;
mod amounts;
mod bills;
mod changes;
mod codes;
mod files;
mod host;
mod listings;
mod mobile_money;
mod national;
mod numbers;
mod reference_text;
mod vietqr;
mod vnpay;
mod wallets;
mod workbooks;

/// A parser or verifier under any input.
pub struct Target {
    pub name: &'static str,
    /// Whether the input was taken: a corpus of which nothing is taken, or everything, shows nothing.
    pub check: fn(&[u8]) -> bool,
}

/// Each has its corpus in `fuzz/corpus/<name>` and its program in `fuzz/fuzz_targets/<name>.rs`.
pub const TARGETS: &[Target] = &[
    Target { name: "account_webhooks", check: account_webhooks::check },
    Target { name: "amounts", check: amounts::check },
    Target { name: "bill_calls", check: bills::check },
    Target { name: "camt", check: files::camt },
    Target { name: "codes", check: codes::check },
    Target { name: "csv", check: files::csv },
    Target { name: "listings", check: listings::check },
    Target { name: "mobile_money_answer", check: mobile_money::answer },
    Target { name: "mobile_money_callback", check: mobile_money::callback },
    Target { name: "momo_webhook", check: wallets::momo_webhook },
    Target { name: "mt940", check: files::mt940 },
    Target { name: "national_status", check: national::status },
    Target { name: "national_webhook", check: national::webhook },
    Target { name: "reference_text", check: reference_text::check },
    Target { name: "settlement", check: files::settlement },
    Target { name: "vietqr", check: vietqr::check },
    Target { name: "vnpay_status", check: vnpay::status },
    Target { name: "vnpay_webhook", check: vnpay::webhook },
    Target { name: "workbook", check: workbooks::check },
    Target { name: "zalopay_status", check: wallets::zalopay_status },
    Target { name: "zalopay_webhook", check: wallets::zalopay_webhook },
];

/// Runs the target of this name.
///
/// # Panics
/// When the property does not hold for these bytes, or there is no such target.
pub fn check(name: &str, bytes: &[u8]) -> bool {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target of this name");
    (target.check)(bytes)
}
