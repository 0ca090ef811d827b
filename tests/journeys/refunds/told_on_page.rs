//! Who paid twice by transfer says on the payer's page where the second money shall go; two persons decide as ever. What is
//! here no longer is told there, too.

use super::taken_back::bank_takes_back;
use super::transfers::{paid_by_transfer, pays_back, statement};
use super::*;
use storage::payer_page;
use tests::bank::ACCOUNT;

const NUMBER: &str = "0071001104999";
const NAME: &str = "NGUYEN THI KIN";

/// Says it on the page of the intent; the status of the answer.
async fn tells(house: &House, intent: &Value, payment: &Value, number: &str) -> u16 {
    let url = format!("{}/refund-account", intent["checkout_url"].as_str().unwrap());
    let fields = [("payment", id(payment)), ("bank_bin", "970436"), ("account_number", number), ("account_name", NAME)];
    house.http.post(url).form(&fields).send().await.unwrap().status().as_u16()
}

async fn page(house: &House, intent: &Value) -> String {
    house.http.get(intent["checkout_url"].as_str().unwrap()).send().await.unwrap().text().await.unwrap()
}

fn says(page: &str, sentences: &[&str]) {
    for sentence in sentences {
        assert!(page.contains(sentence), "{sentence} is missing: {page}");
    }
}

/// The body of a proposal without an account, for what is in suspense.
async fn asks_back(house: &House, payment: &Value, amount: i64) -> Answered {
    let body = json!({"lines": [{"amount": amount}], "then": "close", "reason_code": "nop_hai_lan", "refundable_amount": amount});
    house.staff.post(&format!("/v1/payments/{}/refunds", id(payment)), body).await
}

/// A fee that was transferred twice: its intent, and the payment that was not needed.
async fn paid_twice(house: &House) -> (Value, Value) {
    let (_, intent, _) = paid_by_transfer(house, 21_000).await;
    house.transfers(21_000, intent["reference"].as_str().unwrap()).await;
    let second = payment_of(house, &intent).await;
    statement(house).await;
    (intent, second)
}

#[tokio::test]
async fn the_account_that_the_payer_told_is_what_the_second_person_sees_and_where_the_money_goes() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let (intent, second) = paid_twice(&house).await;
    assert_eq!(asks_back(&house, &second, 21_000).await.refused(422), "payer_account_missing");
    for number in ["12345", "12345678901234567890", "12 3456"] {
        let account = json!({"bank_bin": "970436", "account_number": number, "account_name": NAME});
        let body = json!({"lines": [{"amount": 21_000}], "then": "close", "reason_code": "nop_hai_lan",
            "refundable_amount": 21_000, "payer_account": account});
        house.staff.post(&format!("/v1/payments/{}/refunds", id(&second)), body).await.refused(422);
    }
    // the later word holds
    assert_eq!(tells(&house, &intent, &second, "12345").await, 422, "no bank has so short a number");
    assert_eq!(tells(&house, &intent, &second, "123456").await, 303);
    let told = page(&house, &intent).await;
    assert!(told.contains("số cuối 3456") && told.contains("Sửa tài khoản nhận hoàn trả"), "{told}");
    assert_eq!(tells(&house, &intent, &second, NUMBER).await, 303);
    let proposal = asks_back(&house, &second, 21_000).await.expect(201);
    assert_eq!(tells(&house, &intent, &second, "456789").await, 409, "once it is proposed, it stands");
    let proposed = page(&house, &intent).await;
    says(&proposed, &["đang chờ người thứ hai quyết định: 21.000 ₫, vào tài khoản có số cuối 4999."]);
    assert!(!proposed.contains("<form class=\"account\""), "there is nothing to correct any more: {proposed}");
    approves(&approver, &proposal).await.expect(200);
    becomes(&house, &proposal, "awaiting_statement").await;
    let shown = refund(&house, &proposal).await;
    assert_eq!(shown["payer_account"], json!({"bank_bin": "970436", "account_number": NUMBER, "account_name": NAME}));
    pays_back(&house, 21_000, shown["work_item"]["text"].as_str().unwrap()).await;
    statement(&house).await;
    assert_eq!(status(&house, &proposal).await, "succeeded");
    let page = page(&house, &intent).await;
    says(&page, &["Đã hoàn trả: 21.000 ₫, lúc", "vào tài khoản có số cuối 4999."]);
    assert!(!page.contains(NUMBER) && !page.contains("<form"), "{page}");
    let trail = house.ask("select count(*) from audit where action = 'refund_account_told'").await;
    assert_eq!(trail, "2");
    house.close().await;
}

