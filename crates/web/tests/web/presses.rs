//! Presses: what begins, what is begun once, what is explained, and what a return says.

use crate::world::{Answered, Fault, World, form};
use crate::{FORGED, no_buttons};
use actix_web::http::StatusCode;

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
async fn two_presses_at_once_are_one_attempt_and_lead_to_the_same_place() {
    let world = World::new().await;
    world.bank.takes_ms(700);
    let form_id = world.get("").await.form_id();
    let body = form("testbank", &form_id);
    let both = tokio::join!(world.post(&body), world.post(&body), world.post(&body));
    assert_eq!((world.count("attempt").await, world.bank.calls()), (1, 1));
    let led = |answer: &Answered| (answer.status, answer.header("location").to_owned());
    assert!(led(&both.0).1.starts_with("https://bank.example/pay?"), "{:?}", led(&both.0));
    assert_eq!((led(&both.0).0, led(&both.0), led(&both.1)), (StatusCode::SEE_OTHER, led(&both.1), led(&both.2)));
}

#[actix_web::test]
async fn a_second_press_whose_first_hears_nothing_for_long_is_led_to_the_page_and_begins_nothing() {
    let world = World::new().await;
    let form_id = world.get("").await.form_id();
    let body = form("testbank", &form_id);
    world.bank.fail_as(Fault::Away);
    world.post(&body).await;
    // as if another process were inside, and stayed there
    world.sql("update idempotency set busy_until = now() + interval '40 seconds' where status is null").await;
    let called = world.bank.calls();
    let second = world.post(&body).await;
    assert_eq!(
        (second.status, second.header("location")),
        (StatusCode::SEE_OTHER, format!("/pay/{}", world.token).as_str()),
        "{}",
        second.body
    );
    assert_eq!((world.count("attempt").await, world.bank.calls()), (1, called));
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
    world.bank.fail_as(Fault::Away);
    let away = world.post(&form("testbank", &form_id)).await;
    assert_eq!((away.status, away.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "30"));
    assert!(away.body.contains("Chưa nhận được kết quả từ đơn vị thanh toán"));
    assert_eq!(away.form_id(), form_id);
    let at_once = world.post(&form("testbank", &form_id)).await;
    assert_eq!((at_once.status, at_once.form_id()), (StatusCode::SERVICE_UNAVAILABLE, form_id.clone()));
    world.bank.fail_as(Fault::None);
    let later = world.post(&form("testbank", &form_id)).await;
    assert_eq!(later.status, StatusCode::SEE_OTHER);
    assert_eq!(world.count("attempt").await, 1);
}

#[actix_web::test]
async fn after_a_refusal_the_payer_can_choose_again() {
    let world = World::new().await;
    let form_id = world.get("").await.form_id();
    world.bank.fail_as(Fault::Refuses);
    let refused = world.post(&form("testbank", &form_id)).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_ne!(refused.form_id(), form_id, "that order is over");
    assert!(world.get("").await.body.contains("Lần thanh toán vừa rồi không thành công"));
    world.bank.fail_as(Fault::None);
    assert_eq!(world.post(&form("testbank", &refused.form_id())).await.status, StatusCode::SEE_OTHER);
}

#[actix_web::test]
async fn a_forged_return_changes_nothing_and_is_not_repeated() {
    let world = World::new().await;
    let before = world.everything().await;
    let page = world.get(FORGED).await;
    assert!(!page.body.contains("Bạn đã trở lại"), "nothing was begun: {}", page.body);
    for theirs in ["vnp_", "14226112", "abcdef"] {
        assert!(!page.body.contains(theirs), "{theirs}");
    }
    world.get("?vnp_OrderInfo=%3Cscript%3Ealert(1)%3C/script%3E&lang=en").await;
    assert_eq!(world.everything().await, before);
    assert_eq!(world.count("sighting").await, 0);
}

#[actix_web::test]
async fn a_providers_words_do_not_stay_in_the_address_that_somebody_may_pass_on() {
    let world = World::new().await;
    let at = |query: &str| format!("/pay/{}{query}", world.token);
    for (theirs, ours) in [
        (FORGED, "?returned=1"),
        ("?lang=en&returned=1&attempt=2&resultCode=0&payType=qr", "?lang=en&returned=1&attempt=2"),
    ] {
        let answered = world.at(&at(theirs)).await;
        assert_eq!((answered.status, answered.header("location")), (StatusCode::SEE_OTHER, at(ours).as_str()));
        assert_eq!(world.at(&at(ours)).await.status, StatusCode::OK, "and once is enough");
    }
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
        world.bank.fail_as(Fault::Away);
        assert_eq!(world.post(&form("testbank", &form_id)).await.status, StatusCode::SERVICE_UNAVAILABLE);
        world.bank.fail_as(Fault::None);
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
