//! Receipts of fees and charges (biên lai): one for each, numbered without a gap, of the sum that was paid; ended with its
//! money; and seen by whoever has its address.

pub(crate) mod mailed;

use crate::refunds::{approves, becomes, id, obligation_status, paid, payment_of, proposes, second_person, whole};
use async_trait::async_trait;
use domain::IntentId;
use domain::obligation::ObligationStatus;
use jiff::Timestamp;
use payments::{Context, issue_receipts};
use receipt::signing::{Signer, SigningError};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tests::portal::{Portal, dossier};
use tests::{BENEFICIARY, House, Plan};

const SERIES: &str = "/v1/receipt-series/BL-17";
/// Every receipt, in the order of its number.
const ALL: &str =
    "select coalesce(string_agg(serial || ' ' || number || ' ' || amount || ' ' || status, ', ' order by number), '')
    from assurance.receipt";
const NUMBERS: &str = "select coalesce(string_agg(number::text, ' ' order by number), '') from assurance.receipt";

pub(crate) fn series(change: Value) -> Value {
    let mut body = json!({
        "beneficiary_code": BENEFICIARY, "kinds": ["fee", "charge"], "template": "EBL01", "letters": "AB",
        "collector_name": "UBND phường Lào Cai", "collector_tax_code": "5300100017",
        "collector_address": "Phường Lào Cai, tỉnh Lào Cai", "valid_from": "2026-01-01",
    });
    body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    body
}

pub(crate) async fn collects(house: &House) {
    collected_by(&house.staff).await;
}

pub(crate) async fn collected_by(staff: &Portal) {
    staff.put(SERIES, series(json!({}))).await.expect(200);
}

/// `26TAB` of this year.
fn serial() -> String {
    format!("{:02}TAB", domain::business_day::business_date(Timestamp::now()).year() % 100)
}

pub(crate) async fn receipts_of(house: &House, fee: &Value) -> Vec<Value> {
    let path = format!("/v1/receipts?obligation_id={}", id(fee));
    house.staff.get(&path).await.expect(200)["data"].as_array().unwrap().clone()
}

