//! Parts of a day, without references of the bank's: what a part before had is not in the one that goes on from it, and
//! what overlaps brings no second movement, in whatever order they come.

use super::{MOVEMENTS, count};
use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::{Value, json};
use tests::House;
use tests::bank::BIN;
use tests::files::{Entry, Line, camt, mt940, today};
use tests::portal::dossier;

fn day() -> Date {
    today().checked_sub(3.days()).unwrap()
}

/// A bank account with files written here.
struct Account<'a> {
    house: &'a House,
    number: String,
    sent: usize,
}

impl<'a> Account<'a> {
    async fn new(house: &'a House, nth: usize) -> Self {
        let number = format!("77{nth:08}");
        house.had_account(&number).await;
        Self { house, number, sent: 0 }
    }

    fn code(&self) -> String {
        format!("{BIN}.{}", self.number)
    }

    /// Sends lines that begin with this balance, in bytes that no other file has; how many movements are new.
    async fn brings(&mut self, opening: i64, lines: &[Line<'_>]) -> i64 {
        self.sent += 1;
        let text = String::from_utf8(mt940(&self.number, day(), opening, lines)).unwrap();
        let text = text.replace(":20:STM", &format!(":20:S{}N", self.sent));
        let answer = self.house.sends_statement(&self.code(), "auto", text.into_bytes()).await.expect(201);
        count(&answer, "new_movements")
    }

    /// The day before has no lines and ends with this balance.
    async fn stood_at(&self, balance: i64) {
        let file = mt940(&self.number, day().yesterday().unwrap(), balance, &[]);
        self.house.sends_statement(&self.code(), "auto", file).await.expect(201);
    }

    async fn stands_at(&self) -> i64 {
        let sql = format!(
            "select coalesce(sum(amount), 0) from assurance.ledger_entry where account_code = 'bank:{}'",
            self.code()
        );
        self.house.ask(&sql).await.parse().unwrap()
    }

    async fn movements(&self) -> String {
        self.house.ask(&format!("{MOVEMENTS} where account = '{}'", self.code())).await
    }

    /// The bank's balance is the books', and the day closes.
    async fn ends_at(&self, closing: i64, why: &str) {
        assert_eq!(self.stands_at().await, closing, "{why}");
        let path = format!("/v1/reconciliation/{}", day());
        let shown = self.house.staff.get(&format!("{path}?account={}", self.code())).await.expect(200);
        assert_eq!(shown["gaps"], json!([]), "{why}: {shown:#}");
        self.house.staff.post(&format!("{path}/close?account={}", self.code()), json!({})).await.expect(200);
    }
}

fn orders(of: &[usize]) -> Vec<Vec<usize>> {
    if of.is_empty() {
        return vec![Vec::new()];
    }
    let rest = |first: usize| of.iter().copied().filter(|o| *o != first).collect::<Vec<_>>();
    of.iter().flat_map(|first| orders(&rest(*first)).into_iter().map(|order| [vec![*first], order].concat())).collect()
}

async fn asked(house: &House, amount: i64) -> (Value, String) {
    let fee = house.portal.owes(&dossier(), amount, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let reference = intent["reference"].as_str().unwrap().to_owned();
    (intent, reference)
}

/// Two parts with an equal credit each, of which some name an intent. Afterwards the whole and each part come again.
async fn two_parts(house: &House, nth: usize, named: [bool; 2], order: [usize; 2]) {
    let why = format!("{named:?} {order:?}");
    let mut account = Account::new(house, nth).await;
    let (intent, code) = asked(house, 30_000).await;
    let text = |part: usize| if named[part] { code.as_str() } else { "NGUOI LA" };
    let parts = [(0, [(30_000, "", text(0))]), (30_000, [(30_000, "", text(1))])];
    for part in order {
        let (opening, lines) = parts[part];
        assert_eq!(account.brings(opening, &lines).await, 1, "{why}");
    }
    assert_eq!(account.stands_at().await, 60_000, "{why}");
    let whole = [parts[0].1[0], parts[1].1[0]];
    assert_eq!(account.brings(0, &whole).await, 0, "{why}");
    for (opening, lines) in parts {
        assert_eq!(account.brings(opening, &lines).await, 0, "{why}");
    }
    house.drain().await;
    let payments = format!("select count(*) from assurance.payment where receiving_account = '{}'", account.code());
    assert_eq!((account.movements().await.as_str(), house.ask(&payments).await.as_str()), ("2", "2"), "{why}");
    let status = if named.contains(&true) { "paid" } else { "open" };
    assert_eq!(house.portal.intent(&intent).await["status"], status, "{why}");
    // with its own money: the line that names it
    let whose = format!(
        "select coalesce(string_agg(l.text, ' '), '') from payment p join intent i on i.id = p.intent_id
         join movement_match k on k.payment_id = p.id join movement m on m.id = k.movement_id
         join statement_line l on l.statement_id = m.statement_id and l.line_no = m.line_no
         where i.reference = '{code}'"
    );
    let expected = if named.contains(&true) { code.as_str() } else { "" };
    assert_eq!(house.ask(&whose).await, expected, "{why}");
    account.ends_at(60_000, &why).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn equal_credits_in_two_parts_of_a_day_are_two_whichever_of_them_is_named_and_comes_first() {
    let house = House::with_bank().await;
    let mut nth = 0;
    for named in [[false, false], [false, true], [true, false]] {
        for order in [[0, 1], [1, 0]] {
            two_parts(&house, nth, named, order).await;
            nth += 1;
        }
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_parts_with_equal_lines_are_each_there_once_in_every_order() {
    let house = House::with_bank().await;
    let mut nth = 0;
    let days: [[&[i64]; 3]; 3] = [
        [&[21_000], &[21_000], &[21_000]],
        [&[21_000, -5_000], &[21_000], &[-5_000, 21_000]],
        [&[21_000, 50_000, -50_000], &[21_000], &[21_000, -1_000, 21_000]],
    ];
    for amounts in days {
        for order in orders(&[0, 1, 2]) {
            let why = format!("{amounts:?} {order:?}");
            let mut account = Account::new(&house, nth).await;
            nth += 1;
            let parts = amounts.map(|part| part.iter().map(|a| (*a, "", "NGUOI LA")).collect::<Vec<Line<'_>>>());
            let openings = [0, amounts[0].iter().sum(), amounts[..2].concat().iter().sum()];
            for part in &order {
                account.brings(openings[*part], &parts[*part]).await;
            }
            let (lines, closing) = (parts.concat(), amounts.concat().iter().sum());
            assert_eq!(account.movements().await, lines.len().to_string(), "{why}");
            assert_eq!(account.brings(0, &lines).await, 0, "{why}");
            for part in 0..3 {
                assert_eq!(account.brings(openings[part], &parts[part]).await, 0, "{why}: part {part} again");
            }
            account.ends_at(closing, &why).await;
        }
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_of_a_day_that_overlap_bring_no_second_movement_where_their_balances_meet_by_chance() {
    let house = House::with_bank().await;
    // of each: what it begins with, and its lines; the last is the whole day, after or before the others
    type Piece = (i64, &'static [i64]);
    let days: [&[Piece]; 6] = [
        // the day comes to nothing: until noon, and whole
        &[(0, &[21_000]), (0, &[21_000, -21_000])],
        &[(0, &[21_000, -21_000]), (0, &[21_000, -21_000])],
        &[(0, &[21_000, -21_000]), (0, &[21_000, -21_000, 30_000])],
        // the afternoon begins with nothing and ends with what the day began with
        &[(21_000, &[-21_000]), (0, &[21_000]), (21_000, &[-21_000, 21_000])],
        // what two exports share comes to nothing
        &[(0, &[70_000, 50_000, -50_000]), (70_000, &[50_000, -50_000, 9_000]), (0, &[70_000, 50_000, -50_000, 9_000])],
        // the lines from the last to the first
        &[(0, &[21_000, 30_000]), (0, &[-51_000, 30_000, 21_000])],
    ];
    let mut nth = 0;
    for pieces in days {
        for order in orders(&(0..pieces.len()).collect::<Vec<_>>()) {
            let why = format!("{pieces:?} {order:?}");
            let mut account = Account::new(&house, nth).await;
            nth += 1;
            account.stood_at(pieces.last().unwrap().0).await;
            for piece in &order {
                let (opening, amounts) = pieces[*piece];
                let lines: Vec<Line<'_>> = amounts.iter().map(|a| (*a, "", "NGUOI LA")).collect();
                account.brings(opening, &lines).await;
            }
            let (opening, amounts) = *pieces.last().unwrap();
            assert_eq!(account.movements().await, amounts.len().to_string(), "{why}");
            assert_eq!(account.stands_at().await, opening + amounts.iter().sum::<i64>(), "{why}");
        }
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_that_begin_and_end_alike_are_told_apart_by_what_references_they_have() {
    let house = House::with_bank().await;
    let parts: [[Line<'_>; 2]; 2] = [
        [(20_000, "FT2633000000001", "NGUOI LA"), (-20_000, "", "CHUYEN DI")],
        [(20_000, "FT2633000000003", "NGUOI LA"), (-20_000, "", "CHUYEN DI")],
    ];
    for (nth, order) in orders(&[0, 1]).into_iter().enumerate() {
        let mut account = Account::new(&house, nth).await;
        account.stood_at(500).await;
        for part in &order {
            assert_eq!(account.brings(500, &parts[*part]).await, 2, "{order:?}");
        }
        assert_eq!(account.brings(500, &parts.concat()).await, 0, "{order:?}");
        assert_eq!(account.movements().await, "4", "{order:?}");
        account.ends_at(500, &format!("{order:?}")).await;
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_is_of_its_own_where_the_one_before_holds_debits_and_much_more() {
    let house = House::with_bank().await;
    let mut account = Account::new(&house, 0).await;
    let first: Vec<Line<'_>> = [21_000, 50_000, -50_000].iter().map(|a| (*a, "", "NGUOI LA")).collect();
    assert_eq!(account.brings(0, &first).await, 3);
    assert_eq!(account.brings(21_000, &[(21_000, "", "NGUOI KHAC")]).await, 1);
    // money that comes and goes again, the same amount once more
    assert_eq!(account.brings(42_000, &[(21_000, "", "NGUOI KHAC"), (-42_000, "", "CHUYEN DI")]).await, 2);
    account.ends_at(21_000, "").await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_in_two_formats_of_which_one_has_references_are_told_apart_too() {
    let house = House::with_bank().await;
    for (nth, order) in orders(&[0, 1, 2]).into_iter().enumerate() {
        let mut account = Account::new(&house, nth).await;
        for part in &order {
            // the whole of it is in the second format
            let entries: [Entry<'_>; 2] = [(30_000, "FT1", &[]), (30_000, "FT2", &[])];
            let said = match part {
                0 => mt940(&account.number, day(), 0, &[(30_000, "", "NGUOI LA")]),
                1 => camt(&account.number, day(), Some(30_000), &entries[1..]),
                _ => camt(&account.number, day(), Some(0), &entries),
            };
            house.sends_statement(&account.code(), "auto", said).await.expect(201);
        }
        assert_eq!(account.movements().await, "2", "{order:?}");
        assert_eq!(account.brings(30_000, &[(30_000, "", "NGUOI KHAC")]).await, 0, "{order:?}");
        assert_eq!(account.brings(0, &[(30_000, "", "NGUOI LA"); 2]).await, 0, "{order:?}");
        account.ends_at(60_000, &format!("{order:?}")).await;
    }
    house.close().await;
}
