//! Every key that the configuration knows: one table, from which defaults, the check for unknown keys, the reading of
//! the environment, `config check` and `docs/configuration.md` are made.

use domain::mode::Mode;

/// How a value is written in the environment, and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Number,
    Switch,
    /// Comma-separated in the environment.
    List,
    /// A list of numbers.
    Numbers,
    /// Shown as "set" or "not set" only.
    Secret,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// May be absent.
    None,
    /// Must be given by whoever starts the process.
    Required,
    Is(&'static str),
    /// In sandbox mode, and in production.
    ByMode(&'static str, &'static str),
}

impl Fallback {
    pub fn text(self, mode: Mode) -> Option<&'static str> {
        match (self, mode) {
            (Self::None | Self::Required, _) => None,
            (Self::Is(text), _)
            | (Self::ByMode(text, _), Mode::Sandbox)
            | (Self::ByMode(_, text), Mode::Production) => Some(text),
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Parts joined by dots; in the environment `MOTLAN_` and the parts in capitals, joined by `__`.
    pub path: &'static str,
    pub kind: Kind,
    pub default: Fallback,
    pub meaning: &'static str,
}

const fn key(path: &'static str, kind: Kind, default: Fallback, meaning: &'static str) -> Key {
    Key { path, kind, default, meaning }
}

use Fallback::{ByMode, Is, None as Absent, Required};
use Kind::{List, Number, Numbers, Secret, Switch, Text};

/// Keys of the whole deployment, in the order of the page that lists them.
pub const KEYS: &[Key] = &[
    key(
        "mode",
        Text,
        Is("sandbox"),
        "`sandbox` or `production`; key prefix, reference prefix, allowed hosts and test endpoints follow from it",
    ),
    key(
        "http.listen",
        Text,
        Is("127.0.0.1:8080"),
        "public listener (`/v1`, `/pay`), `host:port`; port 0 takes a free one",
    ),
    key(
        "http.public_url",
        Text,
        Absent,
        "where payers and providers reach the public listener; https in production, in sandbox by default the listener's own address",
    ),
    key(
        "http.trusted_proxies",
        List,
        Absent,
        "addresses or networks (`10.0.0.0/8`) of the proxies before the public listener: of their calls, and no others', `X-Forwarded-For` says who calls",
    ),
    key("http.workers", Number, Is("2"), "threads of each listener"),
    key("http.max_body_bytes", Number, Is("262144"), "bytes: a longer request body is refused"),
    key("http.body_timeout_ms", Number, Is("10000"), "milliseconds: a body that takes longer to arrive is refused"),
    key("http.max_file_bytes", Number, Is("268435456"), "bytes: a longer statement or settlement file is refused"),
    key("http.file_timeout_ms", Number, Is("300000"), "milliseconds: a file that takes longer to arrive is refused"),
    key(
        "http.calls_per_minute",
        Number,
        Is("0"),
        "calls of one key in a minute, a tenth of them at once; 0 limits nothing; counted for all processes in Redis, without it in each",
    ),
    key("staff.listen", Text, Is("127.0.0.1:8081"), "listener for staff (`/console`, `/docs`), `host:port`"),
    key(
        "ops.listen",
        Text,
        Is("127.0.0.1:8082"),
        "listener for operators (`/livez`, `/readyz`, `/metrics`, `/backlog`), `host:port`",
    ),
    key("database.url", Secret, Required, "PostgreSQL, as the application's role `motlan_app`"),
    key("database.owner_url", Secret, Absent, "PostgreSQL, as the owner of the schema; only `migrate` and `up` use it"),
    key("database.max_connections", Number, Is("12"), "connections of one process"),
    key(
        "database.wait_timeout_ms",
        Number,
        Is("2000"),
        "milliseconds that a request waits for a connection before it is told to come again",
    ),
    key(
        "database.statement_timeout_ms",
        Number,
        Is("5000"),
        "milliseconds after which the server gives up a statement",
    ),
    key(
        "database.lock_timeout_ms",
        Number,
        Is("3000"),
        "milliseconds after which the server gives up waiting for a row that another holds",
    ),
    key(
        "redis.url",
        Secret,
        Absent,
        "`redis://`, `rediss://` or `redis+unix://`; holds only what may be lost; absent or away: each process counts for itself",
    ),
    key("keys.pii", Secret, Required, "seals personal data, secrets of endpoints and of contracts: 64 hex digits"),
    key(
        "keys.api",
        Secret,
        Absent,
        "pepper under which API keys are stored: 64 hex digits; derived from `keys.pii` unless set, and then changed with it",
    ),
    key(
        "keys.receipts",
        Secret,
        Absent,
        "signs receipts: a key on P-256, PKCS #8 in Base64; absent: in sandbox one that is worth nothing, in production no number is taken",
    ),
    key(
        "intents.min_expires_in_s",
        Number,
        Is("300"),
        "seconds: the shortest life of a payment that a portal may ask for; less than 300 in sandbox only",
    ),
    key(
        "approvals.cooling_off_h",
        Number,
        Is("24"),
        "hours before a beneficiary's new account is in force, once a second person has approved it; 1 or more in production",
    ),
    key(
        "approvals.secrets_within_s",
        Number,
        Is("5"),
        "seconds within which every process uses what was decided about a contract's secrets: 1 to 60",
    ),
    key(
        "receipts.case_after_s",
        Number,
        Is("3600"),
        "seconds after which something paid that has no receipt is a case: 1 to 604800",
    ),
    key(
        "receipts.key_name",
        Text,
        Is("Khoá ký biên lai"),
        "whose key signs receipts, as it stands in them and on paper",
    ),
    key(
        "receipts.mail_schedule_s",
        Numbers,
        Is("0,60,300,1800,7200,21600,43200,86400,86400,86400,86400"),
        "seconds before each try to send a mail about a receipt; as many tries as entries, then it is parked",
    ),
    key(
        "mail.host",
        Text,
        Absent,
        "a mail server that takes mails to payers who gave an address about their receipts; in production reached at public addresses only; absent: no mails",
    ),
    key(
        "mail.port",
        Number,
        Is("465"),
        "of that server; usually 465 where TLS is `required`, 587 where it is `starttls`",
    ),
    key(
        "mail.tls",
        Text,
        Is("required"),
        "`required` (from the first byte), `starttls` (asked for, and demanded) or `none`, which production refuses",
    ),
    key("mail.from", Text, Absent, "the sender, as `name@host` or `A name <name@host>`"),
    key("mail.user", Text, Absent, "the name under which the server knows us; absent: it asks for none"),
    key("mail.secret", Secret, Absent, "what is shown with it"),
    key(
        "poll.schedule_s",
        Numbers,
        Is("60,60,60,60,60,60,60,60,60,60,60,60,60,60,60,60,120,300,600,1800,3600,7200,14400,21600"),
        "seconds from one asking of a provider to the next; the last repeats",
    ),
    key(
        "poll.give_up_after_s",
        Number,
        Is("259200"),
        "seconds after which an attempt without an answer is `unknown` and a case",
    ),
    key(
        "poll.list_every_s",
        Number,
        Is("60"),
        "seconds from one listing of a bank account to the next, while a transfer to it may be under way; at least 1",
    ),
    key(
        "poll.list_idle_every_s",
        Number,
        Is("3600"),
        "the same while none is expected, where that is longer; at least 1",
    ),
    key(
        "poll.sent_refund_every_s",
        Number,
        Is("86400"),
        "seconds from one asking about a refund that its provider has sent to the next, since the payer's bank may refuse it; at least 1",
    ),
    key(
        "poll.sent_refund_for_s",
        Number,
        Is("2592000"),
        "seconds after which nobody asks about it any more; 0: nobody asks",
    ),
    key(
        "prompts.per_intent",
        Number,
        Is("5"),
        "how often one payment may have phones asked within `prompts.within_s`, whatever numbers are typed; at least 1",
    ),
    key(
        "prompts.per_number",
        Number,
        Is("5"),
        "how often one phone may be asked within `prompts.within_s`, whatever payments it is for; at least 1",
    ),
    key("prompts.within_s", Number, Is("3600"), "seconds in which prompts are counted; 60 to 86400"),
    key(
        "delivery.schedule_s",
        Numbers,
        Is("0,5,300,1800,7200,18000,36000,50400,72000,86400"),
        "seconds before each sending of an event; as many sendings as entries",
    ),
    key("delivery.in_flight", Number, Is("32"), "sendings under way at once, in one process"),
    key(
        "dossier.allowed_hosts",
        List,
        Absent,
        "host names of the portals' endpoints; required where private addresses are not allowed",
    ),
    key("dossier.allow_http", Switch, ByMode("true", "false"), "endpoints without TLS; refused in production"),
    key(
        "dossier.allow_private",
        Switch,
        ByMode("true", "false"),
        "endpoints at addresses that are not public; refused in production",
    ),
    key("dossier.timeout_ms", Number, Is("15000"), "milliseconds for one sending"),
    key(
        "oidc.issuer",
        Text,
        Absent,
        "an identity provider (OpenID Connect) by way of which people sign in at the console besides, as its own description names it; absent: none",
    ),
    key("oidc.name", Text, Is("tài khoản của tỉnh"), "what people call it, on the button"),
    key("oidc.client_id", Text, Absent, "who this deployment is there"),
    key("oidc.client_secret", Secret, Absent, "what it shows there"),
    key(
        "oidc.hosts",
        List,
        Absent,
        "host names of its endpoints that are not the issuer's; nothing else is called, and no browser led elsewhere",
    ),
    key(
        "oidc.two_factors",
        List,
        Absent,
        "words of `acr` or `amr` by which it says that it asked for two factors; absent: our own code is always asked for besides",
    ),
    key(
        "oidc.console_url",
        Text,
        Absent,
        "where people reach the staff listener; https in production, in sandbox by default the listener's own address",
    ),
    key("log.filter", Text, Is("info"), "what is logged to stderr, as tracing's directives (`info,storage=debug`)"),
    key("log.format", Text, Is("json"), "`json` or `text`"),
    key(
        "otlp.endpoint",
        Text,
        Absent,
        "where traces are sent (OTLP over HTTP), e.g. `http://collector:4318`, to `/v1/traces` unless it has a path; absent: nowhere",
    ),
];

/// Keys of each merchant profile, under `profiles.<profile>`.
pub const EVERY_PROFILE: &[Key] = &[
    key(
        "channel",
        Text,
        Required,
        "the provider: `bank_bills`, `mobile_money`, `mobile_money_bills`, `momo`, `national`, `vietqr`, `vnpay` or `zalopay`",
    ),
    key("beneficiaries", List, Required, "codes of the beneficiaries that this contract collects for"),
];

/// Keys that a channel adds, by channel.
pub const CHANNELS: &[(&str, &[Key])] = &[
    (provider_bills::bidv::CHANNEL, BANK_BILLS),
    // a card terminal at a counter: its files alone are of ours
    (domain::counter::CHANNEL, &[]),
    (provider_mobile_money::CHANNEL, MOBILE_MONEY),
    (provider_bills::gsma::CHANNEL, MOBILE_MONEY_BILLS),
    (provider_momo::CHANNEL, MOMO),
    (provider_national::CHANNEL, NATIONAL),
    (provider_vietqr::CHANNEL, VIETQR),
    (provider_vnpay::CHANNEL, VNPAY),
    (provider_zalopay::CHANNEL, ZALOPAY),
];

const BANK_BILLS: &[Key] = &[
    key("service_id", Text, Required, "the service that we are at the bank"),
    key("client_id", Text, Required, "by this and the next the bank takes a token"),
    key("client_secret", Secret, Required, "at least 16 characters"),
    key("client_secret_next", Secret, Absent, "a second secret accepted while it is being changed"),
    key("checksum_secret", Secret, Required, "stands before the fields of a checksum; at least 16 characters"),
    key("checksum_secret_next", Secret, Absent, "a second secret accepted while it is being changed"),
    key(
        "allowed_from",
        List,
        Absent,
        "addresses or networks that the bank calls from; none: any, which production refuses",
    ),
    key(
        "day_ends_at",
        Text,
        Is("24:00"),
        "Hanoi time at which the bank's day ends, and with it what it was told of bills",
    ),
    key(
        "answer",
        Text,
        Is("one"),
        "which answer to `getbill` the bank reads: `one` (a bill) or `periods` (a list of lists)",
    ),
    key("shows_payer", Switch, Is("true"), "whether `customer_name` has the payer's masked name, or nothing"),
];

const MOBILE_MONEY_BILLS: &[Key] = &[
    key("client_id", Text, Required, "by this and the next the provider takes a token"),
    key("client_secret", Secret, Required, "at least 16 characters"),
    key("client_secret_next", Secret, Absent, "a second secret accepted while it is being changed"),
    key("api_key", Secret, Absent, "`X-API-Key`, where the contract has one; at least 16 characters"),
    key("api_key_next", Secret, Absent, "a second key accepted while it is being changed"),
    key(
        "allowed_from",
        List,
        Absent,
        "addresses or networks that the provider calls from; none: any, which production refuses",
    ),
    key(
        "day_ends_at",
        Text,
        Is("24:00"),
        "Hanoi time at which the provider's day ends, and with it what it was told of bills",
    ),
    key(
        "answers",
        Text,
        Is("at_once"),
        "when a payment's outcome is told: `at_once` (201 or an error) or `when_asked` (202, then a callback or `/requeststates`)",
    ),
    key(
        "callback_url",
        Text,
        Absent,
        "the provider's own place for callbacks, `https://host` or `https://host/path`: an `X-Callback-URL` there is called, no other",
    ),
];

const MOBILE_MONEY: &[Key] = &[
    key("api_url", Text, Required, "the base of the provider's GSMA Mobile Money API 1.2"),
    key("token_url", Text, Required, "where an access token is asked for (OAuth2 client credentials)"),
    key("client_id", Text, Required, "who we are there; sent as `X-Client-Id` too"),
    key("client_secret", Secret, Required, "with it an access token is asked for"),
    key("client_secret_next", Secret, Absent, "a second secret, tried where the first is no longer taken"),
    key("api_key", Secret, Absent, "`X-API-Key`, where the contract has one"),
    key("credit_party_key", Text, Is("organisationid"), "the kind of name under which the provider knows our account"),
    key("credit_party", Text, Required, "our account at the provider"),
    key(
        "callback_key",
        Secret,
        Absent,
        "makes the addresses of callbacks ours alone, at least 16 characters; absent: no callbacks, the provider is asked",
    ),
    key("callback_key_next", Secret, Absent, "a second key accepted on input while it is being changed"),
    key(
        "one_time_code",
        Text,
        Is("optional"),
        "whether payers are asked for the code of their application: `never`, `optional` or `required`",
    ),
    key(
        "monthly_limits",
        List,
        Is("2021-03-09/2025-12-31:10000000,2026-01-01:100000000"),
        "what a customer may pay in a month, each `FROM:AMOUNT` or `FROM/TO:AMOUNT`: an order above it is not made",
    ),
    key(
        "essential_limits",
        List,
        Is("2026-01-01:100000000"),
        "the second limit, for listed essentials, in the same form",
    ),
    key("counts_as", Text, Is("ordinary"), "to which of the two a payment is counted: `ordinary` or `essential`"),
    key("window_s", Number, Is("300"), "seconds that a payer may take: 30 to 3600"),
];

const MOMO: &[Key] = &[
    key("api_url", Text, Required, "the host of MoMo's API, without a path"),
    key("partner_code", Text, Required, "partner code of the contract"),
    key("access_key", Secret, Required, "part of what is signed, never sent"),
    key("secret_key", Secret, Required, "signs requests and verifies what MoMo says"),
    key("secret_key_next", Secret, Absent, "a second secret accepted on input while MoMo rotates"),
    key(
        "request_type",
        Text,
        Is("captureWallet"),
        "the page that a payer sees: `captureWallet` (the wallet) or `payWithMethod` (a chooser)",
    ),
    key(
        "auto_capture",
        Switch,
        Is("true"),
        "`false`: MoMo keeps authorised money until we say take or let go, which the worker does",
    ),
    key("window_s", Number, Is("900"), "seconds that a payer may take: 60 to 86400"),
];

const NATIONAL: &[Key] = &[
    key("init_url", Text, Required, "where the platform is told an order (INIT)"),
    key("query_url", Text, Required, "where it is asked about one (QUERY)"),
    key("bill_url", Text, Absent, "where a receipt is asked for (GET_BILL); absent: no receipts"),
    key("partner_code", Text, Required, "`MaDoiTac` of the contract"),
    key("secret_key", Secret, Required, "the last part of all that is hashed, by us and by the platform"),
    key("secret_key_next", Secret, Absent, "a second secret accepted on input while it is being changed"),
    key("access_token", Secret, Absent, "the bearer token of our calls, where the contract has one"),
    key("confirm_word", Text, Is("CONFIRM"), "`LoaiBanTin` of the platform's calls"),
    key(
        "bank_codes",
        List,
        Required,
        "what the platform calls the beneficiaries' banks, each `BIN:CODE`, e.g. `970436:VCB`",
    ),
    key("fee_word", Text, Is("Phi"), "`LoaiPhiLePhi` of a fee (phí)"),
    key("charge_word", Text, Is("LePhi"), "`LoaiPhiLePhi` of a charge (lệ phí)"),
    key(
        "service_suffix",
        Text,
        Is(".01"),
        "behind a procedure's code it makes `MaDVC`, where an obligation names no service",
    ),
    key("window_s", Number, Is("900"), "seconds that a payer may take: 60 to 86400"),
];

const VIETQR: &[Key] = &[
    key("sepay_api_key", Secret, Absent, "SePay's webhook in its key form; not together with `sepay_hmac_secret`"),
    key("sepay_api_key_next", Secret, Absent, "a second key accepted while it is being changed"),
    key("sepay_hmac_secret", Secret, Absent, "SePay's webhook in its signed form, which is to be preferred"),
    key("sepay_hmac_secret_next", Secret, Absent, "a second secret accepted while it is being changed"),
    key("casso_checksum_key", Secret, Absent, "Casso's webhook V2"),
    key("casso_checksum_key_next", Secret, Absent, "a second key accepted while it is being changed"),
    key("payos_checksum_key", Secret, Absent, "payOS's webhook"),
    key("payos_checksum_key_next", Secret, Absent, "a second key accepted while it is being changed"),
    key("listing", Text, Absent, "who lists the account: `sepay` or `casso`; then the next two are needed"),
    key("listing_url", Text, Absent, "the listing's host, without a path"),
    key("listing_token", Secret, Absent, "SePay's API token, Casso's API key"),
    key(
        "listing_pace_ms",
        Number,
        Is("600"),
        "milliseconds from one call of the listing to the next, of all workers together; at most 10000",
    ),
    key(
        "virtual_account_prefix",
        Text,
        Absent,
        "the bank's prefix of virtual accounts, 1 to 8 letters and digits: the payer then pays into prefix and reference",
    ),
    key("max_amount", Number, Is("499999999"), "đồng: the most of one transfer"),
    key("clock_tolerance_s", Number, Is("300"), "seconds that a signed time may be from ours: 1 to 900"),
];

const VNPAY: &[Key] = &[
    key("pay_url", Text, Required, "the page that the payer's browser opens"),
    key("api_url", Text, Required, "where querydr and refund are posted"),
    key("tmn_code", Text, Required, "terminal code of the contract: 8 letters and digits"),
    key("hash_secret", Secret, Required, "signs requests and verifies what VNPAY says"),
    key("hash_secret_next", Secret, Absent, "a second secret accepted on input while VNPAY rotates"),
    key("server_ip", Text, Is("127.0.0.1"), "our own address as querydr and refund state it"),
    key("window_s", Number, Is("900"), "seconds that a payer may take on VNPAY's page: 60 to 86400"),
];

const ZALOPAY: &[Key] = &[
    key("api_url", Text, Required, "the host of ZaloPay's API, without a path"),
    key("app_id", Number, Required, "the contract's app"),
    key("key1", Secret, Required, "signs what we send"),
    key("key2", Secret, Required, "verifies what ZaloPay sends"),
    key("key2_next", Secret, Absent, "a second key2 accepted while ZaloPay rotates"),
    key("window_s", Number, Is("900"), "seconds that a payer may take: 300 to 86400"),
];

/// The table's row of a path; of a profile's path the row of its last part.
pub fn find(path: &str) -> Option<&'static Key> {
    if let Some(row) = KEYS.iter().find(|k| k.path == path) {
        return Some(row);
    }
    let (profile, name) = path.strip_prefix("profiles.")?.rsplit_once('.')?;
    let of_channels = CHANNELS.iter().flat_map(|(_, keys)| keys.iter());
    EVERY_PROFILE.iter().chain(of_channels).find(|k| !profile.is_empty() && k.path == name)
}

