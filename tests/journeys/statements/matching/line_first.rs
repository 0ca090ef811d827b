//! A line that stands on a statement before its notification comes, where no reference says that the two are one: in
//! whatever order they come, each transfer is one payment, and nobody has a stranger's money.
//!
//! "A" and "B" are texts with a payer's code, "·" is one without. A notification has the day of its own transfer.
//!
//! | lines | notifications | in the end |
//! |---|---|---|
//! | A | A | A's payment |
//! | A | · | A's payment |
//! | · | A | A's payment |
//! | · | · | one payment of nobody |
//! | A, and · later | A | A's payment; the stranger's is nobody's |
//! | A and · | A | the same |
//! | ·, and A later | A of either day | the same |
//! | A, and A later | A and A, the later one first too | two payments of A |
//! | A, and · later | A and A | the same: the second has lost its code |
//! | A, and · later | · later, and A | A's payment; the stranger's is nobody's |
//! | ·, and · later | A, and B later | A's payment and B's |
//! | ·, and · later | A, and · later | A's payment; the stranger's is nobody's |
//! | ·, and B later | A, and · later | A's payment and B's |
//! | A and B | · | A's payment and B's |
//! | · and · | A and A | two payments of A |
//! | ·, and · two days later | A, and B or A of that day | A's payment and the other's |

mod people;
mod wrong_order;

use super::{WAITING, asked, day, house, own, stated, status, told};
use crate::finance::staff_of;
use crate::refunds::second_person;
use crate::statements::OWN;
use crate::statements::{PAYMENTS, cases, standing};
use crate::transfers::words::{call, casso, now_s, sepay};
use jiff::civil::Date;
use serde_json::{Value, json};
use tests::House;
use tests::bank::{BIN, CASSO_KEY, SEPAY_SECRET};
use tests::files::mt940;
use tests::portal::fresh;
use tests::sampled::is_played;

const AMOUNT: i64 = 21_000;
const STRANGER: &str = "nop phi";

/// Which references lines and notifications have: none that can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum References {
    None,
    OfLines,
    OfNotifications,
    OfTwoNumberings,
}

use References::{OfLines, OfNotifications, OfTwoNumberings};

impl References {
    fn of_line(self, nth: usize) -> String {
        if matches!(self, OfLines | OfTwoNumberings) { format!("FT2633000000{nth}") } else { String::new() }
    }

    fn of_notification(self, nth: usize) -> Value {
        if matches!(self, OfNotifications | OfTwoNumberings) { json!(format!("SP77{nth}")) } else { Value::Null }
    }
}

/// Whose code a text has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    A,
    B,
    Nobody,
}

use Who::{A, B, Nobody};

/// On which day, and what the text says.
type Said = (i64, Who);

/// What comes in one file, and what is told of, in the order in which it comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sight {
    File(usize),
    Told(usize),
}

/// Files come one after the other; what is told of comes whenever it likes.
fn orders(files: usize, told: usize) -> Vec<Vec<Sight>> {
    let all: Vec<Sight> = (0..files).map(Sight::File).chain((0..told).map(Sight::Told)).collect();
    let mut orders = vec![Vec::new()];
    for _ in 0..all.len() {
        let longer = |order: &Vec<Sight>| {
            let next = |s: &&Sight| match s {
                Sight::File(nth) => (0..*nth).all(|before| order.contains(&Sight::File(before))),
                Sight::Told(_) => true,
            };
            let left: Vec<Sight> = all.iter().filter(|s| !order.contains(s)).filter(next).copied().collect();
            left.into_iter().map(|s| [order.as_slice(), &[s]].concat()).collect::<Vec<_>>()
        };
        orders = orders.iter().flat_map(longer).collect();
    }
    orders
}

/// A payer's intent and its code.
type Payer = (Value, String);

/// An account of its own, and two payers.
struct Case<'h> {
    house: &'h House,
    number: String,
    references: References,
    a: Payer,
    b: Payer,
    lines: Vec<Vec<Said>>,
}

