//! What is said where another way was chosen in the meantime, where none is to be had, and while a phone may still confirm.

use crate::world::{Answered, World, form};
use crate::{no_buttons, says_none_of};

const SWITCH_OFF: &str = "insert into channel_switch values ('CHANNEL', now(), 'bảo trì đường truyền', 'test', now())
    on conflict (channel) do update set off_since = now();";

/// The first try was at a wallet.
pub const WALLET_FIRST: &str =
    "set session_replication_role = replica; update attempt set channel = 'smallbank' where number = 1;";

/// A provider's page was opened, and left for a transfer's code.
async fn left_for_a_code() -> World {
    let world = World::new().await;
    world.post(&form("testbank", "f1")).await;
    world.bank.takes_transfers();
    world.post(&form("testbank", "f2")).await;
    world
}

fn says(page: &Answered, sentences: &[&str]) {
    for sentence in sentences {
        assert!(page.body.contains(sentence), "{sentence} is missing: {}", page.body);
    }
}

pub async fn switched_off(world: &World, channels: &[&str]) {
    for channel in channels {
        world.sql(&SWITCH_OFF.replace("CHANNEL", channel)).await;
    }
}

#[actix_web::test]
async fn who_comes_back_from_a_page_that_was_left_hears_that_its_provider_is_asked_and_not_that_to_pay() {
    let world = left_for_a_code().await;
    world.sql(WALLET_FIRST).await;
    let page = world.get("?returned=1&attempt=1").await;
    says(&page, &["Chúng tôi đang hỏi ví điện tử", "lần thanh toán trước", "xin không thanh toán theo cách khác"]);
    says_none_of(&page.body, &["<svg class=\"qr\"", "Chúng tôi đang hỏi ngân hàng"]);
    no_buttons(&page);
    says(&page, &["http-equiv=\"refresh\" content=\"5\""]);
    let english = world.get("?lang=en&returned=1&attempt=1").await;
    says(&english, &["We are asking the wallet", "an earlier payment"]);
    assert!(world.get("").await.body.contains("<svg class=\"qr\""), "who looks on without coming back may scan");
}

#[actix_web::test]
async fn the_provider_that_is_asked_is_that_of_the_page_that_was_left_and_not_the_last_one() {
    let world = World::new().await;
    world.post(&form("testbank", "f1")).await;
    world.post(&form("testbank", "f2")).await;
    world.sql(WALLET_FIRST).await;
    says(&world.get("?returned=1&attempt=1").await, &["Chúng tôi đang hỏi ví điện tử", "lần thanh toán trước"]);
    let last = world.get("?returned=1&attempt=2").await;
    says(&last, &["Chúng tôi đang hỏi ngân hàng"]);
    says_none_of(&last.body, &["lần thanh toán trước"]);
    let order = world.bank.returned_to();
    assert!(order.ends_with("?returned=1&attempt=2"), "{order}");
}

#[actix_web::test]
async fn who_comes_back_from_a_page_whose_end_is_known_sees_how_things_stand() {
    let world = left_for_a_code().await;
    world.sql("set session_replication_role = replica; update attempt set status = 'failed' where number = 1").await;
    assert!(world.get("?returned=1&attempt=1").await.body.contains("<svg class=\"qr\""));
    let world = left_for_a_code().await;
    world.sql("set session_replication_role = replica; update attempt set expires_at = now() - interval '16 minutes' where number = 1").await;
    assert!(world.get("?returned=1&attempt=1").await.body.contains("<svg class=\"qr\""));
}

#[actix_web::test]
async fn who_names_no_page_that_was_left_is_not_said_to_come_back_from_one_and_is_warned_of_it() {
    let world = left_for_a_code().await;
    world.sql(WALLET_FIRST).await;
    for odd in ["0", "2", "7", "-1", "", "x", "1x", "99999999999", "%31", "2&attempt=1"] {
        for query in [format!("?returned=1&attempt={odd}"), format!("?attempt={odd}"), "?returned=1".to_owned()] {
            let page = world.get(&query).await;
            says(&page, &["<svg class=\"qr\"", "bằng Ví nhỏ chưa có kết quả", "xin đừng thanh toán lại"]);
            says_none_of(&page.body, &["Bạn đã trở lại", "<h1>Chúng tôi đang hỏi"]);
        }
    }
}

