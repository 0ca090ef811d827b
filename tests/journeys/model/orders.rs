//! Reports in any order, any number of times, over HTTP: VNPAY's calls, the bank's notifications, a settlement file and
//! statements. In the end every obligation and every account stands as in any other order; `overpaid` and `duplicate`,
//! which say only what came first, are looked at together.

use super::table::{COIN, tells};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tests::bank::{ACCOUNT, CASSO_KEY, SEPAY_SECRET, webhook};
use tests::files::{account, today};
use tests::interruption::{Dice, pays_unheard};
use tests::portal::dossier;
use tests::{BENEFICIARY, House};

const ORDERS: u64 = 5;

/// One report, told again and again.
enum Report {
    Ipn(String),
    /// A teller's call as it was sent: address, headers, body.
    Told(Value),
    Settlement,
    Statement,
}

async fn tell(house: &House, report: &Report) {
    let day = today().to_string();
    match report {
        Report::Ipn(url) => {
            let answer = house.http.get(url).send().await.unwrap().json::<Value>().await.unwrap();
            assert!(["00", "02", "04"].iter().any(|code| answer["RspCode"] == *code), "{answer}");
        }
        Report::Told(sent) => assert_eq!(tells(house, sent).await, 200, "{sent}"),
        Report::Settlement => {
            let answer = house.settles(&day).await;
            assert!(matches!(answer.status, 200 | 201), "{}", answer.text);
        }
        Report::Statement => drop(house.imports("camt053_v8", &day).await),
    }
}

/// The bank's calls go where nobody listens; they are told by hand.
async fn tellers_go_astray(house: &House) {
    let notifiers = json!([
        {"kind": "sepay_hmac", "url": webhook("http://127.0.0.1:9", "sepay"), "secret": SEPAY_SECRET},
        {"kind": "casso", "url": webhook("http://127.0.0.1:9", "casso"), "secret": CASSO_KEY},
    ]);
    house.bank_sim("bank/accounts", json!({"number": ACCOUNT, "notifiers": notifiers})).await;
}

/// A transfer and what both tellers say of it.
async fn transferred(house: &House, amount: i64, content: &str) -> Vec<Report> {
    let how = json!({"account": ACCOUNT, "amount": amount, "content": content});
    let booked = house.bank_sim("bank/transfer", how).await["transaction"].clone();
    for _ in 0..200 {
        let log = house.bank_log().await;
        let first = |name: &str| {
            log.iter().find(|l| l["kind"] == "sent" && l["notifier"] == name && l["id"] == booked["id"]).cloned()
        };
        if let (Some(mut sepay), Some(mut casso)) = (first("sepay_hmac"), first("casso")) {
            let base = house.gateway.base_url();
            (sepay["url"], casso["url"]) = (json!(webhook(&base, "sepay")), json!(webhook(&base, "casso")));
            return vec![Report::Told(sepay), Report::Told(casso)];
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the bank never told of {booked}");
}

type End = (Vec<String>, BTreeMap<String, i64>);

async fn end(dice: &mut Dice, first: bool) -> End {
    let house = House::with_bank().await;
    house.pays_out_to(&account()).await;
    tellers_go_astray(&house).await;
    let mut fees = Vec::new();
    for amount in [20, 30, 25] {
        fees.push(house.portal.owes(&dossier(), amount * COIN, json!({})).await);
    }
    let (one, two) = (house.portal.opens(&[&fees[0], &fees[1]]).await, house.portal.opens(&[&fees[2]]).await);
    let reference = |intent: &Value| intent["reference"].as_str().unwrap().to_owned();
    let mut reports = vec![Report::Settlement, Report::Statement];
    // two captures of the first reference, one of the second with an amount of its own
    let attempts = [house.at_vnpay(&one).await, house.at_vnpay(&one).await, house.at_vnpay(&two).await];
    let other = json!({"match": {"order_ref": attempts[2]["order_ref"]}, "do": [{"amount_delta": COIN}]});
    house.sim("script", other).await;
    for attempt in &attempts {
        reports.push(Report::Ipn(pays_unheard(&house, attempt).await));
    }
    // the second in three parts, the first once more, and one that names nothing
    let parts = [(10, reference(&two)), (9, reference(&two)), (8, reference(&two)), (5, reference(&one))];
    for (amount, content) in parts.iter().chain([&(4, "nop phi".to_owned())]) {
        reports.extend(transferred(&house, amount * COIN, content).await);
    }
    let mut order: Vec<usize> = (0..reports.len()).collect();
    if !first {
        // each at least once, some again
        order.extend((0..8).map(|_| usize::try_from(dice.below(reports.len() as u64)).unwrap()));
        for at in (1..order.len()).rev() {
            order.swap(at, usize::try_from(dice.below(at as u64 + 1)).unwrap());
        }
    }
    for number in &order {
        tell(&house, &reports[*number]).await;
    }
    house.drain().await;
    tell(&house, &Report::Statement).await;
    house.drain().await;
    let client = house.database.connect("motlan_auditor").await;
    let mut states = Vec::new();
    for fee in &fees {
        states.push(house.portal.obligation(fee).await["status"].as_str().unwrap().to_owned());
    }
    let sql = "select account_code, sum(amount)::bigint from assurance.ledger_entry group by 1 having sum(amount) <> 0";
    let mut accounts = BTreeMap::new();
    for row in client.query(sql, &[]).await.unwrap() {
        let code: String = row.get(0);
        let code = if code == "suspense:duplicate" { "suspense:overpaid".to_owned() } else { code };
        *accounts.entry(code).or_insert(0) += row.get::<_, i64>(1);
    }
    println!("{order:?}: {states:?} {accounts:?}");
    house.close().await;
    (states, accounts)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_order_reports_come_in_and_however_often_the_balances_are_the_same() {
    let mut dice = Dice::thrown();
    let expected = end(&mut dice, true).await;
    assert_eq!(expected.0, ["paid", "paid", "paid"]);
    assert_eq!(expected.1[&format!("obligation:{BENEFICIARY}")], -75 * COIN);
    for _ in 1..ORDERS {
        assert_eq!(end(&mut dice, false).await, expected);
    }
}
