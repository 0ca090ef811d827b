//! Past the deadline, where money came or may have: nobody is invited to renew as if nothing had come.

use crate::begun::{becomes, says};
use crate::says_none_of;
use crate::ways::WALLET_FIRST;
use crate::world::{World, form};
use actix_web::http::StatusCode;
use payments::advance_intent;

const AS_IF_NOTHING_CAME: [&str; 2] = ["Bấm một lần để tạo yêu cầu thanh toán mới", "tìm khoản tiền đó"];
const ASK_FIRST: &str = "Xin hỏi bộ phận một cửa trước khi";

const ONE_IS_PAID: &str = "update obligation set status = 'paid', version = version + 1 where external_ref = '1'";

async fn is_overdue(world: &World) {
    world
        .sql(
            "set session_replication_role = replica; update attempt set expires_at = now() - interval '1 minute';
              update intent set expires_at = now() - interval '1 minute'",
        )
        .await;
}

/// A part of what is due came.
async fn a_part_came() -> World {
    let world = World::new().await;
    world.bank.takes_transfers();
    world.post(&form("testbank", "f1")).await;
    world.pay(30_000, "T1").await;
    world.sql("set session_replication_role = replica; update allocation set suspense_reason = 'underpaid'").await;
    world
}

#[actix_web::test]
async fn past_the_deadline_a_part_that_came_is_told_of_with_what_is_left_to_pay() {
    let world = a_part_came().await;
    is_overdue(&world).await;
    let page = world.get("").await.body;
    says(&page, &["<h1>Đã hết hạn thanh toán</h1>", "Đã nhận được một phần tiền", "Gia hạn thanh toán", "41.000 ₫"]);
    says_none_of(&page, &AS_IF_NOTHING_CAME);
    let english = world.get("?lang=en").await.body;
    says(&english, &["A part of the money has come"]);
    says_none_of(&english, &["still being traced"]);
}

#[actix_web::test]
async fn past_the_deadline_with_unclear_money_one_is_told_to_ask_before_renewing_and_paying_again() {
    let world = World::new().await;
    world.post(&form("testbank", "f1")).await;
    world.pay(70_000, "14226113").await;
    is_overdue(&world).await;
    let page = world.get("").await.body;
    says(&page, &["<h1>Đã hết hạn thanh toán</h1>", "đang được kiểm tra và chưa được tính vào phí", ASK_FIRST]);
    says_none_of(&page, &AS_IF_NOTHING_CAME);
    let english = world.get("?lang=en").await.body;
    says(&english, &["Please ask the one-stop office before"]);
    says_none_of(&english, &["still being traced", "One press renews it"]);
}

#[actix_web::test]
async fn past_the_deadline_of_a_new_request_what_may_have_been_taken_under_the_earlier_one_is_asked_about_first() {
    let world = World::new().await;
    world.post(&form("testbank", "f1")).await;
    world.cancel().await;
    becomes(&world, 1, "committed").await;
    let world = world.opened_again().await;
    is_overdue(&world).await;
    let page = world.get("").await.body;
    says(&page, &["<h1>Đã hết hạn thanh toán</h1>", ASK_FIRST]);
    says_none_of(&page, &AS_IF_NOTHING_CAME);
}

#[actix_web::test]
async fn past_the_deadline_a_part_that_came_beside_a_try_under_review_is_not_said_to_be_looked_for() {
    let world = a_part_came().await;
    becomes(&world, 1, "unknown").await;
    is_overdue(&world).await;
    let page = world.get("").await.body;
    says(&page, &["<h1>Đã hết hạn thanh toán</h1>", "chưa thể gia hạn", ASK_FIRST]);
    says_none_of(&page, &AS_IF_NOTHING_CAME);
    says_none_of(&page, &["Gia hạn thanh toán"]);
}

