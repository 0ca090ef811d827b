//! The configuration of a demonstration, made once: one contract for each channel, each with secrets of its own. Test
//! secrets all of them.

use crate::sample;
use rand::Rng;

/// The contracts, and what the other sides call us.
pub const VNPAY: &str = "vnpay_main";
pub const MOMO: &str = "momo_main";
pub const ZALOPAY: &str = "zalopay_main";
pub const NATIONAL: &str = "national_main";
pub const MOBILE_MONEY: &str = "mm_main";
pub const BANK_BILLS: &str = "bank_bill";
pub const MOBILE_MONEY_BILLS: &str = "mm_bill";
/// With those who tell of an account, and whose account that is.
pub const VIETQR: &str = "vietqr_kb";
pub const BANK_BENEFICIARY: &str = "H38.17-KB";
/// On the other account each payment has a number of its own.
pub const VIRTUAL: &str = "vietqr_nh";
pub const VIRTUAL_BENEFICIARY: &str = "H38.21-NH";
/// With the card terminal of the counter.
pub const TERMINAL: &str = "pos_main";

/// Short waits, so that the demonstration shows in seconds what production does in minutes.
const HEAD: &str = r#"# Made by `motlan up` for demonstrations on this machine; test secrets only. `make demo-reset` makes another.
# Addresses of the database, the listeners and the simulators are found anew at each start. A secret that was changed
# through the API lies in the books, and goes before the one that stands here.
mode = "sandbox"

[log]
filter = "warn"
format = "text"

[intents]
min_expires_in_s = 2

[poll]
schedule_s = [1, 2, 3, 5, 10, 30, 60, 300]
list_every_s = 2

# the story is told again and again, with the same numbers
[prompts]
per_number = 100

[delivery]
schedule_s = [0, 1, 2, 3, 5, 10, 30, 60]

[dossier]
allow_http = true
allow_private = true
"#;

/// A contract: its profile, its channel, what stands in it (`allowed_from` and the like), and which of its keys are secrets.
type Contract = (&'static str, &'static str, &'static str, &'static [&'static str]);

const CONTRACTS: &[Contract] = &[
    (VNPAY, "vnpay", "tmn_code = \"MOTLAN01\"\n", &["hash_secret"]),
    (MOMO, "momo", "partner_code = \"MOTLANDEMO\"\n", &["access_key", "secret_key"]),
    (ZALOPAY, "zalopay", "app_id = 2554\n", &["key1", "key2"]),
    (
        NATIONAL,
        "national",
        "partner_code = \"LAOCAI\"\nbank_codes = [\"970409:BAB\", \"970436:VCB\"]\n",
        &["secret_key", "access_token"],
    ),
    (
        MOBILE_MONEY,
        "mobile_money",
        "client_id = \"laocai-dvc\"\ncredit_party = \"LAOCAI-DVC\"\n",
        &["client_secret", "callback_key"],
    ),
    (
        BANK_BILLS,
        "bank_bills",
        "service_id = \"LAOCAIDVC\"\nclient_id = \"the-bank\"\nallowed_from = [\"127.0.0.0/8\"]\n",
        &["client_secret", "checksum_secret"],
    ),
    (
        MOBILE_MONEY_BILLS,
        "mobile_money_bills",
        "client_id = \"the-wallet\"\nallowed_from = [\"127.0.0.0/8\"]\n",
        &["client_secret", "api_key"],
    ),
    (TERMINAL, "counter", "", &[]),
    (VIETQR, "vietqr", "listing = \"sepay\"\n", &["sepay_hmac_secret", "casso_checksum_key", "listing_token"]),
    (VIRTUAL, "vietqr", "virtual_account_prefix = \"MTL\"\n", &["sepay_hmac_secret"]),
];

pub fn text() -> String {
    let keys = format!("\n[keys]\npii = \"{}\"\napi = \"{}\"\n", random_hex(32), random_hex(32));
    std::iter::once(format!("{HEAD}{keys}")).chain(CONTRACTS.iter().map(section)).collect()
}

fn section(&(profile, channel, plain, secrets): &Contract) -> String {
    let all = sample::BENEFICIARIES.split(',').map(|code| format!("{code:?}")).collect::<Vec<_>>().join(", ");
    // an account each is simulated
    let beneficiaries = match profile {
        VIETQR => format!("{BANK_BENEFICIARY:?}"),
        VIRTUAL => format!("{VIRTUAL_BENEFICIARY:?}"),
        _ => all,
    };
    let secrets: String = secrets.iter().map(|key| format!("{key} = \"TEST-{}\"\n", random_hex(16))).collect();
    format!("\n[profiles.{profile}]\nchannel = \"{channel}\"\nbeneficiaries = [{beneficiaries}]\n{plain}{secrets}")
}

fn random_hex(bytes: usize) -> String {
    let mut random = vec![0_u8; bytes];
    rand::rng().fill_bytes(&mut random);
    hex::encode(random)
}
