//! What the page says of others: the dossier system, the provider's transaction, money under another reference.

use crate::gone::{REFUND, RETURNED, both_say, of_one_fee, pages, paid};
use crate::says_none_of;
use crate::world::{Fault, World, form};

#[actix_web::test]
async fn where_nobody_listens_nothing_is_said_of_the_dossier_system() {
    for (listener, is_said) in [(None, false), (Some("{payment_intent}"), false), (Some("{}"), true)] {
        let world = World::new().await;
        if let Some(kinds) = listener {
            world.listens(kinds).await;
        }
        world.post(&form("testbank", "f1")).await;
        world.pay(71_000, "14226112").await;
        let page = world.get("").await.body;
        let said = ["Hệ thống xử lý hồ sơ", "đang chờ xác nhận"].map(|text| page.contains(text));
        assert_eq!(said, [is_said; 2], "{listener:?}: {page}");
        assert_eq!(page.matches("class=\"there\"").count(), 2, "{page}");
    }
}

#[actix_web::test]
async fn a_gateways_transaction_is_called_the_gateways_and_not_the_banks() {
    let world = World::new().await;
    world.post(&form("testbank", "f1")).await;
    world.pay(71_000, "14226112").await;
    let page = world.get("").await.body;
    assert!(page.contains("<b>Mã giao dịch tại Ngân hàng thử</b>"), "{page}");
    says_none_of(&page, &["Giao dịch của ngân hàng"]);
    assert!(world.get("?lang=en").await.body.contains("<b>Transaction no. at Test bank</b>"));
}

#[actix_web::test]
async fn the_number_of_the_bank_behind_a_gateway_is_shown_beside_the_gateways_own_where_it_was_told() {
    let world = World::new().await;
    world.post(&form("testbank", "f1")).await;
    world.pay_at_bank(71_000, "14226112", "VNP14226112").await;
    let page = world.get("").await.body;
    assert!(page.contains("<span>Số giao dịch của ngân hàng: VNP14226112</span>"), "{page}");
    assert!(page.contains("<span class=\"code\">14226112</span>"), "{page}");
    world.pay(9_000, "14226113").await;
    let page = world.get("?lang=en").await.body;
    assert_eq!(page.matches("transaction no.: VNP14226112").count(), 1, "of the second nobody told one: {page}");
}

#[actix_web::test]
async fn a_new_request_tells_of_the_part_that_came_under_one_that_was_cancelled() {
    let (world, earlier) = a_part_under_a_cancelled_one().await;
    let page = world.get("").await.body;
    for text in ["30.000 ₫", earlier.as_str(), "chưa được tính vào phí", "Xin hỏi bộ phận một cửa trước khi nộp"]
    {
        assert!(page.contains(text), "{text} is missing: {page}");
    }
    assert!(page.contains("<p class=\"amount\">71.000 ₫</p>"), "what is due is not lowered by it: {page}");
    assert!(world.get("?lang=en").await.body.contains("under an earlier payment request"));
}

/// A part came under a request that was cancelled, and another request was opened for the same fees.
pub async fn a_part_under_a_cancelled_one() -> (World, String) {
    let world = World::new().await;
    world.bank.takes_transfers();
    world.post(&form("testbank", "f1")).await;
    world.pay(30_000, "T1").await;
    world.sql("set session_replication_role = replica; update allocation set suspense_reason = 'underpaid'").await;
    let earlier = world.intent().await.reference.spaced();
    world.cancel().await;
    (world.opened_again().await, earlier)
}

#[actix_web::test]
async fn a_part_under_a_cancelled_request_is_told_of_after_the_whole_came_there_or_here_too() {
    for is_here in [false, true] {
        let (world, earlier) = a_part_under_a_cancelled_one().await;
        if is_here {
            world.post(&form("testbank", "f2")).await;
        }
        world.pay(71_000, "T2").await;
        let page = world.get("").await.body;
        for text in ["30.000 ₫", earlier.as_str(), "đang được giữ", "xem bên dưới"] {
            assert!(page.contains(text), "{is_here}: {text} is missing: {page}");
        }
        says_none_of(&page, &["Không cần làm gì thêm", "trước khi nộp", "name=\"channel\""]);
        assert!(world.get("?lang=en").await.body.contains("under an earlier payment request"));
    }
}

