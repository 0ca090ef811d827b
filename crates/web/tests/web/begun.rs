//! What was begun at a provider and has no result yet: it is told of wherever something may be paid beside it, until it has an end.

use crate::says_none_of;
use crate::ways::{WALLET_FIRST, switched_off};
use crate::world::{World, form};
use payments::advance_intent;

const ASKED: &str = "chưa có kết quả, và chúng tôi vẫn đang hỏi ngân hàng";
const NOT_AGAIN: &str = "Nếu tài khoản đã bị trừ tiền, xin đừng thanh toán lại";
const UNCLEAR: &str = "đang được kiểm tra";
const FAILED_THERE: &str = "Lần thanh toán trước bằng Ngân hàng thử không thành công";

pub fn says(page: &str, sentences: &[&str]) {
    for sentence in sentences {
        assert!(page.contains(sentence), "{sentence} is missing: {page}");
    }
}

/// As if its provider had said so.
pub async fn becomes(world: &World, number: i32, status: &str) {
    let sql = "set session_replication_role = replica;
        update attempt set status = 'STATUS', version = version + 1 where number = NUMBER";
    world.sql(&sql.replace("STATUS", status).replace("NUMBER", &number.to_string())).await;
}

/// Its deadline passes, and the windows of its attempts with it.
async fn expires(world: &World) {
    world
        .sql(
            "set session_replication_role = replica; update attempt set expires_at = now() - interval '1 minute';
              update intent set expires_at = now() - interval '1 minute'",
        )
        .await;
    let intent = world.intent().await.id;
    assert!(advance_intent::expire(&world.ctx, intent, jiff::Timestamp::now()).await.unwrap());
}

pub async fn expires_and_is_renewed(world: &World) {
    expires(world).await;
    let kept = format!("form_id={}", world.get("").await.form_id());
    world.post_to(&format!("/pay/{}/renew", world.token), kept).await;
    assert_eq!(world.intent().await.status.as_str(), "open");
}

#[actix_web::test]
async fn what_was_begun_before_a_renewal_is_said_to_have_no_result_before_the_ways_and_beside_a_code_until_it_has_an_end()
 {
    for status in ["started", "offered"] {
        let world = World::new().await;
        world.post(&form("testbank", "f1")).await;
        becomes(&world, 1, status).await;
        says_none_of(&world.get("").await.body, &[ASKED, NOT_AGAIN]);
        expires_and_is_renewed(&world).await;
        let page = world.get("").await.body;
        says(&page, &[ASKED, NOT_AGAIN, "Xem trạng thái mới nhất"]);
        assert!(page.find(ASKED).unwrap() < page.find("name=\"channel\"").unwrap(), "before the buttons: {page}");
        says_none_of(&page, &["href=\"#ways\""]);
        says(&world.get("?lang=en").await.body, &["has no result yet, and we are still asking the bank"]);
        world.bank.takes_transfers();
        world.post(&form("testbank", "f2")).await;
        let code = world.get("").await.body;
        says(&code, &["<svg class=\"qr\"", ASKED, NOT_AGAIN]);
        assert!(code.find(ASKED).unwrap() < code.find("<svg class=\"qr\"").unwrap(), "before the code: {code}");
        becomes(&world, 1, "failed").await;
        says_none_of(&world.get("").await.body, &[ASKED, NOT_AGAIN]);
    }
}

#[actix_web::test]
async fn of_what_was_begun_before_a_renewal_and_is_under_review_one_is_told_to_ask_beside_a_code_too() {
    let world = World::new().await;
    world.post(&form("testbank", "f1")).await;
    expires_and_is_renewed(&world).await;
    becomes(&world, 1, "unknown").await;
    says(&world.get("").await.body, &["<h1>Có khoản tiền đang được kiểm tra</h1>"]);
    world.bank.takes_transfers();
    world.post(&form("testbank", "f2")).await;
    says(&world.get("").await.body, &["<svg class=\"qr\"", UNCLEAR, "trước khi thanh toán lại"]);
}

