//! Payers who gave an address are told of their receipts by e-mail: each thing once, whatever breaks, and nobody who was erased.

use super::{SERIES, collects, receipts_of, seen, serial, series};
use crate::people::administrator;
use crate::refunds::{approves, becomes, id, payment_of, proposes, second_person, whole};
use domain::party::IdentityKind;
use jiff::Timestamp;
use motlan::wiring::{Gateway, Role};
use payments::erase_payer::{self, Asked};
use payments::{Context, issue_receipts, mail_receipts};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tests::portal::{Portal, dossier};
use tests::post::{payer, settings};
use tests::{House, Plan, config};

const ADDRESS: &str = "thu.tran@example.vn";
/// Every mail, in the order of its making.
const MAILS: &str =
    "select coalesce(string_agg(says || ' ' || state, ', ' order by created_at, says), '') from assurance.receipt_mail";

async fn with_post() -> House {
    let house = House::planned(Plan { with_post: true, ..Plan::default() }).await;
    collects(&house).await;
    house
}

/// A fee that a payer with an address has paid: the fee, its intent.
pub(crate) async fn paid_by(house: &House, amount: i64, payer: Value) -> (Value, Value) {
    let fee = house.portal.owes(&dossier(), amount, payer).await;
    let intent = house.portal.opens(&[&fee]).await;
    let attempt = house.at_vnpay(&intent).await;
    house.pays(&attempt, json!({})).await;
    (fee, intent)
}

/// Makes the receipts, and sends nothing.
async fn issues(ctx: &Context) {
    for _ in 0..2 {
        issue_receipts::issue(ctx, true, Timestamp::now()).await.unwrap();
    }
}

async fn said(house: &House) -> String {
    house.ask("select said from assurance.receipt_mail order by created_at desc limit 1").await
}

