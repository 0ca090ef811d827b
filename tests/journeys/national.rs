//! What is the national platform's own: the bill that it makes its receipt of, the receipt, and what its codes leave open.
//! What it shares with the wallets is in `journeys/wallets/national.rs`.

use crate::mutations::national::signed;
use serde_json::{Value, json};
use simulator::NationalConfig;
use tests::portal::dossier;
use tests::wallets::{NATIONAL_BANK, NATIONAL_PARTNER, NATIONAL_SECRET, NATIONAL_TOKEN, door};
use tests::wire::Call;
use tests::{House, Plan};

const CHANNEL: &str = "national";

/// A start that nobody looks at the page of.
async fn starts(house: &House, intent: &Value) -> tests::portal::Answered {
    let path = format!("/v1/payment-intents/{}/attempts", intent["id"].as_str().unwrap());
    house.portal.post(&path, json!({"channel": CHANNEL})).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bill_is_made_of_what_is_due_and_the_payer_is_written_down_nowhere_else() {
    let house = House::with_wallets().await;
    let dossier = dossier();
    let payer = json!({"name": "Trần Thị Biên Lai", "identity_kind": "citizen_id", "identity_number": "010099009900",
        "address": "Thôn Mẫu, xã Tả Phìn"});
    let fee = json!({"fee_code": "PHI-1", "description": "Phí thẩm định", "payer": payer});
    let fee = house.portal.owes(&dossier, 20_000, fee).await;
    let charge = json!({"kind": "charge", "fee_code": "LP-1", "description": "Lệ phí | cấp giấy", "payer": payer});
    let charge = house.portal.owes(&dossier, 30_000, charge).await;
    let intent = house.portal.opens(&[&fee, &charge]).await;
    let attempt = house.at_wallet(CHANNEL, &intent).await;
    let told = house.wallet_order(CHANNEL, &attempt).await["request"].clone();
    assert_eq!((&told["SoTien"], &told["MaThamChieu"]), (&json!("50000"), &attempt["order_ref"]));
    let reference = intent["reference"].as_str().unwrap();
    assert_eq!(told["ThongTinGiaoDich"], format!("Thanh toan {reference}"), "what a statement may show again");
    let bill = &told["ThongTinBienLai"];
    let fees = json!([
        {"LoaiPhiLePhi": "Phi", "MaPhiLePhi": "PHI-1", "TenPhiLePhi": "Phí thẩm định", "SoTien": "20000"},
        {"LoaiPhiLePhi": "LePhi", "MaPhiLePhi": "LP-1", "TenPhiLePhi": "Lệ phí cấp giấy", "SoTien": "30000"},
    ]);
    assert_eq!(bill["PhiLePhi"], fees);
    for (name, said) in [
        ("MaHoSo", dossier.as_str()),
        ("MaDonVi", "H38.17"),
        ("TenDonVi", "UBND phường (mẫu)"),
        ("MaTTHC", "2.000815"),
        ("MaDVC", "2.000815.01"),
        ("HoTenNguoiNop", "Trần Thị Biên Lai"),
        ("SoCMNDNguoiNop", "010099009900"),
        ("DiaChiNguoiNop", "Thôn Mẫu, xã Tả Phìn"),
        ("MaNHThuHuong", NATIONAL_BANK),
        ("TKThuHuong", tests::bank::ACCOUNT),
    ] {
        assert_eq!(bill[name], said, "{name}");
    }
    house.pays_wallet(CHANNEL, &attempt, json!({})).await;
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    for (table, column) in [("attempt", "action::text"), ("sighting_payload", "convert_from(raw, 'UTF8')")] {
        for word in ["Biên Lai", "010099009900", "Thôn Mẫu"] {
            let sql = format!("select count(*) from {table} where {column} like '%{word}%'");
            assert_eq!(house.ask(&sql).await, "0", "{word} in {table}");
        }
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_bill_cannot_say_is_refused_before_any_call_and_paid_by_another_channel() {
    let house = House::with_wallets().await;
    let nameless = json!({"name": "Người không số", "identity_kind": "none", "identity_number": null});
    let fine = house.portal.owes(&dossier(), 40_000, json!({"kind": "fine"})).await;
    let unnumbered = house.portal.owes(&dossier(), 40_000, json!({"payer": nameless})).await;
    let without = house.portal.owes(&dossier(), 40_000, json!({"procedure_code": null})).await;
    let of_two =
        [house.portal.owes(&dossier(), 1_000, json!({})).await, house.portal.owes(&dossier(), 2_000, json!({})).await];
    for (obligations, reason) in [
        (vec![&fine], "not_billable"),
        (vec![&unnumbered], "payer_not_identified"),
        (vec![&without], "not_billable"),
        (of_two.iter().collect(), "not_billable"),
    ] {
        let intent = house.portal.opens(&obligations).await;
        let again = house.portal.intent(&intent).await;
        for told in [&intent, &again] {
            let listed = told["channels"].as_array().unwrap().iter().find(|c| c["code"] == CHANNEL).unwrap();
            assert_eq!((&listed["available"], &listed["reason"]), (&json!(false), &json!(reason)), "{told}");
        }
        assert_eq!(starts(&house, &intent).await.refused(409), "channel_unavailable");
        assert_eq!(house.portal.intent(&intent).await["attempts"], json!([]), "nothing was begun");
        let other = house.at_wallet("zalopay", &intent).await;
        house.pays_wallet("zalopay", &other, json!({})).await;
        assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    }
    assert!(house.wallet_orders(CHANNEL).await.is_empty(), "nothing was called");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_we_cannot_make_is_said_to_be_our_refusal_and_the_platform_is_neither_told_nor_asked() {
    let settings = vec![("MOTLAN_PROFILES__NATIONAL_MAIN__BANK_CODES", "970400:OTHER".to_owned())];
    let house = House::planned(Plan { with_wallets: true, settings, ..Plan::default() }).await;
    let fee = house.portal.owes(&dossier(), 40_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    assert_eq!(starts(&house, &intent).await.refused(409), "channel_unavailable");
    assert_eq!(house.portal.intent(&intent).await["attempts"][0]["status"], "failed");
    assert_eq!(house.ask("select count(*) from attempt_watch").await, "0", "nobody is asked");
    let url = intent["checkout_url"].as_str().unwrap();
    let form = [("channel", CHANNEL), ("form_id", "one press")];
    let pressed = house.http.post(format!("{url}/attempts")).form(&form).send().await.unwrap();
    assert_eq!(pressed.status(), 409);
    let (pressed, shown) =
        (pressed.text().await.unwrap(), house.http.get(url).send().await.unwrap().text().await.unwrap());
    for page in [pressed, shown] {
        assert!(page.contains("Chưa gửi được yêu cầu thanh toán") && page.contains("chọn cách khác"), "{page}");
        for word in ["đã báo cho chúng tôi", "không cho biết lý do", "chưa có kết quả"] {
            assert!(!page.contains(word), "{word}: {page}");
        }
    }
    assert!(house.wallet_orders(CHANNEL).await.is_empty(), "nothing was called");
    let other = house.at_wallet("zalopay", &intent).await;
    house.pays_wallet("zalopay", &other, json!({})).await;
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_receipt_is_handed_to_the_client_whose_intent_was_paid_and_to_nobody_else() {
    let house = House::with_wallets().await;
    let fee = house.portal.owes(&dossier(), 40_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let attempt = house.at_wallet(CHANNEL, &intent).await;
    house.pays_wallet(CHANNEL, &attempt, json!({})).await;
    let paid = house.portal.intent(&intent).await;
    let path = format!("/v1/payments/{}/receipt", paid["payments"][0]["id"].as_str().unwrap());
    let receipt = house.portal.get(&path).await;
    assert_eq!((receipt.status, receipt.content_type.as_str()), (200, "application/pdf"));
    assert!(receipt.text.starts_with("%PDF-") && receipt.text.contains(attempt["order_ref"].as_str().unwrap()));
    assert_eq!(house.other_portal.get(&path).await.refused(404), "not_found");
    assert_eq!(house.staff.get(&path).await.refused(403), "scope_missing");
    // the platform knows an order by the time that it was told with
    let moved = "update attempt set ordered_at = ordered_at - interval '1 hour' returning 1";
    assert_eq!(house.ask(moved).await, "1");
    assert_eq!(house.portal.get(&path).await.refused(503), "receipt_not_given");
    house.ask("update attempt set ordered_at = ordered_at + interval '1 hour' returning 1").await;
    // a channel that makes none
    let fee = house.portal.owes(&dossier(), 40_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let attempt = house.at_wallet("momo", &intent).await;
    house.pays_wallet("momo", &attempt, json!({})).await;
    let paid = house.portal.intent(&intent).await;
    let path = format!("/v1/payments/{}/receipt", paid["payments"][0]["id"].as_str().unwrap());
    assert_eq!(house.portal.get(&path).await.refused(409), "no_receipt");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_that_no_document_names_concludes_nothing_until_the_platform_is_asked() {
    let house = House::with_wallets().await;
    let fee = house.portal.owes(&dossier(), 40_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let attempt = house.at_wallet(CHANNEL, &intent).await;
    let order = house.pays_wallet(CHANNEL, &attempt, json!({"outcome": "failed", "code": 24})).await;
    assert_eq!(order["calls"][0]["verdict"], "confirmed", "{order}");
    assert_eq!(house.portal.intent(&intent).await["attempts"][0]["status"], "offered");
    house.sync(&intent).await;
    assert_eq!(house.portal.intent(&intent).await["attempts"][0]["status"], "failed");
    house.close().await;
}

/// How an answer to a question is hashed, no document says; it may be over the same values, in which the state is not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_to_a_question_played_back_as_a_call_is_parked_and_is_no_money() {
    let house = House::with_wallets().await;
    let fee = house.portal.owes(&dossier(), 40_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let attempt = house.at_wallet(CHANNEL, &intent).await;
    let answer = json!({
        "LoaiBanTin": "QUERY", "MaLoi": "00", "MaDoiTac": NATIONAL_PARTNER, "MaThamChieu": attempt["order_ref"],
        "SoTien": "40000", "MaTienTe": "VND", "MaGiaoDich": "1", "MaNganHang": "VCB", "ThoiGianGD": "20261124093112",
        "ThongTinGiaoDich": "", "TrangThaiGD": "3",
    });
    let call = Call::new("POST", door(CHANNEL)).body(signed(&answer, NATIONAL_SECRET));
    assert_eq!(call.send(&house.gateway.base_url()).await.0, 200);
    assert_eq!(house.ask("select count(*) from payment").await, "0");
    assert_eq!(house.ask("select kind || ' ' || status from assurance.kase").await, "poison open");
    assert_eq!(house.portal.intent(&intent).await["status"], "open");
    // the true call is believed all the same
    house.pays_wallet(CHANNEL, &attempt, json!({})).await;
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_without_an_envelope_is_offered_and_a_token_that_is_not_taken_gives_none() {
    let bare =
        NationalConfig { bare_answers: true, ..NationalConfig::new(NATIONAL_PARTNER, NATIONAL_SECRET, NATIONAL_TOKEN) };
    let bare = simulator::national::start(bare).await.unwrap();
    for (token, status) in [(NATIONAL_TOKEN, 201), ("another-token", 502)] {
        let settings = vec![
            ("MOTLAN_PROFILES__NATIONAL_MAIN__INIT_URL", format!("{}/init", bare.url)),
            ("MOTLAN_PROFILES__NATIONAL_MAIN__ACCESS_TOKEN", token.to_owned()),
        ];
        let house = House::planned(Plan { with_wallets: true, settings, ..Plan::default() }).await;
        let fee = house.portal.owes(&dossier(), 40_000, json!({})).await;
        let intent = house.portal.opens(&[&fee]).await;
        let started = starts(&house, &intent).await;
        assert_eq!(started.status, status, "{}", started.text);
        if status == 201 {
            assert!(started.json["action"]["url"].as_str().unwrap().starts_with(&format!("{}/pay?t=", bare.url)));
        }
        house.stop().await;
    }
    bare.stop().await;
}

/// The browser's return names nothing, and proves nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_becomes_of_the_browser_the_money_is_known_by_the_call_alone() {
    let house = House::with_wallets().await;
    let fee = house.portal.owes(&dossier(), 40_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let attempt = house.at_wallet(CHANNEL, &intent).await;
    house.wallet_rule(CHANNEL, &attempt, json!({"drop": true})).await;
    let paid = house.wallet_sim(CHANNEL, "pay", json!({"order_ref": attempt["order_ref"]})).await;
    house.http.get(paid["way_back"].as_str().unwrap()).send().await.unwrap();
    house.http.get(intent["checkout_url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(house.portal.intent(&intent).await["status"], "open");
    house.wallet_sim(CHANNEL, "resend", json!({"order_ref": attempt["order_ref"]})).await;
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    house.close().await;
}
