//! The binary from outside: how a configuration is composed and refused, and what its commands print.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests only: a failure here is a failed test")]

#[path = "motlan/commands.rs"]
mod commands;
#[path = "motlan/composition.rs"]
mod composition;
#[path = "motlan/deployment.rs"]
mod deployment;
#[path = "motlan/listed.rs"]
mod listed;
#[path = "motlan/observed.rs"]
mod observed;
#[path = "motlan/processes.rs"]
mod processes;
#[path = "motlan/promql.rs"]
mod promql;

use std::path::PathBuf;

pub const CANARY: &str = "CANARYthatnobodymaysee";
pub const HEX_KEY: &str = "7465737474657374746573747465737474657374746573747465737474657374";

/// The least that a sandbox starts with; the secrets carry the canary where their form allows it.
pub fn least() -> Vec<(String, String)> {
    [
        ("MOTLAN_DATABASE__URL", "postgresql://app:CANARYthatnobodymaysee@127.0.0.1/none"),
        ("MOTLAN_DATABASE__OWNER_URL", "postgresql://owner:CANARYthatnobodymaysee@127.0.0.1/none"),
        ("MOTLAN_KEYS__PII", HEX_KEY),
        ("MOTLAN_KEYS__API", HEX_KEY),
        ("MOTLAN_PROFILES__VNPAY_MAIN__CHANNEL", "vnpay"),
        ("MOTLAN_PROFILES__VNPAY_MAIN__BENEFICIARIES", "H38.17-KB,H38.1-KB"),
        ("MOTLAN_PROFILES__VNPAY_MAIN__PAY_URL", "https://sandbox.vnpayment.vn/paymentv2/vpcpay.html"),
        ("MOTLAN_PROFILES__VNPAY_MAIN__API_URL", "https://sandbox.vnpayment.vn/merchant_webapi/api/transaction"),
        ("MOTLAN_PROFILES__VNPAY_MAIN__TMN_CODE", "00000001"),
        ("MOTLAN_PROFILES__VNPAY_MAIN__HASH_SECRET", CANARY),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

pub fn with(changes: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut env = least();
    for (name, value) in changes {
        env.retain(|(n, _)| n != name);
        env.push(((*name).to_owned(), (*value).to_owned()));
    }
    env
}

/// A file of its own for each test, gone when the test's directory is thrown away.
pub fn scratch(name: &str) -> PathBuf {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("motlan-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    dir.join(name)
}