#[actix_web::test]
async fn where_one_is_to_ask_before_paying_nothing_leads_to_the_buttons_first() {
    let (world, _) = a_part_under_a_cancelled_one().await;
    assert!(!world.get("").await.body.contains("href=\"#ways\""));
}

#[actix_web::test]
async fn what_is_still_asked_about_on_a_cancelled_request_is_warned_of_on_the_new_one_before_its_ways() {
    const ASKED: &str = "vẫn đang hỏi ngân hàng";
    const UNCLEAR: &str = "chưa rõ kết quả";
    for (status, said, unclear) in [("offered", ASKED, false), ("committed", ASKED, true), ("unknown", UNCLEAR, true)] {
        let world = World::new().await;
        world.post(&form("testbank", "f1")).await;
        let earlier = world.intent().await.reference.spaced();
        world.cancel().await;
        world.sql(&format!("set session_replication_role = replica; update attempt set status = '{status}'")).await;
        let world = world.opened_again().await;
        let page = world.get("").await.body;
        assert_eq!(page.contains("<h1>Có khoản tiền đang được kiểm tra</h1>"), unclear, "{status}: {page}");
        for text in [said, earlier.as_str(), "nộp hai lần", "Xem trạng thái mới nhất"] {
            assert!(page.contains(text), "{status}: {text} is missing: {page}");
        }
        world.bank.fail_as(Fault::Away);
        let away = world.post(&form("testbank", "f9")).await.body;
        assert!(
            away.contains("Chưa nhận được kết quả") && away.contains(said),
            "what went wrong hides no warning: {away}"
        );
        assert!(page.find(said).unwrap() < page.find("name=\"channel\"").unwrap(), "before the buttons: {page}");
        says_none_of(&page, &["href=\"#ways\""]);
        let english = world.get("?lang=en").await.body;
        assert!(english.contains("under an earlier request") && english.contains("pay twice"), "{english}");
        world.sql("set session_replication_role = replica; update attempt set status = 'failed'").await;
        let ended = world.get("").await.body;
        assert!(ended.contains("href=\"#ways\""), "its end is known: {ended}");
        says_none_of(&ended, &[said]);
    }
}

#[actix_web::test]
async fn a_phone_that_is_asked_for_a_cancelled_request_is_warned_of_on_the_new_one_and_a_transfer_is_not() {
    const PHONE: &str = "xin từ chối yêu cầu đó trước khi nộp bằng cách khác";
    for (by_phone, is_warned) in [(true, true), (false, false)] {
        let world = World::new().await;
        if by_phone {
            world.bank.prompts(false);
        } else {
            world.bank.takes_transfers();
        }
        world.post(&form("testbank", "f1")).await;
        world.cancel().await;
        let world = world.opened_again().await;
        let page = world.get("").await.body;
        assert_eq!([page.contains(PHONE), page.contains("vẫn đang hỏi")], [is_warned; 2], "{page}");
    }
}