#[tokio::test]
async fn an_account_is_taken_for_money_of_the_page_that_waits_and_for_no_other() {
    let house = House::with_bank().await;
    let (intent, second) = paid_twice(&house).await;
    let (_, other_intent, settled) = paid_by_transfer(&house, 22_000).await;
    assert_eq!(tells(&house, &other_intent, &second, NUMBER).await, 409, "of another page");
    assert_eq!(tells(&house, &other_intent, &settled, NUMBER).await, 409, "it settled its fee");
    assert_eq!(tells(&house, &intent, &json!({"id": "pay_nobody"}), NUMBER).await, 409);
    assert_eq!(tells(&house, &intent, &second, "12;drop").await, 422);
    assert_eq!(house.ask("select count(*) from refund_wish").await, "0");
    assert_eq!(tells(&house, &intent, &second, NUMBER).await, 303);
    let row = house.ask("select w::text from refund_wish w").await;
    assert!(!row.contains(NUMBER) && !row.contains(NAME), "{row}");
    {
        // a wish opens in its place only, and the other's cannot be put there
        let db = house.gateway.ctx.pool.get().await.unwrap();
        let payment = id(&second).parse().unwrap();
        let wish = payer_page::wishes(&db, &[payment]).await.unwrap().pop().unwrap();
        let sealed = wish.account_sealed.unwrap();
        assert!(house.gateway.ctx.vault.open(payment.uuid().as_bytes(), &sealed).is_err());
        assert_eq!(wish.ends_in, "4999");
    }
    house.close().await;
}

#[tokio::test]
async fn what_the_bank_took_back_is_told_as_gone_with_its_day_and_why_the_fee_is_due_again() {
    let house = House::with_bank().await;
    let (fee, intent, payment) = paid_by_transfer(&house, 21_000).await;
    statement(&house).await;
    bank_takes_back(&house, &payment).await;
    assert_eq!(obligation_status(&house, &fee).await, "due");
    let page = page(&house, &intent).await;
    says(
        &page,
        &[
            "Ngân hàng đã thu hồi khoản này ngày ",
            "Ngân hàng đã thu hồi khoản tiền đã nộp, nên khoản phí lại phải nộp.",
        ],
    );
    assert!(!page.contains("Tiền đã nhận"), "{page}");
    house.close().await;
}

#[tokio::test]
async fn a_fee_is_told_as_given_back_or_as_due_again_after_it_and_a_transfer_that_came_back_asks_for_its_account_again()
{
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    for then in ["reopen", "close"] {
        let (fee, intent, payment) = paid_by_transfer(&house, 21_000).await;
        statement(&house).await;
        let proposal = proposes(&house.staff, &payment, &[whole(&fee)], then).await.expect(201);
        approves(&approver, &proposal).await.expect(200);
        becomes(&house, &proposal, "awaiting_statement").await;
        says(&page(&house, &intent).await, &["<h1>Đang hoàn trả</h1>", "Đang làm thủ tục hoàn trả: 21.000 ₫, vào"]);
        let text = refund(&house, &proposal).await["work_item"]["text"].as_str().unwrap().to_owned();
        pays_back(&house, 21_000, &text).await;
        statement(&house).await;
        let shown = page(&house, &intent).await;
        says(&shown, &["Đã hoàn trả: 21.000 ₫, lúc", "vào tài khoản có số cuối 4567."]);
        if then == "reopen" {
            says(&shown, &["Khoản tiền đã nộp đã được hoàn trả, nên khoản phí lại phải nộp."]);
            continue;
        }
        says(&shown, &["<h1>Đã hoàn trả</h1>"]);
        assert!(!shown.contains("Đã thanh toán") && !shown.contains("Không cần làm gì thêm"), "{shown}");
        house.tellers_are_lost().await;
        let back =
            json!({"account": ACCOUNT, "amount": 21_000, "content": format!("{text} tra lai"), "direction": "in"});
        house.bank_sim("bank/transfer", back).await;
        statement(&house).await;
        assert_eq!(status(&house, &proposal).await, "failed");
        let shown = page(&house, &intent).await;
        says(&shown, &["<h1>Khoản hoàn trả đã quay trở lại</h1>", "Hoàn trả vào tài khoản nào?"]);
        assert_eq!(tells(&house, &intent, &payment, NUMBER).await, 303);
        says(&page(&house, &intent).await, &["số cuối 4999", "Sửa tài khoản nhận hoàn trả"]);
    }
    house.close().await;
}

