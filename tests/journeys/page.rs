//! What the payer's page says where money came that does not fit, where it came twice, and where a way is not to be had.

use crate::people::administrator;
use crate::refunds::{approves, becomes, payment_of, proposes, second_person, whole};
use serde_json::{Value, json};
use tests::bank::{ACCOUNT, OTHER_ACCOUNT};
use tests::bills::App;
use tests::counter::{COUNTER, settings};
use tests::portal::{dossier, fresh};
use tests::{BENEFICIARY, House, Plan, bank};

const ACCOUNT_ASKED: &str = "Hoàn trả vào tài khoản nào?";

/// With a bank, applications that pay bills, and a counter.
async fn house() -> House {
    let plan = Plan { settings: settings(), with_bank: true, with_bills: true, ..Plan::default() };
    let house = House::on(bank::database().await, plan).await;
    house.sets_up(COUNTER, &[BENEFICIARY]).await;
    house
}

struct Owed {
    code: String,
    fee: Value,
    intent: Value,
}

async fn owed(house: &House, amount: i64) -> Owed {
    let code = dossier();
    let fee = house.portal.owes(&code, amount, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    Owed { code, fee, intent }
}

fn reference(intent: &Value) -> &str {
    intent["reference"].as_str().unwrap()
}

async fn page(house: &House, intent: &Value) -> String {
    page_in(house, intent, "").await
}

async fn page_in(house: &House, intent: &Value, query: &str) -> String {
    let url = format!("{}{query}", intent["checkout_url"].as_str().unwrap());
    house.http.get(url).send().await.unwrap().text().await.unwrap()
}

fn says(page: &str, sentences: &[&str]) {
    for sentence in sentences {
        assert!(page.contains(sentence), "{sentence} is missing: {page}");
    }
}

fn says_none_of(page: &str, sentences: &[&str]) {
    for sentence in sentences {
        assert!(!page.contains(sentence), "{sentence} is said: {page}");
    }
}

fn receipt() -> String {
    format!("BL-P{:06}", fresh())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_part_came_what_takes_the_whole_alone_is_not_offered_and_the_page_says_why() {
    let house = house().await;
    let Owed { intent, .. } = owed(&house, 71_000).await;
    let before = page(&house, &intent).await;
    assert_eq!(before.matches("class=\"card aside\"").count(), 2, "applications and the counter: {before}");
    house.at_the_bank(&intent).await;
    house.transfers(30_000, reference(&intent)).await;
    let after = page(&house, &intent).await;
    says(&after, &["Nộp phần còn thiếu", "41.000 ₫", "Thu hộ qua ngân hàng", "Quầy một cửa (mẫu)"]);
    assert_eq!(after.matches("Cách này chỉ nhận cả khoản").count(), 3, "two applications and the counter: {after}");
    says_none_of(&after, &["class=\"card aside\""]);
    says(&page_in(&house, &intent, "?lang=en").await, &["takes the whole fee only"]);
    house.transfers(41_000, reference(&intent)).await;
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_that_came_before_the_whole_was_paid_another_way_is_said_to_be_too_much_and_its_account_is_asked_for() {
    let house = house().await;
    for by_counter in [true, false] {
        let Owed { code, fee, intent } = owed(&house, 71_000).await;
        house.at_the_bank(&intent).await;
        house.transfers(30_000, reference(&intent)).await;
        if by_counter {
            house.takes_cash(&[&fee], 71_000, &receipt()).await.expect(201);
        } else {
            assert_eq!(house.pays_bill(App::Bank, &code).await["state"], "paid");
        }
        let shown = page(&house, &intent).await;
        says(&shown, &["Đã thanh toán, và có tiền nộp thừa", "Tiền nộp thừa", "30.000 ₫", ACCOUNT_ASKED]);
        says_none_of(&shown, &["nộp đủ phần còn lại", "cả hai khoản", "đang được kiểm tra"]);
        let payment = shown.split("name=\"payment\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let fields = [
            ("payment", payment),
            ("bank_bin", "970436"),
            ("account_number", "0071001104999"),
            ("account_name", "NGUYEN THI KIN"),
        ];
        let url = format!("{}/refund-account", intent["checkout_url"].as_str().unwrap());
        assert_eq!(house.http.post(url).form(&fields).send().await.unwrap().status(), 303);
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fee_that_a_void_makes_due_again_is_shown_as_owed_beside_the_money_that_waits() {
    let house = house().await;
    let Owed { fee, intent, .. } = owed(&house, 21_000).await;
    house.at_the_bank(&intent).await;
    let taken = house.takes_cash(&[&fee], 21_000, &receipt()).await.expect(201);
    house.transfers(21_000, reference(&intent)).await;
    says(&page(&house, &intent).await, &["có tiền nộp thừa", ACCOUNT_ASKED]);
    let void = format!("/v1/counter-payments/{}/void", taken["id"].as_str().unwrap());
    let proposed = house.staff.post(&void, json!({"note": "thu nhầm hồ sơ"})).await.expect(201);
    approves(&second_person(&house).await, &proposed).await.expect(200);
    assert_eq!(house.portal.obligation(&fee).await["status"], "due");
    let shown = page(&house, &intent).await;
    says(&shown, &["Phí đang phải nộp", "21.000 ₫", "đủ cho phí này", "bộ phận một cửa"]);
    says_none_of(
        &shown,
        &[ACCOUNT_ASKED, "không còn khoản nào", "không cần thiết", "name=\"channel\"", "Còn phải nộp"],
    );
    says(&page_in(&house, &intent, "?lang=en").await, &["The fee is due", "covers this fee"]);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transfers_code_is_shown_no_more_once_its_channel_is_switched_off_and_money_that_comes_all_the_same_pays() {
    let house = house().await;
    let admin = administrator(&house).await;
    let Owed { intent, .. } = owed(&house, 21_000).await;
    house.at_the_bank(&intent).await;
    says(&page(&house, &intent).await, &["<svg class=\"qr\""]);
    admin.post("/v1/channels/vietqr/off", json!({"reason": "ngân hàng bảo trì"})).await.expect(200);
    let shown = page(&house, &intent).await;
    says(&shown, &["Mã chuyển khoản đã hiện ở đây tạm ngừng", "ngân hàng bảo trì", "Xem trạng thái mới nhất"]);
    says_none_of(&shown, &["<svg class=\"qr\"", "Quét mã để nộp tiền"]);
    house.transfers(21_000, reference(&intent)).await;
    says(&page(&house, &intent).await, &["Đã thanh toán"]);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_national_platform_that_cannot_make_its_receipt_is_named_with_the_reason() {
    let house = House::with_wallets().await;
    let fee = house.portal.owes(&dossier(), 40_000, json!({"procedure_name": null})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let listed = intent["channels"].as_array().unwrap().iter().find(|c| c["code"] == "national").cloned().unwrap();
    assert_eq!((&listed["available"], &listed["reason"]), (&json!(false), &json!("not_billable")), "{listed}");
    let shown = page(&house, &intent).await;
    says(&shown, &["Khoản này thiếu thông tin về thủ tục"]);
    says_none_of(&shown, &["value=\"national\""]);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_national_platform_is_not_offered_to_a_payer_of_whom_no_number_is_known() {
    let house = House::with_wallets().await;
    let payer = json!({"name": "Ai Do", "identity_kind": "none", "identity_number": null});
    let fee = house.portal.owes(&dossier(), 40_000, json!({"payer": payer})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let shown = page(&house, &intent).await;
    says(&shown, &["cần số định danh của người nộp"]);
    says_none_of(&shown, &["value=\"national\"", "Ai Do"]);
    says(&page_in(&house, &intent, "?lang=en").await, &["identity number"]);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fee_that_is_known_by_its_customer_has_its_application_and_its_counter_and_the_code_is_not_told_to_who_has_the_link()
 {
    let house = house().await;
    let code = format!("KH-NUOC-{}-4711", fresh());
    let water = json!({"dossier_code": null, "customer_code": code, "sector": "water", "kind": "service_price"});
    let fee = house.portal.owes(&dossier(), 21_000, water).await;
    let intent = house.portal.opens(&[&fee]).await;
    let shown = page(&house, &intent).await;
    assert_eq!(shown.matches("class=\"card aside\"").count(), 2, "applications and the counter: {shown}");
    says(&shown, &["nhập mã khách hàng", "đọc mã khách hàng", "Mã khách hàng", "…4711"]);
    says_none_of(&shown, &[&code, "mã hồ sơ cho cán bộ"]);
    says(&page_in(&house, &intent, "?lang=en").await, &["type the customer code", "…4711"]);
    assert_eq!(house.pays_bill(App::Bank, &code).await["state"], "paid");
    assert_eq!(house.portal.obligation(&fee).await["status"], "paid");
    house.close().await;
}

async fn looked_up(house: &House, code: &str) -> String {
    let url = format!("{}/pay?dossier={code}", house.gateway.base_url());
    house.http.get(url).send().await.unwrap().text().await.unwrap()
}

const HOW_TO_PAY: &str = "Để nộp, xin mở hồ sơ";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_up_says_of_what_came_what_the_page_says() {
    let house = house().await;
    let Owed { code, fee, intent } = owed(&house, 20_000).await;
    let due = looked_up(&house, &code).await;
    says(&due, &["Còn phải nộp", "20.000 ₫", HOW_TO_PAY]);
    // a part came: the rest
    house.at_the_bank(&intent).await;
    house.transfers(15_000, reference(&intent)).await;
    says(&page(&house, &intent).await, &["5.000 ₫"]);
    let rest = looked_up(&house, &code).await;
    says(&rest, &["Còn phải nộp", "<p class=\"amount\">5.000 ₫", "Đã nhận được một phần tiền", HOW_TO_PAY]);
    says_none_of(&rest, &["<p class=\"amount\">20.000", reference(&intent)]);
    // paid: nothing is asked for
    house.transfers(5_000, reference(&intent)).await;
    let paid = looked_up(&house, &code).await;
    says(&paid, &["Không còn khoản nào phải nộp", "Đã nộp"]);
    says_none_of(&paid, &["Còn phải nộp", HOW_TO_PAY, "class=\"amount\""]);
    assert_eq!(house.portal.obligation(&fee).await["status"], "paid");
    // a void makes it due again beside money that covers it: ask first
    let Owed { code, fee, intent } = owed(&house, 21_000).await;
    house.at_the_bank(&intent).await;
    let taken = house.takes_cash(&[&fee], 21_000, &receipt()).await.expect(201);
    house.transfers(21_000, reference(&intent)).await;
    let void = format!("/v1/counter-payments/{}/void", taken["id"].as_str().unwrap());
    let proposed = house.staff.post(&void, json!({"note": "thu nhầm hồ sơ"})).await.expect(201);
    approves(&second_person(&house).await, &proposed).await.expect(200);
    says(&page(&house, &intent).await, &["Phí đang phải nộp"]);
    let covered = looked_up(&house, &code).await;
    says(&covered, &["Phí đang phải nộp", "21.000 ₫", "Xin hỏi bộ phận một cửa trước khi nộp"]);
    says_none_of(&covered, &[HOW_TO_PAY, "Còn phải nộp", reference(&intent)]);
    says(&looked_up(&house, &format!("{code}&lang=en")).await, &["ask the one-stop office before you pay"]);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_up_says_to_ask_first_where_money_is_held_under_a_request_that_is_over() {
    let house = house().await;
    let Owed { code, fee, intent } = owed(&house, 20_000).await;
    house.at_the_bank(&intent).await;
    house.transfers(15_000, reference(&intent)).await;
    let cancel = format!("/v1/payment-intents/{}/cancel", intent["id"].as_str().unwrap());
    house.portal.post(&cancel, json!({})).await.expect(200);
    let over = looked_up(&house, &code).await;
    let later = house.portal.opens(&[&fee]).await;
    says(&page(&house, &later).await, &["Xin hỏi bộ phận một cửa trước khi nộp"]);
    for shown in [over, looked_up(&house, &code).await] {
        says(&shown, &["20.000 ₫", "Xin hỏi bộ phận một cửa trước khi nộp"]);
        says_none_of(&shown, &[HOW_TO_PAY, "15.000", reference(&intent)]);
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_holds_the_money_is_named_though_another_way_was_tried_since() {
    let settings = vec![("MOTLAN_PROFILES__MOMO_MAIN__AUTO_CAPTURE", "false".to_owned())];
    let house = House::planned(Plan { with_wallets: true, settings, ..Plan::default() }).await;
    let Owed { intent, .. } = owed(&house, 40_000).await;
    let attempt = house.at_wallet("momo", &intent).await;
    house.at_vnpay(&intent).await;
    house.pays_wallet("momo", &attempt, json!({})).await;
    assert_eq!(house.portal.intent(&intent).await["status"], "processing");
    let shown = page(&house, &intent).await;
    says(&shown, &["Đang chờ ví điện tử", "Ví điện tử đã báo"]);
    says_none_of(&shown, &["Đang chờ ngân hàng"]);
    assert_eq!(house.sync(&intent).await["status"], "paid");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_fees_one_of_which_was_paid_another_way_no_money_is_said_to_be_kept() {
    let house = house().await;
    let code = dossier();
    let fees = [house.portal.owes(&code, 21_000, json!({})).await, house.portal.owes(&code, 50_000, json!({})).await];
    let intent = house.portal.opens(&[&fees[0], &fees[1]]).await;
    house.takes_cash(&[&fees[0]], 21_000, &receipt()).await.expect(201);
    let shown = page(&house, &intent).await;
    says(&shown, &["Nộp các khoản còn lại", "50.000 ₫", "class=\"card aside\""]);
    says_none_of(&shown, &["Đã nhận được một phần tiền", "Cách này chỉ nhận cả khoản"]);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fees_of_many_dossiers_three_codes_are_shown_beside_the_applications_and_the_counter_and_where_the_others_stand()
 {
    let house = house().await;
    let mut fees = Vec::new();
    for _ in 0..5 {
        fees.push(house.portal.owes(&dossier(), 21_000, json!({})).await);
    }
    let intent = house.portal.opens(&fees.iter().collect::<Vec<_>>()).await;
    let shown = page(&house, &intent).await;
    assert_eq!(shown.matches("class=\"card aside\"").count(), 2, "applications and the counter: {shown}");
    says(&shown, &["id=\"b2\"", "id=\"k2\"", "Mã của các hồ sơ khác ghi cạnh từng khoản phí"]);
    says_none_of(&shown, &["id=\"b3\"", "id=\"k3\""]);
    says(&page_in(&house, &intent, "?lang=en").await, &["The codes of the other dossiers"]);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_on_the_account_of_another_is_told_where_nothing_was_tried_yet() {
    let house = house().await;
    let Owed { intent, .. } = owed(&house, 40_000).await;
    let wrong = json!({"account": OTHER_ACCOUNT, "amount": 40_000, "content": reference(&intent)});
    house.transfers_how(wrong).await;
    let shown = house.portal.intent(&intent).await;
    assert_eq!((&shown["status"], &shown["attempts"]), (&json!("open"), &json!([])));
    assert_eq!(shown["payments"].as_array().unwrap().len(), 1, "{shown}");
    says(&page(&house, &intent).await, &["Xin hỏi bộ phận một cửa trước khi thanh toán lại"]);
    house.close().await;
}

const TWO_NAMED: &str = "có ghi cả mã tham chiếu ở đây và mã của yêu cầu khác";
const TWO_NAMED_ENGLISH: &str = "names both the reference here and that of another request";

/// A transfer whose text names both.
async fn names_both(house: &House, amount: i64, one: &Owed, other: &Owed) {
    let how = json!({"account": ACCOUNT, "amount": amount, "content": reference(&one.intent), "mangle": "two_codes",
        "second_content": reference(&other.intent)});
    house.transfers_how(how).await;
}

/// The only case that is open.
async fn only_case(house: &House) -> Value {
    let cases = house.staff.get("/v1/cases?status=open").await.expect(200)["data"].clone();
    assert_eq!((cases.as_array().unwrap().len(), &cases[0]["kind"]), (1, &json!("unidentified")), "{cases}");
    cases[0].clone()
}

async fn resolves(house: &House, case: &Value, body: Value) -> Value {
    house.staff.post(&format!("/v1/cases/{}/resolutions", case["id"].as_str().unwrap()), body).await.expect(201)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transfer_that_names_two_requests_is_warned_of_on_both_pages_until_two_persons_say_whose_it_is() {
    let house = House::with_bank().await;
    let (one, other) = (owed(&house, 40_000).await, owed(&house, 40_000).await);
    names_both(&house, 40_000, &one, &other).await;
    let warned = |page: &str| {
        says(page, &["một khoản chuyển khoản 40.000 ₫", TWO_NAMED, "xin đừng nộp lại", "Xem trạng thái mới nhất"]);
        says_none_of(page, &["Nguyễn", "href=\"#ways\""]);
    };
    for owed in [&one, &other] {
        let shown = page(&house, &owed.intent).await;
        warned(&shown);
        assert!(shown.find(TWO_NAMED).unwrap() < shown.find("name=\"channel\"").unwrap(), "above the ways: {shown}");
        says(&page_in(&house, &owed.intent, "?lang=en").await, &["A transfer of 40.000 ₫", TWO_NAMED_ENGLISH]);
    }
    house.at_the_bank(&one.intent).await;
    let code = page(&house, &one.intent).await;
    warned(&code);
    assert!(code.find(TWO_NAMED).unwrap() < code.find("<svg class=\"qr\"").unwrap(), "above the code: {code}");
    let case = only_case(&house).await;
    let assign = json!({"action": "assign_to_obligations", "obligation_ids": [one.fee["id"]]});
    let proposed = resolves(&house, &case, assign).await;
    warned(&page(&house, &other.intent).await);
    approves(&second_person(&house).await, &proposed).await.expect(200);
    says(&page(&house, &one.intent).await, &["<h1>Đã thanh toán</h1>", "Không cần làm gì thêm"]);
    let shown = page(&house, &other.intent).await;
    says(&shown, &["<h1>Nộp phí, lệ phí</h1>", "href=\"#ways\""]);
    says_none_of(&shown, &[TWO_NAMED]);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_names_requests_of_two_payers_is_warned_of_without_its_sum_until_it_goes_back() {
    let house = House::with_bank().await;
    house.tellers_are_lost().await;
    let one = owed(&house, 40_000).await;
    let payer = json!({"name": "Trần Thị Khác", "identity_kind": "citizen_id", "identity_number": "010085000999"});
    let code = dossier();
    let fee = house.portal.owes(&code, 31_000, json!({"payer": payer})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let other = Owed { code, fee, intent };
    names_both(&house, 71_000, &one, &other).await;
    says_none_of(&page(&house, &one.intent).await, &[TWO_NAMED]);
    house.imports("mt940", &tests::files::today().to_string()).await;
    let warned = |page: &str| {
        says(page, &["Đã nhận một khoản chuyển khoản có ghi", TWO_NAMED]);
        says_none_of(page, &["71.000"]);
    };
    warned(&page(&house, &one.intent).await);
    warned(&page(&house, &other.intent).await);
    let case = only_case(&house).await;
    let account = json!({"bank_bin": "970422", "account_number": "0001234567", "account_name": "NGUYEN VAN A"});
    let back = json!({"action": "refund_to_payer", "refundable_amount": 71_000, "reason_code": "khong_ro",
        "payer_account": account});
    let proposed = resolves(&house, &case, back).await;
    warned(&page(&house, &one.intent).await);
    approves(&second_person(&house).await, &proposed).await.expect(200);
    for owed in [&one, &other] {
        says_none_of(&page(&house, &owed.intent).await, &[TWO_NAMED]);
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transfer_that_names_a_request_that_is_over_is_warned_of_wherever_a_fee_of_it_or_of_the_other_is_paid() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    for (is_cancelled, is_opened_anew) in [(true, true), (false, true), (true, false), (false, false)] {
        let (one, other) = (owed(&house, 40_000).await, owed(&house, 31_000).await);
        if is_cancelled {
            let path = format!("/v1/payment-intents/{}/cancel", one.intent["id"].as_str().unwrap());
            house.portal.post(&path, json!({})).await.expect(200);
        } else {
            let past = "update intent set expires_at = now() - interval '1 second' where reference = 'REFERENCE'";
            house.ask(&past.replace("REFERENCE", reference(&one.intent))).await;
            house.drain().await;
            assert_eq!(house.portal.intent(&one.intent).await["status"], "expired");
        }
        let anew = if is_opened_anew { Some(house.portal.opens(&[&one.fee]).await) } else { None };
        names_both(&house, 40_000, &one, &other).await;
        let shown = page(&house, &other.intent).await;
        says(&shown, &["một khoản chuyển khoản 40.000 ₫ có ghi", TWO_NAMED, "xin đừng nộp lại"]);
        says(&page(&house, &one.intent).await, &["một khoản chuyển khoản 40.000 ₫ có ghi", TWO_NAMED]);
        for code in [&one.code, &other.code] {
            let found = looked_up(&house, code).await;
            says(&found, &["Xin hỏi bộ phận một cửa trước khi nộp"]);
            says_none_of(&found, &[HOW_TO_PAY, reference(&one.intent), reference(&other.intent)]);
        }
        let Some(anew) = anew else { continue };
        let named = domain::reference::Reference::parse(reference(&one.intent)).unwrap().spaced();
        let shown = page(&house, &anew).await;
        let also = format!("có ghi cả mã tham chiếu {named} (cũng cho khoản phí ở đây) và mã của yêu cầu khác");
        says(&shown, &["một khoản chuyển khoản 40.000 ₫", &also, "xin đừng nộp lại", "Xem trạng thái mới nhất"]);
        says_none_of(&shown, &["href=\"#ways\"", TWO_NAMED]);
        let english = format!("names both reference {named} (of the fees here, too) and that of another request");
        says(&page_in(&house, &anew, "?lang=en").await, &[&english]);
        let case = house.staff.get("/v1/cases?status=open").await.expect(200)["data"][0].clone();
        let assign = json!({"action": "assign_to_obligations", "obligation_ids": [one.fee["id"]]});
        approves(&approver, &resolves(&house, &case, assign).await).await.expect(200);
        for intent in [&anew, &one.intent, &other.intent] {
            says_none_of(&page(&house, intent).await, &[TWO_NAMED, &also]);
        }
        says(&looked_up(&house, &other.code).await, &[HOW_TO_PAY]);
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_left_over_of_a_transfer_of_two_names_is_told_on_both_pages_while_it_waits_and_when_it_comes_back() {
    const REST: &str = "Đã nhận một khoản chuyển khoản (còn giữ 10.000 ₫) có ghi cả mã tham chiếu ở đây";
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let (one, other) = (owed(&house, 40_000).await, owed(&house, 31_000).await);
    names_both(&house, 50_000, &one, &other).await;
    let day = tests::files::today().to_string();
    house.imports("mt940", &day).await;
    let assign = json!({"action": "assign_to_obligations", "obligation_ids": [one.fee["id"]]});
    let proposed = resolves(&house, &only_case(&house).await, assign).await;
    approves(&approver, &proposed).await.expect(200);
    let told = async |is_told: bool| {
        for intent in [&one.intent, &other.intent] {
            let shown = page(&house, intent).await;
            assert_eq!(shown.contains(REST), is_told, "{shown}");
            assert_eq!(shown.contains(TWO_NAMED), is_told, "{shown}");
        }
        assert_eq!(page(&house, &one.intent).await.contains("Không cần làm gì thêm"), !is_told);
        assert_eq!(page(&house, &other.intent).await.contains("xin đừng nộp lại"), is_told);
        assert_eq!(looked_up(&house, &other.code).await.contains("Xin hỏi bộ phận một cửa trước khi nộp"), is_told);
    };
    told(true).await;
    says(&page_in(&house, &other.intent, "?lang=en").await, &["A transfer (10.000 ₫ of it still held) has come"]);
    // it goes back to its payer, and comes again
    let case = house.staff.get("/v1/cases?status=open&kind=overpaid").await.expect(200)["data"][0].clone();
    let path = format!("/v1/payments/{}", case["payment_id"].as_str().unwrap());
    let refundable = house.staff.get(&path).await.expect(200)["refundable_amount"].clone();
    let account = json!({"bank_bin": "970422", "account_number": "0001234567", "account_name": "NGUYEN VAN A"});
    let back = json!({"action": "refund_to_payer", "refundable_amount": refundable, "reason_code": "nop_thua",
        "payer_account": account});
    let refund = resolves(&house, &case, back).await;
    told(true).await;
    approves(&approver, &refund).await.expect(200);
    told(false).await;
    house.drain().await;
    let text = house.ask("select reference from refund").await;
    house.tellers_are_lost().await;
    for (direction, text) in [("out", text.clone()), ("in", format!("{text} tra lai"))] {
        let moved = json!({"account": ACCOUNT, "amount": 10_000, "content": text, "direction": direction});
        house.bank_sim("bank/transfer", moved).await;
        house.imports("mt940", &day).await;
        told(direction == "in").await;
    }
    assert_eq!(house.ask("select status from refund").await, "failed");
    // what a fee of it was lowered by is that fee's
    let lower = json!({"amount": 5_000, "reason_code": "tinh_sai"});
    let path = format!("/v1/obligations/{}/reductions", one.fee["id"].as_str().unwrap());
    approves(&approver, &house.staff.post(&path, lower).await.expect(201)).await.expect(200);
    told(true).await;
    let assign = json!({"action": "write_off", "reason_code": "khong_ro", "note": "Không tìm được người nộp"});
    let cases = house.staff.get("/v1/cases?status=open").await.expect(200)["data"].as_array().unwrap().clone();
    for case in cases {
        approves(&approver, &resolves(&house, &case, assign.clone()).await).await.expect(200);
    }
    told(false).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fee_that_got_all_of_a_transfer_of_two_names_and_whose_refund_came_back_is_told_on_no_page_of_the_other() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let (one, other) = (owed(&house, 40_000).await, owed(&house, 31_000).await);
    names_both(&house, 40_000, &one, &other).await;
    let day = tests::files::today().to_string();
    house.imports("mt940", &day).await;
    let case = only_case(&house).await;
    let assign = json!({"action": "assign_to_obligations", "obligation_ids": [one.fee["id"]]});
    approves(&approver, &resolves(&house, &case, assign).await).await.expect(200);
    let payment = house.staff.get(&format!("/v1/payments/{}", case["payment_id"].as_str().unwrap())).await.expect(200);
    let refund = proposes(&house.staff, &payment, &[whole(&one.fee)], "close").await.expect(201);
    approves(&approver, &refund).await.expect(200);
    becomes(&house, &refund, "awaiting_statement").await;
    let text = house.ask("select reference from refund").await;
    house.tellers_are_lost().await;
    for (direction, text) in [("out", text.clone()), ("in", format!("{text} tra lai"))] {
        let moved = json!({"account": ACCOUNT, "amount": 40_000, "content": text, "direction": direction});
        house.bank_sim("bank/transfer", moved).await;
        house.imports("mt940", &day).await;
    }
    assert_eq!(house.ask("select status from refund").await, "failed");
    let shown = page(&house, &other.intent).await;
    says(&shown, &["<h1>Nộp phí, lệ phí</h1>"]);
    says_none_of(&shown, &[TWO_NAMED]);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_that_rightly_paid_and_went_back_is_not_said_to_be_too_much_once_the_fee_was_paid_at_a_counter() {
    let house = house().await;
    let Owed { fee, intent, .. } = owed(&house, 21_000).await;
    house.at_the_bank(&intent).await;
    house.transfers(21_000, reference(&intent)).await;
    house.imports("mt940", &tests::files::today().to_string()).await;
    let payment = payment_of(&house, &intent).await;
    let proposed = proposes(&house.staff, &payment, &[whole(&fee)], "reopen").await.expect(201);
    house.ask("update intent set expires_at = now() - interval '1 minute'").await;
    approves(&second_person(&house).await, &proposed).await.expect(200);
    becomes(&house, &proposed, "awaiting_statement").await;
    let text = house.ask("select reference from refund").await;
    let debit = json!({"account": ACCOUNT, "amount": 21_000, "content": text, "direction": "out"});
    house.bank_sim("bank/transfer", debit).await;
    house.imports("mt940", &tests::files::today().to_string()).await;
    assert_eq!(house.portal.intent(&intent).await["status"], "expired");
    house.takes_cash(&[&fee], 21_000, &receipt()).await.expect(201);
    let shown = page(&house, &intent).await;
    says(&shown, &["<h1>Không còn khoản nào phải nộp</h1>", "<h2>Tiền đã nhận</h2>", "Đã hoàn trả: 21.000 ₫, lúc"]);
    says_none_of(&shown, &["Tiền nộp thừa", "tiền thừa", ACCOUNT_ASKED]);
    house.close().await;
}
