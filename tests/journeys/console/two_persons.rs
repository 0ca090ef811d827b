//! An accountant and whoever approves, at their desks: a line that nobody explains finds its debt, the day is closed, and opened
//! again. Over the API the same two could do the same, and nobody else could here.

use domain::business_day::business_date;
use domain::role::Role;
use jiff::Timestamp;
use serde_json::json;
use tests::desk::{Desk, Login, Page, fresh_codes, hires};
use tests::ledger_rows::ACCOUNT;
use tests::portal::dossier;
use tests::{House, OTHER_BENEFICIARY, files};

/// The first link to one of these.
pub(super) fn link(page: &Page, to: &str) -> String {
    let after = page.text.split(&format!("href=\"{to}")).nth(1);
    let rest = after.unwrap_or_else(|| panic!("no link to {to}: {}", page.text));
    format!("{to}{}", rest.split('"').next().unwrap())
}

/// Fills in the page's form and a fresh code.
pub(super) async fn decides(house: &House, desk: &mut Desk, login: &Login, path: &str, verdict: &str) -> Page {
    let page = desk.get(path).await.expect(200);
    fresh_codes(house).await;
    let (form, key) = (page.field("form"), page.field("key"));
    let fields = [("form", form.as_str()), ("key", &key), ("verdict", verdict), ("code", &login.code())];
    desk.post(&format!("{path}/decision"), &fields).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_persons_work_a_case_and_close_a_day_at_their_desks_and_nobody_else_can() {
    let house = House::new().await;
    let accountant = hires(&house, "thu-quy", &[Role::Accountant], &[]).await;
    let approver = hires(&house, "lanh-dao", &[Role::Approver], &[]).await;
    let part = hires(&house, "mot-phan", &[Role::Accountant, Role::Approver], &[OTHER_BENEFICIARY]).await;
    let viewer = hires(&house, "nguoi-xem", &[Role::Viewer], &[]).await;
    let mut desk = Desk::of(&house, &accountant).await;
    let mut boss = Desk::of(&house, &approver).await;

    // yesterday's statement has a line that nobody asked for by its reference
    let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let day = business_date(Timestamp::now()).yesterday().unwrap();
    let code = fee["dossier_code"].as_str().unwrap();
    let text =
        files::mt940(ACCOUNT.rsplit('.').next().unwrap(), day, 0, &[(21_000, "FT1", &format!("nop tien {code}"))]);
    let page = desk.get("/console/statements").await.expect(200);
    let scope = format!("bank:{ACCOUNT}");
    let (form, key) = (page.field("form"), page.field("key"));
    let of = |form: &'static str| [("form", form), ("key", &key), ("scope", &scope), ("layout", "")];
    let mut fields = of("");
    assert_eq!(desk.brings(&fields, &text).await.status, 403, "a form without its token");
    fields[0].1 = &form;
    let refused = desk.brings(&fields, b"no statement at all").await;
    assert!(refused.status == 422 && refused.says("Tệp bị từ chối"), "{} {}", refused.status, refused.text);
    for _ in 0..2 {
        assert_eq!(desk.brings(&fields, &text).await.status, 303, "the same file twice is one statement");
    }
    let again = desk.brings(&fields, b"another file").await;
    assert!(again.status == 422 && again.says("nội dung khác"), "under the same key: {}", again.text);
    assert_eq!(house.ask("select count(*) from statement").await, "1");
    let mut other = Desk::of(&house, &part).await;
    let own = other.get("/console/statements").await.field("form");
    fields[0].1 = &own;
    assert_eq!(other.brings(&fields, &text).await.status, 404, "of an account that others have a part in");

    // beside its line stands the case
    let list = desk.get("/console/statements").await.expect(200);
    let statement_path = link(&list, "/console/statements/stm_");
    let statement = desk.get(&statement_path).await.expect(200);
    assert!(statement.says("nop tien") && statement.says("chênh lệch"), "{}", statement.text);
    let read = "select actor from audit where action = 'statement_read' order by id desc limit 1";
    assert_eq!(house.ask(read).await, accountant.id.to_string());
    let line =
        desk.get(&link(&statement, &format!("{}/lines/", statement_path.split('?').next().unwrap()))).await.expect(200);
    assert!(line.says("Dòng 1") && line.says("Các khoản đã xét"), "{}", line.text);
    let case_path = link(&desk.get("/console/cases?kind=unidentified").await.expect(200), "/console/cases/cas_");
    let case = desk.get(&case_path).await.expect(200);
    let obligation = fee["id"].as_str().unwrap();
    assert!(case.says(obligation) && case.says("mã hồ sơ"), "offered with its debt: {}", case.text);

    // who may not, may not here either
    let (form, key) = (case.field("form"), case.field("key"));
    let fields =
        [("form", form.as_str()), ("key", &key), ("action", "assign_to_obligations"), ("obligation", obligation)];
    let target = format!("{case_path}/resolutions");
    assert_eq!(desk.post(&target, &fields[1..]).await.status, 403, "a form without its token");
    for (login, status) in [(&viewer, 403), (&part, 422)] {
        let mut other = Desk::of(&house, login).await;
        let own = other.get("/console").await.field("form");
        let fields = [&[("form", own.as_str())][..], &fields[1..]].concat();
        assert_eq!(other.post(&target, &fields).await.status, status, "{}", login.person);
    }

    // proposed once, however often it is pressed
    for _ in 0..2 {
        assert_eq!(desk.post(&target, &fields).await.status, 303);
    }
    assert_eq!(house.ask("select count(*) from approval").await, "1");
    let queue = boss.get("/console/approvals").await.expect(200);
    let approval = link(&queue, "/console/approvals/apr_");
    let own = decides(&house, &mut desk, &accountant, &approval, "approve").await;
    assert_eq!(own.status, 403, "an accountant decides nothing");

    // a decision takes a fresh code, which is used up by it
    let page = boss.get(&approval).await.expect(200);
    let (form, key) = (page.field("form"), page.field("key"));
    let with = |code: &'static str| {
        [("form", form.clone()), ("key", key.clone()), ("verdict", "approve".to_owned()), ("code", code.to_owned())]
    };
    let wrong = with("000000");
    let wrong: Vec<(&str, &str)> = wrong.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(boss.post(&format!("{approval}/decision"), &wrong).await.status, 422);
    assert_eq!(house.ask("select status from approval").await, "pending");
    // pressed twice at once, and again: the first press is the decision, and its code is asked for once
    fresh_codes(&house).await;
    let code = approver.code();
    let fields = [("form", form.as_str()), ("key", &key), ("verdict", "approve"), ("code", &code)];
    let (target, mut twin) = (format!("{approval}/decision"), boss.clone());
    let (one, other) = tokio::join!(boss.post(&target, &fields), twin.post(&target, &fields));
    let third = boss.post(&target, &fields).await;
    assert_eq!([one.status, other.status, third.status], [303; 3], "{}{}", one.text, other.text);
    assert_eq!(house.ask("select count(*) from audit where action = 'code_refused'").await, "1", "the wrong one");
    assert_eq!(house.portal.obligation(&fee).await["status"], "paid");
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    assert_eq!(house.ask("select status from kase").await, "closed");
    let who = "select proposer || ' ' || decider from approval";
    assert_eq!(house.ask(who).await, format!("{} {}", accountant.id, approver.id));

    // the day ties out and is closed; whoever sees a part of the account has no such day
    let day_path = format!("/console/day?scope=bank:{ACCOUNT}&date={day}");
    assert_eq!(Desk::of(&house, &part).await.get(&day_path).await.status, 404);
    let page = desk.get(&day_path).await.expect(200);
    assert!(page.says("Mọi số liệu của ngày khớp nhau"), "{}", page.text);
    let close = day_path.replace("/day?", "/day/close?");
    let press = async |desk: &mut Desk, login: &Login| {
        let page = desk.get(&day_path).await.expect(200);
        fresh_codes(&house).await;
        let (form, code) = (page.field("form"), login.code());
        let key = uuid::Uuid::new_v4().to_string();
        desk.post(&close, &[("form", &form), ("key", &key), ("code", &code)]).await
    };
    assert_eq!(press(&mut boss, &approver).await.status, 403, "who only decides closes no day");
    assert_eq!(press(&mut desk, &accountant).await.status, 303);
    assert_eq!(press(&mut desk, &accountant).await.status, 422, "it is closed");
    assert_eq!(house.ask("select closed_by from closed_day").await, accountant.id.to_string());

    // and opened again by two
    let page = desk.get(&day_path).await.expect(200);
    let reopen = day_path.replace("/day?", "/day/reopen?");
    let fields = [("form", page.field("form")), ("key", page.field("key")), ("note", "sót một dòng".to_owned())];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(desk.post(&reopen, &fields).await.status, 303);
    let approval = link(&boss.get("/console/approvals").await.expect(200), "/console/approvals/apr_");
    assert_eq!(decides(&house, &mut boss, &approver, &approval, "reject").await.status, 303);
    assert!(desk.get(&day_path).await.says("đã khóa"));
    house.close().await;
}
