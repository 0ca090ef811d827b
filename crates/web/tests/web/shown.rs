//! What the page shows in each state, and what it never shows.

use crate::world::{World, form};
use crate::{SCRIPT, no_buttons};
use actix_web::http::StatusCode;

#[actix_web::test]
async fn an_open_intent_shows_what_to_whom_how_much_until_when_and_the_ways_to_pay() {
    let world = World::new().await;
    let page = world.get("").await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.header("content-language"), "vi");
    let spaced = world.intent().await.reference.spaced();
    for text in [
        "<html lang=\"vi\">",
        "Số tiền phải nộp",
        "71.000 ₫",
        "21.000 ₫",
        "50.000 ₫",
        "Kho bạc Nhà nước khu vực VIII – UBND xã Tả Phìn",
        "Phí chứng thực bản sao, 5 trang × 3 bản",
        "H38.17-261124-0001",
        spaced.as_str(),
        "(giờ\u{a0}Việt\u{a0}Nam)",
        "Ngân hàng thử",
        "Số tiền vượt hạn mức",
    ] {
        assert!(page.body.contains(text), "{text} is missing:\n{}", page.body);
    }
    assert_eq!(page.body.matches("<form").count(), 1, "one form per channel that can be used");
    for secret in ["Nguyễn Thị Kín", "010085000123", "0912345678", "kin@example.vn", "Thôn Bí Mật"] {
        assert!(!page.body.contains(secret), "{secret} is personal data");
    }
}

#[actix_web::test]
async fn english_is_the_second_language_and_is_kept_by_the_form() {
    let world = World::new().await;
    let page = world.get("?lang=en").await;
    assert_eq!(page.header("content-language"), "en");
    assert!(page.body.contains("Amount to pay") && page.body.contains("Test bank"));
    assert!(page.body.contains(&format!("action=\"/pay/{}/attempts?lang=en\"", world.token)));
    assert!(world.get("?lang=fr").await.body.contains("Số tiền phải nộp"));
}

#[actix_web::test]
async fn what_a_portal_writes_is_shown_as_text() {
    let world = World::described("<img src=x onerror=alert(1)>\"'&", Some("javascript:alert(1)")).await;
    let page = world.get("").await;
    assert!(!page.body.contains("<img") && page.body.contains("&#60;img src=x onerror=alert(1)&#62;"), "{}", page.body);
    assert!(!page.body.contains("javascript:"));
}

#[actix_web::test]
async fn a_paid_intent_shows_when_how_and_the_transaction_with_the_way_back() {
    let world = World::new().await;
    world.post(&form("testbank", "f1")).await;
    world.pay(71_000, "14226112").await;
    let page = world.get("").await;
    for text in [
        "Đã thanh toán",
        "Số tiền đã nộp",
        "14226112",
        "Ngân hàng thử",
        "09:30 ngày 24/11/2026",
        "href=\"https://dvc.example.vn/hoso?id=1&#38;x=2\"",
        "Quay lại cổng dịch vụ công",
    ] {
        assert!(page.body.contains(text), "{text} is missing:\n{}", page.body);
    }
    no_buttons(&page);
    let pressed = world.post(&form("testbank", "f2")).await;
    assert_eq!(pressed.status, StatusCode::CONFLICT);
    assert!(pressed.body.contains("Không còn khoản nào phải nộp"));
}

#[actix_web::test]
async fn money_that_settles_nothing_is_shown_as_under_review() {
    let world = World::new().await;
    world.post(&form("testbank", "f1")).await;
    world.pay(70_000, "14226113").await;
    let page = world.get("").await;
    assert!(page.body.contains("Tiền đã nhận") && page.body.contains("đang được kiểm tra"), "{}", page.body);
    assert!(page.body.contains("70.000 ₫") && page.body.contains("14226113"));
    assert!(page.body.contains("trước khi thanh toán lại"));
}