#[actix_web::test]
async fn past_the_deadline_what_has_no_result_is_told_of_beside_a_part_that_came() {
    let world = World::new().await;
    world.post(&form("testbank", "f1")).await;
    world.sql(WALLET_FIRST).await;
    world.bank.takes_transfers();
    world.post(&form("testbank", "f2")).await;
    world.pay(30_000, "T1").await;
    world.sql("set session_replication_role = replica; update allocation set suspense_reason = 'underpaid'").await;
    is_overdue(&world).await;
    let page = world.get("").await.body;
    says(&page, &["Đã nhận được một phần tiền", "bằng Ví nhỏ chưa có kết quả", "xin đừng thanh toán lại"]);
    becomes(&world, 1, "failed").await;
    says_none_of(&world.get("").await.body, &["chưa có kết quả"]);
}

#[actix_web::test]
async fn past_the_deadline_where_nothing_came_one_press_renews() {
    let world = World::new().await;
    is_overdue(&world).await;
    says(&world.get("").await.body, &AS_IF_NOTHING_CAME);
}

/// As the task that expires it says it.
async fn is_expired(world: &World) {
    is_overdue(world).await;
    assert!(advance_intent::expire(&world.ctx, world.intent().await.id, jiff::Timestamp::now()).await.unwrap());
}

#[actix_web::test]
async fn what_is_over_names_each_reference_under_which_money_would_be_found() {
    let world = World::new().await;
    world.bank.takes_transfers();
    world.post(&form("testbank", "f1")).await;
    is_expired(&world).await;
    let (earlier, over) = (world.intent().await.reference.spaced(), world.token.clone());
    let (vi, en) = ("tìm khoản tiền đó theo mã tham chiếu", "still being traced by the reference");
    says(&world.get("").await.body, &[&format!("{vi} {earlier}.")]);
    says(&world.get("?lang=en").await.body, &[&format!("{en} {earlier}.")]);
    // nothing is begun under the newer one, and the code of the earlier may still be paid
    let world = world.opened_again().await;
    is_overdue(&world).await;
    let newer = world.intent().await.reference.spaced();
    says(&world.get("").await.body, &[&format!("{vi} {newer} hoặc {earlier}.")]);
    says(&world.get("?lang=en").await.body, &[&format!("{en} {newer} or {earlier}.")]);
    says(&world.at(&format!("/pay/{over}")).await.body, &[&format!("{vi} {earlier}.")]);
}

#[actix_web::test]
async fn what_is_in_another_request_by_now_has_no_button_until_that_one_is_over_too() {
    let world = World::new().await;
    is_expired(&world).await;
    let over = world.token.clone();
    let world = world.opened_again().await;
    let renew = format!("/pay/{over}/renew");
    let page = world.at(&format!("/pay/{over}")).await.body;
    says(
        &page,
        &["<h1>Đã hết hạn thanh toán</h1>", "Khoản phí đang ở một yêu cầu thanh toán khác", "tìm khoản tiền đó"],
    );
    says_none_of(&page, &["Gia hạn thanh toán"]);
    says(&world.at(&format!("/pay/{over}?lang=en")).await.body, &["in another payment request by now"]);
    assert_eq!(world.post_to(&renew, "form_id=kept".to_owned()).await.status, StatusCode::CONFLICT);
    is_expired(&world).await;
    says(&world.at(&format!("/pay/{over}")).await.body, &["Gia hạn thanh toán"]);
    assert_eq!(world.post_to(&renew, "form_id=new".to_owned()).await.status, StatusCode::SEE_OTHER);
}

#[actix_web::test]
async fn what_is_over_and_paid_in_part_has_no_button() {
    let world = World::new().await;
    is_expired(&world).await;
    world.sql(&format!("set session_replication_role = replica; {ONE_IS_PAID}")).await;
    let page = world.get("").await;
    says(&page.body, &["Một phần các khoản phí này đã được nộp", "mở hồ sơ trên cổng dịch vụ công"]);
    says_none_of(&page.body, &["Gia hạn thanh toán"]);
    says(&world.get("?lang=en").await.body, &["A part of these fees has been paid"]);
    let renew = format!("/pay/{}/renew", world.token);
    assert_eq!(world.post_to(&renew, "form_id=kept".to_owned()).await.status, StatusCode::CONFLICT);
}
