//! A fee that was paid under a request which was over by then is due again: the request that took its place is the one to pay,
//! and what was over stays over until somebody opens it again.

use super::*;
use reqwest::StatusCode;

/// A fee with a request that was cancelled, the one that took its place, and the money that came under the first all the same.
async fn paid_late(house: &House) -> [Value; 4] {
    let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
    let earlier = house.portal.opens(&[&fee]).await;
    let attempt = house.at_vnpay(&earlier).await;
    cancels(house, &earlier).await;
    let newer = house.portal.opens(&[&fee]).await;
    house.pays(&attempt, json!({})).await;
    assert_eq!(states(house, &[&earlier, &newer]).await, ["paid", "paid"]);
    let payment = payment_of(house, &earlier).await;
    [fee, earlier, newer, payment]
}

async fn cancels(house: &House, intent: &Value) {
    house.portal.post(&format!("/v1/payment-intents/{}/cancel", id(intent)), json!({})).await.expect(200);
}

async fn gives_back(house: &House, payment: &Value, line: Value, then: &str) {
    let approver = second_person(house).await;
    let proposal = proposes(&house.staff, payment, &[line], then).await.expect(201);
    approves(&approver, &proposal).await.expect(200);
    becomes(house, &proposal, "succeeded").await;
}

async fn states(house: &House, intents: &[&Value]) -> Vec<String> {
    let mut states = Vec::new();
    for intent in intents {
        states.push(house.portal.intent(intent).await["status"].as_str().unwrap().to_owned());
    }
    states
}

async fn passes_its_deadline(house: &House, intent: &Value) {
    let past = "update intent set expires_at = now() - interval '1 second' where reference = 'REFERENCE'";
    house.ask(&past.replace("REFERENCE", intent["reference"].as_str().unwrap())).await;
}

async fn page(house: &House, intent: &Value) -> String {
    house.http.get(intent["checkout_url"].as_str().unwrap()).send().await.unwrap().text().await.unwrap()
}

/// As the page's button does.
async fn presses_renew(house: &House, intent: &Value) -> StatusCode {
    let url = format!("{}/renew", intent["checkout_url"].as_str().unwrap());
    house.http.post(url).form(&[("form_id", "once")]).send().await.unwrap().status()
}

fn has_a_renew_button(page: &str) -> bool {
    page.contains("class=\"renew\"")
}

async fn is_over_since_now(house: &House, intent: &Value) {
    let deadline: Timestamp = house.portal.intent(intent).await["expires_at"].as_str().unwrap().parse().unwrap();
    assert!(deadline <= Timestamp::now(), "it is over, and its deadline is {deadline}");
}

#[tokio::test]
async fn money_of_a_cancelled_request_that_goes_back_opens_the_one_that_took_its_place_and_not_the_cancelled_one() {
    let house = House::new().await;
    let [fee, earlier, newer, payment] = paid_late(&house).await;
    gives_back(&house, &payment, whole(&fee), "reopen").await;
    assert_eq!(obligation_status(&house, &fee).await, "due");
    assert_eq!(states(&house, &[&earlier, &newer]).await, ["expired", "open"]);
    is_over_since_now(&house, &earlier).await;
    let told = house.portal.intent(&newer).await;
    assert_eq!((&told["amount_due"], &told["expires_at"]), (&json!(21_000), &newer["expires_at"]));
    assert!(page(&house, &newer).await.contains("name=\"channel\""));
    // what is in another request by now is not renewed, and no button says so
    let over = page(&house, &earlier).await;
    assert!(!has_a_renew_button(&over), "{over}");
    assert!(over.contains("đang ở một yêu cầu thanh toán khác"), "{over}");
    assert_eq!(presses_renew(&house, &earlier).await, 409);
    let attempt = house.at_vnpay(&newer).await;
    house.pays(&attempt, json!({})).await;
    assert_eq!(states(&house, &[&earlier, &newer]).await, ["expired", "paid"]);
    house.close().await;
}