#[tokio::test]
async fn what_goes_back_of_money_of_an_earlier_request_is_told_on_the_new_one_at_each_step_and_lowers_nothing() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let fee = house.portal.owes(&dossier(), 50_000, json!({})).await;
    let earlier = house.portal.opens(&[&fee]).await;
    house.at_the_bank(&earlier).await;
    house.transfers(30_000, earlier["reference"].as_str().unwrap()).await;
    let payment = payment_of(&house, &earlier).await;
    statement(&house).await;
    house.portal.post(&format!("/v1/payment-intents/{}/cancel", id(&earlier)), json!({})).await.expect(200);
    let intent = house.portal.opens(&[&fee]).await;
    let reference = domain::reference::Reference::parse(earlier["reference"].as_str().unwrap()).unwrap().spaced();
    let tells = |page: &str, what: &str, asks_first: bool| {
        says(page, &["Đã nhận 30.000 ₫", &reference, what, "<p class=\"amount\">50.000 ₫</p>", "name=\"channel\""]);
        assert_eq!(page.contains("Xin hỏi bộ phận một cửa trước khi nộp"), asks_first, "{what}: {page}");
        assert_eq!(page.matches("30.000 ₫").count(), 1, "{what} alone: {page}");
    };
    tells(&page(&house, &intent).await, "Số tiền đó đang được giữ", true);
    let account = json!({"bank_bin": "970422", "account_number": "0001234567", "account_name": "NGUYEN VAN A"});
    let body = json!({"lines": [{"amount": 30_000}], "then": "close", "reason_code": "nop_nham",
        "refundable_amount": 30_000, "payer_account": account});
    let proposal = house.staff.post(&format!("/v1/payments/{}/refunds", id(&payment)), body).await.expect(201);
    tells(&page(&house, &intent).await, "đang chờ người thứ hai quyết định", true);
    approves(&approver, &proposal).await.expect(200);
    tells(&page(&house, &intent).await, "Số tiền đó đang được hoàn trả", false);
    becomes(&house, &proposal, "awaiting_statement").await;
    tells(&page(&house, &intent).await, "Số tiền đó đang được hoàn trả", false);
    let text = refund(&house, &proposal).await["work_item"]["text"].as_str().unwrap().to_owned();
    pays_back(&house, 30_000, &text).await;
    statement(&house).await;
    tells(&page(&house, &intent).await, "Số tiền đó đã được hoàn trả", false);
    let attempt = house.at_vnpay(&intent).await;
    house.pays(&attempt, json!({})).await;
    let paid = page(&house, &intent).await;
    says(&paid, &["<h1>Đã thanh toán</h1>", "Không cần làm gì thêm"]);
    assert!(!paid.contains("30.000"), "it is over: {paid}");
    house.close().await;
}

