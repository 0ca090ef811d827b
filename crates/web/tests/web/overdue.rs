//! Past the deadline, where money came or may have: nobody is invited to renew as if nothing had come.

use crate::begun::{becomes, says};
use crate::says_none_of;
use crate::ways::WALLET_FIRST;
use crate::world::{World, form};

const AS_IF_NOTHING_CAME: [&str; 2] = ["Bấm một lần để tạo yêu cầu thanh toán mới", "tìm khoản tiền đó"];
const ASK_FIRST: &str = "Xin hỏi bộ phận một cửa trước khi";

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
