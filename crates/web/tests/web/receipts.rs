//! Receipts: their page in two languages, and the links to them from what is paid.

use crate::begun::says;
use crate::gone::paid;
use crate::says_none_of;
use crate::world::World;
use actix_web::http::StatusCode;

const TOKEN: &str = "111111111111111111111111111111111111111111111111";

/// Of the first fee, as it stands.
async fn has_a_receipt(world: &World, status: &str) {
    let sql = "set session_replication_role = replica;
        insert into receipt (id, series_code, year, template, serial, number, obligation_id, status, token, issued_on,
            collector_name, collector_tax_code, collector_address, kind, description, dossier_code, amount, document,
            signed_by, signed_at, created_at, updated_at)
        select '00000000-0000-7000-8000-00000000000b', 'BL', 2026, 'EBL01', '26TAB', 12, id, 'STATUS', 'TOKEN',
            '2026-11-24', 'UBND xã Tả Phìn', '5300100017', 'Xã Tả Phìn', 'fee', description, dossier_code, gross_amount,
            '<BienLai/>', 'Khoá thử', '2026-11-24T03:00:00Z', '2026-11-24T03:00:00Z', '2026-11-25T03:00:00Z'
        from obligation where external_ref = '1'";
    world.sql(&sql.replace("STATUS", status).replace("TOKEN", TOKEN)).await;
}

fn state(page: &str) -> String {
    page.split("data-state=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

#[actix_web::test]
async fn what_is_paid_links_the_receipts_of_its_fees_under_the_proofs_as_they_arrive() {
    let world = paid().await;
    let without = world.get("").await.body;
    says_none_of(&without, &["/receipts/"]);
    has_a_receipt(&world, "issued").await;
    let page = world.get("").await.body;
    let link = format!("href=\"/receipts/{TOKEN}\"");
    says(&page, &[&link, "Biên lai điện tử", "26TAB", "00000012", "Phí chứng thực bản sao"]);
    let (proofs, receipts, fees) =
        (page.find("id=\"proofs\"").unwrap(), page.find(&link).unwrap(), page.find("id=\"items\""));
    assert!(proofs < receipts && receipts < fees.unwrap(), "{page}");
    assert_ne!(state(&without), state(&page), "it arrives by itself");
    says_none_of(&page, &["Nguyễn Thị Kín"]);
    let english = world.get("?lang=en").await.body;
    says(&english, &[&format!("href=\"/receipts/{TOKEN}?lang=en\""), "Electronic receipts"]);
}

#[actix_web::test]
async fn what_was_paid_another_way_links_its_receipts_though_nothing_was_tried_here() {
    let world = World::new().await;
    has_a_receipt(&world, "issued").await;
    world
        .sql("set session_replication_role = replica; update obligation set status = 'paid', version = version + 1")
        .await;
    says(&world.get("").await.body, &["<h1>Không còn khoản nào phải nộp</h1>", &format!("href=\"/receipts/{TOKEN}\"")]);
}

#[actix_web::test]
async fn a_receipt_that_does_not_stand_is_not_linked_nor_one_from_what_is_due() {
    let world = paid().await;
    has_a_receipt(&world, "cancelled").await;
    says_none_of(&world.get("").await.body, &["/receipts/"]);
    let open = World::new().await;
    has_a_receipt(&open, "issued").await;
    says_none_of(&open.get("").await.body, &["/receipts/"]);
}

#[actix_web::test]
async fn a_receipts_page_is_in_english_too_and_what_stands_on_the_receipt_is_read_as_vietnamese() {
    let world = World::new().await;
    has_a_receipt(&world, "issued").await;
    let vietnamese = world.at(&format!("/receipts/{TOKEN}")).await;
    says(
        &vietnamese.body,
        &["<html lang=\"vi\">", "Biên lai có giá trị", &format!("href=\"/receipts/{TOKEN}?lang=en\"")],
    );
    let english = world.at(&format!("/receipts/{TOKEN}?lang=en")).await;
    assert_eq!((english.status, english.header("content-language")), (StatusCode::OK, "en"));
    says(
        &english.body,
        &[
            "<html lang=\"en\">",
            "This receipt is valid",
            "21.000 ₫",
            "Collecting organisation",
            "<span lang=\"vi\">UBND xã Tả Phìn</span>",
            "24 Nov 2026",
            "Receipt of a fee",
            &format!("href=\"/receipts/{TOKEN}\" lang=\"vi\""),
            "in Vietnamese",
        ],
    );
    says_none_of(&english.body, &["Biên lai có giá trị", "Mã số thuế", "In biên lai", "Tổ chức thu"]);
}

#[actix_web::test]
async fn a_receipt_that_ended_says_so_in_english_and_none_is_none_in_english() {
    let world = World::new().await;
    has_a_receipt(&world, "cancelled").await;
    let page = world.at(&format!("/receipts/{TOKEN}?lang=en")).await.body;
    says(&page, &["This receipt was cancelled", "Cancelled on 25 Nov 2026"]);
    let absent = world.at("/receipts/0000?lang=en").await;
    assert_eq!(absent.status, StatusCode::NOT_FOUND);
    says(&absent.body, &["<html lang=\"en\">"]);
}
