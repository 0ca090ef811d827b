//! The citizen's page against a real database, a provider that is made up, and the use cases that stand behind it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests only: a failure here is a failed test")]

mod world;

use actix_web::http::StatusCode;
use world::{Answered, TOKEN_OF_NOBODY, World, form};

const FORGED: &str = "?vnp_ResponseCode=00&vnp_TransactionStatus=00&vnp_TransactionNo=14226112&vnp_SecureHash=abcdef";

fn no_buttons(page: &Answered) {
    assert!(!page.body.contains("<form") && !page.body.contains("<button"), "{}", page.body);
}

/// The one script there is.
const SCRIPT: &str = "<script src=\"/pay/assets/pay.js\" defer></script>";

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
        "giờ Việt Nam",
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
async fn every_answer_forbids_foreign_code_framing_keeping_and_giving_the_address_away() {
    let world = World::new().await;
    let answers = [
        world.get("").await,
        world.at(&format!("/pay/{TOKEN_OF_NOBODY}")).await,
        world.at("/pay/a/b/c").await,
        world.post("channel=testbank").await,
    ];
    for answer in answers {
        assert_eq!(
            answer.header("content-security-policy"),
            "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; \
             base-uri 'none'; frame-ancestors 'none'; form-action 'self' https: http:"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert_eq!(answer.header("set-cookie"), "");
        assert_eq!(answer.body.matches(SCRIPT).count(), 1);
        let rest = answer.body.replace(SCRIPT, "");
        for foreign in ["<script", "style=", " onclick", "src="] {
            assert!(!rest.contains(foreign), "{foreign} in {}", answer.body);
        }
    }
    let script = world.at("/pay/assets/pay.js").await;
    assert_eq!((script.status, script.header("content-type")), (StatusCode::OK, "text/javascript; charset=utf-8"));
    for out in ["http:", "https:", "eval(", "cookie", "localStorage", "innerHTML"] {
        assert!(!script.body.contains(out), "{out} in the script");
    }
    let css = world.at("/pay/assets/pay.css").await;
    assert_eq!((css.status, css.header("content-type")), (StatusCode::OK, "text/css; charset=utf-8"));
    assert!(!css.body.contains("url(") && !css.body.contains("@import"));
}

#[actix_web::test]
async fn in_production_a_form_may_lead_to_encrypted_pages_only() {
    let world = World::in_mode(domain::mode::Mode::Production).await;
    let page = world.get("").await;
    assert!(page.header("content-security-policy").ends_with("form-action 'self' https:"));
    assert!(!page.body.contains("Môi trường thử nghiệm"));
}

#[actix_web::test]
async fn a_token_that_names_nothing_answers_alike_however_it_looks() {
    let world = World::new().await;
    let unknown = world.at(&format!("/pay/{TOKEN_OF_NOBODY}")).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    let id = world.intent().await.id.to_string();
    let long = "a".repeat(4000);
    let upper = world.token.to_uppercase();
    for token in ["x", "%00", "%FF%FE", "a%2Fb", "..%2F..%2Fetc", "%3Cscript%3E", "'or'1'='1", &id, &long, &upper] {
        let answer = world.at(&format!("/pay/{token}")).await;
        assert_eq!((answer.status, &answer.body), (unknown.status, &unknown.body), "{token}");
        assert_eq!(answer.headers, unknown.headers, "{token}");
    }
    for path in ["/pay/", "/pay/%00/attempts", "/pay/x/attempts/1", "/pay/x/news", "/pay/x/qr.png", "/pay/x/notice.pdf"]
    {
        assert_eq!(world.at(path).await.body, unknown.body, "{path}");
    }
    for what in ["attempts", "renew", "refund-account"] {
        let posted = world.post_to(&format!("/pay/{TOKEN_OF_NOBODY}/{what}"), form("testbank", "1")).await;
        assert_eq!((posted.status, &posted.body), (unknown.status, &unknown.body), "{what}");
    }
}

#[actix_web::test]
async fn what_a_portal_writes_is_shown_as_text() {
    let world = World::described("<img src=x onerror=alert(1)>\"'&", Some("javascript:alert(1)")).await;
    let page = world.get("").await;
    assert!(!page.body.contains("<img") && page.body.contains("&#60;img src=x onerror=alert(1)&#62;"), "{}", page.body);
    assert!(!page.body.contains("javascript:"));
}

#[actix_web::test]
async fn a_press_starts_one_attempt_and_leads_to_the_provider() {
    let world = World::new().await;
    let form_id = world.get("").await.form_id();
    let first = world.post(&form("testbank", &form_id)).await;
    assert_eq!(first.status, StatusCode::SEE_OTHER);
    let reference = world.intent().await.reference;
    assert_eq!(
        first.header("location"),
        format!("https://bank.example/pay?order={reference}1&amount=71000&lang=vi&ip=192.0.2.7&sign=a%2Fb'c"),
        "byte by byte as the provider's adapter made it"
    );
    let second = world.post(&form("testbank", &form_id)).await;
    assert_eq!((second.status, second.header("location")), (first.status, first.header("location")));
    assert_eq!(world.count("attempt").await, 1);
    assert_eq!(world.bank.calls(), 1);
    let other = world.post(&form("testbank", &world.get("").await.form_id())).await;
    assert_eq!(other.status, StatusCode::SEE_OTHER);
    assert_eq!(world.count("attempt").await, 2, "another page is another press");
}

#[actix_web::test]
async fn two_presses_at_once_are_one_attempt() {
    let world = World::new().await;
    let form_id = world.get("").await.form_id();
    let body = form("testbank", &form_id);
    let both = tokio::join!(world.post(&body), world.post(&body), world.post(&body));
    assert_eq!(world.count("attempt").await, 1);
    for answer in [both.0, both.1, both.2] {
        // one that comes while the first is at the provider is told to wait, and keeps its form
        match answer.status {
            StatusCode::SEE_OTHER => {}
            StatusCode::CONFLICT => assert!(answer.body.contains(&form_id), "{}", answer.body),
            other => panic!("{other}: {}", answer.body),
        }
    }
}

#[actix_web::test]
async fn a_kept_page_that_is_sent_again_after_its_order_is_over_leads_back_to_the_page() {
    let world = World::new().await;
    let form_id = world.get("").await.form_id();
    world.post(&form("testbank", &form_id)).await;
    world.pay(71_000, "14226112").await;
    let again = world.post(&form("testbank", &form_id)).await;
    assert_eq!(
        (again.status, again.header("location")),
        (StatusCode::SEE_OTHER, format!("/pay/{}", world.token).as_str())
    );
    let reloaded = world.at(&format!("/pay/{}/attempts?lang=en", world.token)).await;
    assert_eq!(reloaded.header("location"), format!("/pay/{}?lang=en", world.token));
}

#[actix_web::test]
async fn a_press_that_cannot_be_followed_is_explained_on_the_page() {
    let world = World::new().await;
    let conflict = world.post(&form("nowhere", "1")).await;
    assert_eq!(conflict.status, StatusCode::CONFLICT);
    assert!(conflict.body.contains("Xin chọn cách khác") && conflict.body.contains("<button"));
    assert_eq!(world.post(&form("smallbank", "2")).await.status, StatusCode::CONFLICT, "above its limit");
    assert_eq!(world.post(&form("%00<b>", "3")).await.status, StatusCode::CONFLICT);
    assert_eq!(world.post("channel=testbank").await.status, StatusCode::BAD_REQUEST);
    let huge = world.post(&form("testbank", &"x".repeat(5_000))).await;
    assert_eq!(huge.status, StatusCode::PAYLOAD_TOO_LARGE);
    let english = world.post_to(&format!("/pay/{}/attempts?lang=en", world.token), form("nowhere", "4")).await;
    assert!(english.body.contains("This way to pay cannot be used now"));
    assert_eq!(world.count("attempt").await, 0);
    assert_eq!(world.bank.calls(), 0);
}

#[actix_web::test]
async fn a_provider_that_is_away_is_asked_by_the_same_order_when_the_button_is_pressed_again() {
    let world = World::new().await;
    let form_id = world.get("").await.form_id();
    world.bank.fail_as(world::Fault::Away);
    let away = world.post(&form("testbank", &form_id)).await;
    assert_eq!((away.status, away.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "30"));
    assert!(away.body.contains("Chưa liên lạc được"));
    assert_eq!(away.form_id(), form_id);
    let at_once = world.post(&form("testbank", &form_id)).await;
    assert_eq!((at_once.status, at_once.form_id()), (StatusCode::SERVICE_UNAVAILABLE, form_id.clone()));
    world.bank.fail_as(world::Fault::None);
    let later = world.post(&form("testbank", &form_id)).await;
    assert_eq!(later.status, StatusCode::SEE_OTHER);
    assert_eq!(world.count("attempt").await, 1);
}

#[actix_web::test]
async fn after_a_refusal_the_payer_can_choose_again() {
    let world = World::new().await;
    let form_id = world.get("").await.form_id();
    world.bank.fail_as(world::Fault::Refuses);
    let refused = world.post(&form("testbank", &form_id)).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_ne!(refused.form_id(), form_id, "that order is over");
    assert!(world.get("").await.body.contains("Lần thanh toán vừa rồi không thành công"));
    world.bank.fail_as(world::Fault::None);
    assert_eq!(world.post(&form("testbank", &refused.form_id())).await.status, StatusCode::SEE_OTHER);
}

#[actix_web::test]
async fn a_forged_return_changes_nothing_and_is_not_repeated() {
    let world = World::new().await;
    let before = world.everything().await;
    let page = world.get(FORGED).await;
    assert!(page.body.contains("đang chờ cổng thanh toán xác nhận"));
    for theirs in ["vnp_", "14226112", "abcdef"] {
        assert!(!page.body.contains(theirs), "{theirs}");
    }
    world.get("?vnp_OrderInfo=%3Cscript%3Ealert(1)%3C/script%3E&lang=en").await;
    assert_eq!(world.everything().await, before);
    assert_eq!(world.count("sighting").await, 0);
}

#[actix_web::test]
async fn who_comes_back_waits_without_a_second_pay_button_until_we_are_told() {
    let world = World::new().await;
    world.post(&form("testbank", "f1")).await;
    assert!(world.get("").await.body.contains("<button"), "the plain page lets the payer try again");
    let waiting = world.get(FORGED).await;
    assert!(waiting.body.contains("<meta http-equiv=\"refresh\" content=\"5\">"));
    no_buttons(&waiting);
    world.pay(71_000, "14226112").await;
    let paid = world.get(FORGED).await;
    assert!(paid.body.contains("Đã thanh toán") && !paid.body.contains("http-equiv=\"refresh\""));
    assert!(!paid.body.contains("đang chờ cổng thanh toán"));
}

#[actix_web::test]
async fn who_comes_back_from_a_failed_payment_may_pay_again() {
    let world = World::new().await;
    world.post(&form("testbank", "f1")).await;
    world.fail().await;
    let page = world.get(FORGED).await;
    assert!(page.body.contains("không thành công") && page.body.contains("<button"));
    assert!(!page.body.contains("http-equiv=\"refresh\"") && !page.body.contains("đang chờ cổng thanh toán"));
}

#[actix_web::test]
async fn while_the_bank_is_at_work_there_is_no_second_pay_button() {
    let world = World::new().await;
    world.post(&form("testbank", "f1")).await;
    world.commit().await;
    let page = world.get("").await;
    assert!(page.body.contains("Đang chờ ngân hàng") && page.body.contains("content=\"15\""), "{}", page.body);
    no_buttons(&page);
    let pressed = world.post(&form("testbank", "f2")).await;
    assert_eq!(pressed.status, StatusCode::CONFLICT);
    assert!(pressed.body.contains("không thanh toán lại") && !pressed.body.contains("http-equiv=\"refresh\""));
    no_buttons(&pressed);
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
    assert!(page.body.contains("Tiền đã nhận") && page.body.contains("đang được đối soát"), "{}", page.body);
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
    no_buttons(&page);
    assert_eq!(world.post(&form("testbank", "f1")).await.status, StatusCode::CONFLICT);
}

#[actix_web::test]
async fn without_a_database_the_page_asks_to_come_again() {
    let world = World::new().await;
    world.ctx.pool.close();
    let page = world.get("").await;
    assert_eq!((page.status, page.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "30"));
    assert!(page.body.contains("xin đừng thanh toán lại"));
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
async fn one_press_renews_what_has_expired_under_the_same_reference_and_twice_is_once() {
    let world = World::new().await;
    let before = world.intent().await;
    world.sql("update intent set expires_at = now() - interval '1 minute'").await;
    let now = jiff::Timestamp::now();
    assert!(payments::advance_intent::expire(&world.ctx, before.id, now).await.unwrap());
    let page = world.get("?lang=en").await;
    assert!(page.body.contains("Renew the payment"), "{}", page.body);
    let form = format!("form_id={}", page.form_id());
    let renew = format!("/pay/{}/renew?lang=en", world.token);
    for _ in 0..2 {
        let pressed = world.post_to(&renew, form.clone()).await;
        assert_eq!(
            (pressed.status, pressed.header("location")),
            (StatusCode::SEE_OTHER, format!("/pay/{}?lang=en", world.token).as_str())
        );
    }
    let after = world.intent().await;
    assert_eq!((after.reference, after.status.as_str()), (before.reference, "open"));
    assert!(after.expires_at > now + jiff::SignedDuration::from_hours(23));
    assert_eq!(world.count("transition where entity_type = 'intent' and cause = 'renewed'").await, 1);
    assert_eq!(world.post(&form_of(&world.get("").await)).await.status, StatusCode::SEE_OTHER);
}

fn form_of(page: &Answered) -> String {
    form("testbank", &page.form_id())
}

#[actix_web::test]
async fn what_was_paid_elsewhere_meanwhile_is_not_renewed() {
    let world = World::new().await;
    world.post(&form("testbank", "f1")).await;
    world.sql("update intent set expires_at = now() - interval '1 minute'").await;
    let intent = world.intent().await.id;
    assert!(payments::advance_intent::expire(&world.ctx, intent, jiff::Timestamp::now()).await.unwrap());
    let renew = format!("/pay/{}/renew", world.token);
    let kept = world.get("").await.form_id();
    world.pay(71_000, "14226112").await;
    let late = world.post_to(&renew, format!("form_id={kept}")).await;
    assert_eq!(late.status, StatusCode::SEE_OTHER, "the page says that it is paid");
    assert_eq!(world.post_to(&renew, "x=1".to_owned()).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(world.intent().await.status.as_str(), "paid");
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
    world.post(&form("testbank", "f1")).await;
    world.pay(71_000, "14226112").await;
    let page = world.get("").await.body;
    for text in
        ["Giao dịch của ngân hàng", "14226112", "Mã tham chiếu của chúng tôi", "đang chờ xác nhận", "data-live="]
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
    for wrong in [told("000000", "0071001104999"), told("970436", "x%27--"), told("970436", "")] {
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
    assert!(page.contains("số cuối 4999") && !page.contains("<form class=\"account\""), "{page}");
    let everything = world.everything().await;
    for secret in ["0071001104999", "NGUYEN THI KIN"] {
        assert!(!page.contains(secret) && !everything.contains(secret), "{secret}");
    }
}

#[actix_web::test]
async fn a_press_that_another_site_sends_is_refused_before_anything_is_read() {
    let world = World::new().await;
    for foreign in [
        vec![("sec-fetch-site", "cross-site")],
        vec![("sec-fetch-site", "same-site")],
        vec![("origin", "https://evil.example"), ("host", "pay.example.vn")],
        vec![("origin", "http://pay.example.vn.evil.example"), ("host", "pay.example.vn")],
    ] {
        let answer = world.post_from(&foreign, &form("testbank", "f1")).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{foreign:?}");
        assert!(answer.body.contains("Yêu cầu bị từ chối") && !answer.header("content-security-policy").is_empty());
    }
    assert_eq!(world.count("attempt").await, 0);
    for own in [
        vec![("sec-fetch-site", "same-origin"), ("origin", "null")],
        vec![("origin", "https://pay.example.vn")],
        vec![("origin", "null")],
        vec![],
    ] {
        assert_eq!(world.post_from(&own, &form("testbank", "f1")).await.status, StatusCode::SEE_OTHER, "{own:?}");
    }
    assert_eq!(world.count("attempt").await, 1);
}

#[actix_web::test]
async fn a_dossiers_fees_are_shown_to_anybody_and_nothing_of_a_person_and_no_way_to_the_page() {
    let world = World::new().await;
    let found = world.at("/pay?dossier=h38.17-261124-0001").await;
    assert_eq!(found.status, StatusCode::OK);
    for text in ["21.000 ₫", "Phí chứng thực bản sao", "UBND xã Tả Phìn"] {
        assert!(found.body.contains(text), "{text} is missing: {}", found.body);
    }
    let intent = world.intent().await;
    for secret in ["Kín", "010085000123", "0912345678", &world.token, intent.reference.as_str(), &intent.id.to_string()]
    {
        assert!(!found.body.contains(secret), "{secret} is shown");
    }
    world.post(&form("testbank", "f1")).await;
    world.pay(71_000, "14226112").await;
    let paid = world.at("/pay?dossier=H38.17-261124-0001").await.body;
    assert!(paid.contains("0 ₫") && paid.contains("Đã nộp"), "{paid}");
}

#[actix_web::test]
async fn a_look_up_is_no_oracle_and_one_address_asks_a_few_times_a_minute() {
    let world = World::new().await;
    let mut answers = Vec::new();
    for code in ["H38.17-261124-9999", "x", "%27or%271%27=%271", "%3Cscript%3E"] {
        let begun = std::time::Instant::now();
        let answer = world.at(&format!("/pay?dossier={code}")).await;
        let took = begun.elapsed().as_millis();
        assert!((150..300).contains(&took), "{took} ms");
        assert!(!answer.body.replace(SCRIPT, "").contains("<script"));
        let shown = answer.body.split("<section").nth(1).unwrap().split("</h2>").nth(1).unwrap().to_owned();
        answers.push((answer.status, shown));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    let mut last = world.at("/pay?dossier=y").await;
    for _ in 0..12 {
        last = world.at("/pay?dossier=y").await;
    }
    assert_eq!(last.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(!last.header("retry-after").is_empty() && last.body.contains("Tra cứu quá nhiều lần"));
    assert_eq!(world.at("/pay").await.status, StatusCode::OK, "the empty form costs nothing");
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
async fn a_press_that_was_interrupted_is_not_gone_on_with_once_the_fee_is_paid_cancelled_or_the_attempts_time_is_over()
{
    for (then, says) in [
        ("paid", "Không còn khoản nào phải nộp"),
        ("cancelled", "Yêu cầu thanh toán đã bị huỷ"),
        ("expired", "Yêu cầu thanh toán đã hết hạn"),
        ("attempt over", "Cách thanh toán này hiện không dùng được"),
    ] {
        let world = World::new().await;
        let form_id = world.get("").await.form_id();
        world.bank.fail_as(world::Fault::Away);
        assert_eq!(world.post(&form("testbank", &form_id)).await.status, StatusCode::SERVICE_UNAVAILABLE);
        world.bank.fail_as(world::Fault::None);
        let (called, status) = (world.bank.calls(), world.intent().await.status);
        assert_eq!(status.as_str(), "open", "{then}");
        match then {
            "paid" => world.pay(71_000, "14226112").await,
            "cancelled" => world.cancel().await,
            "expired" => world.sql("update intent set expires_at = now() - interval '1 minute'").await,
            _ => world.sql("update attempt set expires_at = now() - interval '1 second'").await,
        }
        let again = world.post(&form("testbank", &form_id)).await;
        assert_eq!(again.status, StatusCode::CONFLICT, "{then}: {}", again.body);
        assert!(again.body.contains(says), "{then}: {}", again.body);
        assert_eq!((world.bank.calls(), world.count("attempt").await), (called, 1), "{then}: nobody is called");
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
