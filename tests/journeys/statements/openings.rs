//! Books that begin in the middle of a year: what two persons say that stands on an account is booked once, and no day ties out
//! over a sum that no file says.

use super::{OWN, cases, standing};
use crate::refunds::second_person;
use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::{Value, json};
use tests::House;
use tests::bank::BIN;
use tests::files::{mt940, today};
use tests::portal::{Answered, Portal};

const GAPS: &str =
    "select coalesce(string_agg(amount || ' ' || status, ', '), '') from assurance.kase where kind = 'statement_gap'";

struct Office {
    house: House,
    second: Portal,
    number: String,
}

impl Office {
    async fn new() -> Self {
        let house = House::with_bank().await;
        house.had_account(OWN).await;
        let second = second_person(&house).await;
        Self { house, second, number: OWN.to_owned() }
    }

    fn account(&self) -> String {
        format!("{BIN}.{}", self.number)
    }

    async fn states(&self, on: Date, amount: i64) -> Answered {
        let said = json!({"day": on, "amount": amount, "note": "Biên bản bàn giao số dư"});
        self.house.staff.post(&format!("/v1/accounts/{}/openings", self.account()), said).await
    }

    async fn takes_back(&self) -> Answered {
        self.house.staff.post(&format!("/v1/accounts/{}/openings/take-back", self.account()), json!({})).await
    }

    async fn decides(&self, proposed: &Value, verdict: &str) -> Answered {
        let id = proposed["approval_id"].as_str().unwrap();
        self.second.post(&format!("/v1/approvals/{id}/{verdict}"), json!({})).await
    }

    /// Two persons say what stands there.
    async fn begins(&self, on: Date, amount: i64) {
        let proposed = self.states(on, amount).await.expect(201);
        self.decides(&proposed, "approve").await.expect(200);
    }

    /// A statement of one credit.
    async fn brings(&self, on: Date, opening: i64, credit: i64) -> Answered {
        let file = mt940(&self.number, on, opening, &[(credit, &format!("FT{credit}"), "nop tien")]);
        self.house.sends_statement(&self.account(), "auto", file).await
    }

    fn of(&self, on: Date, what: &str) -> String {
        format!("/v1/reconciliation/{on}{what}?account={}", self.account())
    }

    /// Opening, in, out and closing, and what keeps the day open.
    async fn day(&self, on: Date) -> ([i64; 4], Vec<String>) {
        let shown = self.house.staff.get(&self.of(on, "")).await.expect(200);
        let gap = |g: &Value| format!("{} {}", g["kind"].as_str().unwrap(), g["difference"]);
        let gaps = shown["gaps"].as_array().unwrap().iter().map(gap).collect();
        (["opening", "in", "out", "closing"].map(|name| shown[name].as_i64().unwrap()), gaps)
    }

    async fn closes(&self, on: Date) -> Answered {
        self.house.staff.post(&self.of(on, "/close"), json!({})).await
    }

    async fn bank(&self) -> String {
        standing(&self.house, "bank").await
    }
}

