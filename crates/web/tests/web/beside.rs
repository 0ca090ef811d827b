//! What the page says of others: the dossier system, the provider's transaction, money under another reference.

use crate::says_none_of;
use crate::world::{Fault, World, form};

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
async fn the_number_of_the_bank_behind_a_gateway_is_shown_beside_the_gateways_own_where_it_was_told() {
    let world = World::new().await;
    world.post(&form("testbank", "f1")).await;
    world.pay_at_bank(71_000, "14226112", "VNP14226112").await;
    let page = world.get("").await.body;
    assert!(page.contains("<span>Số giao dịch của ngân hàng: VNP14226112</span>"), "{page}");
    assert!(page.contains("<span class=\"code\">14226112</span>"), "{page}");
    world.pay(9_000, "14226113").await;
    let page = world.get("?lang=en").await.body;
    assert_eq!(page.matches("transaction no.: VNP14226112").count(), 1, "of the second nobody told one: {page}");
}

#[actix_web::test]
async fn a_new_request_tells_of_the_part_that_came_under_one_that_was_cancelled() {
    let (world, earlier) = a_part_under_a_cancelled_one().await;
    let page = world.get("").await.body;
    for text in ["30.000 ₫", earlier.as_str(), "chưa được tính vào phí", "Xin hỏi bộ phận một cửa trước khi nộp"]
    {
        assert!(page.contains(text), "{text} is missing: {page}");
    }
    assert!(page.contains("<p class=\"amount\">71.000 ₫</p>"), "what is due is not lowered by it: {page}");
    assert!(world.get("?lang=en").await.body.contains("under an earlier payment request"));
}

/// A part came under a request that was cancelled, and another request was opened for the same fees.
async fn a_part_under_a_cancelled_one() -> (World, String) {
    let world = World::new().await;
    world.bank.takes_transfers();
    world.post(&form("testbank", "f1")).await;
    world.pay(30_000, "T1").await;
    world.sql("set session_replication_role = replica; update allocation set suspense_reason = 'underpaid'").await;
    let earlier = world.intent().await.reference.spaced();
    world.cancel().await;
    (world.opened_again().await, earlier)
}

#[actix_web::test]
async fn a_part_under_a_cancelled_request_is_told_of_after_the_whole_came_there_or_here_too() {
    for is_here in [false, true] {
        let (world, earlier) = a_part_under_a_cancelled_one().await;
        if is_here {
            world.post(&form("testbank", "f2")).await;
        }
        world.pay(71_000, "T2").await;
        let page = world.get("").await.body;
        for text in ["30.000 ₫", earlier.as_str(), "đang được giữ", "xem bên dưới"] {
            assert!(page.contains(text), "{is_here}: {text} is missing: {page}");
        }
        says_none_of(&page, &["Không cần làm gì thêm", "trước khi nộp", "name=\"channel\""]);
        assert!(world.get("?lang=en").await.body.contains("under an earlier payment request"));
    }
}

#[actix_web::test]
async fn where_one_is_to_ask_before_paying_nothing_leads_to_the_buttons_first() {
    let (world, _) = a_part_under_a_cancelled_one().await;
    assert!(!world.get("").await.body.contains("href=\"#ways\""));
}

#[actix_web::test]
async fn what_is_still_asked_about_on_a_cancelled_request_is_warned_of_on_the_new_one_before_its_ways() {
    const ASKED: &str = "vẫn đang hỏi ngân hàng";
    const UNCLEAR: &str = "chưa rõ kết quả";
    for (status, said, unclear) in [("offered", ASKED, false), ("committed", ASKED, true), ("unknown", UNCLEAR, true)] {
        let world = World::new().await;
        world.post(&form("testbank", "f1")).await;
        let earlier = world.intent().await.reference.spaced();
        world.cancel().await;
        world.sql(&format!("set session_replication_role = replica; update attempt set status = '{status}'")).await;
        let world = world.opened_again().await;
        let page = world.get("").await.body;
        assert_eq!(page.contains("<h1>Có khoản tiền đang được kiểm tra</h1>"), unclear, "{status}: {page}");
        for text in [said, earlier.as_str(), "nộp hai lần", "Xem trạng thái mới nhất"] {
            assert!(page.contains(text), "{status}: {text} is missing: {page}");
        }
        world.bank.fail_as(Fault::Away);
        let away = world.post(&form("testbank", "f9")).await.body;
        assert!(
            away.contains("Chưa nhận được kết quả") && away.contains(said),
            "what went wrong hides no warning: {away}"
        );
        assert!(page.find(said).unwrap() < page.find("name=\"channel\"").unwrap(), "before the buttons: {page}");
        says_none_of(&page, &["href=\"#ways\""]);
        let english = world.get("?lang=en").await.body;
        assert!(english.contains("under an earlier request") && english.contains("pay twice"), "{english}");
        world.sql("set session_replication_role = replica; update attempt set status = 'failed'").await;
        let ended = world.get("").await.body;
        assert!(ended.contains("href=\"#ways\""), "its end is known: {ended}");
        says_none_of(&ended, &[said]);
    }
}

#[actix_web::test]
async fn a_phone_that_is_asked_for_a_cancelled_request_is_warned_of_on_the_new_one_and_a_transfer_is_not() {
    const PHONE: &str = "xin từ chối yêu cầu đó trước khi nộp bằng cách khác";
    for (by_phone, is_warned) in [(true, true), (false, false)] {
        let world = World::new().await;
        if by_phone {
            world.bank.prompts(false);
        } else {
            world.bank.takes_transfers();
        }
        world.post(&form("testbank", "f1")).await;
        world.cancel().await;
        let world = world.opened_again().await;
        let page = world.get("").await.body;
        assert_eq!([page.contains(PHONE), page.contains("vẫn đang hỏi")], [is_warned; 2], "{page}");
    }
}

#[actix_web::test]
async fn what_is_paid_by_money_of_a_cancelled_request_has_its_transaction_and_that_requests_reference_as_its_proofs() {
    for is_expired in [false, true] {
        let world = World::new().await;
        world.bank.takes_transfers();
        world.post(&form("testbank", "f1")).await;
        let earlier = world.intent().await.reference.spaced();
        world.cancel().await;
        let world = world.opened_again().await;
        let own = world.intent().await;
        if is_expired {
            let now = own.expires_at + jiff::SignedDuration::from_secs(1);
            assert!(payments::advance_intent::expire(&world.ctx, own.id, now).await.unwrap());
        }
        world.pay_at_bank(71_000, "T1", "VNP1").await;
        let page = world.get("").await.body;
        assert_eq!(page.contains("<h1>Không còn khoản nào phải nộp</h1>"), is_expired, "{page}");
        let proofs = page.split("class=\"proofs\"").nth(1).unwrap_or_else(|| panic!("{page}"));
        let proofs = proofs.split("</ol>").next().unwrap();
        for text in [">T1<", "VNP1", "Ngân hàng thử: 71.000 ₫", "09:30 ngày 24/11/2026", earlier.as_str()] {
            assert!(proofs.contains(text), "{text} is missing: {proofs}");
        }
        assert!(!proofs.contains(&own.reference.spaced()), "it was not paid under this one: {proofs}");
        says_none_of(&page, &["Thông tin thanh toán", "Nguyễn Thị Kín"]);
        assert!(world.get("?lang=en").await.body.contains("Our reference"));
    }
}