#[tokio::test]
async fn the_request_that_took_its_place_is_renewed_in_one_press_where_its_deadline_has_passed() {
    let house = House::new().await;
    let [fee, earlier, newer, payment] = paid_late(&house).await;
    passes_its_deadline(&house, &newer).await;
    gives_back(&house, &payment, whole(&fee), "reopen").await;
    assert_eq!(states(&house, &[&earlier, &newer]).await, ["expired", "expired"]);
    assert!(has_a_renew_button(&page(&house, &newer).await));
    assert_eq!(presses_renew(&house, &newer).await, 303);
    assert_eq!(states(&house, &[&earlier, &newer]).await, ["expired", "open"]);
    assert!(!has_a_renew_button(&page(&house, &earlier).await));
    house.close().await;
}

#[tokio::test]
async fn a_cancelled_request_in_whose_place_none_was_opened_is_over_after_its_refund_and_is_renewed_in_one_press() {
    let house = House::new().await;
    let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let attempt = house.at_vnpay(&intent).await;
    cancels(&house, &intent).await;
    house.pays(&attempt, json!({})).await;
    gives_back(&house, &payment_of(&house, &intent).await, whole(&fee), "reopen").await;
    assert_eq!(states(&house, &[&intent]).await, ["expired"]);
    is_over_since_now(&house, &intent).await;
    assert!(has_a_renew_button(&page(&house, &intent).await));
    assert_eq!(presses_renew(&house, &intent).await, 303);
    let attempt = house.at_vnpay(&intent).await;
    house.pays(&attempt, json!({})).await;
    // what was opened again is no longer over: it is open after the next refund
    gives_back(&house, &payment_of(&house, &intent).await, whole(&fee), "reopen").await;
    assert_eq!(states(&house, &[&intent]).await, ["open"]);
    house.close().await;
}

#[tokio::test]
async fn a_refund_that_opens_no_fee_again_opens_no_request() {
    let house = House::new().await;
    let [fee, earlier, newer, payment] = paid_late(&house).await;
    gives_back(&house, &payment, whole(&fee), "close").await;
    assert_eq!(obligation_status(&house, &fee).await, "refunded");
    assert_eq!(states(&house, &[&earlier, &newer]).await, ["paid", "paid"]);
    house.close().await;
}

#[tokio::test]
async fn a_request_of_which_a_part_is_paid_has_no_renew_button_once_it_is_over() {
    let house = House::new().await;
    let fees = [
        house.portal.owes(&dossier(), 21_000, json!({})).await,
        house.portal.owes(&dossier(), 37_000, json!({})).await,
    ];
    let intent = house.portal.opens(&[&fees[0], &fees[1]]).await;
    let attempt = house.at_vnpay(&intent).await;
    house.pays(&attempt, json!({})).await;
    passes_its_deadline(&house, &intent).await;
    gives_back(&house, &payment_of(&house, &intent).await, whole(&fees[0]), "reopen").await;
    assert_eq!(states(&house, &[&intent]).await, ["expired"]);
    let over = page(&house, &intent).await;
    assert!(!has_a_renew_button(&over), "{over}");
    assert!(over.contains("Một phần các khoản phí này đã được nộp"), "{over}");
    assert_eq!(presses_renew(&house, &intent).await, 409);
    house.close().await;
}

#[tokio::test]
async fn a_request_of_which_one_fee_went_back_for_good_says_which_and_the_rest_is_asked_for_by_another() {
    let house = House::new().await;
    let fees = [
        house.portal.owes(&dossier(), 21_000, json!({})).await,
        house.portal.owes(&dossier(), 37_000, json!({})).await,
    ];
    let intent = house.portal.opens(&[&fees[0], &fees[1]]).await;
    let attempt = house.at_vnpay(&intent).await;
    house.pays(&attempt, json!({})).await;
    passes_its_deadline(&house, &intent).await;
    gives_back(&house, &payment_of(&house, &intent).await, whole(&fees[0]), "close").await;
    gives_back(&house, &payment_of(&house, &intent).await, whole(&fees[1]), "reopen").await;
    assert_eq!(states(&house, &[&intent]).await, ["expired"]);
    let refused = house.portal.post(&format!("/v1/payment-intents/{}/renew", id(&intent)), json!({})).await;
    assert_eq!(
        (&refused.json["code"], &refused.json["obligation_id"]),
        (&json!("obligation_not_payable"), &fees[0]["id"])
    );
    assert!(refused.json["detail"].as_str().unwrap().contains(id(&fees[0])), "{}", refused.text);
    assert_eq!(presses_renew(&house, &intent).await, 409);
    house.portal.opens(&[&fees[1]]).await;
    house.close().await;
}
