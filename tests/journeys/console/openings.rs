//! What stands on an account when its books begin, said at the desk by one person and decided by another: seen before it is sent,
//! refused in words beside what was typed, and absent for whom the account is not.

use super::two_persons::{decides, link};
use domain::role::Role;
use jiff::ToSpan;
use jiff::civil::Date;
use tests::bank::BIN;
use tests::desk::{Desk, Login, Page, hires};
use tests::files::{mt940, today};
use tests::{House, OTHER_BENEFICIARY};

const NUMBER: &str = "7700000001";

struct Office {
    house: House,
    accountant: Login,
    approver: Login,
    account: String,
    path: String,
}

impl Office {
    async fn new() -> Self {
        let house = House::with_bank().await;
        house.had_account(NUMBER).await;
        let accountant = hires(&house, "thu-quy", &[Role::Accountant], &[]).await;
        let approver = hires(&house, "lanh-dao", &[Role::Approver], &[]).await;
        let account = format!("{BIN}.{NUMBER}");
        Self { house, accountant, approver, path: format!("/console/openings/{account}"), account }
    }

    /// What the ledger has on the account.
    async fn booked(&self) -> String {
        let sum = "select coalesce(sum(amount), 0) from assurance.ledger_entry where account_code = 'bank:{}'";
        self.house.ask(&sum.replace("{}", &self.account)).await
    }

    /// Fills in the form as it stands on the page, of whoever sits there.
    async fn states(&self, desk: &mut Desk, fields: &[(&str, &str)]) -> Page {
        self.presses(desk, &self.path, fields).await
    }

    async fn takes_back(&self, desk: &mut Desk, fields: &[(&str, &str)]) -> Page {
        self.presses(desk, &format!("{}/take-back", self.path), fields).await
    }

    async fn presses(&self, desk: &mut Desk, target: &str, fields: &[(&str, &str)]) -> Page {
        let (form, key) = (desk.get("/console").await.field("form"), uuid::Uuid::new_v4().to_string());
        desk.post(target, &[&[("form", form.as_str()), ("key", &key)], fields].concat()).await
    }

    /// The one that waits.
    async fn decides(&self, boss: &mut Desk, verdict: &str) {
        let approval = link(&boss.get("/console/approvals").await.expect(200), "/console/approvals/apr_");
        assert!(boss.get(&approval).await.says(&self.path), "a way to what is decided about");
        assert_eq!(decides(&self.house, boss, &self.approver, &approval, verdict).await.status, 303);
    }
}