/// What a browser sees there.
async fn seen(house: &House, url: &str) -> String {
    let answer = house.http.get(url).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{url}");
    answer.text().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fee_and_each_charge_has_a_receipt_of_its_own_and_nothing_else_has_one() {
    let house = House::new().await;
    house.hear_events().await;
    let before = paid(&house, 5_000).await.0;
    collects(&house).await;
    let code = dossier();
    let mut owed = Vec::new();
    for (kind, fee, amount) in [
        ("fee", "CT-BANSAO", 21_000),
        ("charge", "HT-KHAISINH", 8_000),
        ("fine", "XP", 50_000),
        ("tax_land", "TB", 9_000),
    ] {
        owed.push(house.portal.owes(&code, amount, json!({"kind": kind, "fee_code": fee})).await);
    }
    let intent = house.portal.opens(&owed.iter().collect::<Vec<_>>()).await;
    let attempt = house.at_vnpay(&intent).await;
    house.pays(&attempt, json!({})).await;
    // never inside a callback
    assert_eq!(house.ask(ALL).await, "");
    house.drain().await;
    house.drain().await;
    let all = house.ask(ALL).await;
    let (s, sums) = (serial(), [("1", "2"), ("2", "1")]);
    let either = sums.map(|(a, b)| {
        let mut both = [format!("{s} {a} 21000 issued"), format!("{s} {b} 8000 issued")];
        both.sort();
        both.join(", ")
    });
    assert!(either.contains(&all), "{all}");
    assert_eq!(receipts_of(&house, &before).await, Vec::<Value>::new(), "it was paid before there was a series");

    let shown = house.portal.intent(&intent).await;
    let handed = shown["receipts"].as_array().unwrap();
    assert_eq!(handed.len(), 2, "{shown}");
    for receipt in handed {
        let fee = owed.iter().find(|o| o["id"] == receipt["obligation_id"]).unwrap();
        assert_eq!(receipt["amount"], fee["amount"]);
        let url = receipt["url"].as_str().unwrap();
        let token = url.rsplit('/').next().unwrap();
        assert_eq!(token.len(), 48, "192 random bits");
        let page = seen(&house, url).await;
        for said in ["Biên lai có giá trị", "UBND phường Lào Cai", "5300100017", &s, &code] {
            assert!(page.contains(said), "{said}: {page}");
        }
        assert!(!page.contains("Nguyễn") && !page.contains("<script>"), "{page}");
        let xml = seen(&house, &format!("{url}/receipt.xml")).await;
        assert!(xml.starts_with("<BienLai>") && xml.contains("<SignatureValue>"), "{xml}");
        assert!(xml.contains(&format!("<TongSoTien>{}</TongSoTien>", fee["amount"])), "{xml}");
        assert!(!xml.contains("Nguyễn"), "a receipt names no payer: {xml}");
        let pdf = house.http.get(format!("{url}/receipt.pdf")).send().await.unwrap();
        assert_eq!(pdf.headers()["content-type"], "application/pdf");
        assert!(pdf.bytes().await.unwrap().starts_with(b"%PDF-"));
        let own = house.portal.get(&format!("/v1/receipts/{}", id(receipt))).await.expect(200);
        assert_eq!((&own["url"], &own["collector"]["tax_code"]), (&receipt["url"], &json!("5300100017")));
        house.other_portal.get(&format!("/v1/receipts/{}", id(receipt))).await.refused(404);
    }
    let told = house.heard().await.into_iter().filter(|e| e["type"] == "receipt.issued");
    let told: Vec<Value> = told.map(|e| serde_json::from_str(e["body"].as_str().unwrap()).unwrap()).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    for event in &told {
        let (data, receipt) = (&event["data"], &event["data"]["receipts"][0]);
        assert_eq!((&data["id"], &data["status"]), (&receipt["obligation_id"], &json!("paid")), "{event}");
        assert_eq!((&data["channel"], &data["reference"]), (&json!("vnpay"), &intent["reference"]), "{event}");
        assert!(handed.iter().any(|h| h["url"] == receipt["url"] && h["number"] == receipt["number"]), "{event}");
    }
    let nothing = house.http.get(format!("{}/receipts/{}", house.portal.base, "0".repeat(48))).send().await.unwrap();
    assert_eq!(nothing.status(), 404);
    house.close().await;
}

#[tokio::test]
async fn a_receipt_that_is_issued_wakes_the_pages_of_its_fee() {
    let house = House::new().await;
    collects(&house).await;
    let (_, intent, _) = paid(&house, 21_000).await;
    let mut told = house.gateway.ctx.pool.committed();
    let issue = async || issue_receipts::issue(&house.gateway.ctx, true, Timestamp::now()).await.unwrap();
    issue().await;
    issue().await;
    let own: IntentId = id(&intent).parse().unwrap();
    assert_eq!(told.try_recv(), Ok(own.uuid()));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receipt_ends_with_its_money_and_what_is_paid_anew_or_lowered_has_another() {
    let house = House::new().await;
    collects(&house).await;
    let second = second_person(&house).await;
    let (fee, intent, payment) = paid(&house, 21_000).await;
    house.drain().await;
    let first = receipts_of(&house, &fee).await.remove(0);
    let refund = proposes(&house.staff, &payment, &[whole(&fee)], "reopen").await.expect(201);
    approves(&second, &refund).await.expect(200);
    assert_eq!(obligation_status(&house, &fee).await, ObligationStatus::Refunding.as_str());
    issue_receipts::issue(&house.gateway.ctx, true, Timestamp::now()).await.unwrap();
    assert_eq!(receipts_of(&house, &fee).await[0]["status"], "issued", "it stands until the money has left");
    becomes(&house, &refund, "succeeded").await;
    house.drain().await;
    let page = seen(&house, first["url"].as_str().unwrap()).await;
    assert!(page.contains("Biên lai đã bị hủy"), "{page}");
    let attempt = house.at_vnpay(&intent).await;
    house.pays(&attempt, json!({})).await;
    house.drain().await;
    let s = serial();
    assert_eq!(house.ask(ALL).await, format!("{s} 1 21000 cancelled, {s} 2 21000 issued"));

    // charged too much: a receipt of the new sum takes the place of the one before
    let reduction = json!({"amount": 1_000, "reason_code": "muc_thu_sai", "note": "Mức thu sai"});
    let path = format!("/v1/obligations/{}/reductions", id(&fee));
    let reduction = house.staff.post(&path, reduction).await.expect(201);
    approves(&second, &reduction).await.expect(200);
    house.drain().await;
    assert_eq!(house.ask(ALL).await, format!("{s} 1 21000 cancelled, {s} 2 21000 replaced, {s} 3 20000 issued"));
    let found = receipts_of(&house, &fee).await;
    assert_eq!((&found[0]["replaces"], &found[1]["replaced_by"]), (&found[1]["id"], &found[0]["id"]));
    let xml = seen(&house, &format!("{}/receipt.xml", found[0]["url"].as_str().unwrap())).await;
    assert!(xml.contains("<ThayTheBienLai><MauSo>EBL01</MauSo>") && xml.contains("<So>00000002</So>"), "{xml}");
    let page = seen(&house, found[1]["url"].as_str().unwrap()).await;
    assert!(page.contains("Biên lai đã được thay thế") && page.contains("số 00000003"), "{page}");
    let day = domain::business_day::business_date(Timestamp::now());
    let told = house.staff.get(&format!("/v1/receipt-days/{day}")).await.expect(200);
    let wanted = json!([{
        "collector_tax_code": "5300100017", "template": "EBL01", "serial": s, "first_number": 1, "last_number": 3,
        "issued": 3, "issued_amount": 62_000, "cancelled": 1, "cancelled_amount": 21_000, "replaced": 1,
        "replaced_amount": 21_000,
    }]);
    assert_eq!((&told["totals"], told["rows"].as_array().unwrap().len()), (&wanted, 3), "{told}");
    let sheet = house.staff.get(&format!("/v1/receipt-days/{day}?format=csv")).await;
    assert!(sheet.text.contains(&format!("5300100017,UBND phường Lào Cai,EBL01,{s},3,{day},fee,")), "{}", sheet.text);
    // a day that is too long to be read whole is none rather than a part of it
    let db = house.gateway.ctx.pool.get().await.unwrap();
    let of_day = async |at_most| storage::receipts::of_day(&db, None, day, at_most).await.unwrap().map(|all| all.len());
    assert_eq!((of_day(3).await, of_day(2).await), (Some(3), None));
    drop(db);
    house.close().await;
}

/// Signs nothing, and says so.
struct Away;

#[async_trait]
impl Signer for Away {
    fn key_name(&self) -> &'static str {
        "nobody"
    }
    fn public_point(&self) -> Vec<u8> {
        Vec::new()
    }
    async fn sign(&self, _: &[u8]) -> Result<Vec<u8>, SigningError> {
        Err(SigningError::Away("for a test".to_owned()))
    }
}

fn with(house: &House, signer: Option<Arc<dyn Signer>>) -> Context {
    Context { signer, ..house.gateway.ctx.clone() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_that_was_taken_and_not_signed_is_signed_by_the_next_pass_or_cancelled_and_never_given_again() {
    let house = House::new().await;
    collects(&house).await;
    let second = second_person(&house).await;
    let away = with(&house, Some(Arc::new(Away)));
    let s = serial();
    let (fee, intent, _) = paid(&house, 21_000).await;
    // without a key no number is taken
    issue_receipts::issue(&with(&house, None), true, Timestamp::now()).await.unwrap();
    assert_eq!(house.ask(ALL).await, "");
    issue_receipts::issue(&away, true, Timestamp::now()).await.unwrap();
    issue_receipts::issue(&away, true, Timestamp::now()).await.unwrap();
    assert_eq!(house.ask(ALL).await, format!("{s} 1 21000 numbered"));
    assert_eq!(house.portal.intent(&intent).await["receipts"], json!([]), "nobody has it yet");
    let token = house.ask("select token from receipt").await;
    let unsigned = house.http.get(format!("{}/receipts/{token}", house.portal.base)).send().await.unwrap();
    assert_eq!(unsigned.status(), 404);
    house.drain().await;
    assert_eq!(house.ask(ALL).await, format!("{s} 1 21000 issued"));
    assert_eq!(receipts_of(&house, &fee).await.len(), 1);

    // its money is on the way back before anybody signed: nobody ever sees it
    let (fee, intent, _) = paid(&house, 8_000).await;
    issue_receipts::issue(&away, true, Timestamp::now()).await.unwrap();
    let payment = payment_of(&house, &intent).await;
    let refund = proposes(&house.staff, &payment, &[whole(&fee)], "close").await.expect(201);
    approves(&second, &refund).await.expect(200);
    house.drain().await;
    paid(&house, 5_000).await;
    house.drain().await;
    assert_eq!(house.ask(ALL).await, format!("{s} 1 21000 issued, {s} 2 8000 cancelled, {s} 3 5000 issued"));
    let told = "select count(*) from assurance.event where type = 'receipt.issued'";
    assert_eq!(house.ask(told).await, "2");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_side_by_side_that_are_cut_off_anywhere_leave_no_gap_and_give_no_number_twice() {
    let house = House::new().await;
    collects(&house).await;
    let fees = 12;
    for n in 0..fees {
        paid(&house, 1_000 + n).await;
    }
    for round in 0..40_u64 {
        let passes: Vec<_> = (0..3)
            .map(|_| {
                let ctx = house.gateway.ctx.clone();
                tokio::spawn(async move { issue_receipts::issue(&ctx, true, Timestamp::now()).await.map(drop) })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(round)).await;
        // wherever they are: between two statements, before a signature, before a commit is heard
        passes.iter().for_each(tokio::task::JoinHandle::abort);
    }
    house.drain().await;
    let expected: Vec<String> = (1..=fees).map(|n| n.to_string()).collect();
    assert_eq!(house.ask(NUMBERS).await, expected.join(" "));
    let issued =
        "select count(distinct obligation_id) || ' ' || count(*) from assurance.receipt where status = 'issued'";
    assert_eq!(house.ask(issued).await, format!("{fees} {fees}"));
    house.close().await;
}

async fn cases(house: &House) -> Vec<Value> {
    house.staff.get("/v1/cases?kind=without_receipt").await.expect(200)["data"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_paid_and_has_no_receipt_is_a_case_until_it_is_issued() {
    let settings = vec![("MOTLAN_RECEIPTS__CASE_AFTER_S", "60".to_owned())];
    let house = House::planned(Plan { settings, ..Plan::default() }).await;
    house.staff.put(SERIES, series(json!({"valid_to": "2026-01-31"}))).await.expect(200);
    let (fee, ..) = paid(&house, 21_000).await;
    house.drain().await;
    assert_eq!((house.ask(ALL).await, cases(&house).await.len()), (String::new(), 0), "it is not late yet");
    house.ask("update receipt_work set since = now() - interval '2 minutes'").await;
    house.drain().await;
    house.drain().await;
    let open = cases(&house).await;
    assert_eq!(open.len(), 1, "{open:?}");
    assert_eq!((&open[0]["subject"], &open[0]["amount"]), (&fee["id"], &json!(21_000)));
    assert_eq!(open[0]["status"], "open");
    collects(&house).await;
    house.drain().await;
    assert_eq!(house.ask(ALL).await, format!("{} 1 21000 issued", serial()));
    assert_eq!(cases(&house).await[0]["status"], "closed");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_tax_code_takes_another_series_and_the_word_of_two_persons() {
    let house = House::new().await;
    collects(&house).await;
    let second: Portal = second_person(&house).await;
    let (fee, ..) = paid(&house, 21_000).await;
    house.drain().await;
    let first = receipts_of(&house, &fee).await.remove(0);
    // what its receipts are named by stands
    let right = json!({"collector_tax_code": "5300100018"});
    assert_eq!(house.staff.put(SERIES, series(right.clone())).await.refused(409), "series_used");
    let renamed = series(json!({"collector_name": "UBND phường Lào Cai (tên mới)", "valid_to": "2026-12-31"}));
    house.staff.put(SERIES, renamed).await.expect(200);
    let same = house.staff.put("/v1/receipt-series/BL-17-2", series(json!({}))).await;
    assert_eq!(same.refused(409), "serial_taken");
    let next = json!({"collector_tax_code": "5300100018", "valid_from": "2026-01-02"});
    house.staff.put("/v1/receipt-series/BL-17-2", series(next)).await.expect(200);

    let path = format!("/v1/receipts/{}/replacements", id(&first));
    let body = json!({"reason_code": "tax_code", "note": "Mã số thuế sai"});
    let proposed = house.staff.post(&path, body.clone()).await.expect(201);
    assert_eq!(house.staff.post(&path, body.clone()).await.refused(409), "approval_pending");
    assert_eq!(approves(&house.staff, &proposed).await.refused(403), "same_person");
    house.drain().await;
    assert_eq!(receipts_of(&house, &fee).await.len(), 1, "one person's word changes nothing");
    approves(&second, &proposed).await.expect(200);
    house.drain().await;
    let found = receipts_of(&house, &fee).await;
    assert_eq!((&found[0]["collector"]["tax_code"], &found[0]["number"]), (&json!("5300100018"), &json!(1)));
    assert_eq!((&found[0]["replaces"], &found[1]["status"]), (&first["id"], &json!("replaced")));
    assert_eq!(house.staff.post(&path, body).await.refused(409), "receipt_ended");
    house.close().await;
}