#[actix_web::test]
async fn what_is_paid_by_money_of_a_cancelled_request_has_its_transaction_and_that_requests_reference_as_its_proofs() {
    for is_expired in [false, true] {
        let world = World::new().await;
        world.bank.takes_transfers();
        world.post(&form("testbank", "f1")).await;
        let earlier = world.intent().await.reference.spaced();
        world.cancel().await;
        let world = world.opened_again().await;
        let own = world.intent().await;
        if is_expired {
            let now = own.expires_at + jiff::SignedDuration::from_secs(1);
            assert!(payments::advance_intent::expire(&world.ctx, own.id, now).await.unwrap());
        }
        world.pay_at_bank(71_000, "T1", "VNP1").await;
        let page = world.get("").await.body;
        assert_eq!(page.contains("<h1>Không còn khoản nào phải nộp</h1>"), is_expired, "{page}");
        let proofs = page.split("class=\"proofs\"").nth(1).unwrap_or_else(|| panic!("{page}"));
        let proofs = proofs.split("</ol>").next().unwrap();
        for text in [">T1<", "VNP1", "Ngân hàng thử: 71.000 ₫", "09:30 ngày 24/11/2026", earlier.as_str()] {
            assert!(proofs.contains(text), "{text} is missing: {proofs}");
        }
        assert!(!proofs.contains(&own.reference.spaced()), "it was not paid under this one: {proofs}");
        says_none_of(&page, &["Thông tin thanh toán", "Nguyễn Thị Kín"]);
        assert!(world.get("?lang=en").await.body.contains("Our reference"));
    }
}

/// Paid by money of a cancelled request.
async fn paid_under_a_cancelled_one() -> World {
    let world = World::new().await;
    world.bank.takes_transfers();
    world.post(&form("testbank", "f1")).await;
    world.cancel().await;
    let world = world.opened_again().await;
    world.pay(71_000, "T1").await;
    world
}

#[actix_web::test]
async fn of_money_of_another_request_the_head_says_how_much_goes_back_and_below_stands_when() {
    for (status, fee, head, below) in [
        (
            "succeeded",
            "refunded",
            "Đã hoàn trả 21.000 ₫; xem bên dưới.",
            "Đã hoàn trả: 21.000 ₫, lúc 09:30 ngày 26/11/2026.",
        ),
        ("submitted", "refunding", "Đang hoàn trả 21.000 ₫; xem bên dưới.", "Đang làm thủ tục hoàn trả: 21.000 ₫."),
    ] {
        let world = paid_under_a_cancelled_one().await;
        world.sql(&of_one_fee(status).replace("STATE", fee)).await;
        let page = world.get("").await.body;
        for text in ["<h1>Đã thanh toán</h1>", head, below] {
            assert!(page.contains(text), "{text} is missing: {page}");
        }
        says_none_of(&page, &["Không cần làm gì thêm"]);
    }
}

#[actix_web::test]
async fn of_money_of_another_request_that_was_given_back_whole_it_is_told_when_and_how_much_and_of_no_other_fee() {
    for (state, status, title, vi, en) in [
        (
            "refunded",
            "succeeded",
            "<h1>Đã hoàn trả</h1>",
            "Đã hoàn trả: 71.000 ₫, lúc 09:30 ngày 26/11/2026.",
            "Given back: 71.000 ₫, at 09:30, 26 Nov 2026.",
        ),
        (
            "refunding",
            "submitted",
            "<h1>Đang hoàn trả</h1>",
            "Đang làm thủ tục hoàn trả: 71.000 ₫.",
            "Being given back: 71.000 ₫.",
        ),
    ] {
        let world = paid_under_a_cancelled_one().await;
        world.sql(&REFUND.replace("STATUS", status)).await;
        world
            .sql(
                &"set session_replication_role = replica; update obligation set status = 'STATE', version = version + 1;
            update payment set amount = 80000;
            insert into refund_line (refund_id, position, obligation_id, amount)
                values ('00000000-0000-7000-8000-000000000002', 3, '00000000-0000-7000-8000-0000000000ff', 9000);
            update allocation set refund_id = '00000000-0000-7000-8000-000000000002', obligation_id = null
            where obligation_id is not null"
                    .replace("STATE", state),
            )
            .await;
        let pages = pages(&world).await;
        both_say(&pages, vi, en);
        assert!(pages[0].contains(title), "{}", pages[0]);
        says_none_of(&pages[0], &["Bằng chứng đã nộp", "9.000 ₫", "80.000 ₫", "Không cần làm gì thêm"]);
    }
}

