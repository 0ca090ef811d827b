//! Money that is here no longer: its bank took it back, it was given back, or what was given back came again.

use crate::says_none_of;
use crate::world::{World, form};

const TAKEN_BACK: &str = "
    set session_replication_role = replica;
    insert into journal (id, kind, cause, business_date, actor)
        values ('00000000-0000-7000-8000-000000000001', 'taken_back', 'taken_back', '2026-11-25', 'test');
    insert into allocation (payment_id, obligation_id, amount, journal_id)
        select payment_id, obligation_id, -sum(amount), '00000000-0000-7000-8000-000000000001'
        from allocation where obligation_id is not null group by 1, 2;
    update payment set reversed = amount;";

const DUE_AGAIN: &str = "
    set session_replication_role = replica;
    update obligation set status = 'due', version = version + 1;
    update intent set status = 'open', version = version + 1, paid_at = null, paid_channel = null;
    insert into transition (entity_type, entity_id, version, from_state, to_state, cause, actor)
        select 'obligation', id, version, 'paid', 'due', 'CAUSE', 'test' from obligation;";

/// A refund of all fees, as it stands.
pub const REFUND: &str = "
    set session_replication_role = replica;
    insert into refund (id, payment_id, amount, closing, reason_code, status, provider_request_id, proposed_by, route,
            reference, updated_at)
        select '00000000-0000-7000-8000-000000000002', id, amount, 'close', 'nop_nham', 'STATUS', 'r1', 'test', 'transfer',
            'HT1', '2026-11-26T02:30:00Z' from payment;
    insert into refund_line (refund_id, position, obligation_id, amount)
        select '00000000-0000-7000-8000-000000000002', row_number() over (order by external_ref), id, gross_amount from obligation;";

/// All that settled fees waits for another reason.
pub const RETURNED: &str =
    "update allocation set obligation_id = null, suspense_reason = 'refund_returned' where obligation_id is not null;";

pub async fn paid() -> World {
    let world = World::new().await;
    world.bank.takes_transfers();
    world.post(&form("testbank", "f1")).await;
    world.pay(71_000, "14226112").await;
    world
}

/// The page in Vietnamese and in English.
pub async fn pages(world: &World) -> [String; 2] {
    [world.get("").await.body, world.get("?lang=en").await.body]
}

pub fn both_say(pages: &[String; 2], vi: &str, en: &str) {
    assert!(pages[0].contains(vi), "{vi} is missing: {}", pages[0]);
    assert!(pages[1].contains(en), "{en} is missing: {}", pages[1]);
}

#[actix_web::test]
async fn money_that_its_bank_took_back_is_said_to_be_gone_and_why_the_fee_is_due_again() {
    let world = paid().await;
    world.sql(TAKEN_BACK).await;
    world.sql(&DUE_AGAIN.replace("CAUSE", "taken_back")).await;
    let pages = pages(&world).await;
    both_say(&pages, "Ngân hàng đã thu hồi khoản này ngày 25/11/2026", "The bank took this money back on 25 Nov 2026");
    both_say(&pages, "nên khoản phí lại phải nộp", "so the fee is due again");
    says_none_of(&pages[0], &["Tiền đã nhận"]);
}

#[actix_web::test]
async fn a_payment_that_was_found_to_be_none_of_its_own_is_not_listed() {
    let world = paid().await;
    world.sql(&TAKEN_BACK.replace("'taken_back', 'taken_back'", "'not_a_payment', 'deposited'")).await;
    world.sql(&DUE_AGAIN.replace("CAUSE", "voided")).await;
    let page = world.get("").await.body;
    says_none_of(&page, &["14226112", "Ngân hàng đã thu hồi", "Tiền đã nhận"]);
}