impl Case<'_> {
    fn text(&self, who: Who) -> &str {
        match who {
            A => &self.a.1,
            B => &self.b.1,
            Nobody => STRANGER,
        }
    }

    async fn told(&self, nth: usize, (on, who): Said) {
        let row = json!({"id": fresh(), "gateway": "Vietcombank", "transactionDate": format!("{} 09:00:00", day(on)),
            "accountNumber": self.number, "subAccount": null, "code": null, "content": self.text(who),
            "transferType": "in", "description": "", "transferAmount": AMOUNT, "accumulated": 0,
            "referenceCode": self.references.of_notification(nth)});
        let body = row.to_string();
        let (status, said) = call(self.house, "sepay", &sepay(SEPAY_SECRET, now_s(), &body), &body).await;
        assert_eq!(status, 200, "{said}");
    }

    /// Each file is of one day; lines of the same day in two files are told apart by what stands in the first.
    async fn stated(&self, nth: usize) {
        let before = i64::try_from(self.lines[..nth].iter().map(Vec::len).sum::<usize>()).unwrap();
        let named: Vec<_> = self.lines[nth]
            .iter()
            .enumerate()
            .map(|(n, said)| (AMOUNT, self.references.of_line(10 * nth + n), self.text(said.1)))
            .collect();
        let lines: Vec<_> = named.iter().map(|(amount, name, text)| (*amount, name.as_str(), *text)).collect();
        self.file(self.lines[nth][0].0, before * AMOUNT, &lines).await;
    }

    async fn file(&self, on: i64, opening: i64, lines: &[tests::files::Line<'_>]) {
        let bytes = mt940(&self.number, day(on), opening, lines);
        self.house.sends_statement(&format!("{BIN}.{}", self.number), "auto", bytes).await.expect(201);
    }

    async fn ask(&self, sql: &str) -> String {
        let sql = sql.replace("$account", &format!("{BIN}.{}", self.number));
        self.house.ask(&sql.replace("$a", &self.a.1).replace("$b", &self.b.1)).await
    }

    /// Payments, those of A and of B, open cases, what is neither on a line nor open, reports that wait, and how both payers stand.
    async fn books(&self) -> [String; 5] {
        let payments = "select count(*) || ': ' || count(*) filter (where i.reference = '$a') || ' A, '
                || count(*) filter (where i.reference = '$b') || ' B'
            from payment p left join intent i on i.id = p.intent_id
            where receiving_account = '$account' and p.reversed = 0";
        let open = "select coalesce(string_agg(kind, ' ' order by kind), '') from kase k where status <> 'closed'
            and (subject = '$account' or payment_id in (select id from payment where receiving_account = '$account'))";
        let in_transit = "select coalesce(sum(amount), 0) || ' in transit' from assurance.ledger_entry
            where account_code = 'in_transit:$account'";
        let waiting = "select count(*) || ' waiting' from assurance.waiting_sighting where account_code = '$account'";
        let stand = format!("{} {}", status(self.house, &self.a.0).await, status(self.house, &self.b.0).await);
        [self.ask(payments).await, self.ask(open).await, self.ask(in_transit).await, self.ask(waiting).await, stand]
    }
}

fn is_paid(payments: u8) -> &'static str {
    if payments == 0 { "open" } else { "paid" }
}

/// What must be in the books when statements cover all days, whatever came first.
struct Row {
    lines: &'static [&'static [Said]],
    told: &'static [Said],
    /// All, those of A, and those of B.
    payments: (u8, u8, u8),
    cases: &'static str,
}