#[actix_web::test]
async fn of_another_requests_money_that_came_again_it_is_told_and_the_account_is_asked_for_on_that_requests_page_alone()
{
    let world = paid_under_a_cancelled_one().await;
    world.sql(&REFUND.replace("STATUS", "failed")).await;
    world.sql(&format!("set session_replication_role = replica; {RETURNED} update obligation set status = 'refunded', version = version + 1")).await;
    let pages = pages(&world).await;
    both_say(&pages, "<h1>Khoản hoàn trả đã quay trở lại</h1>", "<h1>The refund came back</h1>");
    both_say(&pages, "Xin hỏi bộ phận một cửa", "Please ask the one-stop office");
    says_none_of(&pages[0], &["Hoàn trả vào tài khoản nào?", "<h1>Đã hoàn trả</h1>"]);
}

/// What is said of the transaction among the proofs.
fn proof(page: &str) -> String {
    let proofs = page.split("class=\"proofs\"").nth(1).unwrap_or_else(|| panic!("{page}"));
    proofs.split("</li>").next().unwrap().to_owned()
}

#[actix_web::test]
async fn a_proof_has_its_transactions_own_sum_and_what_of_it_is_for_these_fees() {
    let world = paid().await;
    world.sql(&of_one_fee("succeeded").replace("STATE", "refunded")).await;
    let pages = pages(&world).await;
    both_say(
        &pages,
        "Ngân hàng thử: 71.000 ₫, trong đó 50.000 ₫ cho các khoản phí ở đây",
        "Test bank: 71.000 ₫, of which 50.000 ₫ for these fees",
    );
    // so it is of another request's money where all of that was for these fees
    let world = paid_under_a_cancelled_one().await;
    world.sql(&of_one_fee("succeeded").replace("STATE", "refunded")).await;
    let page = proof(&world.get("").await.body);
    assert!(page.contains("71.000 ₫, trong đó 50.000 ₫"), "{page}");
}

#[actix_web::test]
async fn of_money_that_paid_fees_of_others_too_no_sum_stands_beside_its_number() {
    for is_bill in [false, true] {
        let world = paid_under_a_cancelled_one().await;
        world.sql("set session_replication_role = replica; update payment set amount = 80000").await;
        if is_bill {
            world.sql("set session_replication_role = replica; update payment set intent_id = null").await;
        }
        let proof = proof(&world.get("").await.body);
        assert!(proof.contains(">T1<") && proof.contains("<span>Ngân hàng thử</span>"), "{proof}");
        assert!(!proof.contains('₫'), "{proof}");
    }
}

#[actix_web::test]
async fn money_that_an_earlier_request_holds_is_told_of_on_the_new_one_whatever_it_waits_for() {
    for reason in ["amount_differs", "refund_returned"] {
        let world = World::new().await;
        world.post(&form("testbank", "f1")).await;
        world.pay(70_000, "14226113").await;
        world.cancel().await;
        let set = format!("set session_replication_role = replica; update allocation set suspense_reason = '{reason}'");
        world.sql(&set).await;
        let earlier = world.intent().await.reference.spaced();
        let world = world.opened_again().await;
        let page = world.get("").await.body;
        for text in ["70.000 ₫", earlier.as_str(), "đang được giữ"] {
            assert!(page.contains(text), "{reason}: {text}: {page}");
        }
        assert!(world.get("?lang=en").await.body.contains("under an earlier payment request"), "{reason}");
    }
}