fn day(n: i64) -> Date {
    today().checked_sub(10.days()).unwrap().checked_add(n.days()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_opening_is_seen_stated_decided_and_taken_back_at_the_desk_by_two_persons_and_nobody_else() {
    let office = Office::new().await;
    let house = &office.house;
    let of_18 = hires(house, "ke-toan-18", &[Role::Accountant], &[OTHER_BENEFICIARY]).await;
    let viewer = hires(house, "nguoi-xem", &[Role::Viewer], &[]).await;
    let mut desk = Desk::of(house, &office.accountant).await;
    let mut boss = Desk::of(house, &office.approver).await;
    let mut part = Desk::of(house, &of_18).await;
    let mut reader = Desk::of(house, &viewer).await;
    assert!(desk.get("/console/days").await.says("/console/openings"));
    assert!(desk.get("/console/openings").await.expect(200).says(&office.account));
    assert!(!part.get("/console/openings").await.expect(200).says(&office.account));

    let on = day(1).to_string();
    let said = [("day", on.as_str()), ("amount", "900.000"), ("note", "Biên bản bàn giao số 12")];
    let preview = [&said[..], &[("preview", "1")]].concat();
    // who may not, may not here either
    assert_eq!(part.get(&office.path).await.status, 404);
    assert!(!reader.get(&office.path).await.expect(200).says("Gửi đề nghị"));
    for (other, status) in [(&mut reader, 403), (&mut boss, 403), (&mut part, 404)] {
        assert_eq!(office.states(other, &said).await.status, status);
        assert_eq!(office.states(other, &preview).await.status, status);
        assert_eq!(office.takes_back(other, &[]).await.status, status);
    }
    assert_eq!(desk.post(&office.path, &said).await.status, 403, "a form without its token");
    assert_eq!(desk.get("/console/openings/970000.1").await.status, 404);

    // what is wrong is said beside what was typed
    let tomorrow = today().tomorrow().unwrap().to_string();
    for (field, typed, why) in [
        ("day", tomorrow.as_str(), "muộn nhất là hôm nay"),
        ("amount", "900000,5", "Số dư là số nguyên đồng"),
        ("amount", "-1", "Số dư là số nguyên đồng"),
        ("note", " ", "Hãy ghi căn cứ"),
    ] {
        let fields: Vec<(&str, &str)> = said.iter().map(|(n, v)| (*n, if *n == field { typed } else { *v })).collect();
        let refused = office.states(&mut desk, &fields).await.expect(422);
        assert!(refused.says(why) && refused.says("role=\"alert\""), "{why}: {}", refused.text);
        let kept = fields.iter().filter(|(name, _)| *name != "note");
        assert!(kept.clone().all(|(_, v)| refused.says(&format!("value=\"{v}\""))), "{}", refused.text);
    }

    // seen first: nothing is kept of it
    let seen = office.states(&mut desk, &preview).await.expect(200);
    for says in
        ["900.000 ₫", "Số dư ban đầu của các tài khoản", "Số dư ban đầu do hai người xác nhận", "Chưa có gì thay đổi"]
    {
        assert!(seen.says(says), "{says}: {}", seen.text);
    }
    assert_eq!((office.booked().await.as_str(), house.ask("select count(*) from approval").await.as_str()), ("0", "0"));
    let sent = ["form", "key", "day", "amount", "note"].map(|name| (name, seen.field(name)));
    let sent: Vec<(&str, &str)> = sent.iter().map(|(name, value)| (*name, value.as_str())).collect();
    for _ in 0..2 {
        assert_eq!(desk.post(&office.path, &sent).await.status, 303, "proposed once");
    }
    assert_eq!(house.ask("select count(*) from approval").await, "1");
    let waiting = office.states(&mut desk, &preview).await.expect(422);
    assert!(waiting.says("đang chờ duyệt") && waiting.says("value=\"900.000\""), "{}", waiting.text);
    assert!(desk.get(&office.path).await.says("Đang chờ duyệt"));
    office.decides(&mut boss, "approve").await;
    assert_eq!(office.booked().await, "900000");
    let page = reader.get(&office.path).await.expect(200);
    for says in ["900.000 ₫", "Người thu-quy (mẫu)", "Người lanh-dao (mẫu)", "/console/approvals/apr_"] {
        assert!(page.says(says), "{says}: {}", page.text);
    }
    assert!(desk.get("/console/openings").await.says("900.000 ₫"));
    let refused = office.states(&mut desk, &said).await.expect(422);
    assert!(refused.says("đang hiệu lực") && refused.says("value=\"900.000\"") && refused.says("bàn giao số 12"));

    // and taken back by two
    let seen = office.takes_back(&mut desk, &[("note", "nhầm tài khoản"), ("preview", "1")]).await.expect(200);
    assert!(seen.says("Rút lại số dư ban đầu") && seen.says("900.000 ₫"), "{}", seen.text);
    assert_eq!(office.takes_back(&mut desk, &[("note", "nhầm tài khoản")]).await.status, 303);
    assert_eq!(office.booked().await, "900000", "a proposal books nothing");
    office.decides(&mut boss, "approve").await;
    assert_eq!(office.booked().await, "0");
    assert!(desk.get(&office.path).await.says("Đã rút lại"));
    let refused = office.takes_back(&mut desk, &[("note", "lần nữa")]).await.expect(422);
    assert!(refused.says("không có số dư ban đầu nào") && refused.says("lần nữa"), "{}", refused.text);
    office.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_books_that_have_begun_no_opening_is_stated_and_of_closed_ones_none_is_taken_back() {
    let office = Office::new().await;
    let house = &office.house;
    let mut desk = Desk::of(house, &office.accountant).await;
    let mut boss = Desk::of(house, &office.approver).await;
    let on = day(1).to_string();
    let said = [("day", on.as_str()), ("amount", "900000"), ("note", "Xác nhận của ngân hàng")];
    assert_eq!(office.states(&mut desk, &said).await.status, 303);
    office.decides(&mut boss, "approve").await;
    let file = mt940(NUMBER, day(1), 900_000, &[]);
    house.sends_statement(&office.account, "auto", file).await.expect(201);
    let close = format!("/v1/reconciliation/{}/close?account={}", day(1), office.account);
    house.staff.post(&close, serde_json::json!({})).await.expect(200);
    let refused = office.takes_back(&mut desk, &[]).await.expect(422);
    assert!(refused.says("đã có ngày khóa sổ"), "{}", refused.text);

    let account = format!("{BIN}.7700000002");
    house.had_account("7700000002").await;
    let file = mt940("7700000002", day(1), 500, &[(7_000, "FT1", "nop tien")]);
    house.sends_statement(&account, "auto", file).await.expect(201);
    let path = format!("/console/openings/{account}");
    for preview in [&[][..], &[("preview", "1")]] {
        let refused = office.presses(&mut desk, &path, &[&said[..], preview].concat()).await.expect(422);
        assert!(refused.says("Sổ của tài khoản đã bắt đầu") && refused.says("value=\"900000\""), "{}", refused.text);
    }
    office.house.close().await;
}