#[actix_web::test]
async fn a_refund_is_told_as_it_stands_and_to_which_account_it_went() {
    for (status, vi, en) in [
        (
            "pending_approval",
            "Đã đề nghị hoàn trả, đang chờ người thứ hai quyết định: 71.000 ₫.",
            "A refund was asked for, and a second person decides: 71.000 ₫.",
        ),
        ("awaiting_statement", "Đang làm thủ tục hoàn trả: 71.000 ₫.", "Being given back: 71.000 ₫."),
        (
            "succeeded",
            "Đã hoàn trả: 71.000 ₫, lúc 09:30 ngày 26/11/2026.",
            "Given back: 71.000 ₫, at 09:30, 26 Nov 2026.",
        ),
    ] {
        let world = paid().await;
        world.sql(&REFUND.replace("STATUS", status)).await;
        world.sql("set session_replication_role = replica; update allocation set refund_id = '00000000-0000-7000-8000-000000000002', obligation_id = null where obligation_id is not null").await;
        let pages = pages(&world).await;
        both_say(&pages, vi, en);
        says_none_of(&pages[0], &["hoặc đã hoàn trả"]);
        assert_eq!(pages[0].contains("Đang làm thủ tục hoàn trả"), status == "awaiting_statement", "{}", pages[0]);
    }
}

#[actix_web::test]
async fn fees_that_were_given_back_whole_are_not_said_to_be_paid() {
    for (status, refund, vi, en) in [
        ("refunded", "succeeded", "<h1>Đã hoàn trả</h1>", "<h1>Given back</h1>"),
        ("refunding", "submitted", "<h1>Đang hoàn trả</h1>", "<h1>Being given back</h1>"),
    ] {
        let world = paid().await;
        world.sql(&REFUND.replace("STATUS", refund)).await;
        world.sql(&format!("set session_replication_role = replica; update obligation set status = '{status}', version = version + 1; update allocation set refund_id = '00000000-0000-7000-8000-000000000002', obligation_id = null where obligation_id is not null")).await;
        let pages = pages(&world).await;
        both_say(&pages, vi, en);
        says_none_of(&pages[0], &["Đã thanh toán", "Không cần làm gì thêm", "Bằng chứng đã nộp", "Số tiền đã nộp"]);
    }
}

#[actix_web::test]
async fn a_fee_that_is_due_again_after_it_was_given_back_says_so() {
    let world = paid().await;
    world.sql(&REFUND.replace("STATUS", "succeeded")).await;
    world.sql(&DUE_AGAIN.replace("CAUSE", "refund_reopened")).await;
    both_say(
        &pages(&world).await,
        "đã được hoàn trả, nên khoản phí lại phải nộp",
        "was given back, so the fee is due again",
    );
}

#[actix_web::test]
async fn a_transfer_that_came_back_is_said_to_and_its_account_is_asked_for_again() {
    let world = paid().await;
    world.sql(&REFUND.replace("STATUS", "failed")).await;
    world.sql(&format!("set session_replication_role = replica; {RETURNED} update obligation set status = 'refunded', version = version + 1")).await;
    world.sql("insert into refund_wish (payment_id, account_sealed, ends_in, told_at) select id, 'x', '4999', '2026-11-25T02:30:00Z' from payment").await;
    let pages = pages(&world).await;
    both_say(&pages, "Khoản hoàn trả đã quay trở lại", "The refund came back");
    both_say(&pages, "Hoàn trả vào tài khoản nào?", "To which account shall it go back?");
    says_none_of(&pages[0], &["<details class=\"again\">", "số cuối 4999", "<h1>Đã hoàn trả</h1>"]);
}

#[actix_web::test]
async fn after_a_reduction_the_sums_are_those_of_the_lines() {
    let world = paid().await;
    world.sql("set session_replication_role = replica; update obligation set relief_amount = 6000, relief_basis = 'giảm' where external_ref = '1'").await;
    let page = world.get("").await.body;
    assert!(page.contains("15.000 ₫") && page.contains("<p class=\"amount\">65.000 ₫</p>"), "{page}");
    assert!(page.contains("<span class=\"much\">65.000 ₫</span></p>"), "the total: {page}");
}

#[actix_web::test]
async fn a_part_of_what_is_cancelled_is_left_to_people_and_no_rest_is_asked_for() {
    let world = paid().await;
    world.sql("set session_replication_role = replica; update allocation set obligation_id = null, suspense_reason = 'underpaid' where obligation_id is not null; update obligation set status = 'due', version = version + 1; update intent set status = 'cancelled', version = version + 1, paid_at = null, paid_channel = null; update obligation set gross_amount = 90000 where external_ref = '1'").await;
    let pages = pages(&world).await;
    both_say(&pages, "Yêu cầu thanh toán đã bị huỷ", "was cancelled");
    both_say(&pages, "Cán bộ quyết định", "Officers decide");
    says_none_of(&pages[0], &["nộp đủ phần còn lại", "đủ cho phí này"]);
}

