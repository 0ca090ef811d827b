//! A file that the bank sends again, corrected, takes the place of the first by two persons' word.

use super::{IN_TRANSIT, MOVEMENTS, OWN, cases, standing};
use crate::receipts::{collects, receipts_of};
use crate::refunds::{becomes, obligation_status, payment_of, proposes, second_person, whole};
use serde_json::{Value, json};
use tests::House;
use tests::bank::BIN;
use tests::files::{Line, camt, mt940, today};
use tests::portal::{Answered, Portal, dossier, fresh};

struct Office {
    house: House,
    second: Portal,
}

impl Office {
    async fn new() -> Self {
        let house = House::with_bank().await;
        house.had_account(OWN).await;
        let second = second_person(&house).await;
        Self { house, second }
    }

    /// A fee, and what its payer writes.
    async fn owes(&self, amount: i64) -> (Value, String) {
        let fee = self.house.portal.owes(&dossier(), amount, json!({})).await;
        let intent = self.house.portal.opens(&[&fee]).await;
        (fee, text(&intent["reference"]))
    }

    async fn imports(&self, opening: i64, lines: &[Line<'_>]) -> Value {
        self.sends(mt940(OWN, today(), opening, lines)).await.expect(201)
    }

    async fn sends(&self, file: Vec<u8>) -> Answered {
        self.house.sends_statement(&own(), "auto", file).await
    }

    async fn proposes(&self, instead_of: &Value, opening: i64, lines: &[Line<'_>]) -> Answered {
        let path = format!("/v1/statements/{}/supersessions?note=sua", text(&instead_of["id"]));
        self.house.sends_file(&path, &format!("corrected-{}", fresh()), mt940(OWN, today(), opening, lines)).await
    }

    async fn approves(&self, proposed: &Value) -> Answered {
        self.second.post(&format!("/v1/approvals/{}/approve", text(&proposed["approval_id"])), json!({})).await
    }

    async fn shown(&self, statement: &Value) -> Value {
        self.house.staff.get(&format!("/v1/statements/{}", text(&statement["id"]))).await.expect(200)
    }

    /// Opening, in, out and closing of the day, and what keeps it open.
    async fn day(&self) -> ([i64; 4], Value) {
        let day = self.house.staff.get(&format!("/v1/reconciliation/{}?account={}", today(), own())).await.expect(200);
        (["opening", "in", "out", "closing"].map(|name| day[name].as_i64().unwrap()), day["gaps"].clone())
    }
}

fn own() -> String {
    format!("{BIN}.{OWN}")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_corrected_file_takes_back_what_it_does_not_have_books_what_is_new_and_leaves_the_rest() {
    let office = Office::new().await;
    let house = &office.house;
    collects(house).await;
    let (kept, kept_code) = office.owes(50_000).await;
    let (gone, gone_code) = office.owes(40_000).await;
    let (summed, summed_code) = office.owes(31_000).await;
    let (named, named_code) = office.owes(20_000).await;
    let (new, new_code) = office.owes(60_000).await;
    let first = office
        .imports(
            100_000,
            &[
                (50_000, "FT1", &kept_code),
                (40_000, "FT2", &gone_code),
                (30_000, "FT3", &summed_code),
                (20_000, "FT4", "nop le phi"),
                (-5_000, "FT5", "PHI DICH VU"),
                (7_000, "FT7", "ung ho"),
            ],
        )
        .await;
    for (fee, status) in [(&kept, "paid"), (&gone, "paid"), (&summed, "due"), (&named, "due"), (&new, "due")] {
        assert_eq!(obligation_status(house, fee).await, status);
    }
    house.drain().await;
    assert_eq!(receipts_of(house, &gone).await[0]["status"], "issued");
    assert_eq!(cases(house).await, "underpaid unidentified unidentified unidentified");

    let corrected: [Line<'_>; 5] = [
        (50_000, "FT1", &kept_code),
        (31_000, "FT3", &summed_code),
        (20_000, "FT4", &named_code),
        (60_000, "FT6", &new_code),
        (7_000, "FT7", "ung ho"),
    ];
    let proposed = office.proposes(&first, 100_000, &corrected).await.expect(201);
    let approval = house.staff.get(&format!("/v1/approvals/{}", text(&proposed["approval_id"]))).await.expect(200);
    let payload = &approval["payload"];
    assert_eq!(
        [&payload["lines_kept"], &payload["lines_new"], &payload["lines_withdrawn"], &payload["withdrawn_sum"]],
        [&json!(2), &json!(3), &json!(4), &json!(85_000)],
        "{payload}"
    );
    // nothing has happened yet, and whoever proposed it does not decide
    assert_eq!((office.day().await.0, house.ask(MOVEMENTS).await.as_str()), ([100_000, 147_000, 5_000, 242_000], "6"));
    assert_eq!(obligation_status(house, &gone).await, "paid");
    let own_word = format!("/v1/approvals/{}/approve", text(&proposed["approval_id"]));
    assert_eq!(house.staff.post(&own_word, json!({})).await.refused(403), "same_person");
    assert_eq!(office.proposes(&first, 100_000, &corrected).await.refused(409), "approval_pending");

    office.approves(&proposed).await.expect(200);
    // the day has the sums of the corrected file, and nothing that no file says
    assert_eq!(office.day().await, ([100_000, 168_000, 0, 268_000], json!([])));
    assert_eq!(standing(house, "bank").await, format!("bank:{} 268000", own()));
    assert_eq!(house.ask(IN_TRANSIT).await, "0");
    for (fee, status) in [(&kept, "paid"), (&gone, "due"), (&summed, "paid"), (&named, "paid"), (&new, "paid")] {
        assert_eq!(obligation_status(house, fee).await, status);
    }
    assert_eq!(standing(house, "suspense").await, "suspense:unidentified -7000");
    // a reversal each, as of the bank's own; the debit that nobody explained is no case any more
    assert_eq!(cases(house).await, "chargeback chargeback chargeback unidentified");
    house.drain().await;
    assert_eq!(receipts_of(house, &gone).await[0]["status"], "cancelled");
    assert_eq!(receipts_of(house, &kept).await[0]["status"], "issued");

    let shown = office.shown(&first).await;
    assert_eq!((&shown["status"], &shown["lines"]), (&json!("superseded"), &json!(6)));
    assert_eq!(shown["superseded"]["approval_id"], proposed["approval_id"]);
    assert_ne!(shown["superseded"]["proposed_by"], shown["superseded"]["approved_by"]);

    // neither file books anything once more, in whatever format
    let again = office.sends(mt940(OWN, today(), 100_000, &corrected)).await.expect(200);
    assert_eq!(
        (&again["duplicate"], &again["status"], &again["id"]),
        (&json!(true), &json!("imported"), &shown["superseded"]["by"])
    );
    let parts: Vec<[(i64, &str); 1]> = corrected.iter().map(|(amount, _, text)| [(*amount, *text)]).collect();
    let entries: Vec<_> = corrected.iter().zip(&parts).map(|(line, part)| (line.0, line.1, &part[..])).collect();
    let other = office.sends(camt(OWN, today(), Some(100_000), &entries)).await.expect(201);
    assert_eq!(other["new_movements"], 0, "{other}");
    assert_eq!(office.proposes(&first, 100_000, &corrected[..2]).await.refused(409), "statement_superseded");
    assert_eq!(office.proposes(&other, 100_000, &corrected).await.refused(409), "statement_known");
    office.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_corrected_file_is_stale_where_something_moved_and_refused_where_a_day_is_closed() {
    let office = Office::new().await;
    let house = &office.house;
    let fee = house.portal.owes(&dossier(), 40_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let code = text(&intent["reference"]);
    let first = office.imports(100_000, &[(40_000, "FT1", &code), (9_000, "FT2", "ung ho")]).await;
    let proposed = office.proposes(&first, 100_000, &[(9_000, "FT2", "ung ho")]).await.expect(201);
    // somebody gives the money of the line back meanwhile
    let payment = payment_of(house, &intent).await;
    proposes(&house.staff, &payment, &[whole(&fee)], "reopen").await.expect(201);
    assert_eq!(office.approves(&proposed).await.refused(409), "approval_stale");
    assert_eq!(office.shown(&first).await["status"], "imported");
    let reject = format!("/v1/approvals/{}/reject", text(&proposed["approval_id"]));
    office.second.post(&reject, json!({})).await.expect(200);
    assert_eq!(house.ask("select count(*) from proposed_statement").await, "0", "a file that nobody wants is not kept");

    // the refund that nobody has made goes with the payment
    let proposed = office.proposes(&first, 100_000, &[(9_000, "FT2", "ung ho")]).await.expect(201);
    office.approves(&proposed).await.expect(200);
    assert_eq!(office.day().await, ([100_000, 9_000, 0, 109_000], json!([])));
    assert_eq!(house.ask("select string_agg(status, ' ') from assurance.refund").await, "cancelled");
    let second = json!({"id": office.shown(&first).await["superseded"]["by"]});

    house.staff.post(&format!("/v1/reconciliation/{}/close?account={}", today(), own()), json!({})).await.expect(200);
    assert_eq!(office.proposes(&second, 100_000, &[]).await.refused(409), "day_closed");
    office.house.close().await;
}

const FATES: &str =
    "select string_agg(amount || ' ' || coalesce(fate, 'open'), ', ' order by amount) from assurance.movement";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_whose_debit_is_gone_has_come_back_and_a_reversal_that_is_gone_is_money_again() {
    let office = Office::new().await;
    let house = &office.house;
    let fee = house.portal.owes(&dossier(), 50_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let (reversed, code) = office.owes(30_000).await;
    office.imports(100_000, &[(50_000, "FT1", &text(&intent["reference"])), (30_000, "FT26330002", &code)]).await;
    let payment = payment_of(house, &intent).await;
    let refund = proposes(&house.staff, &payment, &[whole(&fee)], "close").await.expect(201);
    office.approves(&refund).await.expect(200);
    becomes(house, &refund, "awaiting_statement").await;
    let shown = house.staff.get(&format!("/v1/refunds/{}", text(&refund["id"]))).await.expect(200);
    let transfer = text(&shown["work_item"]["text"]);
    // the afternoon: the refund leaves, and a credit of the morning is taken back
    let lines = [(-50_000, "FT3", transfer.as_str()), (-30_000, "FT26330002", "HUY GD")];
    let afternoon = String::from_utf8(mt940(OWN, today(), 180_000, &lines)).unwrap().replace("D30000,", "RC30000,");
    let afternoon = office.sends(afternoon.into_bytes()).await.expect(201);
    becomes(house, &refund, "succeeded").await;
    assert_eq!(
        (obligation_status(house, &reversed).await.as_str(), cases(house).await.as_str()),
        ("due", "chargeback")
    );

    let proposed = office.proposes(&afternoon, 180_000, &[(1_000, "FT4", "ung ho")]).await.expect(201);
    office.approves(&proposed).await.expect(200);
    assert_eq!(office.day().await, ([100_000, 81_000, 0, 181_000], json!([])));
    becomes(house, &refund, "failed").await;
    assert_eq!(
        standing(house, "suspense").await,
        "suspense:refund_returned -50000, suspense:unidentified -31000",
        "nothing of it is anybody's before a person has looked"
    );
    assert_eq!(cases(house).await, "chargeback status_differs unidentified unidentified");
    assert_eq!(house.ask(FATES).await.matches("open").count(), 0);
    office.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_file_in_force_has_stays_and_the_day_says_that_the_two_differ() {
    let office = Office::new().await;
    let house = &office.house;
    let (fee, code) = office.owes(40_000).await;
    let lines = [(40_000, "FT1", code.as_str()), (9_000, "FT2", "ung ho")];
    let first = office.imports(100_000, &lines).await;
    let parts = [[(40_000, code.as_str())], [(9_000, "ung ho")]];
    let entries = [(40_000, "FT1", &parts[0][..]), (9_000, "FT2", &parts[1][..])];
    let other = office.sends(camt(OWN, today(), Some(100_000), &entries)).await.expect(201);
    assert_eq!(other["new_movements"], 0);

    let proposed = office.proposes(&first, 100_000, &lines[1..]).await.expect(201);
    office.approves(&proposed).await.expect(200);
    assert_eq!(obligation_status(house, &fee).await, "paid");
    let (figures, gaps) = office.day().await;
    assert_eq!((figures, gaps.as_array().unwrap().is_empty()), ([100_000, 49_000, 0, 149_000], false));

    // the other one corrected too: now no file in force has it
    let path = format!("/v1/statements/{}/supersessions", text(&other["id"]));
    let corrected = camt(OWN, today(), Some(100_000), &entries[1..]);
    let proposed = house.sends_file(&path, &format!("corrected-{}", fresh()), corrected).await.expect(201);
    office.approves(&proposed).await.expect(200);
    assert_eq!(obligation_status(house, &fee).await, "due");
    assert_eq!(office.day().await, ([100_000, 9_000, 0, 109_000], json!([])));
    office.house.close().await;
}

const OVERTAKEN: &str = "select count(*) from overtaken_piece";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_many_files_of_a_day_is_superseded_and_what_others_overtake_is_overtaken_as_before() {
    let office = Office::new().await;
    let credit = |n: i64| 1_000 + n;
    let opening = |n: i64| (1..n).map(credit).sum::<i64>();
    let refs: Vec<String> = (1..=40).map(|n| format!("FT{n:04}")).collect();
    let line = |n: i64| -> Line<'_> { (credit(n), refs[usize::try_from(n - 1).unwrap()].as_str(), "nop tien") };
    let mut parts = Vec::new();
    for n in 1..=40 {
        parts.push(office.imports(opening(n), &[line(n)]).await);
    }
    // the first ten once more, as one file
    let until_noon: Vec<Line<'_>> = (1..=10).map(line).collect();
    office.imports(0, &until_noon).await;
    let whole = ([0, opening(41), 0, opening(41)], json!([]));
    assert_eq!((office.day().await, office.house.ask(OVERTAKEN).await.as_str()), (whole.clone(), "10"));
    let mut other = line(30);
    other.2 = "nop tien lan hai";
    let proposed = office.proposes(&parts[29], opening(30), &[other]).await.expect(201);
    office.approves(&proposed).await.expect(200);
    assert_eq!((office.day().await, office.house.ask(OVERTAKEN).await.as_str()), (whole, "10"));
    office.house.close().await;
}