#[actix_web::test]
async fn an_expired_intent_says_what_to_do() {
    let world = World::new().await;
    world.sql("update intent set expires_at = now() - interval '1 minute'").await;
    let lapsed = world.get("").await;
    let now = jiff::Timestamp::now();
    assert!(payments::advance_intent::expire(&world.ctx, world.intent().await.id, now).await.unwrap());
    for page in [lapsed, world.get("").await] {
        assert!(page.body.contains("Đã hết hạn thanh toán") && page.body.contains("tạo yêu cầu thanh toán mới"));
        assert!(page.body.contains("Đã hết hạn lúc") && page.body.contains("Quay lại cổng dịch vụ công"));
        assert!(!page.body.contains("name=\"channel\""), "nothing is paid before it is renewed: {}", page.body);
    }
    let pressed = world.post(&form("testbank", "f1")).await;
    assert_eq!(pressed.status, StatusCode::CONFLICT);
    assert!(pressed.body.contains("đã hết hạn"));
}

#[actix_web::test]
async fn a_cancelled_intent_asks_for_nothing() {
    let world = World::new().await;
    world.cancel().await;
    let page = world.get("").await;
    assert!(page.body.contains("Yêu cầu thanh toán đã bị huỷ"));
    assert!(!page.body.contains("Các khoản phải nộp"), "nothing is to be paid here: {}", page.body);
    no_buttons(&page);
    assert_eq!(world.post(&form("testbank", "f1")).await.status, StatusCode::CONFLICT);
}

#[actix_web::test]
async fn a_transfer_is_shown_as_a_picture_and_as_text_to_copy_until_it_is_over() {
    let world = World::new().await;
    world.bank.takes_transfers();
    let form_id = world.get("").await.form_id();
    for _ in 0..2 {
        let pressed = world.post(&form("testbank", &form_id)).await;
        assert_eq!(pressed.status, StatusCode::SEE_OTHER);
        assert_eq!(pressed.header("location"), format!("/pay/{}", world.token), "our own page shows it");
    }
    assert_eq!(world.count("attempt").await, 1);
    let page = world.get("").await;
    let reference = world.intent().await.reference.to_string();
    for text in [
        "<svg class=\"qr\" viewBox=\"0 0 ",
        "Vietcombank (970436)",
        ">3511.0.1234567<",
        ">UBND XA TA PHIN<",
        ">71.000 ₫<",
        &format!(">{reference}<"),
        "Nội dung chuyển khoản",
        "Người khác cũng có thể quét mã này",
        "http-equiv=\"refresh\" content=\"10\"",
        "Xem trạng thái mới nhất",
        "Hoặc chọn cách khác",
    ] {
        assert!(page.body.contains(text), "{text} is missing:\n{}", page.body);
    }
    assert!(!page.body.replace(SCRIPT, "").contains("<script") && !page.body.contains("style="), "{}", page.body);
    assert!(!page.body.contains("value=\"testbank\""), "its own button leads nowhere new");
    let english = world.get("?lang=en").await.body;
    assert!(english.contains("Transfer content") && english.contains("Another person may scan"), "{english}");
    let pressed = world.post_to(&format!("/pay/{}/attempts?lang=en", world.token), form("testbank", "2")).await;
    assert_eq!(pressed.header("location"), format!("/pay/{}?lang=en", world.token));
    // a forgotten page stops looking
    world.sql("update attempt set ordered_at = ordered_at - interval '16 minutes'").await;
    let later = world.get("").await.body;
    assert!(later.contains("<svg class=\"qr\"") && !later.contains("http-equiv=\"refresh\""), "{later}");
    world.pay(71_000, "T1").await;
    let paid = world.get("").await.body;
    assert!(!paid.contains("<svg") && paid.contains("Đã thanh toán"), "{paid}");
}

#[actix_web::test]
async fn a_code_over_another_amount_than_what_is_due_is_shown_no_more() {
    let world = World::new().await;
    world.bank.takes_transfers();
    world.post(&form("testbank", "1")).await;
    assert!(world.get("").await.body.contains("<svg"));
    world.sql("update attempt set action = jsonb_set(action::jsonb, '{amount}', '70999')").await;
    let page = world.get("").await.body;
    assert!(!page.contains("<svg") && page.contains("value=\"testbank\""), "{page}");
}