#[actix_web::test]
async fn a_transfer_with_a_typed_reference_that_its_bank_took_back_is_said_to_be_gone_too() {
    let world = paid().await;
    world.sql(TAKEN_BACK).await;
    world.sql(&DUE_AGAIN.replace("CAUSE", "taken_back")).await;
    // nothing was pressed on the page: its payer typed the reference
    world.sql("set session_replication_role = replica; delete from attempt_watch; delete from attempt").await;
    both_say(
        &pages(&world).await,
        "Ngân hàng đã thu hồi khoản này ngày 25/11/2026",
        "The bank took this money back on 25 Nov 2026",
    );
}

#[actix_web::test]
async fn what_is_given_back_of_a_bill_or_of_a_counters_money_is_told_with_its_sum_and_date() {
    let world = paid().await;
    world.sql(&REFUND.replace("STATUS", "succeeded")).await;
    // of a line for somebody else's fee nothing is told
    world.sql("set session_replication_role = replica; insert into refund_line (refund_id, position, obligation_id, amount)
        values ('00000000-0000-7000-8000-000000000002', 3, '00000000-0000-7000-8000-0000000000ff', 9000);
        update payment set intent_id = null; update obligation set status = 'refunded', version = version + 1;
        update allocation set refund_id = '00000000-0000-7000-8000-000000000002', obligation_id = null where obligation_id is not null").await;
    let pages = pages(&world).await;
    both_say(
        &pages,
        "Đã hoàn trả: 71.000 ₫, lúc 09:30 ngày 26/11/2026.",
        "Given back: 71.000 ₫, at 09:30, 26 Nov 2026.",
    );
    says_none_of(&pages[0], &["9.000 ₫", "80.000 ₫"]);
}

#[actix_web::test]
async fn a_refund_of_a_bill_or_of_a_counters_money_that_is_only_proposed_is_not_said_to_be_under_way() {
    let world = paid().await;
    world.sql(&REFUND.replace("STATUS", "pending_approval")).await;
    world.sql("set session_replication_role = replica; update payment set intent_id = null").await;
    let pages = pages(&world).await;
    both_say(&pages, "đang chờ người thứ hai quyết định: 71.000 ₫.", "a second person decides: 71.000 ₫.");
    both_say(&pages, "<h1>Đã thanh toán</h1>", "<h1>Paid</h1>");
    says_none_of(&pages[0], &["Đang làm thủ tục hoàn trả", "Đang hoàn trả"]);
}

#[actix_web::test]
async fn a_refund_of_somebody_elses_fee_alone_is_not_told_of() {
    let world = paid().await;
    world.sql(&REFUND.replace("STATUS", "succeeded")).await;
    world
        .sql(
            "set session_replication_role = replica; delete from refund_line;
        insert into refund_line (refund_id, position, obligation_id, amount)
        values ('00000000-0000-7000-8000-000000000002', 3, '00000000-0000-7000-8000-0000000000ff', 9000);
        update payment set intent_id = null",
        )
        .await;
    for page in pages(&world).await {
        says_none_of(&page, &["Đã hoàn trả", "Given back", "9.000 ₫", "0 ₫,", "số cuối", "that ends in"]);
    }
}

/// A refund of the first fee alone, as it stands.
pub fn of_one_fee(status: &str) -> String {
    let sql = REFUND
        .replace("STATUS", status)
        .replace("gross_amount from obligation;", "gross_amount from obligation where external_ref = '1';");
    format!("{sql} update refund set amount = 21000; update allocation set refund_id = '00000000-0000-7000-8000-000000000002', obligation_id = null
        where obligation_id = (select id from obligation where external_ref = '1');
        update obligation set status = 'STATE', version = version + 1 where external_ref = '1';")
}

#[actix_web::test]
async fn of_what_was_paid_the_head_says_how_much_was_given_back_and_not_that_nothing_is_to_be_looked_at() {
    for (status, fee, vi, en) in [
        ("succeeded", "refunded", "Đã hoàn trả 21.000 ₫; xem bên dưới.", "21.000 ₫ was given back; see below."),
        ("submitted", "refunding", "Đang hoàn trả 21.000 ₫; xem bên dưới.", "21.000 ₫ is being given back; see below."),
    ] {
        let world = paid().await;
        world.sql(&of_one_fee(status).replace("STATE", fee)).await;
        let pages = pages(&world).await;
        both_say(&pages, "<h1>Đã thanh toán</h1>", "<h1>Paid</h1>");
        both_say(&pages, vi, en);
        says_none_of(&pages[0], &["Không cần làm gì thêm"]);
    }
    let world = paid().await;
    world.sql(&of_one_fee("pending_approval").replace("STATE", "refunding")).await;
    says_none_of(&world.get("").await.body, &["hoàn trả 21.000 ₫; xem"]);
}

const NOTHING_MORE: &str = "Không cần làm gì thêm";

#[actix_web::test]
async fn while_a_refund_is_proposed_the_head_says_who_acts_next_and_not_that_nothing_is_to_be_done() {
    for is_bill in [false, true] {
        let world = paid().await;
        says_none_of(&world.get("").await.body, &["đề nghị"]);
        world.sql(&REFUND.replace("STATUS", "pending_approval")).await;
        if is_bill {
            world.sql("set session_replication_role = replica; update payment set intent_id = null").await;
        }
        let pages = pages(&world).await;
        both_say(
            &pages,
            "Đã có đề nghị hoàn trả 71.000 ₫: người thứ hai sẽ xem xét và quyết định, chưa có tiền nào được chuyển đi",
            "A refund of 71.000 ₫ was asked for: a second person looks at it and decides, and no money has left yet",
        );
        says_none_of(&pages[0], &[NOTHING_MORE]);
    }
}

#[actix_web::test]
async fn where_the_account_for_a_refund_is_wanted_the_head_asks_for_it_until_it_is_told() {
    let world = paid().await;
    world.pay(71_000, "14226113").await;
    let asked = pages(&world).await;
    both_say(&asked, "Xin ghi tài khoản nhận hoàn trả ở bên dưới.", "Please name the account for the refund below.");
    says_none_of(&asked[0], &[NOTHING_MORE]);
    world
        .sql("insert into refund_wish (payment_id, account_sealed, ends_in, told_at) select id, 'x', '4999', '2026-11-25T02:30:00Z' from payment")
        .await;
    says_none_of(&world.get("").await.body, &["Xin ghi tài khoản nhận hoàn trả ở bên dưới", NOTHING_MORE]);
}

#[actix_web::test]
async fn of_a_bills_refund_that_came_back_no_account_is_asked_for_that_nobody_would_take_and_people_are_said_to_see_to_it()
 {
    let world = paid().await;
    world.sql(&of_one_fee("failed").replace("STATE", "refunded")).await;
    world
        .sql(
            "set session_replication_role = replica; update payment set intent_id = null;
            update allocation set refund_id = null, suspense_reason = 'refund_returned' where refund_id is not null",
        )
        .await;
    let pages = pages(&world).await;
    both_say(&pages, "Xin hỏi bộ phận một cửa", "Please ask the one-stop office");
    says_none_of(&pages[0], &["Hoàn trả vào tài khoản nào?", NOTHING_MORE]);
}

#[actix_web::test]
async fn money_that_paid_and_went_back_is_not_called_too_much_once_its_fees_were_paid_another_way() {
    let world = paid().await;
    world.sql(&REFUND.replace("STATUS", "succeeded")).await;
    world.sql("set session_replication_role = replica; update allocation set refund_id = '00000000-0000-7000-8000-000000000002', obligation_id = null where obligation_id is not null").await;
    world.sql(&DUE_AGAIN.replace("CAUSE", "refund_reopened")).await;
    world.sql("set session_replication_role = replica; update obligation set status = 'paid', version = version + 1; update intent set status = 'expired', version = version + 1").await;
    let pages = pages(&world).await;
    both_say(&pages, "<h1>Không còn khoản nào phải nộp</h1>", "<h1>Nothing is left to pay</h1>");
    both_say(&pages, "<h2>Tiền đã nhận</h2>", "<h2>Money received</h2>");
    says_none_of(&pages[0], &["Tiền nộp thừa"]);
}
