//! What the page says of others: the dossier system, the provider's transaction, money under another reference.

use crate::says_none_of;
use crate::world::{World, form};

#[actix_web::test]
async fn where_nobody_listens_nothing_is_said_of_the_dossier_system() {
    for (listener, is_said) in [(None, false), (Some("{payment_intent}"), false), (Some("{}"), true)] {
        let world = World::new().await;
        if let Some(kinds) = listener {
            world.listens(kinds).await;
        }
        world.post(&form("testbank", "f1")).await;
        world.pay(71_000, "14226112").await;
        let page = world.get("").await.body;
        let said = ["Hệ thống xử lý hồ sơ", "đang chờ xác nhận"].map(|text| page.contains(text));
        assert_eq!(said, [is_said; 2], "{listener:?}: {page}");
        assert_eq!(page.matches("class=\"there\"").count(), 2, "{page}");
    }
}

#[actix_web::test]
async fn a_gateways_transaction_is_called_the_gateways_and_not_the_banks() {
    let world = World::new().await;
    world.post(&form("testbank", "f1")).await;
    world.pay(71_000, "14226112").await;
    let page = world.get("").await.body;
    assert!(page.contains("<b>Mã giao dịch tại Ngân hàng thử</b>"), "{page}");
    says_none_of(&page, &["Giao dịch của ngân hàng"]);
    assert!(world.get("?lang=en").await.body.contains("<b>Transaction no. at Test bank</b>"));
}

#[actix_web::test]
async fn a_new_request_tells_of_the_part_that_came_under_one_that_was_cancelled() {
    let world = World::new().await;
    world.bank.takes_transfers();
    world.post(&form("testbank", "f1")).await;
    world.pay(30_000, "T1").await;
    world.sql("set session_replication_role = replica; update allocation set suspense_reason = 'underpaid'").await;
    let earlier = world.intent().await.reference.spaced();
    world.cancel().await;
    let world = world.opened_again().await;
    let page = world.get("").await.body;
    for text in ["30.000 ₫", earlier.as_str(), "chưa được tính vào phí", "Xin hỏi bộ phận một cửa trước khi nộp"]
    {
        assert!(page.contains(text), "{text} is missing: {page}");
    }
    assert!(page.contains("<p class=\"amount\">71.000 ₫</p>"), "what is due is not lowered by it: {page}");
    assert!(world.get("?lang=en").await.body.contains("under an earlier payment request"));
}
