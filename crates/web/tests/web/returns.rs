//! Who comes back: from what failed, from a code or a phone, beside a page that was left and may be paid still.

use crate::begun::{expires_and_is_renewed, says};
use crate::says_none_of;
use crate::ways::WALLET_FIRST;
use crate::world::{World, form};

const LEFT: &str = "bằng Ví nhỏ chưa có kết quả, và chúng tôi vẫn đang hỏi ví điện tử";
const NOT_AGAIN: &str = "Nếu tài khoản đã bị trừ tiền, xin đừng thanh toán lại";
const BACK: [&str; 2] = ["Bạn đã trở lại", "<h1>Chúng tôi đang hỏi"];

/// A wallet's page was opened, and left.
async fn left_a_wallet() -> World {
    let world = World::new().await;
    world.post(&form("testbank", "f1")).await;
    world.sql(WALLET_FIRST).await;
    world
}

#[actix_web::test]
async fn who_comes_back_from_what_failed_sees_why_and_the_ways_and_is_warned_of_the_page_that_was_left() {
    for is_renewed in [false, true] {
        let world = left_a_wallet().await;
        if is_renewed {
            expires_and_is_renewed(&world).await;
        }
        world.post(&form("testbank", "f2")).await;
        world.fail().await;
        for back in ["", "?returned=1&attempt=2"] {
            let page = world.get(back).await.body;
            let head = ["<h1>Lần thanh toán vừa rồi không thành công</h1>", "Lý do: giao dịch đã được huỷ"];
            says(&page, &head);
            says(&page, &[LEFT, NOT_AGAIN, "name=\"channel\"", "Xem trạng thái mới nhất"]);
            assert!(page.find(LEFT).unwrap() < page.find("name=\"channel\"").unwrap(), "before the buttons: {page}");
            says_none_of(&page, &BACK);
            says_none_of(&page, &["href=\"#ways\"", "Lần thanh toán trước"]);
        }
        says(
            &world.get("?lang=en&returned=1&attempt=2").await.body,
            &["The last payment did not succeed", "by Small wallet has no result yet", "Why: it was cancelled"],
        );
        says(&world.get("?returned=1&attempt=1").await.body, &["<h1>Chúng tôi đang hỏi ví điện tử</h1>"]);
    }
}

#[actix_web::test]
async fn nobody_comes_back_from_a_code_or_a_phone_to_the_answer_of_a_page_that_was_left() {
    for (by_phone, shown) in [(false, "<svg class=\"qr\""), (true, "xác nhận bằng mã PIN")] {
        let world = left_a_wallet().await;
        if by_phone {
            world.bank.prompts(false);
        } else {
            world.bank.takes_transfers();
        }
        world.post(&form("testbank", "f2")).await;
        for back in ["", "?returned=1&attempt=2", "?returned=1"] {
            let page = world.get(back).await.body;
            says(&page, &[shown, LEFT, NOT_AGAIN]);
            says_none_of(&page, &BACK);
        }
    }
}

#[actix_web::test]
async fn what_was_left_is_another_state_of_the_page_until_it_has_an_end() {
    let state = |page: &str| page.split("data-state=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let world = left_a_wallet().await;
    world.post(&form("testbank", "f2")).await;
    world.fail().await;
    let before = world.get("?returned=1&attempt=2").await.body;
    crate::begun::becomes(&world, 1, "failed").await;
    let after = world.get("?returned=1&attempt=2").await.body;
    says_none_of(&after, &[LEFT]);
    says(&after, &["href=\"#ways\""]);
    assert_ne!(state(&before), state(&after));
}