#[actix_web::test]
async fn who_waits_for_one_answer_is_told_that_another_is_outstanding() {
    let world = World::new().await;
    world.post(&form("testbank", "f1")).await;
    expires_and_is_renewed(&world).await;
    let back = world.get("?returned=1&attempt=1").await.body;
    says(&back, &["Chúng tôi đang hỏi ngân hàng"]);
    says_none_of(&back, &[ASKED]);
    world.post(&form("testbank", "f2")).await;
    says(&world.get("?returned=1&attempt=2").await.body, &["Chúng tôi đang hỏi ngân hàng", ASKED]);
}

#[actix_web::test]
async fn of_a_code_that_was_shown_before_a_renewal_nobody_is_said_to_be_asked() {
    let world = World::new().await;
    world.bank.takes_transfers();
    world.post(&form("testbank", "f1")).await;
    expires_and_is_renewed(&world).await;
    let page = world.get("").await.body;
    says(&page, &["name=\"channel\"", "href=\"#ways\""]);
    says_none_of(&page, &["vẫn đang hỏi"]);
}

#[actix_web::test]
async fn the_end_of_a_providers_time_is_another_state_of_the_page_though_another_way_is_shown() {
    let world = World::new().await;
    // a page that was left is told of within its window too
    world.bank.prompts(false);
    world.post(&form("testbank", "f1")).await;
    world.bank.takes_transfers();
    world.post(&form("testbank", "f2")).await;
    let state = |page: &str| page.split("data-state=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let within = world.get("").await.body;
    world.sql("set session_replication_role = replica; update attempt set expires_at = now() - interval '1 second' where number = 1").await;
    let after = world.get("").await.body;
    says(&after, &["<svg class=\"qr\"", ASKED]);
    assert_ne!(state(&within), state(&after));
}

#[actix_web::test]
async fn what_failed_hides_nothing_of_what_has_no_result_on_a_cancelled_request() {
    for (status, said) in [("offered", NOT_AGAIN), ("unknown", "trước khi thanh toán lại")] {
        let world = World::new().await;
        world.post(&form("testbank", "f1")).await;
        world.fail().await;
        world.post(&form("testbank", "f2")).await;
        world.cancel().await;
        becomes(&world, 2, status).await;
        says(&world.get("?returned=1&attempt=1").await.body, &[said, FAILED_THERE]);
    }
}

#[actix_web::test]
async fn what_failed_hides_nothing_of_what_is_under_review_beside_a_code() {
    let world = World::new().await;
    for press in ["f1", "f2"] {
        world.post(&form("testbank", press)).await;
        world.fail().await;
    }
    becomes(&world, 2, "unknown").await;
    world.bank.takes_transfers();
    world.post(&form("testbank", "f3")).await;
    says(
        &world.get("?returned=1&attempt=1").await.body,
        &["<svg class=\"qr\"", "trước khi thanh toán lại", FAILED_THERE],
    );
}

#[actix_web::test]
async fn who_comes_back_from_what_failed_is_told_after_a_cancellation_and_after_the_deadline_too() {
    for is_cancelled in [true, false] {
        let world = World::new().await;
        world.post(&form("testbank", "f1")).await;
        world.fail().await;
        says_none_of(&world.get("?returned=1&attempt=1").await.body, &[FAILED_THERE]);
        if is_cancelled {
            world.cancel().await;
        } else {
            expires(&world).await;
        }
        says(&world.get("?returned=1&attempt=1").await.body, &[FAILED_THERE]);
    }
}

/// One of the two fees was lowered, so what was begun asks for another sum than what is due.
const FEWER: &str = "set session_replication_role = replica;
    update obligation set relief_amount = 6000, relief_basis = 'giảm' where external_ref = '1';";

#[actix_web::test]
async fn who_comes_back_from_what_failed_is_not_said_to_have_come_back_from_a_code_or_a_phone_that_is_shown_no_more() {
    for (asks_a_phone, is_switched_off) in [(false, false), (false, true), (true, false)] {
        let world = World::new().await;
        world.post(&form("testbank", "f1")).await;
        world.fail().await;
        if asks_a_phone {
            world.bank.prompts(false);
        } else {
            world.bank.takes_transfers();
        }
        world.post(&form("testbank", "f2")).await;
        let plainly = if is_switched_off {
            switched_off(&world, &["testbank"]).await;
            "Mã chuyển khoản đã hiện ở đây tạm ngừng"
        } else {
            world.sql(FEWER).await;
            "name=\"channel\""
        };
        for (back, tells) in [("?returned=1&attempt=1", true), ("?returned=1&attempt=2", false), ("?returned=1", false)]
        {
            let page = world.get(back).await.body;
            assert_eq!(page.contains(FAILED_THERE), tells, "{back}: {page}");
            says(&page, &[plainly]);
            says_none_of(&page, &["Chúng tôi đang hỏi", "Bạn đã trở lại"]);
        }
    }
}

const NOTHING_MORE: &str = "Không cần làm gì thêm";
const NOT_THERE: &str = "xin không thanh toán ở đó";

#[actix_web::test]
async fn what_is_paid_while_a_provider_is_still_asked_says_which_and_not_to_pay_there() {
    let world = World::new().await;
    world.post(&form("testbank", "f1")).await;
    world.sql(WALLET_FIRST).await;
    world.bank.takes_transfers();
    world.post(&form("testbank", "f2")).await;
    world.pay(71_000, "T1").await;
    let page = world.get("").await.body;
    says(
        &page,
        &["<h1>Đã thanh toán</h1>", "bằng Ví nhỏ chưa có kết quả, và chúng tôi vẫn đang hỏi ví điện tử", NOT_THERE],
    );
    says_none_of(&page, &[NOTHING_MORE]);
    says(&world.get("?lang=en").await.body, &["by Small wallet has no result yet", "please do not pay there"]);
    becomes(&world, 1, "unknown").await;
    let page = world.get("").await.body;
    says(&page, &["bằng Ví nhỏ chưa rõ kết quả và đang được kiểm tra", NOT_THERE]);
    says_none_of(&page, &[NOTHING_MORE]);
    becomes(&world, 1, "failed").await;
    let page = world.get("").await.body;
    says(&page, &[NOTHING_MORE]);
    says_none_of(&page, &[NOT_THERE]);
}

#[actix_web::test]
async fn what_is_paid_elsewhere_while_a_provider_is_still_asked_says_so_too() {
    let world = World::new().await;
    world.post(&form("testbank", "f1")).await;
    world
        .sql("set session_replication_role = replica; update obligation set status = 'paid', version = version + 1")
        .await;
    let page = world.get("").await.body;
    says(&page, &["<h1>Không còn khoản nào phải nộp</h1>", ASKED, NOT_THERE]);
    says_none_of(&page, &[NOTHING_MORE]);
}

#[actix_web::test]
async fn what_is_paid_while_a_provider_is_asked_about_a_cancelled_request_says_so_too() {
    for (status, said) in [("offered", ASKED), ("unknown", "chưa rõ kết quả và đang được kiểm tra")] {
        let world = World::new().await;
        world.post(&form("testbank", "f1")).await;
        world.cancel().await;
        becomes(&world, 1, status).await;
        let world = world.opened_again().await;
        world.bank.takes_transfers();
        world.post(&form("testbank", "f2")).await;
        world.pay(71_000, "T1").await;
        let page = world.get("").await.body;
        says(&page, &["<h1>Đã thanh toán</h1>", said, NOT_THERE]);
        says_none_of(&page, &[NOTHING_MORE]);
    }
}
