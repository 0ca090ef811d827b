//! The same from the command line, which has the database and no key; another process obeys.

use crate::people::administrator;
use serde_json::{Value, json};
use tests::child::{Env, run};
use tests::portal::dossier;
use tests::{BENEFICIARY, House, Plan, env};

async fn says(env: &Env, args: &[&str]) -> Value {
    let ended = run(env, &[args, &["--json"]].concat()).await;
    assert!(ended.success, "{args:?}: {}", ended.stderr);
    serde_json::from_str(&ended.stdout).unwrap_or_else(|e| panic!("{args:?}: {e}: {}", ended.stdout))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_lists_and_channels_are_administered_from_the_command_line() {
    let house = House::new().await;
    let admin = administrator(&house).await;
    let mut env = env(&house.database, &house.vnpay.url, &Plan::default());
    env.push(("USER".to_owned(), "van-hanh".to_owned()));

    // as it always was: no word of roles, every role
    let plain = says(&env, &["user", "create", "--code", "cu", "--name", "Người cũ"]).await;
    assert_eq!((plain["roles"].as_array().unwrap().len(), &plain["beneficiaries"]), (5, &json!([])));
    let create = ["user", "create", "--code", "thu-ngan", "--name", "Thu ngân", "--roles", "clerk,viewer"];
    let made = says(&env, &[&create[..], &["--beneficiaries", BENEFICIARY]].concat()).await;
    assert_eq!((&made["roles"], &made["beneficiaries"]), (&json!(["viewer", "clerk"]), &json!([BENEFICIARY])));
    let renamed = says(&env, &["user", "create", "--code", "thu-ngan", "--name", "Thu ngân 2"]).await;
    assert_eq!((&renamed["id"], &renamed["roles"]), (&made["id"], &made["roles"]), "roles stay unless they are named");
    let set = says(&env, &["user", "set", "--code", "thu-ngan", "--roles", "accountant"]).await;
    assert_eq!((&set["name"], &set["roles"]), (&json!("Thu ngân 2"), &json!(["accountant"])));
    assert!(says(&env, &["user", "disable", "--code", "thu-ngan"]).await["disabled_at"].is_string());
    let person = admin.get(&format!("/v1/persons/{}", made["id"].as_str().unwrap())).await.expect(200);
    assert_eq!((&person["active"], &person["scopes"][0]), (&json!(false), &json!("statements:write")));
    let listed = says(&env, &["user", "list"]).await;
    assert_eq!(listed.as_array().unwrap().len(), 3, "{listed}");
    for wrong in [
        &["user", "create", "--code", "x", "--name", "X", "--roles", "boss"][..],
        &["user", "set", "--code", "khong-co", "--roles", "viewer"],
        &["user", "create", "--code", "x", "--name", "X", "--beneficiaries", "H99-KB"],
    ] {
        let ended = run(&env, wrong).await;
        assert!(!ended.success && ended.stdout.is_empty(), "{wrong:?}");
    }

    let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    says(&env, &["channel", "off", "--code", "vnpay", "--reason", "Sự cố"]).await;
    assert_eq!(house.portal.intent(&intent).await["channels"][0]["reason"], "Sự cố");
    assert_eq!(says(&env, &["channel", "list"]).await[0]["available"], false);
    says(&env, &["channel", "on", "--code", "vnpay", "--reason", "xong"]).await;
    assert_eq!(house.portal.intent(&intent).await["channels"][0]["available"], true);
    let down = ["channel", "downtime", "--code", "vnpay", "--from", "2026-01-01T00:00:00Z", "--to"];
    let down = says(&env, &[&down[..], &["2099-01-01T00:00:00+07:00", "--reason", "Bảo trì"]].concat()).await;
    assert_eq!(house.portal.intent(&intent).await["channels"][0]["reason"], "Bảo trì");
    says(&env, &["channel", "withdraw", "--code", "vnpay", "--id", down["id"].as_str().unwrap()]).await;
    assert_eq!(house.portal.intent(&intent).await["channels"][0]["available"], true);

    says(&env, &["agency", "put", "--code", "H38.40", "--name", "UBND xã (mẫu)"]).await;
    says(&env, &["calendar", "put", "2027-02-08", "--name", "Tết"]).await;
    assert_eq!(says(&env, &["calendar", "list"]).await[0]["worked"], false);
    let limits = ["profile", "limits", "--code", "vnpay_main", "--min-amount", "30000"];
    assert_eq!(says(&env, &limits).await["min_amount"], 30_000);
    let fee =
        ["profile", "fee", "--code", "vnpay_main", "--from", "2026-07-01", "--rate-ppm", "11000", "--rounding", "down"];
    let kept = json!([{"from": "2026-07-01", "rate_ppm": 11_000, "rounding": "down", "fixed": 0}]);
    assert_eq!(says(&env, &fee).await, kept);
    assert_eq!(says(&env, &["profile", "fees", "--code", "vnpay_main"]).await, kept);
    assert_eq!(house.portal.intent(&intent).await["channels"][0]["reason"], "amount_below_limit");
    let entries = std::env::temp_dir().join(format!("motlan-fees-{}.json", std::process::id()));
    let entry = json!([{"name": "Bản sao", "unit": 500, "legal_basis": "x", "valid_to": "2026-12-31"}]);
    std::fs::write(&entries, entry.to_string()).unwrap();
    says(&env, &["fee", "put", "--code", "BAN-SAO", entries.to_str().unwrap()]).await;
    std::fs::remove_file(&entries).unwrap();
    assert_eq!(says(&env, &["fee", "list", "--code", "BAN-SAO"]).await[0]["valid_to"], "2026-12-31");
    assert_eq!(says(&env, &["parked", "list"]).await, json!([]));
    assert!(!run(&env, &["parked", "retry", "sgt_1"]).await.success);
    // each change says who made it
    let sql = "select string_agg(distinct actor, ',') from audit where action ~ '^(person|channel|fee|agency|calendar|profile)_'";
    assert_eq!(house.ask(sql).await, "cli:van-hanh");
    house.close().await;
}
