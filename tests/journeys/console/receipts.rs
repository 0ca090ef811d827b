//! Receipts at the desk: found by what stands on them, checked at their address, replaced by two persons.

use super::two_persons::{decides, link};
use crate::receipts::collects;
use crate::refunds::paid;
use domain::role::Role;
use tests::desk::{Desk, hires};
use tests::{House, OTHER_BENEFICIARY};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receipt_is_found_checked_and_replaced_at_the_desk_and_is_absent_for_others() {
    let house = House::new().await;
    let accountant = hires(&house, "thu-quy", &[Role::Accountant], &[]).await;
    let approver = hires(&house, "lanh-dao", &[Role::Approver], &[]).await;
    let of_18 = hires(&house, "ke-toan-18", &[Role::Accountant], &[OTHER_BENEFICIARY]).await;
    let viewer = hires(&house, "nguoi-xem", &[Role::Viewer], &[]).await;
    collects(&house).await;
    let (fee, _, _) = paid(&house, 21_000).await;
    house.drain().await;
    house.drain().await;

    let mut desk = Desk::of(&house, &accountant).await;
    let code = fee["dossier_code"].as_str().unwrap();
    let serial = house.ask("select serial from receipt").await;
    for found in [code.to_owned(), "1".to_owned(), format!("{serial}+1")] {
        assert!(desk.get(&format!("/console/receipts?q={found}&status=issued")).await.says(code), "{found}");
    }
    for none in ["q=2", "q=nothing", "q=26TZZ+1", "status=cancelled", "day=2020-01-01"] {
        assert!(!desk.get(&format!("/console/receipts?{none}")).await.says(code), "{none}");
    }
    let path = link(&desk.get("/console/receipts").await.expect(200), "/console/receipts/rcp_");
    let page = desk.get(&path).await.expect(200);
    let url = page.text.split("<a href=\"http").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let checked = house.http.get(format!("http{url}")).send().await.unwrap();
    assert!(checked.text().await.unwrap().contains("Biên lai có giá trị"), "{url}");
    assert!(page.says("<svg") && page.says("Gửi đề nghị thay thế"), "{}", page.text);

    let target = format!("{path}/replacements");
    for (login, status) in [(&viewer, 403), (&of_18, 404)] {
        let mut other = Desk::of(&house, login).await;
        let own = other.get("/console").await.field("form");
        let fields = [("form", own.as_str()), ("key", &page.field("key")), ("reason_code", "sai_mst")];
        assert_eq!(other.post(&target, &fields).await.status, status, "{}", login.person);
        assert_eq!(other.get(&path).await.status, if status == 404 { 404 } else { 200 });
    }
    let (form, key) = (page.field("form"), page.field("key"));
    let fields = [("form", form.as_str()), ("key", &key), ("reason_code", "sai_mst"), ("note", "sai mã số thuế")];
    assert_eq!(desk.post(&target, &fields[1..]).await.status, 403, "a form without its token");
    for _ in 0..2 {
        assert_eq!(desk.post(&target, &fields).await.status, 303, "proposed once");
    }
    assert_eq!(house.ask("select count(*) from approval").await, "1");
    let mut boss = Desk::of(&house, &approver).await;
    let approval = link(&boss.get("/console/approvals").await.expect(200), "/console/approvals/apr_");
    assert!(boss.get(&approval).await.says(&path), "a way to what is decided about");
    assert_eq!(decides(&house, &mut boss, &approver, &approval, "approve").await.status, 303);
    house.drain().await;
    house.drain().await;
    let old = desk.get(&path).await.expect(200);
    assert!(old.says("đã bị thay thế") && old.says("biên lai sau") && !old.says("Gửi đề nghị"), "{}", old.text);
    house.close().await;
}