fn day(n: i64) -> Date {
    today().checked_sub(10.days()).unwrap().checked_add(n.days()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_two_persons_say_stands_on_an_account_is_booked_once_and_its_days_tie_out_from_there() {
    let office = Office::new().await;
    let house = &office.house;
    let no_day = json!({"day": day(11), "amount": 1, "note": ""});
    let openings = format!("/v1/accounts/{}/openings", office.account());
    assert_eq!(house.staff.post(&openings, no_day).await.refused(422), "validation_failed");

    let proposed = office.states(day(1), 900_000).await.expect(201);
    // nothing has happened yet, and whoever proposed it does not decide
    let own_word = format!("/v1/approvals/{}/approve", proposed["approval_id"].as_str().unwrap());
    assert_eq!(house.staff.post(&own_word, json!({})).await.refused(403), "same_person");
    assert_eq!(office.states(day(1), 900_000).await.refused(409), "approval_pending");
    assert_eq!(office.bank().await, "");
    office.decides(&proposed, "approve").await.expect(200);
    assert_eq!(office.bank().await, format!("bank:{} 900000", office.account()));
    assert_eq!(standing(house, "opening").await, "opening:bank -900000");
    assert_eq!(office.states(day(2), 900_000).await.refused(409), "opening_exists");
    let shown = house.staff.get(&openings).await.expect(200);
    let shown = shown["data"].as_array().unwrap();
    assert_eq!((shown.len(), &shown[0]["amount"], &shown[0]["taken_back_by"]), (1, &json!(900_000), &Value::Null));
    assert_ne!(shown[0]["proposed_by"], shown[0]["approved_by"]);

    // what is of a day before stood there already: it would be there twice
    let refused = office.brings(day(0), 800_000, 100_000).await;
    assert!(refused.text.contains("two persons stated"), "{}", refused.text);
    assert_eq!(refused.refused(422), "file_refused");
    office.brings(day(2), 950_000, 7_000).await.expect(201);
    assert_eq!(office.closes(day(2)).await.refused(409), "does_not_tie_out");
    office.brings(day(1), 900_000, 50_000).await.expect(201);
    assert_eq!(office.day(day(1)).await, ([900_000, 50_000, 0, 950_000], vec![]));
    assert_eq!(office.day(day(2)).await, ([950_000, 7_000, 0, 957_000], vec![]));
    assert_eq!(office.bank().await, format!("bank:{} 957000", office.account()));
    office.closes(day(1)).await.expect(200);
    assert_eq!(office.takes_back().await.refused(409), "day_closed");
    office.closes(day(2)).await.expect(200);
    let flow = format!("/v1/reports/cash-flow?from={}&to={}", day(0), day(10));
    let flow = house.staff.get(&flow).await.expect(200);
    let row =
        |line: &str| flow["rows"].as_array().unwrap().iter().find(|r| r["line"] == line).unwrap()["balance"].clone();
    assert_eq!((row("opening"), row("closing")), (json!(900_000), json!(957_000)), "{flow:#}");
    office.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_statement_that_opens_otherwise_keeps_its_day_open_until_two_persons_take_the_opening_back() {
    let office = Office::new().await;
    let house = &office.house;
    office.begins(day(1), 900_000).await;
    office.brings(day(2), 930_000, 5_000).await.expect(201);
    let gaps = vec!["opening_differs 30000".to_owned(), "closing_differs 30000".to_owned()];
    assert_eq!(office.day(day(2)).await, ([900_000, 5_000, 0, 905_000], gaps));
    assert_eq!(house.ask(GAPS).await, "30000 open");
    assert_eq!(office.closes(day(2)).await.refused(409), "does_not_tie_out");

    let proposed = office.takes_back().await.expect(201);
    assert_eq!(office.takes_back().await.refused(409), "approval_pending");
    office.decides(&proposed, "approve").await.expect(200);
    // the books begin with the statement, whose word nobody has contradicted any more
    assert_eq!(office.day(day(2)).await, ([930_000, 5_000, 0, 935_000], vec![]));
    assert_eq!(
        (office.bank().await, house.ask(GAPS).await),
        (format!("bank:{} 935000", office.account()), "30000 closed".to_owned())
    );
    assert_eq!(office.takes_back().await.refused(409), "no_opening");
    assert_eq!(office.states(day(2), 930_000).await.refused(409), "books_begun");
    office.brings(day(1), 900_000, 30_000).await.expect(201);
    assert_eq!(office.day(day(1)).await, ([900_000, 30_000, 0, 930_000], vec![]));
    for n in 1..=2 {
        office.closes(day(n)).await.expect(200);
    }
    office.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_opening_that_was_overtaken_by_a_statement_or_that_two_decide_at_once_is_never_booked_beside_it() {
    let mut office = Office::new().await;
    let proposed = office.states(day(1), 900_000).await.expect(201);
    office.brings(day(1), 900_000, 50_000).await.expect(201);
    assert_eq!(office.decides(&proposed, "approve").await.refused(409), "approval_stale");
    office.decides(&proposed, "reject").await.expect(200);
    assert_eq!(office.bank().await, format!("bank:{} 950000", office.account()));
    for n in 2..6 {
        office.number = format!("770000000{n}");
        office.house.had_account(&office.number).await;
        let proposed = office.states(day(1), 900_000).await.expect(201);
        let (one, other, file) = tokio::join!(
            office.decides(&proposed, "approve"),
            office.decides(&proposed, "approve"),
            office.brings(day(1), 900_000, 50_000),
        );
        file.expect(201);
        assert!([one.status, other.status].iter().filter(|status| **status == 200).count() <= 1);
        assert_eq!(office.day(day(1)).await, ([900_000, 50_000, 0, 950_000], vec![]));
        office.closes(day(1)).await.expect(200);
    }
    assert_eq!(cases(&office.house).await.split(' ').filter(|kind| *kind != "unidentified").count(), 0);
    office.house.close().await;
}
