//! Where money goes is changed by two persons: a beneficiary's account, after a cooling-off, and a contract's payouts.

use crate::people::{administrator, equips, hires, second};
use serde_json::{Value, json};
use std::time::Duration;
use tests::bank::{BIN, OTHER_ACCOUNT};
use tests::portal::{Portal, dossier};
use tests::{BENEFICIARY, House, OTHER_BENEFICIARY, Plan, files};

fn account(number: &str) -> Value {
    json!({"kind": "treasury", "bank_bin": BIN, "account_number": number, "account_name": "KHO BAC MAU"})
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

async fn approver(two: (&Portal, &Portal)) -> Portal {
    hires(two, "nguoi-duyet", &["approver"], &[]).await;
    equips(two, "nguoi-duyet").await.1
}

fn decision(proposed: &Value, verdict: &str) -> String {
    format!("/v1/approvals/{}/{verdict}", text(&proposed["approval_id"]))
}

/// What a payer would be told to pay into.
async fn receiver(house: &House) -> String {
    let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
    let attempt = house.at_the_bank(&house.portal.opens(&[&fee]).await).await;
    text(&attempt["action"]["account_number"]).to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_proposed_by_one_decided_by_another_and_in_force_after_the_cooling_off() {
    let house = House::with_bank().await;
    let admin = administrator(&house).await;
    let second = second(&house).await;
    let two = (&admin, &second);
    let approver = approver(two).await;
    let path = format!("/v1/beneficiaries/{BENEFICIARY}/accounts");
    let proposed = admin.post(&path, json!({"account": account("777"), "note": "đổi tài khoản"})).await.expect(201);
    assert_eq!(admin.post(&path, json!({"account": account("778")})).await.refused(409), "approval_pending");
    let waiting = approver.get("/v1/approvals?status=pending").await.expect(200)["data"][0].clone();
    assert_eq!((&waiting["kind"], &waiting["subject"]), (&json!("beneficiary_account"), &json!(BENEFICIARY)));
    assert_eq!(waiting["payload"]["new"], account("777"));
    // the same person, though their other key may decide
    assert_eq!(house.staff.post(&decision(&proposed, "approve"), json!({})).await.refused(403), "same_person");
    approver.post(&decision(&proposed, "approve"), json!({})).await.expect(200);
    assert_eq!(approver.post(&decision(&proposed, "approve"), json!({})).await.refused(409), "approval_decided");

    let listed = admin.get("/v1/beneficiaries").await.expect(200)["data"][0].clone();
    assert_eq!(
        (text(&listed["account"]["account_number"]), &listed["coming"][0]["account"]),
        ("1029384756", &account("777"))
    );
    let sql = "select in_force_from - now() between interval '23 hours 59 minutes' and interval '24 hours'
        from beneficiary_account where account_number = '777'";
    assert_eq!(house.ask(sql).await, "t");
    assert_eq!(receiver(&house).await, "1029384756", "the account before, until then");
    let who = house
        .ask("select proposed_by || ' ' || approved_by from beneficiary_account where account_number = '777'")
        .await;
    assert!(
        who.split(' ').all(|id| id.starts_with("usr_"))
            && who.split(' ').collect::<Vec<_>>()[0] != who.split(' ').collect::<Vec<_>>()[1]
    );

    // the time has come
    house.ask("alter table beneficiary_account disable trigger all").await;
    house.ask("update beneficiary_account set in_force_from = now() where account_number = '777'").await;
    house.ask("alter table beneficiary_account enable trigger all").await;
    assert_eq!(receiver(&house).await, "777");
    // what was proposed before the last change is decided about nothing that stands
    let first = admin.post(&path, json!({"account": account("779")})).await.expect(201);
    house.ask("insert into beneficiary_account select beneficiary_code, now(), account_kind, bank_bin, '780', account_name, 'a', 'b'
        from beneficiary_account where account_number = '777'").await;
    assert_eq!(approver.post(&decision(&first, "approve"), json!({})).await.refused(409), "approval_stale");
    approver.post(&decision(&first, "reject"), json!({"note": "cũ"})).await.expect(200);
    assert_eq!(house.ask("select count(*) from beneficiary_account where account_number = '779'").await, "0");
    assert_eq!(admin.post(&path, json!({"account": account("780")})).await.refused(422), "validation_failed");
    // nobody gets past the second person, not even beside the program
    let beside = house.database.connect("motlan_app").await;
    let alone = "insert into beneficiary_account select beneficiary_code, now() + interval '1 s', account_kind, bank_bin, '781',
        account_name, 'a', $1 from beneficiary_account where account_number = '780'";
    for second in [None, Some("a")] {
        assert!(beside.execute(alone, &[&second]).await.is_err(), "{second:?}");
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_administrator_of_some_beneficiaries_proposes_for_those_and_without_a_cooling_off_it_holds_at_once() {
    let settings = vec![("MOTLAN_APPROVALS__COOLING_OFF_H", "0".to_owned())];
    let house = House::planned(Plan { with_bank: true, settings, ..Plan::default() }).await;
    let admin = administrator(&house).await;
    let second = second(&house).await;
    let two = (&admin, &second);
    let approver = approver(two).await;
    hires(two, "qtv-17", &["administrator"], &[BENEFICIARY]).await;
    hires(two, "duyet-18", &["approver"], &[OTHER_BENEFICIARY]).await;
    let (scoped, foreign) = (equips(two, "qtv-17").await.1, equips(two, "duyet-18").await.1);
    let body = json!({"account": account("777")});
    for other in [OTHER_BENEFICIARY, "H99-KB"] {
        let answer = scoped.post(&format!("/v1/beneficiaries/{other}/accounts"), body.clone()).await;
        assert_eq!(answer.refused(404), "not_found");
    }
    let proposed = scoped.post(&format!("/v1/beneficiaries/{BENEFICIARY}/accounts"), body).await.expect(201);
    assert_eq!(foreign.post(&decision(&proposed, "approve"), json!({})).await.refused(404), "not_found");
    approver.post(&decision(&proposed, "approve"), json!({})).await.expect(200);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(receiver(&house).await, "777");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_a_contract_pays_out_to_is_decided_by_a_second_person() {
    let house = House::with_bank().await;
    let admin = administrator(&house).await;
    let second = second(&house).await;
    let two = (&admin, &second);
    let approver = approver(two).await;
    let before = house.ask("select max(id) from audit").await;
    house.pays_out_to(&files::account()).await;
    let other = format!("{BIN}.{OTHER_ACCOUNT}");
    let body = |account: &str| json!({"payout_account": account, "payout_text": "VNPAY CHI TRA"});
    let path = "/v1/profiles/vnpay_main/payouts";
    assert_eq!(admin.post(path, body("970436.7")).await.refused(422), "validation_failed");
    assert_eq!(admin.post("/v1/profiles/khong_co/payouts", body(&other)).await.refused(404), "not_found");
    let standing = async || admin.get("/v1/profiles").await.expect(200)["data"][1]["payout_account"].clone();
    let rejected = admin.post(path, body(&other)).await.expect(201);
    approver.post(&decision(&rejected, "reject"), json!({})).await.expect(200);
    assert_eq!(standing().await, json!(files::account()));
    let proposed = admin.post(path, body(&other)).await.expect(201);
    assert_eq!(standing().await, json!(files::account()), "nothing before it is decided");
    assert_eq!(admin.post(&decision(&proposed, "approve"), json!({})).await.refused(403), "scope_missing");
    approver.post(&decision(&proposed, "approve"), json!({})).await.expect(200);
    assert_eq!(standing().await, json!(other));
    let sql = format!(
        "select string_agg(action, ' ' order by id) from audit
        where id > {before} and (subject like '%vnpay_main%' or action in ('approved', 'rejected'))"
    );
    let audited = "payouts_change_proposed rejected payouts_change_proposed profile_payouts_put approved";
    assert_eq!(house.ask(&sql).await, audited);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_account_in_force_proposed_again_withdraws_the_coming_one() {
    let house = House::with_bank().await;
    let admin = administrator(&house).await;
    let approver = approver((&admin, &second(&house).await)).await;
    let path = format!("/v1/beneficiaries/{BENEFICIARY}/accounts");
    let in_force = admin.get("/v1/beneficiaries").await.expect(200)["data"][0]["account"].clone();
    for number in ["777", "778"] {
        let proposed = admin.post(&path, json!({"account": account(number)})).await.expect(201);
        approver.post(&decision(&proposed, "approve"), json!({})).await.expect(200);
    }
    let back = admin.post(&path, json!({"account": in_force, "note": "giữ tài khoản cũ"})).await.expect(201);
    assert_eq!(house.staff.post(&decision(&back, "approve"), json!({})).await.refused(403), "same_person");
    approver.post(&decision(&back, "approve"), json!({})).await.expect(200);
    let listed = admin.get("/v1/beneficiaries").await.expect(200)["data"][0].clone();
    assert_eq!((&listed["account"], &listed["coming"]), (&in_force, &json!([])));
    let accounts = format!(
        "select string_agg(account_number, ' ') from beneficiary_account where beneficiary_code = '{BENEFICIARY}'"
    );
    assert_eq!(house.ask(&accounts).await, "1029384756", "nothing comes in force in a day");
    let kept = "select string_agg(account_number, ' ' order by in_force_from) from withdrawn_account";
    assert_eq!(house.ask(kept).await, "777 778");
    assert_eq!(receiver(&house).await, "1029384756");
    assert_eq!(admin.post(&path, json!({"account": in_force})).await.refused(422), "validation_failed");
    // what is in force is not withdrawn, not even beside the program
    let beside = house.database.connect("motlan_app").await;
    let gone = beside.query_one("select withdraw_coming_accounts($1, 'a', 'b')", &[&BENEFICIARY]).await.unwrap();
    assert_eq!(gone.get::<_, i64>(0), 0);
    house.holds().await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_is_changed_beside_the_program_is_named_by_verify() {
    let settings = vec![("MOTLAN_APPROVALS__COOLING_OFF_H", "0".to_owned())];
    let house = House::planned(Plan { with_bank: true, settings, ..Plan::default() }).await;
    let admin = administrator(&house).await;
    let approver = approver((&admin, &second(&house).await)).await;
    let path = format!("/v1/beneficiaries/{BENEFICIARY}/accounts");
    let payouts = json!({"payout_account": format!("{BIN}.{OTHER_ACCOUNT}"), "payout_text": "VNPAY CHI TRA"});
    for (path, body) in [(&*path, json!({"account": account("777")})), ("/v1/profiles/vnpay_main/payouts", payouts)] {
        let proposed = admin.post(path, body).await.expect(201);
        approver.post(&decision(&proposed, "approve"), json!({})).await.expect(200);
    }
    let named = async || {
        let report = payments::verify_books::verify(&house.gateway.ctx.pool, None).await.unwrap();
        report.checked.iter().filter(|f| f.number == "I35").map(|f| f.rows.len()).sum::<usize>()
    };
    assert_eq!(named().await, 0);
    house.ask("create table kept_accounts as select * from beneficiary_account").await;
    house.ask("create table kept_profiles as select * from merchant_profile").await;
    for wrong in [
        "update beneficiary_account set account_number = '666' where account_number = '777'",
        "update beneficiary_account set account_name = 'NGUOI KHAC' where approved_by is null",
        "update beneficiary_account set bank_bin = '970400' where approved_by is null",
        "update beneficiary_account set in_force_from = in_force_from - interval '1 day' where account_number = '777'",
        "delete from beneficiary_account where account_number = '777'",
        "insert into beneficiary_account select beneficiary_code, now(), account_kind, bank_bin, '666', account_name, 'a', 'b'
            from beneficiary_account where account_number = '777'",
        // with a line of the audit trail to it, no approval says so
        "update beneficiary_account set account_number = '666' where account_number = '777';
            update audit set subject = (select text from assurance.beneficiary_account where account_number = '666')
            where action = 'account_set' and subject like '%.777 %'",
        "update merchant_profile set payout_account = null where code = 'vnpay_main'",
        "update merchant_profile set payout_text = 'KHAC' where code = 'vnpay_main'",
    ] {
        house.ask(&format!("set session_replication_role = replica; {wrong}")).await;
        assert_ne!(named().await, 0, "{wrong}");
        house
            .ask(
                "set session_replication_role = replica;
                 delete from beneficiary_account; insert into beneficiary_account select * from kept_accounts;
                 delete from merchant_profile; insert into merchant_profile select * from kept_profiles;
                 update audit set subject = replace(subject, '.666 ', '.777 ') where action = 'account_set'",
            )
            .await;
        assert_eq!(named().await, 0, "{wrong}, undone");
    }
    house.stop().await;
}