#[actix_web::test]
async fn who_comes_back_from_a_page_that_ended_is_told_of_another_that_may_still_be_paid() {
    let world = left_for_a_code().await;
    world.sql("set session_replication_role = replica; update attempt set number = 3 where number = 2;
        insert into attempt select (jsonb_populate_record(a, jsonb_build_object('id', '00000000-0000-7000-8000-00000000000a', 'number', 2,
            'order_ref', 'LTOTHER2', 'channel', 'smallbank'))).* from attempt a where number = 1;
        update attempt set status = 'failed' where number = 1").await;
    let page = world.get("?returned=1&attempt=1").await;
    says(&page, &["Lần thanh toán trước bằng Ngân hàng thử không thành công", "bằng Ví nhỏ chưa có kết quả"]);
    says_none_of(&page.body, &["Bạn đã trở lại", "<h1>Chúng tôi đang hỏi"]);
}

#[actix_web::test]
async fn a_payment_that_was_cancelled_at_its_provider_after_its_payer_left_for_a_code_is_told_with_the_reason() {
    const VI: &str = "Lần thanh toán trước bằng Ngân hàng thử không thành công. Lý do: giao dịch đã được huỷ";
    let world = left_for_a_code().await;
    world.sql("set session_replication_role = replica; update attempt set status = 'failed', failure = 'cancelled' where number = 1").await;
    let page = world.get("?returned=1&attempt=1").await;
    says(&page, &[VI, "<svg class=\"qr\""]);
    says(&world.get("?lang=en&returned=1&attempt=1").await, &["by Test bank did not succeed. Why: it was cancelled"]);
    let last = world.get("?returned=1&attempt=2").await;
    says_none_of(&last.body, &["Lần thanh toán trước bằng"]);
}

#[actix_web::test]
async fn with_all_channels_switched_off_no_button_leads_to_them_and_what_is_left_to_do_is_said() {
    let world = World::new().await;
    switched_off(&world, &["testbank", "smallbank"]).await;
    let page = world.get("").await;
    says_none_of(&page.body, &["href=\"#ways\"", "Chọn cách thanh toán", "Xin nộp tại"]);
    says(
        &page,
        &["Chưa thanh toán được trên trang này", "Xin thử lại sau, hoặc hỏi bộ phận một cửa", "bảo trì đường truyền"],
    );
    no_buttons(&page);
}

#[actix_web::test]
async fn a_page_whose_channel_was_switched_off_is_not_what_one_is_led_to_and_money_paid_there_counts() {
    let world = World::new().await;
    world.post(&form("testbank", "f1")).await;
    assert!(world.get("").await.body.contains("Trở lại Ngân hàng thử"));
    switched_off(&world, &["testbank", "smallbank"]).await;
    let page = world.get("").await;
    says_none_of(&page.body, &["Trở lại Ngân hàng thử", "https://bank.example", "xin chọn cách khác"]);
    says(
        &page,
        &[
            "Cách thanh toán đã chọn đang tạm ngừng",
            "không cần thanh toán lại",
            "Xin thử lại sau, hoặc hỏi bộ phận một cửa",
        ],
    );
}

#[actix_web::test]
async fn a_code_whose_channel_was_switched_off_is_shown_no_more_and_nobody_is_sent_to_ways_that_are_not_there() {
    let world = left_for_a_code().await;
    switched_off(&world, &["testbank", "smallbank"]).await;
    let page = world.get("").await;
    says_none_of(&page.body, &["<svg class=\"qr\"", "xin chọn cách khác"]);
    says(
        &page,
        &[
            "Mã chuyển khoản đã hiện ở đây tạm ngừng",
            "không cần chuyển lại",
            "Xin thử lại sau, hoặc hỏi bộ phận một cửa",
        ],
    );
}

#[actix_web::test]
async fn beside_a_prompt_the_other_ways_come_with_the_warning_that_it_may_still_be_confirmed() {
    for (with_code, vi, en) in [
        (false, "từ chối yêu cầu trên điện thoại", "decline the request on your phone"),
        (true, "Mã thanh toán đang được kiểm tra vẫn có thể được chấp nhận", "may still be accepted"),
    ] {
        let world = World::new().await;
        world.bank.prompts(with_code);
        world.post(&form("testbank", "f1")).await;
        let page = world.get("").await;
        says(&page, &[vi, "nộp hai lần"]);
        let (warned, offered) = (page.body.find(vi).unwrap(), page.body.find("name=\"channel\"").unwrap());
        assert!(warned < offered, "before the buttons: {}", page.body);
        says(&world.get("?lang=en").await, &[en]);
    }
}

#[actix_web::test]
async fn a_reason_that_an_officer_wrote_is_read_as_vietnamese_on_the_english_page() {
    const SAID: &str = "<span lang=\"vi\">bảo trì đường truyền</span>";
    let world = World::new().await;
    world.bank.takes_transfers();
    world.post(&form("testbank", "f1")).await;
    switched_off(&world, &["testbank"]).await;
    let page = world.get("?lang=en").await;
    assert_eq!(page.body.matches(SAID).count(), 2, "in the notice and beside the button: {}", page.body);
    assert!(!world.get("").await.body.contains(SAID), "all of that page is Vietnamese");
}

#[actix_web::test]
async fn a_number_that_will_not_do_stands_in_its_field_again() {
    let world = World::new().await;
    world.bank.asks_for_a_phone();
    world.bank.refuses_phones();
    let page = world.post("channel=testbank&form_id=f1&payer_phone=0912%22%3E").await;
    assert_eq!(page.status, 422);
    says(&page, &["Số điện thoại chưa đúng", "name=\"payer_phone\"", "value=\"0912&#34;&#62;\""]);
    assert!(!world.get("").await.body.contains("0912"), "on the next page it is gone");
    assert!(!world.everything().await.contains("0912&"), "and it is kept nowhere");
}

#[actix_web::test]
async fn a_request_on_the_phone_is_warned_of_on_the_page_of_another_way_too() {
    const VI: &str = "có thể đang chờ xác nhận trên điện thoại";
    let world = World::new().await;
    world.post(&form("testbank", "f0")).await;
    assert!(!world.get("").await.body.contains(VI), "nobody is asked on a phone there");
    world.bank.prompts(false);
    world.post(&form("testbank", "f1")).await;
    assert!(!world.get("").await.body.contains(VI), "its own page says so over the other ways");
    world.bank.takes_transfers();
    world.post(&form("testbank", "f2")).await;
    let page = world.get("").await;
    says(&page, &["<svg class=\"qr\"", VI]);
    says(&world.get("?lang=en").await, &["may still wait to be confirmed on a phone"]);
    world.sql("update attempt set status = 'failed', version = version + 1 where number = 2").await;
    assert!(!world.get("").await.body.contains(VI), "it has ended");
}

/// One of the two fees was lowered.
const FEWER: &str = "set session_replication_role = replica;
    update obligation set relief_amount = 6000, relief_basis = 'giảm' where external_ref = '1';";

#[actix_web::test]
async fn a_page_that_asks_for_the_old_sum_is_not_what_one_is_led_to_and_is_warned_of() {
    let world = World::new().await;
    world.post(&form("testbank", "f1")).await;
    let page = world.get("").await;
    says(&page, &["Trở lại Ngân hàng thử"]);
    says_none_of(&page.body, &["số tiền cũ"]);
    world.sql(FEWER).await;
    let page = world.get("").await;
    says(
        &page,
        &["50.000 ₫", "vẫn tính số tiền cũ là 71.000 ₫", "xin không thanh toán ở trang đó nữa", "name=\"channel\""],
    );
    says_none_of(&page.body, &["Trở lại Ngân hàng thử", "https://bank.example", "chưa nhận được tin về tiền"]);
    says(&world.get("?lang=en").await, &["the old amount of 71.000 ₫", "do not pay there any more"]);
    world.sql("update attempt set status = 'failed', version = version + 1").await;
    says_none_of(&world.get("").await.body, &["số tiền cũ"]);
}

#[actix_web::test]
async fn a_phone_is_not_said_to_ask_for_what_is_due_where_it_asks_for_the_old_sum() {
    let world = World::new().await;
    world.bank.prompts(false);
    world.post(&form("testbank", "f1")).await;
    says(&world.get("").await, &["xác nhận bằng mã PIN", "71.000 ₫"]);
    world.sql(FEWER).await;
    let page = world.get("").await;
    says(&page, &["65.000 ₫", "xin từ chối yêu cầu đó trước khi nộp bằng cách khác"]);
    says_none_of(&page.body, &["xác nhận bằng mã PIN"]);
}

#[actix_web::test]
async fn a_phone_that_was_asked_may_outlive_the_deadline_and_is_warned_of_before_and_after_it_is_renewed() {
    const DECLINE: &str = "xin từ chối yêu cầu đó trước khi nộp bằng cách khác";
    let world = World::new().await;
    world.bank.prompts(false);
    world.post(&form("testbank", "f1")).await;
    world
        .sql(
            "set session_replication_role = replica; update attempt set expires_at = now() - interval '1 minute';
              update intent set expires_at = now() - interval '1 minute'",
        )
        .await;
    says(&world.get("").await, &["Gia hạn", DECLINE]);
    world.sql("set session_replication_role = replica; update intent set expires_at = now() + interval '1 day'").await;
    says(&world.get("").await, &["name=\"channel\"", DECLINE]);
}

#[actix_web::test]
async fn nothing_more_is_to_be_done_is_not_said_while_a_phone_may_still_ask() {
    const NOTHING: &str = "Không cần làm gì thêm";
    const DECLINE: &str = "có thể vẫn đang chờ xác nhận trên điện thoại. Để tránh nộp hai lần, xin từ chối yêu cầu đó.";
    for is_asked in [true, false] {
        let world = World::new().await;
        if is_asked {
            world.bank.prompts(false);
            world.post(&form("testbank", "f1")).await;
        }
        world.bank.takes_transfers();
        world.post(&form("testbank", "f2")).await;
        world.pay(71_000, "T1").await;
        let page = world.get("").await;
        says(&page, &["Đã thanh toán"]);
        assert_eq!([page.body.contains(DECLINE), page.body.contains(NOTHING)], [is_asked, !is_asked], "{}", page.body);
        let english = world.get("?lang=en").await;
        assert_eq!(english.body.contains("please decline it there."), is_asked, "{}", english.body);
    }
}

#[actix_web::test]
async fn of_several_requests_on_a_phone_one_only_is_to_be_confirmed_and_beside_a_code_none() {
    const TWICE: &str = "xin chỉ xác nhận một yêu cầu với số tiền 71.000 ₫ và từ chối các yêu cầu còn lại";
    let world = World::new().await;
    world.bank.prompts(false);
    world.post(&form("testbank", "f1")).await;
    let page = world.get("").await;
    says(&page, &["hoặc gửi yêu cầu mới"]);
    says_none_of(&page.body, &[TWICE]);
    world.post(&form("testbank", "f2")).await;
    says(&world.get("").await, &[TWICE, "Có 2 yêu cầu thanh toán có thể đang chờ xác nhận trên điện thoại"]);
    says(&world.get("?lang=en").await, &["2 requests may wait to be confirmed on a phone"]);
    world.bank.prompts(true);
    world.post(&form("testbank", "f3")).await;
    let page = world.get("").await;
    says(&page, &["Đang kiểm tra mã", "Có 2 yêu cầu", "xin từ chối tất cả các yêu cầu đó."]);
    says_none_of(&page.body, &[TWICE]);
}

#[actix_web::test]
async fn of_an_old_and_a_new_request_on_a_phone_the_one_of_what_is_due_is_named() {
    let world = World::new().await;
    world.bank.prompts(false);
    world.post(&form("testbank", "f1")).await;
    world.sql(FEWER).await;
    world.post(&form("testbank", "f2")).await;
    let page = world.get("").await;
    says(&page, &["xin chỉ xác nhận một yêu cầu với số tiền 65.000 ₫ và từ chối các yêu cầu còn lại"]);
    says(&world.get("?lang=en").await, &["one of them only, of 65.000 ₫, and decline the others"]);
    says_none_of(&page.body, &["71.000 ₫ và"]);
}

#[actix_web::test]
async fn what_failed_on_a_page_that_was_left_invites_to_nothing_where_it_is_paid_or_something_is_under_way() {
    const FAILED: &str = "set session_replication_role = replica;
        update attempt set status = 'failed', failure = 'cancelled', version = version + 1 where number = 1;";
    const AGAIN: &str = "Có thể chọn lại cách thanh toán";
    for (asks_a_phone, is_paid) in [(false, false), (true, false), (false, true)] {
        let world = World::new().await;
        world.post(&form("testbank", "f1")).await;
        if asks_a_phone {
            world.bank.prompts(false);
        } else {
            world.bank.takes_transfers();
        }
        world.post(&form("testbank", "f2")).await;
        world.sql(FAILED).await;
        if is_paid {
            world.pay(71_000, "T1").await;
        }
        let page = world.get("?returned=1&attempt=1").await;
        says(&page, &["Lần thanh toán trước bằng Ngân hàng thử không thành công"]);
        let invites = !asks_a_phone && !is_paid;
        assert_eq!(page.body.contains(AGAIN), invites, "{asks_a_phone} {is_paid}: {}", page.body);
    }
}

#[actix_web::test]
async fn what_was_begun_before_a_payment_was_cancelled_is_still_asked_about_and_said_to_be() {
    const VI: &str = "chưa có kết quả, và chúng tôi vẫn đang hỏi";
    let world = World::new().await;
    world.post(&form("testbank", "f1")).await;
    world.cancel().await;
    says(&world.get("?returned=1&attempt=1").await, &["Yêu cầu thanh toán đã bị huỷ", VI]);
    says(&world.get("?lang=en").await, &["has no result yet, and we are still asking"]);
    let untouched = World::new().await;
    untouched.bank.takes_transfers();
    untouched.post(&form("testbank", "f1")).await;
    untouched.cancel().await;
    assert!(!untouched.get("").await.body.contains(VI), "of a transfer nobody can be asked");
}

#[actix_web::test]
async fn how_many_requests_may_still_ask_on_a_phone_is_said_in_each_view_that_warns_of_them() {
    let world = World::new().await;
    world.bank.prompts(false);
    for press in ["f1", "f2", "f3"] {
        world.post(&form("testbank", press)).await;
    }
    world.bank.takes_transfers();
    world.post(&form("testbank", "f4")).await;
    let before = "Có 3 yêu cầu thanh toán bằng Tiền di động có thể đang chờ xác nhận trên điện thoại. \
                  Để tránh nộp hai lần, xin từ chối tất cả các yêu cầu đó trước khi nộp bằng cách khác.";
    let page = world.get("").await;
    says(&page, &["<svg class=\"qr\"", before]);
    says_none_of(&page.body, &["Một yêu cầu thanh toán"]);
    says(
        &world.get("?lang=en").await,
        &["3 Mobile Money requests may still wait", "decline them all there before you pay"],
    );
    world.sql("set session_replication_role = replica; update attempt set status = 'failed', version = version + 1 where number = 1").await;
    says(&world.get("").await, &["Có 2 yêu cầu thanh toán"]);
    world.pay(71_000, "T1").await;
    let page = world.get("").await;
    says(&page, &["Đã thanh toán", "Có 2 yêu cầu", "xin từ chối tất cả các yêu cầu đó."]);
    says(&world.get("?lang=en").await, &["2 Mobile Money requests", "please decline them all there."]);
}

#[actix_web::test]
async fn requests_on_a_phone_of_a_cancelled_request_count_with_those_of_the_new_one() {
    let world = World::new().await;
    world.bank.prompts(false);
    world.post(&form("testbank", "f1")).await;
    world.cancel().await;
    let world = world.opened_again().await;
    world.post(&form("testbank", "f2")).await;
    world.bank.takes_transfers();
    world.post(&form("testbank", "f3")).await;
    says(&world.get("").await, &["Có 2 yêu cầu thanh toán"]);
}
