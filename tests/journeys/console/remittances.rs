//! Remittances at the desk: what is due is told, a period is seen before it is prepared, two persons say that it leaves, and its
//! debit is shown. Whom another's money is, it is absent for.

use super::two_persons::{decides, link};
use crate::remittances::{CHARGE, FEE, leaves, pays, sets, statement};
use domain::role::Role;
use serde_json::json;
use tests::desk::{Desk, Page, hires};
use tests::files::{account, mt940, today};
use tests::portal::dossier;
use tests::{BENEFICIARY, House, OTHER_BENEFICIARY};

const MADE: &str = "select count(*) from assurance.remittance";
const HERE: &str = "/console/remittances";

/// The form for preparing, as it is sent.
fn form<'p>(shown: &'p [(&'static str, String); 5]) -> Vec<(&'p str, &'p str)> {
    shown.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

fn filled(page: &Page, period: &str, day: &str) -> [(&'static str, String); 5] {
    let said = [("beneficiary", BENEFICIARY), ("period", period), ("day", day)];
    let [beneficiary, period, day] = said.map(|(name, value)| (name, value.to_owned()));
    [("form", page.field("form")), ("key", page.field("key")), beneficiary, period, day]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_months_fees_are_prepared_decided_and_followed_to_their_debit_at_the_desk() {
    let house = House::with_bank().await;
    let accountant = hires(&house, "thu-quy", &[Role::Accountant], &[]).await;
    let approver = hires(&house, "lanh-dao", &[Role::Approver], &[]).await;
    let of_18 = hires(&house, "ke-toan-18", &[Role::Accountant], &[OTHER_BENEFICIARY]).await;
    let viewer = hires(&house, "nguoi-xem", &[Role::Viewer], &[]).await;
    sets(&house, FEE, json!({"retained_ppm": 400_000})).await.expect(200);
    sets(&house, CHARGE, json!({"sub_item": "2771"})).await.expect(200);
    pays(&house, FEE, 31_001).await;
    pays(&house, CHARGE, 8_000).await;
    statement(&house).await;
    let mut desk = Desk::of(&house, &accountant).await;
    let mut boss = Desk::of(&house, &approver).await;
    let mut part = Desk::of(&house, &of_18).await;
    let mut reader = Desk::of(&house, &viewer).await;
    assert!(desk.get("/console").await.says("href=\"/console/remittances\""));
    assert!(!reader.get(HERE).await.expect(200).says("Lập và gửi duyệt"));

    // what is refused stands in the form again, with why
    let page = desk.get(HERE).await.expect(200);
    let weekly = filled(&page, "weekly", &today().to_string());
    let weekly = [form(&weekly), vec![("note", "nộp tuần <này>")]].concat();
    let refused = desk.post(HERE, &weekly).await.expect(422);
    for kept in [
        "Không có khoản nào phải nộp",
        "nộp tuần &#60;này&#62;",
        "<option value=\"weekly\" selected>",
        "role=\"alert\"",
    ] {
        assert!(refused.says(kept), "{kept}: {}", refused.text);
    }
    for (period, day) in [("monthly", "27/11/2026"), ("daily", "2026-11-27"), ("monthly", "")] {
        let wrong = filled(&page, period, day);
        assert!(desk.post(HERE, &form(&wrong)).await.expect(422).says("Hãy chọn"), "{period} {day}");
    }

    // seen first: nothing is kept of it
    let fields = filled(&page, "monthly", &today().to_string());
    let preview = [form(&fields), vec![("preview", "1")]].concat();
    let seen = desk.post(HERE, &preview).await.expect(200);
    for says in
        ["26.601 ₫", "31.001 ₫", "12.400 ₫", "18.601 ₫", "8.000 ₫", "2771", "3511.0.1051720", "Chưa có gì thay đổi"]
    {
        assert!(seen.says(says), "{says}: {}", seen.text);
    }
    assert_eq!((house.ask(MADE).await.as_str(), house.ask("select count(*) from approval").await.as_str()), ("0", "0"));

    // who may not, may not here either
    assert_eq!(desk.post(HERE, &form(&fields)[1..]).await.status, 403, "a form without its token");
    for (other, status) in [(&mut reader, 403), (&mut boss, 403), (&mut part, 404)] {
        let own = other.get("/console").await.field("form");
        for more in [vec![], vec![("preview", "1")]] {
            let all = [vec![("form", own.as_str())], form(&fields)[1..].to_vec(), more].concat();
            assert_eq!(other.post(HERE, &all).await.status, status);
        }
    }
    assert_eq!(house.ask(MADE).await, "0");

    let sent = [
        ("form", seen.field("form")),
        ("key", seen.field("key")),
        ("beneficiary", BENEFICIARY.to_owned()),
        ("period", seen.field("period")),
        ("day", seen.field("day")),
    ];
    for _ in 0..2 {
        assert_eq!(desk.post(HERE, &form(&sent)).await.status, 303, "prepared once");
    }
    assert_eq!(house.ask(MADE).await, "1");
    let again = desk.get(HERE).await.expect(200);
    let refused = desk.post(HERE, &form(&filled(&again, "monthly", &today().to_string()))).await.expect(422);
    assert!(refused.says("Đã lập lệnh nộp cho các khoản đến hết ngày"), "{}", refused.text);

    let path = link(&again, "/console/remittances/rmt_");
    let page = desk.get(&path).await.expect(200);
    let text = house.ask("select reference from assurance.remittance").await;
    for says in ["chờ duyệt", "805", "1051720", "NOP NSNN", &text, ">26601<", "treasury-slips", "Hủy lệnh"] {
        assert!(page.says(says), "{says}: {}", page.text);
    }
    assert!(again.says("805 · 2716 · 15001") && again.says("805 · 2771 · 15001"), "{}", again.text);
    assert_eq!(part.get(&path).await.status, 404);
    assert!(!part.get(HERE).await.expect(200).says("rmt_"));
    assert!(!reader.get(&path).await.expect(200).says("Hủy lệnh"));

    let approval = link(&boss.get("/console/approvals").await.expect(200), "/console/approvals/apr_");
    let asked = boss.get(&approval).await.expect(200);
    for says in [&*path, "Tài khoản phí chờ nộp ngân sách (mẫu)", "hằng tháng", "12.400 ₫"] {
        assert!(asked.says(says), "{says}: {}", asked.text);
    }
    assert_eq!(decides(&house, &mut boss, &approver, &approval, "approve").await.status, 303);
    let page = desk.get(&path).await.expect(200);
    assert!(page.says("chờ chuyển tiền") && page.says("Người lanh-dao (mẫu)"), "{}", page.text);

    // another sum under its code: a case, before whose end nobody gives it up and sends the money again
    leaves(&house, 26_600, &format!("{text} NOP NSNN")).await;
    statement(&house).await;
    let odd = desk.get(&path).await.expect(200);
    assert!(odd.says("-26.600 ₫") && !odd.says("Chưa có khoản trừ nào"), "{}", odd.text);
    assert!(desk.get(&link(&odd, "/console/cases/cas_")).await.expect(200).says("26.600"));
    let key = uuid::Uuid::new_v4().to_string();
    let gives_up = [("form", odd.field("form")), ("key", key)];
    let gives_up: Vec<(&str, &str)> = gives_up.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let refused = desk.post(&format!("{path}/cancel"), &gives_up).await.expect(422);
    assert!(refused.says("hãy xử lý việc đó trước"), "{}", refused.text);

    leaves(&house, 26_601, &format!("{text} NOP NSNN")).await;
    statement(&house).await;
    let paid = desk.get(&path).await.expect(200);
    assert!(paid.says("đã nộp") && paid.says("-26.601 ₫") && !paid.says("Hủy lệnh"), "{}", paid.text);
    let line = desk.get(&link(&paid, "/console/statements/stm_")).await.expect(200);
    assert!(line.says(&path), "the way back: {}", line.text);
    let cancel = format!("{path}/cancel");
    let key = uuid::Uuid::new_v4().to_string();
    let press = |form: &str| [("form", form.to_owned()), ("key", key.clone())];
    let fields = press(&paid.field("form"));
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert!(desk.post(&cancel, &fields).await.expect(422).says("Lệnh nộp này đã nộp"));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_that_nobody_has_prepared_is_told_today_until_somebody_does_and_one_is_given_up_by_its_own() {
    let house = House::new().await;
    let accountant = hires(&house, "thu-quy", &[Role::Accountant], &[]).await;
    let colleague = hires(&house, "ke-toan-2", &[Role::Accountant], &[]).await;
    let of_18 = hires(&house, "ke-toan-18", &[Role::Accountant], &[OTHER_BENEFICIARY]).await;
    sets(&house, FEE, json!({"due_n": 1})).await.expect(200);
    let fee = house.portal.owes(&dossier(), 21_000, json!({"fee_code": FEE})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let last = today().first_of_month().yesterday().unwrap();
    let month = format!("tháng {}", last.strftime("%m/%Y"));
    let mut desk = Desk::of(&house, &accountant).await;
    assert!(!desk.get("/console").await.expect(200).says("chưa lập"), "nothing was collected in it");
    let number = account().rsplit('.').next().unwrap().to_owned();
    let text = intent["reference"].as_str().unwrap();
    let file = mt940(&number, last, 0, &[(21_000, "FT1", text)]);
    house.sends_statement(&account(), "auto", file).await.expect(201);

    for page in ["/console", HERE] {
        let told = desk.get(page).await.expect(200);
        assert!(told.says("chưa lập") && told.says(&month), "{page}: {}", told.text);
        let part = Desk::of(&house, &of_18).await.get(page).await.expect(200);
        assert!(!part.says("chưa lập"), "{page}");
    }
    let offered = link(&desk.get("/console").await, "/console/remittances?").replace("&#38;", "&");
    let page = desk.get(&offered).await.expect(200);
    assert!(page.says("<details open>") && page.says(&format!("value=\"{last}\"")), "filled in: {}", page.text);
    let fields = filled(&page, "monthly", &last.to_string());
    assert_eq!(desk.post(HERE, &form(&fields)).await.status, 303);
    let told = desk.get("/console").await.expect(200);
    let path = link(&told, "/console/remittances/rmt_");
    assert!(!told.says("chưa lập") && told.says("chờ duyệt") && told.says(&month), "{}", told.text);

    // before it is decided who prepared it takes it back, nobody else does
    let cancel = format!("{path}/cancel");
    for (login, status) in [(&of_18, 404), (&colleague, 422), (&accountant, 303)] {
        let mut desk = Desk::of(&house, login).await;
        let (form, key) = (desk.get("/console").await.field("form"), uuid::Uuid::new_v4().to_string());
        assert_eq!(desk.post(&cancel, &[("key", &key)]).await.status, 403, "a form without its token");
        let answer = desk.post(&cancel, &[("form", &form), ("key", &key)]).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        assert_eq!(answer.says("chỉ người lập"), status == 422);
    }
    assert_eq!(house.ask("select status from assurance.remittance").await, "cancelled");
    assert!(desk.get("/console").await.says("chưa lập"), "it is to be prepared again");
    house.close().await;
}