const ROWS: [Row; 20] = [
    Row { lines: &[&[(1, A)]], told: &[(1, A)], payments: (1, 1, 0), cases: "" },
    Row { lines: &[&[(1, A)]], told: &[(1, Nobody)], payments: (1, 1, 0), cases: "" },
    Row { lines: &[&[(1, Nobody)]], told: &[(1, A)], payments: (1, 1, 0), cases: "" },
    Row { lines: &[&[(1, Nobody)]], told: &[(1, Nobody)], payments: (1, 0, 0), cases: "unidentified" },
    Row { lines: &[&[(1, A)], &[(2, Nobody)]], told: &[(1, A)], payments: (2, 1, 0), cases: "unidentified" },
    Row { lines: &[&[(1, A)], &[(3, Nobody)]], told: &[(1, A)], payments: (2, 1, 0), cases: "unidentified" },
    Row { lines: &[&[(1, A), (1, Nobody)]], told: &[(1, A)], payments: (2, 1, 0), cases: "unidentified" },
    Row { lines: &[&[(1, Nobody)], &[(2, A)]], told: &[(1, A)], payments: (2, 1, 0), cases: "unidentified" },
    Row { lines: &[&[(1, Nobody)], &[(2, A)]], told: &[(2, A)], payments: (2, 1, 0), cases: "unidentified" },
    Row { lines: &[&[(1, A)], &[(1, A)]], told: &[(1, A), (1, A)], payments: (2, 2, 0), cases: "duplicate_payment" },
    Row { lines: &[&[(1, A)], &[(2, A)]], told: &[(1, A), (2, A)], payments: (2, 2, 0), cases: "duplicate_payment" },
    Row {
        lines: &[&[(1, A)], &[(2, Nobody)]],
        told: &[(1, A), (2, A)],
        payments: (2, 2, 0),
        cases: "duplicate_payment",
    },
    Row {
        lines: &[&[(1, A)], &[(2, Nobody)]],
        told: &[(2, Nobody), (1, A)],
        payments: (2, 1, 0),
        cases: "unidentified",
    },
    Row { lines: &[&[(1, Nobody)], &[(2, Nobody)]], told: &[(1, A), (2, B)], payments: (2, 1, 1), cases: "" },
    Row {
        lines: &[&[(1, Nobody)], &[(2, Nobody)]],
        told: &[(1, A), (2, Nobody)],
        payments: (2, 1, 0),
        cases: "unidentified",
    },
    Row { lines: &[&[(1, Nobody)], &[(2, B)]], told: &[(1, A), (2, Nobody)], payments: (2, 1, 1), cases: "" },
    Row { lines: &[&[(1, A), (1, B)]], told: &[(1, Nobody)], payments: (2, 1, 1), cases: "" },
    Row {
        lines: &[&[(1, Nobody), (1, Nobody)]],
        told: &[(1, A), (1, A)],
        payments: (2, 2, 0),
        cases: "duplicate_payment",
    },
    Row { lines: &[&[(1, Nobody)], &[(3, Nobody)]], told: &[(1, A), (3, B)], payments: (2, 1, 1), cases: "" },
    Row {
        lines: &[&[(1, Nobody)], &[(3, Nobody)]],
        told: &[(1, A), (3, A)],
        payments: (2, 2, 0),
        cases: "duplicate_payment",
    },
];

