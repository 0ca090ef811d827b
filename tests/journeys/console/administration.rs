//! What an administrator does at the desk each week, with a fresh code each time, and nobody else with one.

use crate::receipts::collects;
use crate::receipts::mailed::paid_by;
use domain::role::Role;
use serde_json::json;
use tests::desk::{Desk, Login, Page, fresh_codes, hires};
use tests::ledger_rows::ACCOUNT;
use tests::post::payer;
use tests::{BENEFICIARY, House, OTHER_BENEFICIARY, Plan};

const PAGES: &[&str] = &["", "/channels", "/people", "/setup", "/parked", "/remittance-rules"];
const OFF: &str = "select count(*) from channel_switch where channel = 'vnpay' and off_since is not null";

/// A rule of remittance as its form has it.
const RULE: &[(&str, &str)] = &[
    ("beneficiary", BENEFICIARY),
    ("fee", "CT-BANSAO"),
    ("from", "2026-01-01"),
    ("kept", "96,5"),
    ("rounding", "down"),
    ("period", "monthly"),
    ("due_by", "day"),
    ("due_n", "5"),
    ("chapter", "805"),
    ("sub_item", "2716"),
    ("area", "15001"),
    ("unit", "1051720"),
    ("account", ACCOUNT),
    ("treasury", "Kho bạc Nhà nước khu vực VIII (mẫu)"),
    ("bank_bin", "970409"),
    ("treasury_account", "3511.0.1051720"),
    ("treasury_account_name", "Tài khoản phí chờ nộp (mẫu)"),
    ("basis", "Thông tư mẫu"),
];