/// A refund of what is held, as it stands.
fn of_held(status: &str) -> String {
    let sql = "set session_replication_role = replica;
        delete from refund_line; delete from refund;
        insert into refund (id, payment_id, amount, closing, reason_code, status, provider_request_id, proposed_by, route,
                reference, updated_at)
            select '00000000-0000-7000-8000-000000000002', id, amount, 'close', 'nop_nham', 'STATUS', 'r1', 'test', 'transfer',
                'HT1', '2026-11-26T02:30:00Z' from payment;
        insert into refund_line (refund_id, position, obligation_id, amount)
            select '00000000-0000-7000-8000-000000000002', 1, null, amount from payment;";
    let gone = "update allocation set refund_id = '00000000-0000-7000-8000-000000000002', suspense_reason = null;";
    format!("{}{}", sql.replace("STATUS", status), if status == "pending_approval" { "" } else { gone })
}

#[actix_web::test]
async fn what_goes_back_of_money_of_an_earlier_request_is_told_as_it_stands_and_is_never_said_to_be_held() {
    for (status, vi, en, leads_to_ways) in [
        ("pending_approval", "đang chờ người thứ hai quyết định", "a second person decides", false),
        ("approved", "đang được hoàn trả", "is being given back", true),
        ("submitted", "đang được hoàn trả", "is being given back", true),
        ("unknown", "đang được hoàn trả", "is being given back", true),
        ("awaiting_statement", "đang được hoàn trả", "is being given back", true),
        ("succeeded", "đã được hoàn trả", "was given back", true),
    ] {
        let (world, earlier) = a_part_under_a_cancelled_one().await;
        let state = |page: &str| page.split("data-state=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let before = state(&world.get("").await.body);
        world.sql(&of_held(status)).await;
        let pages = pages(&world).await;
        both_say(&pages, vi, en);
        both_say(
            &pages,
            &format!("Đã nhận 30.000 ₫ theo một yêu cầu thanh toán trước (mã tham chiếu {earlier})"),
            &earlier,
        );
        assert!(pages[0].contains("<p class=\"amount\">71.000 ₫</p>"), "{status}: {}", pages[0]);
        assert_eq!(pages[0].contains("href=\"#ways\""), leads_to_ways, "{status}: {}", pages[0]);
        assert_ne!(state(&pages[0]), before, "{status}");
        says_none_of(&pages[0], &["đang được giữ"]);
    }
}

#[actix_web::test]
async fn of_a_part_that_is_proposed_to_go_back_the_rest_is_said_to_be_held() {
    let (world, _) = a_part_under_a_cancelled_one().await;
    world.sql(&of_held("pending_approval")).await;
    world.sql("set session_replication_role = replica; update refund set amount = 12000; update refund_line set amount = 12000").await;
    let pages = pages(&world).await;
    both_say(&pages, "Đã nhận 18.000 ₫", "18.000 ₫ came for these fees");
    both_say(&pages, "Đã nhận 12.000 ₫", "12.000 ₫ has come");
}

#[actix_web::test]
async fn where_nothing_is_to_be_paid_a_transfer_that_names_the_request_beside_another_is_said_to_be_looked_at_while_it_is()
 {
    let world = paid().await;
    world.pay(9_000, "14226113").await;
    world
        .sql(
            "set session_replication_role = replica; update payment set intent_id = null where amount = 9000;
            update allocation set suspense_reason = 'unidentified' where suspense_reason is not null;
            update kase set kind = 'unidentified';
            insert into named_together (intent_id, payment_id) select i.id, p.id from intent i, payment p where p.amount = 9000",
        )
        .await;
    let looked_at = pages(&world).await;
    both_say(
        &looked_at,
        "Đã nhận một khoản chuyển khoản 9.000 ₫ có ghi cả mã",
        "A transfer of 9.000 ₫ has come that names both",
    );
    both_say(&looked_at, "<h1>Đã thanh toán</h1>", "<h1>Paid</h1>");
    says_none_of(&looked_at[0], &["Không cần làm gì thêm", "xin đừng nộp lại"]);
    world.sql("set session_replication_role = replica; update kase set status = 'closed'").await;
    let over = pages(&world).await;
    both_say(&over, "Không cần làm gì thêm", "nothing more to do");
    says_none_of(&over[0], &["9.000 ₫"]);
}
