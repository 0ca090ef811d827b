//! Commands against a database of their own, as an operator's script reads them.

use crate::{CANARY, with};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::process::{Command, Output};
use testkit::TestDatabase;

pub async fn database() -> TestDatabase {
    let key = format!("{} motlan", storage::migrate::fingerprint());
    testkit::database(&key, |url| async move {
        storage::migrate::migrate(&SecretString::from(url)).await.unwrap();
    })
    .await
}

/// The environment is the test's alone: nothing of the caller's configuration comes in.
pub fn motlan(env: &[(String, String)], args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_motlan"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("MOTLAN_")) {
        command.env_remove(name);
    }
    command.envs(env.iter().cloned()).args(args).current_dir(env!("CARGO_TARGET_TMPDIR"));
    command
}

fn run(env: &[(String, String)], args: &[&str]) -> Output {
    motlan(env, args).output().unwrap()
}

fn json_of(env: &[(String, String)], args: &[&str]) -> Value {
    let output = run(env, args);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {said}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{args:?}: {error}: {said}"))
}

fn refusal(env: &[(String, String)], args: &[&str]) -> String {
    let output = run(env, args);
    assert!(!output.status.success(), "{args:?} must fail");
    assert!(output.stdout.is_empty(), "{args:?} says nothing to stdout");
    String::from_utf8(output.stderr).unwrap()
}

fn text(value: &Value, field: &str) -> String {
    value.get(field).and_then(Value::as_str).unwrap_or_else(|| panic!("no {field} in {value}")).to_owned()
}

async fn env_of(database: &TestDatabase) -> Vec<(String, String)> {
    let url = database.url("motlan_app");
    with(&[("MOTLAN_DATABASE__URL", &url), ("MOTLAN_DATABASE__OWNER_URL", &database.superuser_url())])
}

#[tokio::test]
async fn clients_people_and_beneficiaries_are_made_and_listed_as_json() {
    let env = env_of(&database().await).await;
    assert_eq!(json_of(&env, &["migrate", "--json"]), json!({"migrations": 0}));
    let made = json_of(
        &env,
        &[
            "beneficiary",
            "create",
            "--json",
            "--code",
            "H38.17-KB",
            "--agency",
            "H38.17",
            "--agency-name",
            "UBND phường Lào Cai",
            "--name",
            "Tài khoản thu phí",
            "--bank-bin",
            "970436",
            "--account-number",
            "1029384756",
            "--account-name",
            "UBND PHUONG LAO CAI",
        ],
    );
    assert_eq!(made["account_kind"], "treasury");
    assert_eq!(json_of(&env, &["beneficiary", "list", "--json"]), json!([made]));
    let client = json_of(&env, &["client", "create", "--code", "cong-dvc", "--name", "Cổng dịch vụ công", "--json"]);
    assert!(text(&client, "id").starts_with("cli_"));
    let again = json_of(&env, &["client", "create", "--code", "cong-dvc", "--name", "Cổng DVC", "--json"]);
    assert_eq!(again["id"], client["id"]);
    let person = ["user", "create", "--code", "ke-toan", "--name", "Kế toán", "--json"];
    let scoped = json_of(&env, &[person.as_slice(), &["--beneficiaries", "H38.17-KB"]].concat());
    assert_eq!(scoped["beneficiaries"], json!(["H38.17-KB"]));
    let said = refusal(&env, &[person.as_slice(), &["--beneficiaries", "H38.17-KB,H99"]].concat());
    assert!(said.contains("H99"), "{said}");
    assert_eq!(json_of(&env, &["profile", "list", "--json"]), json!([]));
}

#[tokio::test]
async fn a_key_is_made_listed_without_its_secret_rotated_once_and_revoked() {
    let env = env_of(&database().await).await;
    json_of(&env, &["client", "create", "--code", "cong-dvc", "--name", "Cổng dịch vụ công", "--json"]);
    let first = json_of(&env, &["key", "create", "--for", "cong-dvc", "--json"]);
    let key = text(&first, "key");
    assert!(key.starts_with("mtl_sandbox_"), "the mode is in the key");
    assert!(api::keys::read(domain::mode::Mode::Sandbox, &key).is_some());
    let listed = json_of(&env, &["key", "list", "--json"]);
    assert_eq!((&listed[0]["id"], &listed[0]["holder"]), (&first["id"], &json!("cong-dvc")));
    assert_eq!(listed[0]["scopes"].as_array().unwrap().len(), 6, "all that a portal may");
    let secret = key.rsplit('_').next().unwrap();
    assert!(!listed.to_string().contains(secret), "a listed key shows no secret");

    let id = text(&first, "id");
    let second = json_of(&env, &["key", "rotate", "--id", &id, "--json"]);
    assert_ne!(second["id"], first["id"]);
    let said = refusal(&env, &["key", "rotate", "--id", &id]);
    assert!(said.contains("2 active keys"), "{said}");
    assert_eq!(json_of(&env, &["key", "revoke", "--id", &id, "--json"])["revoked"], true);
    let said = refusal(&env, &["key", "revoke", "--id", &id]);
    assert!(said.contains("no active key"), "{said}");
    json_of(&env, &["key", "rotate", "--id", &text(&second, "id"), "--json"]);
}

#[tokio::test]
async fn a_key_gets_only_scopes_of_its_kind_of_holder() {
    let env = env_of(&database().await).await;
    json_of(&env, &["client", "create", "--code", "cong-dvc", "--name", "Cổng dịch vụ công", "--json"]);
    json_of(&env, &["user", "create", "--code", "ke-toan", "--name", "Kế toán", "--json"]);
    json_of(&env, &["key", "create", "--for", "ke-toan", "--scopes", "reports:read,cases:write", "--json"]);
    let listed = json_of(&env, &["key", "list", "--for", "ke-toan", "--json"]);
    assert_eq!(listed[0]["scopes"], json!(["reports:read", "cases:write"]));
    let said = refusal(&env, &["key", "create", "--for", "cong-dvc", "--scopes", "approvals:decide"]);
    assert!(said.contains("approvals:decide") && said.contains("cong-dvc"), "{said}");
    let said = refusal(&env, &["key", "create", "--for", "nobody"]);
    assert!(said.contains("nobody"), "{said}");
}

#[tokio::test]
async fn empty_books_are_drained_and_verified() {
    let env = env_of(&database().await).await;
    let left = json_of(&env, &["work", "--drain", "--json"]);
    assert_eq!((&left["due"]["outbox"], &left["oldest_due_s"]), (&json!(0), &json!(0)));
    let report = json_of(&env, &["verify", "--json"]);
    assert_eq!((&report["holds"], &report["sealed"]), (&json!(true), &json!(0)));
    let output = run(&env, &["verify", "--json", "--head", &"ab".repeat(32)]);
    assert!(!output.status.success(), "a head that the chain never had is not proven");
}

#[test]
fn config_check_prints_everything_but_secrets_and_stops_at_what_would_stop_the_start() {
    let env = with(&[]);
    for args in [&["config", "check"][..], &["config", "check", "--json"]] {
        let output = run(&env, args);
        assert!(output.status.success());
        let all = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(!all.contains(CANARY) && !all.contains(crate::HEX_KEY), "{all}");
        assert!(all.contains("http.listen") && all.contains("profiles.vnpay_main.tmn_code"), "{all}");
    }
    assert_eq!(json_of(&env, &["config", "check", "--json"])["keys.api"], "set");
    let mut less = env;
    less.retain(|(name, _)| name != "MOTLAN_KEYS__PII");
    assert!(refusal(&less, &["config", "check"]).contains("MOTLAN_KEYS__PII"));
}