async fn in_every_order(references: References) {
    let house = House::with_bank().await;
    let (mut nth, mut played) = (0, Vec::new());
    for row in &ROWS {
        for order in orders(row.lines.len(), row.told.len()) {
            nth += 1;
            if !is_played(nth) {
                continue;
            }
            let number = format!("66{nth:08}");
            house.had_account(&number).await;
            if references == OfTwoNumberings {
                house
                    .ask(&format!(
                        "update receiving_account set own_numbering = array['sepay'] where account_number = '{number}'"
                    ))
                    .await;
            }
            let (a, b) = (asked(&house, AMOUNT).await, asked(&house, AMOUNT).await);
            let lines: Vec<Vec<Said>> = row.lines.iter().map(|lines| lines.to_vec()).collect();
            let case = Case { house: &house, number, references, a, b, lines };
            for sight in &order {
                match sight {
                    Sight::File(nth) => case.stated(*nth).await,
                    Sight::Told(nth) => case.told(*nth, row.told[*nth]).await,
                }
            }
            let all = i64::try_from(row.lines.iter().map(|lines| lines.len()).sum::<usize>()).unwrap();
            case.file(9, all * AMOUNT, &[]).await;
            played.push((case, row, order));
        }
    }
    house.drain().await;
    let mut wrong = Vec::new();
    for (case, row, order) in &played {
        let (all, of_a, of_b) = row.payments;
        let expected = [
            format!("{all}: {of_a} A, {of_b} B"),
            row.cases.to_owned(),
            "0 in transit".to_owned(),
            "0 waiting".to_owned(),
            format!("{} {}", is_paid(of_a), is_paid(of_b)),
        ];
        let books = case.books().await;
        if books != expected {
            wrong.push(format!("lines {:?}, told {:?}, {order:?}: {books:?}", row.lines, row.told));
        }
    }
    assert!(wrong.is_empty(), "{references:?}:\n{}", wrong.join("\n"));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_and_its_notification_are_one_payment_in_every_order_where_neither_has_a_reference() {
    in_every_order(References::None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_and_its_notification_are_one_payment_in_every_order_where_only_lines_have_references() {
    in_every_order(OfLines).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_and_its_notification_are_one_payment_in_every_order_where_only_notifications_have_references() {
    in_every_order(OfNotifications).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_and_its_notification_are_one_payment_in_every_order_where_their_references_are_of_two_numberings() {
    in_every_order(OfTwoNumberings).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notification_after_its_line_never_gets_its_payer_a_strangers_money() {
    for (line, told_as) in [("FT1", ""), ("", "FT1"), ("", "")] {
        for strangers in 2..=3 {
            let house = house().await;
            let (intent, code) = asked(&house, AMOUNT).await;
            stated(&house, day(1), 0, &[(AMOUNT, line, &code)]).await;
            told(&house, day(1), AMOUNT, told_as, &code).await;
            assert_eq!((house.ask(PAYMENTS).await.as_str(), cases(&house).await.as_str()), ("1", ""));
            stated(&house, day(strangers), AMOUNT, &[(AMOUNT, "", STRANGER)]).await;
            stated(&house, day(9), 2 * AMOUNT, &[]).await;
            assert_eq!((house.ask(PAYMENTS).await.as_str(), cases(&house).await.as_str()), ("2", "unidentified"));
            assert_eq!(standing(&house, "suspense").await, format!("suspense:unidentified -{AMOUNT}"));
            assert_eq!(status(&house, &intent).await, "paid");
            house.close().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notification_names_the_only_line_that_it_can_mean_at_once() {
    for (line, told_as) in [("FT1", ""), ("", "FT1"), ("", "")] {
        let house = house().await;
        let (intent, code) = asked(&house, AMOUNT).await;
        stated(&house, day(1), 0, &[(AMOUNT, line, STRANGER)]).await;
        assert_eq!((cases(&house).await.as_str(), status(&house, &intent).await.as_str()), ("unidentified", "open"));
        told(&house, day(1), AMOUNT, told_as, &code).await;
        assert_eq!((cases(&house).await.as_str(), status(&house, &intent).await.as_str()), ("", "paid"));
        assert_eq!((house.ask(PAYMENTS).await.as_str(), standing(&house, "suspense").await.as_str()), ("1", ""));
        let rule = "select rule || ' ' || array_to_string(fields, '+') from assurance.match";
        assert_eq!(house.ask(rule).await, "only_one account+amount+day");
        house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payer_whose_own_line_comes_after_all_gives_the_strangers_back() {
    let house = house().await;
    let (intent, code) = asked(&house, AMOUNT).await;
    stated(&house, day(1), 0, &[(AMOUNT, "FT1", STRANGER)]).await;
    told(&house, day(1), AMOUNT, "", &code).await;
    assert_eq!((cases(&house).await.as_str(), status(&house, &intent).await.as_str()), ("", "paid"));
    stated(&house, day(2), AMOUNT, &[(AMOUNT, "FT2", &code)]).await;
    // the notification may be of either line
    let either = "possible_same_movement unidentified";
    assert_eq!((house.ask(PAYMENTS).await.as_str(), cases(&house).await.as_str()), ("2", either));
    assert_eq!(standing(&house, "suspense").await, format!("suspense:unidentified -{AMOUNT}"));
    let whose = "select string_agg(m.bank_ref || ' ' || k.rule || ' ' || (p.intent_id is not null), ', ' order by m.bank_ref)
        from assurance.match k join assurance.movement m using (movement_id) join assurance.payment p using (payment_id)";
    assert_eq!(house.ask(whose).await, "FT1 line false, FT2 reference true");
    assert_eq!(status(&house, &intent).await, "paid");
    // whoever tells of the stranger's by its reference finds it
    let (stranger, theirs) = asked(&house, AMOUNT).await;
    told(&house, day(1), AMOUNT, "FT1", &theirs).await;
    stated(&house, day(9), 2 * AMOUNT, &[]).await;
    assert_eq!((cases(&house).await.as_str(), status(&house, &stranger).await.as_str()), ("", "paid"));
    assert_eq!(house.ask(PAYMENTS).await, "2");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payer_who_is_told_of_twice_has_paid_twice_though_the_first_line_has_lost_its_code() {
    for (lines, notifications) in [(["FT1", "FT2"], ["", ""]), (["", ""], ["SP1", "SP2"])] {
        let house = house().await;
        let (intent, code) = asked(&house, AMOUNT).await;
        stated(&house, day(1), 0, &[(AMOUNT, lines[0], STRANGER)]).await;
        told(&house, day(1), AMOUNT, notifications[0], &code).await;
        stated(&house, day(2), AMOUNT, &[(AMOUNT, lines[1], &code)]).await;
        told(&house, day(2), AMOUNT, notifications[1], &code).await;
        stated(&house, day(9), 2 * AMOUNT, &[]).await;
        assert_eq!((house.ask(PAYMENTS).await.as_str(), cases(&house).await.as_str()), ("2", "duplicate_payment"));
        assert_eq!(standing(&house, "suspense").await, format!("suspense:duplicate -{AMOUNT}"));
        assert_eq!((house.ask(WAITING).await.as_str(), status(&house, &intent).await.as_str()), ("0", "paid"));
        house.close().await;
    }
}

/// Casso tells of a credit that it has no reference for.
async fn told_by_casso(house: &House, on: Date, content: &str) {
    told_by_casso_as(house, on, content, "").await;
}

async fn told_by_casso_as(house: &House, on: Date, content: &str, reference: &str) {
    let row = json!({"data": {"accountNumber": OWN, "amount": AMOUNT, "description": content, "id": fresh(), "reference": reference,
        "transactionDateTime": format!("{on} 09:00:00"), "virtualAccountNumber": ""}, "error": 0});
    let body = row.to_string();
    let (status, said) = call(house, "casso", &casso(CASSO_KEY, now_s() * 1_000, &body), &body).await;
    assert_eq!(status, 200, "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_teller_that_told_of_a_payers_line_without_the_name_has_not_told_of_the_payer_yet() {
    for strangers_line_is_late in [false, true] {
        let house = house().await;
        let (intent, code) = asked(&house, AMOUNT).await;
        // the stranger's
        told_by_casso(&house, day(1), STRANGER).await;
        stated(&house, day(1), 0, &[(AMOUNT, "FT1", STRANGER)]).await;
        if !strangers_line_is_late {
            stated(&house, day(2), AMOUNT, &[(AMOUNT, "FT2", STRANGER)]).await;
        }
        told(&house, day(1), AMOUNT, "FT1", &code).await;
        told_by_casso(&house, day(1), &code).await;
        if strangers_line_is_late {
            stated(&house, day(2), AMOUNT, &[(AMOUNT, "FT2", STRANGER)]).await;
        }
        stated(&house, day(9), 2 * AMOUNT, &[]).await;
        assert_eq!((house.ask(PAYMENTS).await.as_str(), cases(&house).await.as_str()), ("2", "unidentified"));
        assert_eq!(standing(&house, "suspense").await, format!("suspense:unidentified -{AMOUNT}"));
        assert_eq!((house.ask(WAITING).await.as_str(), status(&house, &intent).await.as_str()), ("0", "paid"));
        house.close().await;
    }
}

const STANDING: &str = "select count(*) from payment where reversed = 0";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_pair_is_one_also_where_what_tells_so_comes_when_the_days_are_over() {
    for same_payer in [false, true] {
        let house = house().await;
        let ((a, code), (b, theirs)) = (asked(&house, AMOUNT).await, asked(&house, AMOUNT).await);
        told(&house, day(1), AMOUNT, "", &code).await;
        stated(&house, day(1), 0, &[(AMOUNT, "FT1", STRANGER)]).await;
        stated(&house, day(2), AMOUNT, &[]).await;
        stated(&house, day(3), AMOUNT, &[(AMOUNT, "FT2", STRANGER)]).await;
        let open = "missing_at_provider unidentified unidentified";
        assert_eq!((house.ask(STANDING).await.as_str(), cases(&house).await.as_str()), ("3", open), "it may be either");
        told(&house, day(3), AMOUNT, "", if same_payer { &code } else { &theirs }).await;
        stated(&house, day(9), 2 * AMOUNT, &[]).await;
        let open = if same_payer { "duplicate_payment" } else { "" };
        assert_eq!((house.ask(STANDING).await.as_str(), cases(&house).await.as_str()), ("2", open));
        assert_eq!(standing(&house, "in_transit").await, "");
        let of_b = if same_payer { "open" } else { "paid" };
        assert_eq!((status(&house, &a).await.as_str(), status(&house, &b).await.as_str()), ("paid", of_b));
        let whose = "select string_agg(m.bank_ref || ' ' || k.rule, ', ' order by m.bank_ref)
            from assurance.match k join assurance.movement m using (movement_id)";
        assert_eq!(house.ask(whose).await, "FT1 only_one, FT2 only_one");
        house.close().await;
    }
}

/// SePay tells of each without a reference, statements show all days and no name; then Casso names one line by the bank's reference.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_teller_that_names_the_line_when_the_days_are_over_tells_of_the_same_money() {
    for (payers, open, unplaced) in
        [(1, "unidentified", format!("suspense:unidentified -{AMOUNT}")), (2, "", String::new())]
    {
        let house = house().await;
        let mut all = Vec::new();
        for _ in 0..payers {
            let (intent, code) = asked(&house, AMOUNT).await;
            told(&house, day(1), AMOUNT, "", &code).await;
            all.push((intent, code));
        }
        stated(&house, day(1), 0, &[(AMOUNT, "FT1", STRANGER), (AMOUNT, "FT2", STRANGER)]).await;
        stated(&house, day(8), 2 * AMOUNT, &[]).await;
        told_by_casso_as(&house, day(1), &all[payers - 1].1, "FT2").await;
        stated(&house, day(9), 2 * AMOUNT, &[]).await;
        assert_eq!((house.ask(STANDING).await.as_str(), cases(&house).await.as_str()), ("2", open), "{payers}");
        let books = (standing(&house, "in_transit").await, standing(&house, "suspense").await);
        assert_eq!(books, (String::new(), unplaced), "{payers}");
        for (intent, _) in &all {
            assert_eq!(status(&house, intent).await, "paid");
        }
        let whose = format!(
            "select string_agg(k.bank_ref, ' ') from payment p join intent i on i.id = p.intent_id
             join movement_match c on c.payment_id = p.id join assurance.movement k on k.movement_id = assurance.text_id('mov', c.movement_id)
             where i.reference = '{}'",
            all[payers - 1].1
        );
        assert_eq!(house.ask(&whose).await, "FT2", "{payers}");
        house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_lines_that_a_notification_can_mean_nobody_guesses_until_one_is_left() {
    let house = house().await;
    let (intent, code) = asked(&house, AMOUNT).await;
    let (other, theirs) = asked(&house, AMOUNT).await;
    stated(&house, day(1), 0, &[(AMOUNT, "FT1", STRANGER), (AMOUNT, "FT2", STRANGER)]).await;
    told(&house, day(1), AMOUNT, "", &code).await;
    let waits = "possible_same_movement unidentified unidentified";
    assert_eq!((house.ask(PAYMENTS).await.as_str(), cases(&house).await.as_str()), ("2", waits));
    // a third stranger's is as little the payer's
    stated(&house, day(2), 2 * AMOUNT, &[(AMOUNT, "FT3", STRANGER)]).await;
    stated(&house, day(9), 3 * AMOUNT, &[]).await;
    assert_eq!((house.ask(PAYMENTS).await, cases(&house).await), ("3".to_owned(), format!("{waits} unidentified")));
    assert_eq!(status(&house, &intent).await, "open");
    for reference in ["FT1", "FT3"] {
        told(&house, day(1), AMOUNT, reference, &theirs).await;
    }
    house.drain().await;
    assert_eq!((house.ask(PAYMENTS).await.as_str(), cases(&house).await.as_str()), ("3", "duplicate_payment"));
    assert_eq!((status(&house, &intent).await.as_str(), status(&house, &other).await.as_str()), ("paid", "paid"));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_between_two_lines_takes_its_own_when_that_comes() {
    let house = house().await;
    let (intent, code) = asked(&house, AMOUNT).await;
    stated(&house, day(1), 0, &[(AMOUNT, "", STRANGER), (AMOUNT, "", STRANGER)]).await;
    told(&house, day(1), AMOUNT, "", &code).await;
    stated(&house, day(2), 2 * AMOUNT, &[(AMOUNT, "", &code)]).await;
    assert_eq!((house.ask(PAYMENTS).await.as_str(), cases(&house).await.as_str()), ("3", "unidentified unidentified"));
    assert_eq!(status(&house, &intent).await, "paid");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_people_have_placed_no_notification_takes_from_them() {
    for own_line_comes in [false, true] {
        let house = house().await;
        let (intent, code) = asked(&house, AMOUNT).await;
        let fee = house.portal.owes(&tests::portal::dossier(), AMOUNT, json!({})).await;
        stated(&house, day(1), 0, &[(AMOUNT, "", STRANGER)]).await;
        let case = house.staff.get("/v1/cases?kind=unidentified").await.expect(200)["data"][0].clone();
        let body =
            json!({"action": "assign_to_obligations", "obligation_ids": [fee["id"]], "note": "Theo giấy nộp tiền"});
        let path = format!("/v1/cases/{}/resolutions", case["id"].as_str().unwrap());
        let proposed = house.staff.post(&path, body).await.expect(201);
        let approve = format!("/v1/approvals/{}/approve", proposed["approval_id"].as_str().unwrap());
        second_person(&house).await.post(&approve, json!({})).await.expect(200);
        told(&house, day(1), AMOUNT, "", &code).await;
        assert_eq!((house.ask(PAYMENTS).await.as_str(), cases(&house).await.as_str()), ("1", "possible_same_movement"));
        let lines: &[tests::files::Line<'_>] = if own_line_comes { &[(AMOUNT, "", &code)] } else { &[] };
        stated(&house, day(2), AMOUNT, lines).await;
        let all = i64::try_from(lines.len()).unwrap() + 1;
        stated(&house, day(9), all * AMOUNT, &[]).await;
        let (expected, paid) = if own_line_comes { ("", "paid") } else { ("status_differs", "open") };
        assert_eq!((cases(&house).await.as_str(), status(&house, &intent).await.as_str()), (expected, paid));
        assert_eq!(house.ask(PAYMENTS).await, all.to_string());
        assert_eq!(house.portal.obligation(&fee).await["status"], "paid");
        assert_eq!(standing(&house, "bank").await, format!("bank:{} {}", own(), all * AMOUNT));
        house.close().await;
    }
}