#[actix_web::test]
async fn why_a_payment_failed_is_said_in_words_and_what_was_used_last_comes_first() {
    let world = World::new().await;
    world.post(&form("testbank", "f1")).await;
    world.fail().await;
    let page = world.get("").await.body;
    assert!(page.contains("Lý do: giao dịch đã được huỷ") && page.contains("Ngân hàng đã báo cho chúng tôi"), "{page}");
    assert!(page.contains("Cách bạn chọn lần trước"), "{page}");
    assert!(world.get("?lang=en").await.body.contains("Why: it was cancelled"));
    world.post(&form("testbank", "f2")).await;
    world.fail_with("a code that nobody knows").await;
    assert!(world.get("").await.body.contains("không cho biết lý do"));
}

#[actix_web::test]
async fn paid_has_its_proofs_and_says_which_is_still_awaited() {
    let world = World::new().await;
    world.listens("{}").await;
    world.post(&form("testbank", "f1")).await;
    world.pay(71_000, "14226112").await;
    let page = world.get("").await.body;
    for text in ["Mã giao dịch tại", "14226112", "Mã tham chiếu của chúng tôi", "đang chờ xác nhận", "data-live="]
    {
        assert!(page.contains(text), "{text} is missing: {page}");
    }
    assert_eq!((page.matches("class=\"there\"").count(), page.matches("class=\"awaited\"").count()), (2, 1));
}