fn text<'a>(letter: &'a Value, field: &str) -> &'a str {
    letter[field].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_gave_an_address_is_told_once_where_their_receipt_is_and_nobody_else_is() {
    let house = with_post().await;
    let (fee, _) = paid_by(&house, 1_021_000, payer(ADDRESS)).await;
    paid_by(&house, 8_000, json!({})).await;
    assert_eq!(house.letters().await, Vec::<Value>::new(), "never inside a callback");
    house.drain().await;
    house.drain().await;
    let letters = house.letters().await;
    assert_eq!((letters.len(), house.ask(MAILS).await), (1, "issued sent".to_owned()), "{letters:?}");
    let letter = &letters[0];
    let receipt = receipts_of(&house, &fee).await.remove(0);
    let url = receipt["url"].as_str().unwrap();
    assert_eq!((text(letter, "to"), text(letter, "from")), (ADDRESS, "bien-lai@laocai.example.vn"));
    let number = format!("{} {:08}", serial(), receipt["number"].as_i64().unwrap());
    assert_eq!(text(letter, "subject"), format!("[Thử nghiệm] Biên lai điện tử {number} đã được lập"));
    let body = text(letter, "text");
    for said in ["UBND phường Lào Cai\n", "1.021.000 đồng", "1,021,000 VND", fee["dossier_code"].as_str().unwrap(), url]
    {
        assert!(body.contains(said), "{said}: {body}");
    }
    assert!(!body.contains("Trần") && !body.contains("010085000777") && !body.contains(ADDRESS), "{body}");
    assert!(body.lines().all(|line| line.len() < 998), "{body}");
    let page = seen(&house, body.lines().find(|line| line.starts_with("http")).unwrap()).await;
    assert!(page.contains("Biên lai có giá trị"), "{page}");
    seen(&house, body.lines().rfind(|line| line.starts_with("http")).unwrap()).await;
    let header = |name: &str| {
        let all = letter["headers"].as_array().unwrap().iter();
        let found: Vec<&str> = all.filter(|h| h[0] == name).map(|h| h[1].as_str().unwrap()).collect();
        assert_eq!(found.len(), 1, "{name}: {letter}");
        found[0].to_owned()
    };
    assert_eq!(header("Auto-Submitted"), "auto-generated");
    assert_eq!(header("Content-Type"), "text/plain; charset=utf-8");
    assert_eq!(header("To"), ADDRESS);
    assert!(header("From").ends_with("<bien-lai@laocai.example.vn>") && header("From").starts_with("=?utf-8?"));
    assert!(letter["raw"].as_str().unwrap().is_ascii(), "{letter}");
    // of the person there is nothing in the books but what is sealed
    assert_eq!(house.ask("select count(*) from receipt_mail m where m::text like '%example.vn%'").await, "0");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn that_a_receipt_was_replaced_or_cancelled_is_told_to_whom_it_was_told_that_it_was_issued() {
    let house = with_post().await;
    let second = second_person(&house).await;
    let (fee, intent) = paid_by(&house, 21_000, payer(ADDRESS)).await;
    house.drain().await;
    let reduction = json!({"amount": 1_000, "reason_code": "muc_thu_sai", "note": "Mức thu sai"});
    let path = format!("/v1/obligations/{}/reductions", id(&fee));
    let reduction = house.staff.post(&path, reduction).await.expect(201);
    approves(&second, &reduction).await.expect(200);
    house.drain().await;
    let payment = payment_of(&house, &intent).await;
    let lines = [json!({"obligation_id": fee["id"], "amount": 20_000})];
    let refund = proposes(&house.staff, &payment, &lines, "reopen").await.expect(201);
    approves(&second, &refund).await.expect(200);
    becomes(&house, &refund, "succeeded").await;
    house.drain().await;
    let letters = house.letters().await;
    let s = serial();
    let subjects: Vec<&str> = letters.iter().map(|letter| text(letter, "subject")).collect();
    let told = |number: i32, what: &str| format!("[Thử nghiệm] Biên lai điện tử {s} {number:08} {what}");
    let expected = [
        told(1, "đã được lập"),
        told(1, "đã được thay thế bằng biên lai khác"),
        told(2, "đã được lập"),
        told(2, "đã bị hủy"),
    ];
    let mut sorted: Vec<&str> = subjects.clone();
    sorted.sort_unstable();
    let mut wanted: Vec<&str> = expected.iter().map(String::as_str).collect();
    wanted.sort_unstable();
    assert_eq!(sorted, wanted);
    assert_eq!((subjects[0], subjects[3]), (expected[0].as_str(), expected[3].as_str()), "in their order");
    let page = seen(&house, text(&letters[3], "text").lines().find(|line| line.starts_with("http")).unwrap()).await;
    assert!(page.contains("Biên lai đã bị hủy"), "{page}");

    // one whom nobody told of a receipt hears of no end
    let (fee, intent) = paid_by(&house, 9_000, json!({})).await;
    house.drain().await;
    let payment = payment_of(&house, &intent).await;
    let refund = proposes(&house.staff, &payment, &[whole(&fee)], "close").await.expect(201);
    approves(&second, &refund).await.expect(200);
    becomes(&house, &refund, "succeeded").await;
    house.drain().await;
    assert_eq!(house.letters().await.len(), 4);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_that_is_put_off_comes_later_and_one_whose_answer_is_lost_again_as_the_same() {
    let house = with_post().await;
    let ctx = &house.gateway.ctx;
    for (rule, said_then) in [
        (json!({"rcpt": 451}), "RCPT 451"),
        (json!({"letter": 452}), "message 452"),
        (json!({"greeting": 421}), "connect 421"),
        (json!({"drop": true}), "DATA: the connection broke off"),
    ] {
        house.post_does(json!({"do": [rule], "times": 1})).await;
        let before = house.letters().await.len();
        paid_by(&house, 21_000, payer(ADDRESS)).await;
        issues(ctx).await;
        mail_receipts::send(ctx, false).await.unwrap();
        assert_eq!((house.letters().await.len(), said(&house).await), (before, said_then.to_owned()));
        // not before its time
        mail_receipts::send(ctx, false).await.unwrap();
        assert_eq!(house.letters().await.len(), before);
        house.drain().await;
        assert_eq!(house.letters().await.len(), before + 1);
    }
    let before = house.letters().await.len();
    house.post_does(json!({"do": [{"lose_answer": true}], "times": 1})).await;
    paid_by(&house, 21_000, payer(ADDRESS)).await;
    house.drain().await;
    let letters = house.letters().await;
    let [first, second] = &letters[before..] else { panic!("{letters:?}") };
    assert_eq!((&first["message_id"], &first["raw"]), (&second["message_id"], &second["raw"]));
    assert!(text(first, "message_id").starts_with('<'), "{first}");
    house.drain().await;
    assert_eq!(house.letters().await.len(), before + 2);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_for_good_ends_at_once_and_says_no_address() {
    let house = with_post().await;
    for (rule, said_then) in [(json!({"rcpt": 550}), "RCPT 550"), (json!({"letter": 554}), "message 554")] {
        house.post_does(json!({"do": [rule], "times": 1})).await;
        paid_by(&house, 21_000, payer(ADDRESS)).await;
        house.drain().await;
        assert_eq!(said(&house).await, said_then);
    }
    // no address at all, and one that would be a command of its own
    for address in ["ngay mai", "a@b.vn> RCPT TO:<x@b.vn", "a@b.vn,x@b.vn", "a@"] {
        paid_by(&house, 21_000, payer(address)).await;
        house.drain().await;
        assert_eq!(said(&house).await, "no address", "{address:?}");
    }
    assert_eq!(house.letters().await, Vec::<Value>::new());
    assert_eq!(house.ask("select string_agg(distinct state, ' ') from assurance.receipt_mail").await, "refused");
    assert_eq!(house.ask("select max(attempts) from assurance.receipt_mail").await, "1");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_erased_before_a_mail_goes_out_gets_none() {
    let house = with_post().await;
    let ctx = &house.gateway.ctx;
    paid_by(&house, 21_000, payer(ADDRESS)).await;
    issues(ctx).await;
    assert_eq!(house.ask(MAILS).await, "issued queued");
    let asked =
        Asked { kind: IdentityKind::CitizenId, number: "010085000777", actor: "cli:test", now: Timestamp::now() };
    erase_payer::erase(&ctx.pool, &ctx.vault, &asked).await.unwrap();
    house.drain().await;
    assert_eq!((house.ask(MAILS).await, house.letters().await.len()), ("issued no_address".to_owned(), 0));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_side_by_side_send_one_mail_and_one_that_is_cut_off_leaves_it_to_the_next() {
    let house = with_post().await;
    let ctx = &house.gateway.ctx;
    house.post_does(json!({"do": [{"hang": 300}], "times": 1})).await;
    paid_by(&house, 21_000, payer(ADDRESS)).await;
    issues(ctx).await;
    let passes: Vec<_> = (0..4)
        .map(|_| {
            let ctx = ctx.clone();
            tokio::spawn(async move { mail_receipts::send(&ctx, true).await.unwrap() })
        })
        .collect();
    let mut begun = 0;
    for pass in passes {
        begun += pass.await.unwrap();
    }
    assert_eq!((begun, house.letters().await.len(), house.ask(MAILS).await), (1, 1, "issued sent".to_owned()));

    // the server has it, and whoever sent it is gone before hearing that
    house.post_does(json!({"do": [{"hang": 60_000}], "times": 1})).await;
    paid_by(&house, 8_000, payer(ADDRESS)).await;
    issues(ctx).await;
    let sending = {
        let ctx = ctx.clone();
        tokio::spawn(async move { mail_receipts::send(&ctx, true).await })
    };
    while house.letters().await.len() < 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    sending.abort();
    let _ = sending.await;
    assert_eq!(mail_receipts::send(ctx, true).await.unwrap(), 0, "its lease holds");
    house.ask("update receipt_mail set leased_until = now() - interval '1 second' where lease_token is not null").await;
    house.drain().await;
    let letters = house.letters().await;
    assert_eq!((letters.len(), house.ask(MAILS).await), (3, "issued sent, issued sent".to_owned()));
    assert_eq!(letters[1]["message_id"], letters[2]["message_id"]);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_does_not_know_us_parks_mails_which_a_person_sends_again() {
    let wrong = vec![("MOTLAN_MAIL__SECRET", "khong-dung".to_owned())];
    let house = House::planned(Plan { with_post: true, settings: wrong, ..Plan::default() }).await;
    collects(&house).await;
    let (fee, _) = paid_by(&house, 21_000, payer(ADDRESS)).await;
    house.drain().await;
    assert_eq!((house.ask(MAILS).await, said(&house).await), ("issued parked".to_owned(), "AUTH 535".to_owned()));
    assert_eq!(house.ask("select attempts from assurance.receipt_mail").await, "4", "as its schedule says");
    assert_eq!(house.letters().await.len(), 0);
    let backlog = storage::backlog::read(&house.gateway.ctx.pool.get().await.unwrap()).await.unwrap();
    assert_eq!((backlog.parked.mail, backlog.due.mail), (1, 0));

    // somebody has put the secret right
    let right = Plan { settings: settings(house.post.as_ref().unwrap()), ..Plan::default() };
    let next =
        Gateway::start(&config(&house.database, &house.vnpay.url, &right), Role::Serve, Arc::new(String::new)).await;
    let next = next.unwrap();
    let admin = Portal { base: next.base_url(), ..administrator(&house).await };
    let parked = admin.get("/v1/parked?kind=mails").await.expect(200)["data"].as_array().unwrap().clone();
    assert_eq!(parked.len(), 1, "{parked:?}");
    let (mail, fields) = (&parked[0], ["kind", "reason", "attempts", "says"]);
    assert_eq!(fields.map(|field| mail[field].clone()), [json!("mails"), json!("AUTH 535"), json!(4), json!("issued")]);
    assert_eq!(mail["receipt_id"], receipts_of(&house, &fee).await[0]["id"]);
    let rest = format!("/v1/parked?kind=mails&after={}", id(mail));
    assert_eq!(admin.get(&rest).await.expect(200)["data"], json!([]));
    let retry = format!("/v1/parked/{}/retry", id(mail));
    assert_eq!(admin.post(&retry, json!({})).await.expect(200), json!({"id": mail["id"], "deliveries": 0}));
    assert_eq!(admin.post(&retry, json!({})).await.refused(404), "not_found");
    let trail = "select count(*) from assurance.audit where action = 'parked_mail_driven'";
    assert_eq!(house.ask(trail).await, "1");
    worker::drain(&next.ctx).await.unwrap();
    next.stop().await;
    let letters = house.letters().await;
    let named = house.ask("select message_id from assurance.receipt_mail").await;
    assert_eq!((letters.len(), text(&letters[0], "message_id")), (1, format!("<{named}>").as_str()));
    assert_eq!(house.ask(MAILS).await, "issued sent");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_no_mail_server_is_named_no_mail_is_queued() {
    let house = House::new().await;
    house.staff.put(SERIES, series(json!({}))).await.expect(200);
    paid_by(&house, 21_000, payer(ADDRESS)).await;
    house.drain().await;
    assert_eq!(house.ask(MAILS).await, "");
    house.close().await;
}

/// A receipt whose payer has an address and whose first mail met `rule` so often; its money has gone back since.
async fn cancelled_untold(house: &House, second: &Portal, rule: Value, times: i32) {
    house.post_does(json!({"do": [rule], "times": times})).await;
    let (fee, intent) = paid_by(house, 21_000, payer(ADDRESS)).await;
    house.drain().await;
    house.post_behaves().await;
    let payment = payment_of(house, &intent).await;
    let refund = proposes(&house.staff, &payment, &[whole(&fee)], "close").await.expect(201);
    approves(second, &refund).await.expect(200);
    becomes(house, &refund, "succeeded").await;
    house.drain().await;
    assert_eq!(receipts_of(house, &fee).await[0]["status"], "cancelled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_was_not_told_that_a_receipt_was_issued_hears_nothing_of_its_end() {
    let house = with_post().await;
    let second = second_person(&house).await;
    cancelled_untold(&house, &second, json!({"rcpt": 550}), 1).await;
    assert_eq!(house.letters().await, Vec::<Value>::new());
    assert_eq!(house.ask(MAILS).await, "issued refused, cancelled dropped");
    assert_eq!(said(&house).await, "its payer was not told that it was issued");
    house.holds().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_that_was_parked_and_is_driven_again_once_its_receipt_was_cancelled_is_given_up() {
    let house = with_post().await;
    let second = second_person(&house).await;
    cancelled_untold(&house, &second, json!({"rcpt": 451}), 4).await;
    assert_eq!(
        (house.ask(MAILS).await, house.letters().await.len()),
        ("issued parked, cancelled dropped".to_owned(), 0)
    );
    let admin = administrator(&house).await;
    let parked = admin.get("/v1/parked?kind=mails").await.expect(200)["data"][0].clone();
    admin.post(&format!("/v1/parked/{}/retry", id(&parked)), json!({})).await.expect(200);
    house.drain().await;
    assert_eq!(
        (house.ask(MAILS).await, house.letters().await.len()),
        ("issued dropped, cancelled dropped".to_owned(), 0)
    );
    let why = "select said from assurance.receipt_mail where says = 'issued'";
    assert_eq!(house.ask(why).await, "the receipt has ended, and its end was not left to be told");
    assert_eq!(admin.get("/v1/parked?kind=mails").await.expect(200)["data"], json!([]));
    house.holds().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issued_that_is_driven_again_after_an_earlier_release_told_of_its_end_is_not_sent_late_and_i56_names_that_end()
 {
    let house = with_post().await;
    let ctx = &house.gateway.ctx;
    let second = second_person(&house).await;
    cancelled_untold(&house, &second, json!({"rcpt": 451}), 4).await;
    house.ask("update receipt_mail set state = 'sent' where says = 'cancelled'").await;
    house.ask("update receipt_mail set state = 'queued', next_at = now() where says = 'issued'").await;
    house.drain().await;
    assert_eq!((house.ask(MAILS).await, house.letters().await.len()), ("issued dropped, cancelled sent".to_owned(), 0));
    let found = format!("{:?}", payments::verify_books::verify(&ctx.pool, None).await.unwrap());
    assert!(
        found.contains("its payer was not told that it was issued, and a mail says that it is cancelled"),
        "{found}"
    );
    house.stop().await;
}