/// Presses a button of this page with these fields and a fresh code.
async fn presses(house: &House, desk: &mut Desk, login: &Login, path: &str, fields: &[(&str, &str)]) -> Page {
    let form = desk.get("/console").await.field("form");
    fresh_codes(house).await;
    let code = login.code();
    let all = [&[("form", form.as_str()), ("code", &code)], fields].concat();
    desk.post(&format!("/console/admin{path}"), &all).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_administrator_acts_with_a_fresh_code_and_nobody_else_does() {
    let house = House::new().await;
    let admin = hires(&house, "quan-tri", &[Role::Administrator], &[]).await;
    let part = hires(&house, "quan-tri-18", &[Role::Administrator], &[OTHER_BENEFICIARY]).await;
    let accountant = hires(&house, "thu-quy", &[Role::Accountant, Role::Approver], &[]).await;
    let (mut desk, mut other) = (Desk::of(&house, &admin).await, Desk::of(&house, &part).await);
    let mut outsider = Desk::of(&house, &accountant).await;
    for page in PAGES {
        desk.get(&format!("/console/admin{page}")).await.expect(200);
        outsider.get(&format!("/console/admin{page}")).await.expect(403);
    }
    assert!(desk.get("/console").await.says("Quản trị") && !outsider.get("/console").await.says("/console/admin"));

    // of whoever administers some, the rest is absent or refused
    let people = other.get("/console/admin/people").await.expect(200);
    assert!(people.says("quan-tri-18") && !people.says("thu-quy"), "{}", people.text);
    let setup = other.get("/console/admin/setup").await.expect(200);
    assert!(
        setup.says(OTHER_BENEFICIARY) && !setup.says(BENEFICIARY) && !setup.says("admin/calendar"),
        "{}",
        setup.text
    );
    other.get("/console/admin/parked").await.expect(403);

    // a channel
    let key =
        house.ask("select 'key_' || replace(id::text, '-', '') from api_key where client_id is not null limit 1").await;
    let acts = [
        ("/channels/vnpay/switch", vec![("to", "off"), ("reason", "bảo trì")]),
        ("/calendar", vec![("date", "2027-02-05"), ("name", "Tết Nguyên đán"), ("worked", "no")]),
        ("/calendar/2027-02-05/remove", vec![]),
        (&*format!("/keys/{key}/revoke"), vec![]),
        ("/remittance-rules", RULE.to_vec()),
    ];
    let state = "select (select count(*) from channel_switch) || ' ' || (select count(*) from working_day_exception where day = '2027-02-05')
        || ' ' || (select count(*) from api_key where revoked_at is not null)
        || ' ' || (select count(*) from remittance_rule)";
    for (path, fields) in &acts {
        let form = desk.get("/console").await.field("form");
        let without = [&[("code", admin.code())][..], &[]].concat();
        let without: Vec<(&str, &str)> =
            without.iter().map(|(n, v)| (*n, v.as_str())).chain(fields.iter().copied()).collect();
        assert_eq!(desk.post(&format!("/console/admin{path}"), &without).await.status, 403, "{path} without its token");
        let wrong = [&[("form", form.as_str()), ("code", "000000")], &fields[..]].concat();
        let refused = desk.post(&format!("/console/admin{path}"), &wrong).await;
        assert!(refused.status == 422 && refused.says("Mã xác thực không đúng"), "{path}: {}", refused.text);
        assert_eq!(presses(&house, &mut outsider, &accountant, path, fields).await.status, 403, "{path}");
        let partly = presses(&house, &mut other, &part, path, fields).await.status;
        assert!([403, 404].contains(&partly), "{path}: {partly}");
        assert_eq!(house.ask(state).await, "0 0 0 0", "{path}");
        house.ask("update sign_in set wrong_tries = 0").await;
    }
    for (path, fields) in &acts {
        let done = presses(&house, &mut desk, &admin, path, fields).await;
        assert_eq!(done.status, 303, "{path}: {}", done.text);
        if path.ends_with("switch") {
            assert_eq!(house.ask(OFF).await, "1");
            assert!(desk.get("/console/admin/channels").await.says("bảo trì"));
        }
        if *path == "/calendar" {
            assert!(desk.get("/console/admin/setup").await.says("Tết Nguyên đán"));
        }
    }
    assert_eq!(house.ask(state).await, "1 0 1 1");
    let who = "select count(distinct action) from audit where actor = '{}' and action in
        ('channel_switched_off', 'calendar_day_put', 'calendar_day_removed', 'key_revoked', 'remittance_rule_put')";
    assert_eq!(house.ask(&who.replace("{}", &admin.id.to_string())).await, "5");

    // a rule is shown as people read it, and refused with what was typed
    let rules = desk.get("/console/admin/remittance-rules").await.expect(200);
    assert!(rules.says("96,5 %") && rules.says("805 · 2716 · 15001 · 1051720"), "{}", rules.text);
    assert!(!other.get("/console/admin/remittance-rules").await.expect(200).says("CT-BANSAO"));
    for (field, typed, why) in [
        ("sub_item", "27", "Tiểu mục có 4 chữ số"),
        ("kept", "100,1", "phần trăm từ 0 đến 100"),
        ("account", "970436.1", "không phải tài khoản của đơn vị này"),
    ] {
        let fields: Vec<(&str, &str)> = RULE.iter().map(|(n, v)| (*n, if *n == field { typed } else { *v })).collect();
        let refused = presses(&house, &mut desk, &admin, "/remittance-rules", &fields).await.expect(422);
        assert!(refused.says(why) && refused.says("value=\"3511.0.1051720\""), "{why}: {}", refused.text);
    }
    let back = presses(&house, &mut desk, &admin, "/channels/vnpay/switch", &[("to", "on"), ("reason", "xong")]).await;
    assert_eq!((back.status, house.ask(OFF).await.as_str()), (303, "0"));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_that_no_server_took_is_sent_again_from_the_desk() {
    let house = House::planned(Plan { with_post: true, ..Plan::default() }).await;
    collects(&house).await;
    let admin = hires(&house, "quan-tri", &[Role::Administrator], &[]).await;
    let mut desk = Desk::of(&house, &admin).await;
    house.post_does(json!({"do": [{"greeting": 421}]})).await;
    paid_by(&house, 21_000, payer("thu.tran@example.vn")).await;
    house.drain().await;
    house.post_behaves().await;
    let page = desk.get("/console/admin/parked").await;
    assert!(page.says("Biên lai đã được lập") && page.says("connect 421"), "{}", page.text);
    assert!(!page.says("thu.tran"), "{}", page.text);
    let mail = house.ask("select mail_id from assurance.receipt_mail").await;
    let again =
        presses(&house, &mut desk, &admin, &format!("/parked/{mail}/retry"), &[("key", &page.field("key"))]).await;
    assert_eq!(again.status, 303, "{}", again.text);
    assert!(!desk.get("/console/admin/parked").await.says("connect 421"));
    house.drain().await;
    assert_eq!(house.letters().await.len(), 1);
    house.close().await;
}