#[actix_web::test]
async fn money_that_was_not_needed_is_said_to_be_held_and_the_account_it_goes_back_to_is_kept_sealed() {
    let world = World::new().await;
    world.post(&form("testbank", "f1")).await;
    world.pay(71_000, "14226112").await;
    world.pay(71_000, "14226113").await;
    let page = world.get("").await.body;
    assert!(
        page.contains("Đã thanh toán, và có tiền nộp thừa") && page.contains("Hoàn trả vào tài khoản nào?"),
        "{page}"
    );
    let payment = page.split("name=\"payment\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let to = format!("/pay/{}/refund-account", world.token);
    let told = |bank: &str, number: &str| {
        format!("payment={payment}&bank_bin={bank}&account_number={number}&account_name=NGUYEN+THI+KIN")
    };
    for wrong in [
        told("000000", "0071001104999"),
        told("970436", "x%27--"),
        told("970436", ""),
        told("970436", "12345"),
        told("970436", "12345678901234567890"),
    ] {
        assert_eq!(world.post_to(&to, wrong).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let settled = world.payments().await.into_iter().find(|id| *id != payment).unwrap();
    let other = told("970436", "0071001104999").replace(&payment, &settled);
    assert_eq!(
        world.post_to(&to, other).await.status,
        StatusCode::CONFLICT,
        "what settled a fee is not given back here"
    );
    assert_eq!(world.post_to(&to, told("970436", "0071+0011-04999")).await.status, StatusCode::SEE_OTHER);
    let page = world.get("").await.body;
    assert!(page.contains("số cuối 4999") && page.contains("Sửa tài khoản nhận hoàn trả"), "{page}");
    assert!(page.contains("<details class=\"again\">\n<summary>"), "the form is there, and closed: {page}");
    assert_eq!(world.post_to(&to, told("970436", "0071001105111")).await.status, StatusCode::SEE_OTHER);
    assert!(world.get("").await.body.contains("số cuối 5111"), "the later word holds");
    assert_eq!(world.post_to(&to, told("970436", "0071001104999")).await.status, StatusCode::SEE_OTHER);
    let page = world.get("").await.body;
    let everything = world.everything().await;
    for secret in ["0071001104999", "NGUYEN THI KIN"] {
        assert!(!page.contains(secret) && !everything.contains(secret), "{secret}");
    }
}

#[actix_web::test]
async fn a_view_that_holds_a_field_to_type_in_does_not_reload_by_itself_and_has_a_button_for_it() {
    const BUTTON: &str = "<noscript><p><a class=\"button\" href=\"/pay/";
    for prompts in [true, false] {
        let world = World::new().await;
        if prompts {
            world.bank.prompts(false);
        } else {
            world.bank.takes_transfers();
        }
        world.post(&form("testbank", "f1")).await;
        let plain = world.get("").await.body;
        assert!(!prompts || plain.contains("http-equiv=\"refresh\" content=\"5\""), "{plain}");
        world.bank.asks_for_a_phone();
        // of the code's own channel no button is shown: something may be typed for another one
        world.post(&form("testbank", "f2")).await;
        let page = world.get("").await.body;
        if page.contains("name=\"payer_phone\"") {
            assert!(!page.contains("http-equiv=\"refresh\""), "what is typed would be lost: {page}");
            assert!(page.contains(BUTTON), "{page}");
        } else {
            assert!(!prompts && page.contains("http-equiv=\"refresh\""), "{page}");
        }
    }
}

#[actix_web::test]
async fn what_is_over_does_not_reload_under_somebody_who_types_an_account() {
    let world = World::new().await;
    world.post(&form("testbank", "f1")).await;
    world.sql("update obligation set status = 'cancelled', version = version + 1").await;
    world.cancel().await;
    assert!(world.get("").await.body.contains("http-equiv=\"refresh\""));
    world.pay(71_000, "14226112").await;
    let page = world.get("").await.body;
    assert!(page.contains("<form class=\"account\"") && !page.contains("http-equiv=\"refresh\""), "{page}");
    assert!(page.contains("Có tiền đã đến") && !page.contains("sau khi huỷ"), "{page}");
}

#[actix_web::test]
async fn what_to_do_on_the_phone_is_said_in_the_pages_language_and_a_code_is_not_said_to_be_sent_there() {
    for (with_code, vi, en) in [
        (false, "đã gửi yêu cầu đến điện thoại", "has sent a request to your phone"),
        (true, "đang kiểm tra mã thanh toán", "is checking your payment code"),
    ] {
        let world = World::new().await;
        world.bank.prompts(with_code);
        world.post(&form("testbank", "f1")).await;
        let (page, english) = (world.get("").await.body, world.get("?lang=en").await.body);
        assert!(page.contains(vi) && english.contains(en) && english.contains("71.000 ₫"), "{page}\n{english}");
        assert!(!page.contains("lời của nhà") && !english.contains("lời của nhà"), "{english}");
        let titles = ["Xác nhận trên điện thoại", "Confirm on your phone"];
        assert_eq!([page.contains(titles[0]), english.contains(titles[1])], [!with_code; 2], "{page}\n{english}");
    }
}

#[actix_web::test]
async fn of_one_payment_of_too_much_nobody_says_that_there_were_two() {
    let world = World::new().await;
    world.bank.takes_transfers();
    world.post(&form("testbank", "f1")).await;
    world.pay(71_000, "14226112").await;
    world.sql("update allocation set suspense_reason = 'overpaid', obligation_id = null where obligation_id = (select id from obligation where external_ref = '1')").await;
    let page = world.get("").await.body;
    assert!(page.contains("có tiền nộp thừa") && page.contains("21.000 ₫"), "{page}");
    assert!(!page.contains("cả hai") && !page.contains("Khoản này không cần thiết"), "{page}");
    assert!(!world.get("?lang=en").await.body.contains("both payments"));
}

#[actix_web::test]
async fn the_look_up_is_found_with_a_slash_behind_it_too() {
    let world = World::new().await;
    for (asked, led) in
        [("/pay/", "/pay"), ("/pay/?dossier=H38.17-261124-0001&lang=en", "/pay?dossier=H38.17-261124-0001&lang=en")]
    {
        let answer = world.at(asked).await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::PERMANENT_REDIRECT, led));
    }
}

#[actix_web::test]
async fn a_code_can_be_kept_as_a_picture_and_a_notice_printed_while_it_may_be_paid() {
    let world = World::new().await;
    world.bank.takes_transfers();
    let at = |what: &str| format!("/pay/{}/{what}", world.token);
    assert_eq!(world.raw(&at("qr.png")).await.0, StatusCode::NOT_FOUND, "no code is on offer");
    let (status, plain) = world.raw(&at("notice.pdf")).await;
    assert!(status == StatusCode::OK && plain.starts_with(b"%PDF-"), "{status}");
    world.post(&form("testbank", "f1")).await;
    let (status, picture) = world.raw(&at("qr.png")).await;
    assert!(status == StatusCode::OK && picture.starts_with(b"\x89PNG"), "{status}");
    let (_, notice) = world.raw(&at("notice.pdf")).await;
    assert!(notice.len() > plain.len() && notice.len() < 60_000, "{} and {} bytes", plain.len(), notice.len());
    world.pay(71_000, "T1").await;
    for what in ["qr.png", "notice.pdf"] {
        assert_eq!(world.raw(&at(what)).await.0, StatusCode::NOT_FOUND, "{what} of what is paid");
    }
}

#[actix_web::test]
async fn what_is_over_still_listens_and_reloads_for_a_quarter_of_an_hour_after_a_try() {
    const RELOADS: &str = r#"http-equiv="refresh" content="15""#;
    for over in ["cancelled", "expired"] {
        let world = World::new().await;
        let untried = over_now(&world, over).await;
        assert!(!untried.contains(RELOADS), "nobody tried to pay: {untried}");
        let world = World::new().await;
        world.post(&form("testbank", "f1")).await;
        let tried = over_now(&world, over).await;
        for part in [RELOADS, "data-live=", "Xem trạng thái mới nhất"] {
            assert!(tried.contains(part), "{over}: {part} is missing in {tried}");
        }
        world.sql("update attempt set ordered_at = now() - interval '16 minutes'").await;
        let later = world.get("").await.body;
        assert!(!later.contains(RELOADS) && later.contains("Xem trạng thái mới nhất"), "{over}: {later}");
    }
}

async fn over_now(world: &World, over: &str) -> String {
    match over {
        "cancelled" => world.cancel().await,
        _ => world.sql("update intent set expires_at = now() - interval '1 second'").await,
    }
    world.get("").await.body
}

#[actix_web::test]
async fn an_expired_payment_whose_fees_were_paid_another_way_says_so_and_not_that_money_is_being_recorded() {
    let world = World::new().await;
    world.sql("update intent set expires_at = now() - interval '1 minute'").await;
    let intent = world.intent().await.id;
    assert!(payments::advance_intent::expire(&world.ctx, intent, jiff::Timestamp::now()).await.unwrap());
    assert!(world.get("").await.body.contains("Đã hết hạn thanh toán"));
    world.sql("update obligation set status = 'paid', version = version + 1").await;
    let page = world.get("").await;
    assert!(page.body.contains("Không còn khoản nào phải nộp") && page.body.contains("Đã nộp"), "{}", page.body);
    assert!(!page.body.contains("Đang ghi nhận") && !page.body.contains("Đã thanh toán"), "{}", page.body);
    no_buttons(&page);
    assert!(world.get("?lang=en").await.body.contains("Nothing is left to pay"));
}

#[actix_web::test]
async fn what_is_paid_goes_on_listening_and_a_fee_that_is_given_back_is_another_state() {
    let world = World::new().await;
    world.post(&form("testbank", "f1")).await;
    world.pay(71_000, "14226112").await;
    let state = |page: &str| page.split("data-state=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let paid = world.get("").await.body;
    assert!(paid.contains("data-live="), "{paid}");
    world.sql("update obligation set status = 'refunding', version = version + 1").await;
    let refunding = world.get("").await.body;
    assert_ne!(state(&paid), state(&refunding));
    assert!(refunding.contains("data-live=") && refunding.contains("class=\"mark\""), "{refunding}");
}
