//! A file that is not whole, does not tie out or is sent by somebody who may not leaves nothing behind.

use super::{day, pays, plain};
use crate::finance::staff_of;
use domain::principal::Scope;
use tests::House;
use tests::files::account;
use tests::portal::{Answered, Portal, fresh};
use tests::rows::digest;
use tests::wire::key;

async fn two_payments(house: &House) -> String {
    for amount in [21_000, 1_008_000] {
        pays(house, amount).await;
    }
    house.drain().await;
    String::from_utf8(house.settlement(&day()).await).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_cut_off_anywhere_is_refused() {
    let house = plain().await;
    let whole = two_payments(&house).await.into_bytes();
    let before = digest(&house.database).await;
    // without its last line end it is whole
    for length in 0..whole.len() - 2 {
        let answer = house.sends_settlement(whole[..length].to_vec()).await;
        assert_eq!(answer.refused(422), "file_refused", "{length} of {} bytes", whole.len());
    }
    assert_eq!(digest(&house.database).await, before);
    house.sends_settlement(whole).await.expect(201);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_does_not_tie_out_or_says_what_we_do_not_know_is_refused() {
    let house = plain().await;
    let whole = two_payments(&house).await;
    let before = digest(&house.database).await;
    let no = super::txn(&house.orders().await[0]).to_owned();
    for (what, from, to) in [
        ("the totals", "\"1,029,000\"", "\"1,029,001\""),
        ("net is not gross less fee", ",168,\"20,832\",", ",168,\"20,833\","),
        ("a fee below zero", ",168,\"20,832\",", ",-168,\"21,168\","),
        ("a payment below zero", ",\"21,000\",168,\"20,832\",", ",\"-21,000\",168,\"-21,168\","),
        ("half a đồng", ",\"21,000\",168,", ",\"21,000.5\",168,"),
        ("an unknown status", "Thành công", "Thành công một nửa"),
        ("an unknown type", ",Thanh toán,", ",Thanh toan,"),
        ("a column with another name", "Số tiền giao dịch", "So tien"),
        ("a column twice", "Mã website", "Phí"),
        ("no number", no.as_str(), ""),
        ("no day", "Tổng cộng", "Tong cong"),
        ("another encoding", "\u{feff}", ""),
        ("a row after the totals", ",,,\r\n", ",,,\r\nTổng cộng,,,,,,1,1,0,,,\r\n"),
    ] {
        let changed = whole.replacen(from, to, 1);
        assert_ne!(changed, whole, "{what} is not in {whole}");
        let answer = house.sends_settlement(changed.into_bytes()).await;
        assert!(answer.json["line"].is_number(), "{what}: {}", answer.text);
        assert_eq!(answer.refused(422), "file_refused", "{what}");
    }
    assert_eq!(digest(&house.database).await, before);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_currency_is_refused_where_the_layout_has_one() {
    let house = plain().await;
    let layout = include_str!("../../../crates/statement/profiles/vnpay-settlement.toml")
        .replace("merchant = \"Mã website\"", "currency = \"Mã website\"");
    let db = house.gateway.ctx.pool.get().await.unwrap();
    storage::file_profiles::put(&db, "with-currency", storage::file_profiles::FileKind::Settlement, &layout)
        .await
        .unwrap();
    drop(db);
    let whole = two_payments(&house).await;
    let before = digest(&house.database).await;
    let path = "/v1/settlements?profile=vnpay_main&layout=with-currency";
    let sends = async |text: String| house.sends_file(path, &format!("file-{}", fresh()), text.into_bytes()).await;
    let dong = whole.replace(tests::TMN_CODE, "VND");
    assert_eq!(sends(dong.replacen("VND", "USD", 1)).await.refused(422), "file_refused");
    assert_eq!(digest(&house.database).await, before);
    sends(dong).await.expect(201);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_it_rests_on_must_be_there_and_whoever_sends_it_must_be_allowed_to() {
    let house = House::new().await;
    let bytes = two_payments(&house).await.into_bytes();
    let (_, reader) = key(&house, "ke-toan", &[Scope::ReportsRead]).await;
    let reader = Portal { key: reader, ..house.staff.clone() };
    let one = staff_of(&house, "ke-toan-17", tests::BENEFICIARY).await;
    // known and used once, so that nothing of theirs changes below
    for who in [&reader, &one, &house.portal, &house.staff] {
        who.get("/v1/reports/suspense").await;
    }
    let before = digest(&house.database).await;
    let sends = async |who: &Portal, query: &str| {
        let call = who.http.post(format!("{}/v1/settlements{query}", who.base)).bearer_auth(&who.key);
        let call = call.header("Idempotency-Key", format!("file-{}", fresh())).body(bytes.clone());
        Answered::of(call.send().await.unwrap()).await
    };
    let main = "?profile=vnpay_main";
    assert_eq!(sends(&house.staff, main).await.refused(422), "payout_account_missing");
    assert_eq!(sends(&house.staff, "?profile=nobody").await.refused(404), "not_found");
    assert_eq!(sends(&house.staff, "?profile=%27").await.refused(404), "not_found");
    assert_eq!(sends(&house.staff, "").await.refused(400), "query_invalid");
    assert_eq!(sends(&reader, main).await.refused(403), "scope_missing");
    assert_eq!(sends(&house.portal, main).await.status, 403);
    assert_eq!(sends(&one, main).await.refused(404), "not_found", "the contract collects for others too");
    assert_eq!(digest(&house.database).await, before);

    house.pays_out_to(&account()).await;
    let before = digest(&house.database).await;
    assert_eq!(sends(&house.staff, "?profile=vnpay_main&layout=nobody").await.refused(422), "layout_unknown");
    assert_eq!(sends(&house.staff, "?profile=vnpay_main&layout=synthetic-bank").await.refused(422), "layout_unknown");
    assert_eq!(digest(&house.database).await, before);
    let settled = sends(&house.staff, main).await.expect(201);
    let path = format!("/v1/settlements/{}", settled["id"].as_str().unwrap());
    assert_eq!(one.get(&path).await.refused(404), "not_found");
    assert_eq!(reader.get(&path).await.expect(200)["net"], settled["net"]);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_another_merchant_is_refused() {
    let house = plain().await;
    let whole = two_payments(&house).await;
    let before = digest(&house.database).await;
    let one_row = whole.replacen(tests::TMN_CODE, "OTHER001", 1);
    for other in [whole.replace(tests::TMN_CODE, "OTHER001"), one_row] {
        assert_ne!(other, whole);
        assert_eq!(house.sends_settlement(other.into_bytes()).await.refused(422), "other_account");
    }
    assert_eq!(digest(&house.database).await, before);
    house.sends_settlement(whole.into_bytes()).await.expect(201);
    house.close().await;
}