/// Where the path stands in the environment.
pub fn env_name(path: &str) -> String {
    format!("MOTLAN_{}", path.replace('.', "__").to_uppercase())
}

/// `docs/configuration.md`, whole.
pub fn page() -> String {
    let mut out = String::from(
        "# Configuration\n\nWritten from `crates/motlan/src/config/table.rs` by a test; `UPDATE_DOCS=1 cargo test -p motlan` \
         writes it anew.\n\n`motlan.toml` (`--config`, else `MOTLAN_CONFIG`, else the working directory), then the \
         environment: path parts in capitals,\njoined by `__`, lists separated by commas; an empty variable is as good as \
         none. A key that is not listed here stops the start.\n`motlan config check` prints what holds in the end, without \
         secrets. An example is `deploy/motlan.example.toml`.\n\n",
    );
    rows(&mut out, "", KEYS);
    out.push_str(
        "\n## Merchant profiles\n\nOne section per contract with a provider; a provider without a section is off. \
         Its secrets are those that signing begins with: one that was approved since signs in its place, beside which it is\n\
         accepted until it is retired, and then no longer ([administration.md](administration.md)).\n\n",
    );
    rows(&mut out, "profiles.<profile>.", EVERY_PROFILE);
    for (channel, keys) in CHANNELS {
        out.push_str(&format!("\n### Channel `{channel}`\n\n"));
        rows(&mut out, "profiles.<profile>.", keys);
    }
    out.push_str(
        "\n## Production refuses\n\n`intents.min_expires_in_s` below 300; `approvals.cooling_off_h` below 1; an `http.public_url` that is absent or not https; \
         `dossier.allow_http` and\n`dossier.allow_private`; with an `oidc.issuer`, one that is not https or an `oidc.console_url` that is absent or not https; `mail.tls` that is\n`none` and a `mail.host` on this machine or at an address that is not public; a provider's address without https, on this machine, or at its \
         test system.\n",
    );
    out
}

fn rows(out: &mut String, prefix: &str, keys: &[Key]) {
    out.push_str("| key | environment | default | meaning |\n|---|---|---|---|\n");
    for row in keys {
        let path = format!("{prefix}{}", row.path);
        let default = match row.default {
            Absent => "none".to_owned(),
            Required => "required".to_owned(),
            Is(text) => format!("`{text}`"),
            ByMode(sandbox, production) => format!("`{sandbox}` in sandbox, `{production}` in production"),
        };
        out.push_str(&format!("| `{path}` | `{}` | {default} | {} |\n", env_name(&path), row.meaning));
    }
}