#[tokio::test]
async fn while_a_refund_waits_for_a_second_person_the_page_says_what_happens_next_and_not_that_nothing_is_to_be_done() {
    const NOTHING_MORE: &str = "Không cần làm gì thêm";
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let (fee, intent, payment) = paid_by_transfer(&house, 21_000).await;
    statement(&house).await;
    says(&page(&house, &intent).await, &["<h1>Đã thanh toán</h1>", NOTHING_MORE]);
    let proposal = proposes(&house.staff, &payment, &[whole(&fee)], "close").await.expect(201);
    let shown = page(&house, &intent).await;
    says(&shown, &["Đã có đề nghị hoàn trả 21.000 ₫: người thứ hai sẽ xem xét và quyết định", "chưa có tiền nào"]);
    assert!(!shown.contains(NOTHING_MORE), "{shown}");
    let reject = format!("/v1/approvals/{}/reject", proposal["approval_id"].as_str().unwrap());
    approver.post(&reject, json!({})).await.expect(200);
    let shown = page(&house, &intent).await;
    says(&shown, &[NOTHING_MORE]);
    assert!(!shown.contains("đề nghị hoàn trả"), "{shown}");
    house.close().await;
}

#[tokio::test]
async fn how_much_came_under_an_earlier_request_of_two_payers_is_told_to_neither_of_them() {
    let house = House::with_bank().await;
    let of = |number: &str| json!({"payer": {"name": "Trần Thị Kín", "identity_kind": "citizen_id", "identity_number": number}});
    for is_of_two in [true, false] {
        let second = if is_of_two { of("010085000888") } else { of("010085000777") };
        let fees = [
            house.portal.owes(&dossier(), 50_000, of("010085000777")).await,
            house.portal.owes(&dossier(), 20_000, second).await,
        ];
        let earlier = house.portal.opens(&[&fees[0], &fees[1]]).await;
        house.at_the_bank(&earlier).await;
        house.transfers(30_000, earlier["reference"].as_str().unwrap()).await;
        let payment = payment_of(&house, &earlier).await;
        statement(&house).await;
        house.portal.post(&format!("/v1/payment-intents/{}/cancel", id(&earlier)), json!({})).await.expect(200);
        let apart = [house.portal.opens(&[&fees[0]]).await, house.portal.opens(&[&fees[1]]).await];
        let reference = domain::reference::Reference::parse(earlier["reference"].as_str().unwrap()).unwrap().spaced();
        let told = async |what: &str| {
            for intent in &apart {
                let shown = page(&house, intent).await;
                let came = if is_of_two { "Đã nhận một khoản tiền " } else { "Đã nhận 30.000 ₫ " };
                says(&shown, &[came, &reference, what]);
                assert_eq!(shown.contains("30.000"), !is_of_two, "{shown}");
            }
        };
        told("Số tiền đó đang được giữ và chưa được tính vào phí. Xin hỏi bộ phận một cửa trước khi nộp.").await;
        let account = json!({"bank_bin": "970422", "account_number": "0001234567", "account_name": "NGUYEN VAN A"});
        let body = json!({"lines": [{"amount": 30_000}], "then": "close", "reason_code": "nop_nham",
            "refundable_amount": 30_000, "payer_account": account});
        house.staff.post(&format!("/v1/payments/{}/refunds", id(&payment)), body).await.expect(201);
        told("đang chờ người thứ hai quyết định").await;
    }
    house.close().await;
}

#[tokio::test]
async fn how_much_came_under_an_earlier_request_is_told_where_all_its_fees_are_on_the_page_whoever_pays_them() {
    let house = House::with_bank().await;
    let of = |number: &str| json!({"payer": {"name": "Trần Thị Kín", "identity_kind": "citizen_id", "identity_number": number}});
    let fees = [
        house.portal.owes(&dossier(), 50_000, of("010085000777")).await,
        house.portal.owes(&dossier(), 20_000, of("010085000888")).await,
    ];
    let earlier = house.portal.opens(&[&fees[0]]).await;
    house.at_the_bank(&earlier).await;
    house.transfers(30_000, earlier["reference"].as_str().unwrap()).await;
    house.portal.post(&format!("/v1/payment-intents/{}/cancel", id(&earlier)), json!({})).await.expect(200);
    let both = house.portal.opens(&[&fees[0], &fees[1]]).await;
    says(&page(&house, &both).await, &["Đã nhận 30.000 ₫ cho các khoản phí này"]);
    house.close().await;
}
