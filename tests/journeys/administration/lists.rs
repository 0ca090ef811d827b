//! Portals, agencies, beneficiaries, contracts, fees, days off, accounts, layouts; and a portal's endpoints.

use crate::people::{administrator, equips, hires, second};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::barrier::{Request, at_once};
use tests::portal::{Answered, Portal, dossier, fresh};
use tests::{BENEFICIARY, House, OTHER_BENEFICIARY};

fn fee(amount: i64, from: Option<&str>, to: Option<&str>) -> Value {
    json!({"name": "Lệ phí (mẫu)", "amounts": [amount], "unit": null, "legal_basis": "NQ 1/2026",
        "budget_sub_item": "2716", "valid_from": from, "valid_to": to})
}

fn codes<'a>(list: &'a Value, of: &str) -> Vec<&'a str> {
    list["data"].as_array().unwrap().iter().map(|item| item[of].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agency_with_its_beneficiary_is_made_and_the_account_of_one_that_is_there_stands() {
    let house = House::new().await;
    let admin = administrator(&house).await;
    admin.put("/v1/agencies/H38.30", json!({"name": "UBND xã Mường Hum (mẫu)"})).await.expect(200);
    assert_eq!(codes(&admin.get("/v1/agencies").await.expect(200), "code"), ["H38.17", "H38.18", "H38.30"]);
    let page = admin.get("/v1/agencies?limit=2").await.expect(200);
    assert_eq!((codes(&page, "code"), &page["next_cursor"]), (vec!["H38.17", "H38.18"], &json!("H38.18")));
    let rest = admin.get("/v1/agencies?limit=2&after=H38.18").await.expect(200);
    assert_eq!((codes(&rest, "code"), &rest["next_cursor"]), (vec!["H38.30"], &Value::Null));

    let account = json!({"kind": "treasury", "bank_bin": "970409", "account_number": "3511000000030",
        "account_name": "UBND XA MUONG HUM MAU"});
    let body =
        |agency: &str, name: &str, account: &Value| json!({"agency_code": agency, "name": name, "account": account});
    let path = "/v1/beneficiaries/H38.30-KB";
    assert_eq!(admin.put(path, body("H38.99", "x", &account)).await.refused(422), "beneficiary_unknown");
    let made = admin.put(path, body("H38.30", "Kho bạc (mẫu)", &account)).await.expect(200);
    assert_eq!(made["account"], account);
    let renamed = admin.put(path, body("H38.30", "Kho bạc huyện (mẫu)", &account)).await.expect(200);
    assert_eq!(renamed["name"], "Kho bạc huyện (mẫu)");
    let mut other = account.clone();
    other["account_number"] = json!("9999");
    assert_eq!(admin.put(path, body("H38.30", "x", &other)).await.refused(409), "account_stands");
    assert_eq!(admin.put(path, body("H38.17", "x", &account)).await.refused(409), "account_stands");
    assert_eq!(house.ask("select count(*) from beneficiary_account where beneficiary_code = 'H38.30-KB'").await, "1");
    assert_eq!(house.ask("select name from beneficiary where code = 'H38.30-KB'").await, "Kho bạc huyện (mẫu)");
    let listed = admin.get("/v1/accounts").await.expect(200);
    let listed = listed["data"].as_array().unwrap();
    let ours = listed.iter().find(|a| a["code"] == "970409.3511000000030").unwrap();
    assert_eq!(ours["beneficiaries"], json!(["H38.30-KB"]));
    // and a portal's debts may be owed to it
    house.portal.owes(&dossier(), 5_000, json!({"agency_code": "H38.30", "beneficiary_code": "H38.30-KB"})).await;
    let wrong = json!({"kind": "purse", "bank_bin": "97040", "account_number": "a b", "account_name": " "});
    let answer = admin.put(path, body("H38.30", "x", &wrong)).await;
    assert_eq!(answer.json["errors"].as_array().unwrap().len(), 4, "{}", answer.text);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_beneficiary_that_many_make_at_once_has_one_account() {
    let house = House::new().await;
    let admin = administrator(&house).await;
    let body = |number: usize| {
        json!({"agency_code": "H38.17", "name": "Kho bạc (mẫu)", "account": {"kind": "treasury", "bank_bin": "970409",
            "account_number": format!("35110001{number}"), "account_name": "KHO BAC MAU"}})
    };
    for round in 0..4 {
        let (path, equal) = (format!("/v1/beneficiaries/MOI-{round}"), format!("/v1/beneficiaries/GIONG-{round}"));
        let answers = join_all((10..18).map(async |n| admin.put(&path, body(n)).await)).await;
        let made: Vec<&str> = answers.iter().filter(|a| a.status == 200).map(|a| a.text.as_str()).collect();
        assert_eq!(made.len(), 1, "{made:?}");
        assert!(
            answers.iter().all(|a| a.status == 200 || a.status == 409),
            "{:?}",
            answers.iter().map(|a| a.status).collect::<Vec<_>>()
        );
        let accounts = format!("select count(*) from beneficiary_account where beneficiary_code = 'MOI-{round}'");
        assert_eq!(house.ask(&accounts).await, "1");
        let same = join_all((0..8).map(async |_| admin.put(&equal, body(round)).await)).await;
        assert!(same.iter().all(|a| a.status == 200), "{:?}", same.iter().map(|a| a.status).collect::<Vec<_>>());
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_says_the_same_many_times_at_once_is_answered_the_same() {
    let house = House::new().await;
    let (admin, second) = (administrator(&house).await, second(&house).await);
    for round in 0..4 {
        let path = format!("/v1/fees/LE-PHI-{round}");
        let entries = json!({"entries": [fee(1_000, None, None)]});
        let puts = at_once(vec![Request::put(&admin, &path, &entries); 8]).await;
        assert!(puts.iter().all(|a| a.status == 200), "{:?}", puts.iter().map(|a| a.status).collect::<Vec<_>>());
        let id = hires((&admin, &second), &format!("nguoi-{round}"), &[], &[]).await;
        let rights = json!({"name": "Nhân viên (mẫu)", "roles": ["viewer"], "beneficiaries": []});
        let puts = at_once(vec![Request::put(&admin, &format!("/v1/persons/{id}"), &rights); 8]).await;
        assert!(puts.iter().all(|a| a.status == 202), "{:?}", puts.iter().map(|a| &a.text).collect::<Vec<_>>());
        assert!(puts.iter().all(|a| a.json["approval_id"] == puts[0].json["approval_id"]));
    }
    house.close().await;
}

/// Whoever alone says whose an account is could otherwise lead the cash of others there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cash_is_brought_to_an_account_that_two_persons_have_named() {
    let house = House::new().await;
    let admin = administrator(&house).await;
    let approver = second(&house).await;
    hires((&admin, &approver), "quan-tri-hai", &["administrator"], &[]).await;
    let other = equips((&admin, &approver), "quan-tri-hai").await.1;
    let made = json!({"agency_code": "H38.17", "name": "Mới (mẫu)", "account": {"kind": "treasury", "bank_bin": "970409",
        "account_number": "35110009", "account_name": "MOI MAU"}});
    admin.put("/v1/beneficiaries/MOI", made).await.expect(200);
    let counter = json!({"name": "Quầy 7", "account_code": "970409.35110009", "beneficiaries": ["MOI", "H38.17-KB"]});
    let refused = admin.put("/v1/counters/quay-7", counter.clone()).await;
    assert_eq!(refused.json["errors"][0]["pointer"], "/account_code");
    assert_eq!(refused.refused(422), "validation_failed");
    other.put("/v1/counters/quay-7", counter.clone()).await.expect(200);
    // an account that is only to be theirs takes nobody's cash yet
    let coming =
        json!({"kind": "treasury", "bank_bin": "970409", "account_number": "35110077", "account_name": "SAP CO"});
    let proposed = admin.post("/v1/beneficiaries/MOI/accounts", json!({"account": coming})).await.expect(201);
    crate::people::agrees(&approver, &proposed).await;
    let to_come = json!({"name": "Quầy 8", "account_code": "970409.35110077", "beneficiaries": ["MOI"]});
    assert_eq!(other.put("/v1/counters/quay-8", to_come).await.refused(422), "validation_failed");
    // what stands may be put again, and renamed
    let mut renamed = counter;
    renamed["name"] = json!("Quầy 7b");
    admin.put("/v1/counters/quay-7", renamed).await.expect(200);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_one_fee_one_entry_holds_on_a_day_and_a_portal_is_warned_by_it() {
    let house = House::new().await;
    let admin = administrator(&house).await;
    let today = tests::files::today();
    let (yesterday, tomorrow) = (today.yesterday().unwrap().to_string(), today.tomorrow().unwrap().to_string());
    let today = today.to_string();
    let put =
        async |code: &str, entries: Value| admin.put(&format!("/v1/fees/{code}"), json!({"entries": entries})).await;
    let overlapping = [
        json!([fee(1_000, None, None), fee(2_000, None, None)]),
        json!([fee(1_000, None, Some(&today)), fee(2_000, Some(&today), None)]),
        json!([fee(1_000, Some("2026-01-01"), Some("2026-12-31")), fee(2_000, Some("2026-06-01"), Some("2026-06-02"))]),
    ];
    for entries in overlapping {
        assert_eq!(put("LE-PHI-1", entries.clone()).await.refused(409), "validity_overlaps", "{entries}");
    }
    assert_eq!(house.ask("select count(*) from fee_catalogue").await, "0");
    let made =
        put("LE-PHI-1", json!([fee(2_000, Some(&today), None), fee(1_000, None, Some(&yesterday))])).await.expect(200);
    assert_eq!((&made["entries"][0]["amounts"], &made["entries"][1]["amounts"]), (&json!([1_000]), &json!([2_000])));
    // whoever comes beside the API is held to it as well
    let beside = house.database.connect("motlan_superuser").await;
    let sql = "insert into fee_catalogue (fee_code, name, amounts, legal_basis) values ('LE-PHI-1', 'x', '{1}', 'x')";
    assert!(beside.execute(sql, &[]).await.unwrap_err().to_string().contains("db error"));
    assert_eq!(house.ask("select count(*) from fee_catalogue").await, "2");

    let registered = async |amount: i64| house.portal.owes(&dossier(), amount, json!({"fee_code": "LE-PHI-1"})).await;
    assert_eq!(registered(2_000).await["warnings"], json!([]));
    assert_ne!(registered(1_000).await["warnings"], json!([]), "its time is over");
    put("LE-PHI-1", json!([fee(1_000, None, Some(&today)), fee(3_000, Some(&tomorrow), None)])).await.expect(200);
    assert_eq!(registered(1_000).await["warnings"], json!([]));
    put("LE-PHI-2", json!([{"name": "Bản sao", "unit": 500, "legal_basis": "x"}])).await.expect(200);
    assert_eq!(codes(&admin.get("/v1/fees").await.expect(200), "fee_code"), ["LE-PHI-1", "LE-PHI-2"]);
    put("LE-PHI-1", json!([])).await.expect(200);
    assert_eq!(registered(7).await["warnings"], json!([]), "it is not listed any more");
    for wrong in [
        json!([{"name": "x", "legal_basis": "x"}]),
        json!([fee(-1, None, None)]),
        json!([fee(1, Some("2026-02-30"), None)]),
        json!([fee(1, Some(&today), Some(&yesterday))]),
        json!([{"name": "x", "unit": 0, "legal_basis": "x"}]),
    ] {
        assert_eq!(put("LE-PHI-3", wrong.clone()).await.refused(422), "validation_failed", "{wrong}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn days_off_accounts_and_layouts_are_put_and_listed() {
    let house = House::new().await;
    let admin = administrator(&house).await;
    let off = json!({"worked": false, "name": "Tết (mẫu)"});
    admin.put("/v1/calendar/2027-02-08", off.clone()).await.expect(200);
    admin.put("/v1/calendar/2027-02-13", json!({"worked": true, "name": "làm bù"})).await.expect(200);
    let days = admin.get("/v1/calendar?after=2027-01-01").await.expect(200);
    assert_eq!(codes(&days, "date"), ["2027-02-08", "2027-02-13"]);
    let delete = async |path: &str| {
        let call = admin.http.delete(format!("{}{path}", admin.base)).bearer_auth(&admin.key);
        call.send().await.unwrap().status().as_u16()
    };
    assert_eq!((delete("/v1/calendar/2027-02-13").await, delete("/v1/calendar/2027-02-13").await), (204, 404));
    for wrong in ["2027-02-30", "27-02-08", "2027-02-08T00:00", "today"] {
        assert_eq!(admin.put(&format!("/v1/calendar/{wrong}"), off.clone()).await.refused(404), "not_found");
    }

    let account = format!("/v1/accounts/{}", tests::files::account());
    let set = json!({"own_numbering": ["casso"], "csv_layout": "synthetic-bank"});
    let answer = admin.put(&account, set).await.expect(200);
    assert_eq!((&answer["own_numbering"], &answer["csv_layout"]), (&json!(["casso"]), &json!("synthetic-bank")));
    assert_eq!(admin.put(&account, json!({"csv_layout": "khong-co"})).await.refused(422), "layout_unknown");
    assert_eq!(admin.put(&account, json!({"own_numbering": ["momo"]})).await.refused(422), "validation_failed");
    assert_eq!(admin.put("/v1/accounts/970436.7", json!({})).await.refused(404), "not_found");
    let reset = admin.put(&account, json!({})).await.expect(200);
    assert_eq!((&reset["own_numbering"], &reset["csv_layout"]), (&json!([]), &Value::Null));

    let layouts = admin.get("/v1/layouts").await.expect(200);
    let built_in = layouts["data"].as_array().unwrap().iter().find(|l| l["code"] == "synthetic-bank").unwrap();
    let copy = json!({"kind": "statement", "layout": built_in["layout"]});
    admin.put("/v1/layouts/ngan-hang-moi", copy).await.expect(200);
    let other_kind = json!({"kind": "settlement", "layout": built_in["layout"]});
    assert_eq!(admin.put("/v1/layouts/ngan-hang-moi", other_kind).await.refused(422), "validation_failed");
    let broken = json!({"kind": "statement", "layout": "surprise = 1"});
    assert_eq!(admin.put("/v1/layouts/ngan-hang-moi", broken).await.refused(422), "validation_failed");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contracts_limits_hold_for_what_is_offered_and_for_an_attempt() {
    let house = House::new().await;
    let admin = administrator(&house).await;
    let listed = admin.get("/v1/profiles").await.expect(200);
    let profile = &listed["data"][0];
    assert_eq!((&profile["code"], &profile["configured"]), (&json!("vnpay_main"), &json!(true)));
    assert_eq!(profile["beneficiaries"], json!([BENEFICIARY, OTHER_BENEFICIARY]));
    let limits = json!({"min_amount": 10_000, "max_amount": 50_000});
    let put = admin.put("/v1/profiles/vnpay_main", limits.clone()).await.expect(200);
    assert_eq!(put["limits"], limits);
    for (amount, reason) in
        [(9_999, Some("amount_below_limit")), (10_000, None), (50_000, None), (50_001, Some("amount_above_limit"))]
    {
        let owed = house.portal.owes(&dossier(), amount, json!({})).await;
        let intent = house.portal.opens(&[&owed]).await;
        let channel = &intent["channels"][0];
        assert_eq!((channel["available"].as_bool(), channel["reason"].as_str()), (Some(reason.is_none()), reason));
        let path = format!("/v1/payment-intents/{}/attempts", intent["id"].as_str().unwrap());
        let answer = house.portal.post(&path, json!({"channel": "vnpay"})).await;
        match reason {
            Some(reason) => {
                assert_eq!(answer.json["detail"], reason);
                assert_eq!(answer.refused(409), "channel_unavailable");
            }
            None => drop(answer.expect(201)),
        }
    }
    for wrong in [json!({"min_amount": 0, "max_amount": null}), json!({"min_amount": 5, "max_amount": 4})] {
        assert_eq!(admin.put("/v1/profiles/vnpay_main", wrong).await.refused(422), "validation_failed");
    }
    assert_eq!(admin.put("/v1/profiles/khong_co", limits).await.refused(404), "not_found");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_portal_is_made_gets_a_key_and_loses_an_endpoint() {
    let house = House::new().await;
    let admin = administrator(&house).await;
    let made = admin.put("/v1/clients/cong-moi", json!({"name": "Cổng mới (mẫu)"})).await.expect(200);
    let again = admin.put("/v1/clients/cong-moi", json!({"name": "Cổng khác (mẫu)"})).await.expect(200);
    assert_eq!((&again["id"], &again["name"]), (&made["id"], &json!("Cổng khác (mẫu)")));
    assert_eq!(admin.get("/v1/clients").await.expect(200)["data"][0], again);
    let key = admin.post("/v1/keys", json!({"holder": made["id"]})).await.expect(201);
    let portal = Portal { key: key["key"].as_str().unwrap().to_owned(), ..house.portal.clone() };
    let url = format!("{}/events/{}", house.dossier.url, fresh());
    let endpoint = portal.post("/v1/event-endpoints", json!({"url": url})).await.expect(201);

    let listed = admin.get("/v1/clients/cong-moi/event-endpoints").await.expect(200);
    assert_eq!((&listed["data"][0]["id"], &listed["data"][0]["secret"]), (&endpoint["id"], &Value::Null));
    let path =
        |client: &str| format!("/v1/clients/{client}/event-endpoints/{}/disable", endpoint["id"].as_str().unwrap());
    // of another portal it is no endpoint
    assert_eq!(admin.post(&path("cong-dvc"), json!({})).await.refused(404), "not_found");
    assert_eq!(admin.post(&path("khong-co"), json!({})).await.refused(404), "not_found");
    assert_eq!(admin.post(&path("cong-moi"), json!({})).await.expect(200)["active"], false);
    assert_eq!(admin.post(&path("cong-moi"), json!({})).await.refused(404), "not_found");
    assert_eq!(portal.get("/v1/event-endpoints").await.expect(200)["data"], json!([]));
    // the portal takes one away itself: a key for repeats is only for what makes something, and welcome all the same
    for keyed in [false, true] {
        let endpoint = portal.post("/v1/event-endpoints", json!({"url": url})).await.expect(201);
        let delete = async || {
            let path = format!("{}/v1/event-endpoints/{}", portal.base, endpoint["id"].as_str().unwrap());
            let call = portal.http.delete(path).bearer_auth(&portal.key);
            let call = if keyed { call.header("Idempotency-Key", "gone") } else { call };
            Answered::of(call.send().await.unwrap()).await
        };
        assert_eq!(delete().await.expect(200)["active"], false);
        let again = delete().await;
        assert_eq!((again.status, again.replayed), if keyed { (200, true) } else { (404, false) });
    }
    house.close().await;
}
