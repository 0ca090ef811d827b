//! A case at the desk from finding it to giving it up and taking that back: whose it is, what a resolution would do before it is
//! sent, and what waits as the ledger has it.

use super::two_persons::{decides, link};
use domain::role::Role;
use serde_json::json;
use tests::House;
use tests::desk::{Desk, Login, Page, hires};
use tests::portal::dossier;

const WAITS: &str = "49.999";

/// The form of a page filled in with these, and sent to its case.
async fn sends(desk: &mut Desk, page: &Page, case: &str, fields: &[(&str, &str)]) -> Page {
    let (form, key) = (page.field("form"), page.field("key"));
    let all = [&[("form", form.as_str()), ("key", key.as_str())], fields].concat();
    desk.post(&format!("{case}/resolutions"), &all).await
}

async fn approved(house: &House, boss: &mut Desk, approver: &Login) {
    let approval = link(&boss.get("/console/approvals").await.expect(200), "/console/approvals/apr_");
    let done = decides(house, boss, approver, &approval, "approve").await;
    assert_eq!(done.status, 303, "{}", done.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_resolution_would_do_is_seen_before_it_is_sent_and_what_was_given_up_is_brought_back() {
    let house = House::new().await;
    let accountant = hires(&house, "thu-quy", &[Role::Accountant], &[]).await;
    let approver = hires(&house, "lanh-dao", &[Role::Approver], &[]).await;
    let (mut desk, mut boss) = (Desk::of(&house, &accountant).await, Desk::of(&house, &approver).await);
    // a đồng too few waits
    let fee = house.portal.owes(&dossier(), 50_000, json!({})).await;
    let attempt = house.at_vnpay(&house.portal.opens(&[&fee]).await).await;
    house.sim("script", json!({"match": {"order_ref": attempt["order_ref"]}, "do": [{"amount_delta": -1}]})).await;
    house.pays(&attempt, json!({})).await;
    let waits = format!("<a href=\"/console/reports/suspense\">{WAITS}");
    let today = desk.get("/console").await.expect(200);
    assert!(today.says(&waits), "{}", today.text);

    // nobody has it, then I
    let case = link(&desk.get("/console/cases?owner=nobody&sort=age").await.expect(200), "/console/cases/cas_");
    let page = desk.get(&case).await.expect(200);
    let (form, key) = (page.field("form"), page.field("key"));
    let take = [("form", form.as_str()), ("key", &key), ("instead_of", ""), ("take", "me")];
    let target = format!("{case}/owner");
    assert_eq!(desk.post(&target, &take[1..]).await.status, 403, "a form without its token");
    assert_eq!(desk.post(&target, &take).await.status, 303);
    assert!(desk.get("/console/cases?owner=me&sort=amount").await.says(&case));
    assert!(!desk.get("/console/cases?owner=nobody").await.says(&case));
    let stale =
        [("form", form.as_str()), ("key", "6a1b7b4e-6a4f-4a3e-9e3d-0a6b7c8d9e0f"), ("instead_of", ""), ("take", "")];
    assert_eq!(desk.post(&target, &stale).await.status, 422, "somebody has it by now");

    // giving it up: seen, and nothing is kept of that
    let page = desk.get(&case).await.expect(200);
    let fields = [("action", "write_off"), ("reason_code", "khong_chu"), ("note", "đã hỏi ngân hàng")];
    let looked = [&fields[..], &[("preview", "1")]].concat();
    let own = boss.get("/console").await;
    assert_eq!(sends(&mut boss, &own, &case, &looked).await.status, 403, "who only decides");
    let seen = sends(&mut desk, &page, &case, &looked).await.expect(200);
    for said in ["Đã xoá sổ", "Chờ xử lý: lệch số tiền", WAITS, "name=\"reason_code\" value=\"khong_chu\""]
    {
        assert!(seen.says(said), "{said}: {}", seen.text);
    }
    assert!(!seen.says("name=\"preview\""), "what is sent from there is the proposal");
    assert_eq!(house.ask("select (select count(*) from approval) || ' ' || (select status from kase)").await, "0 open");
    let refused =
        sends(&mut desk, &page, &case, &[("action", "same_movement"), ("payment", "pay_none"), ("preview", "1")]);
    assert_eq!(refused.await.status, 422, "what would be refused");

    assert_eq!(sends(&mut desk, &seen, &case, &fields).await.status, 303);
    approved(&house, &mut boss, &approver).await;
    assert!(!desk.get("/console").await.says(&waits), "nothing waits");

    // and brought back, by two persons too
    let closed = desk.get(&case).await.expect(200);
    assert!(closed.says("value=\"reinstate\"") && !closed.says("value=\"write_off\""), "{}", closed.text);
    assert!(closed.says("Duyệt: Xoá sổ") && closed.says("Giao cho: Người thu-quy (mẫu)"), "{}", closed.text);
    assert_eq!(sends(&mut desk, &closed, &case, &[("action", "reinstate")]).await.status, 422, "without saying why");
    let fields = [("action", "reinstate"), ("note", "chủ đã đến")];
    let looked = [&fields[..], &[("preview", "1")]].concat();
    let seen = sends(&mut desk, &closed, &case, &looked).await.expect(200);
    assert!(seen.says("Chênh lệch mới") && seen.says(WAITS), "{}", seen.text);
    assert_eq!(sends(&mut desk, &seen, &case, &fields).await.status, 303);
    approved(&house, &mut boss, &approver).await;
    assert!(desk.get("/console").await.says(&waits), "it waits again");
    assert!(!desk.get(&case).await.says("value=\"reinstate\""), "once only");
    house.close().await;
}
