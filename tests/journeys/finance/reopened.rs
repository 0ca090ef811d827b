//! Days that are opened again: a line that came late is of its own day from then on, and each đồng of one day only.

use super::{days_ago, staff_of};
use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::{Value, json};
use tests::House;
use tests::files::{Line, Row, mt940, vnpay_file};
use tests::ledger_rows::{ACCOUNT, Bank, PROFILE};
use tests::portal::{Answered, Portal, dossier};

/// `account=…` or `profile=…`.
#[derive(Clone, Copy)]
struct Scope<'a>(&'a str, &'a str);

const BANK: Scope<'static> = Scope("account", ACCOUNT);
const PROVIDER: Scope<'static> = Scope("profile", PROFILE);

/// A house with a second person who may decide about all of it.
struct Office {
    house: House,
    approver: Portal,
}

impl Office {
    async fn new() -> Self {
        Self::of(House::new().await).await
    }

    async fn of(house: House) -> Self {
        let approver = staff_of(&house, "nguoi-duyet", tests::BENEFICIARY).await;
        let both = [tests::BENEFICIARY.to_owned(), tests::OTHER_BENEFICIARY.to_owned()];
        let db = house.gateway.ctx.pool.get().await.unwrap();
        let id = storage::ids::mint(jiff::Timestamp::now());
        storage::principals::put_person(&db, id, "nguoi-duyet", "Người duyệt (mẫu)", &both).await.unwrap();
        drop(db);
        Self { house, approver }
    }

    async fn shows(&self, of: Scope<'_>, day: Date) -> Value {
        self.house.staff.get(&format!("/v1/reconciliation/{day}?{}={}", of.0, of.1)).await.expect(200)
    }

    async fn tries(&self, of: Scope<'_>, day: Date) -> Answered {
        self.house.staff.post(&format!("/v1/reconciliation/{day}/close?{}={}", of.0, of.1), json!({})).await
    }

    #[track_caller]
    fn closes(&self, of: Scope<'_>, day: Date) -> impl Future<Output = Value> {
        let at = std::panic::Location::caller();
        async move {
            let closed = self.tries(of, day).await;
            assert_eq!(closed.status, 200, "{day}, {at}: {}", closed.text);
            closed.json
        }
    }

    async fn reopens(&self, of: Scope<'_>, day: Date) {
        let path = format!("/v1/reconciliation/{day}/reopen?{}={}", of.0, of.1);
        let proposed = self.house.staff.post(&path, json!({"note": "Có dòng đến muộn"})).await.expect(201);
        let approve = format!("/v1/approvals/{}/approve", proposed["approval_id"].as_str().unwrap());
        self.approver.post(&approve, json!({})).await.expect(200);
    }

    /// What the report of days has of a scope, from a day on: of each day with a row, its figures and state.
    async fn reported(&self, of: Scope<'_>, from: Date) -> Vec<(String, [i64; 4], String)> {
        let path = format!("/v1/reports/reconciliation?from={from}&to={}", from.checked_add(30.days()).unwrap());
        let report = self.house.staff.get(&path).await.expect(200);
        let rows = report["rows"].as_array().unwrap().iter().filter(|row| row["scope"] == of.1);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        rows.map(|row| (text(&row["day"]), figures(row), text(&row["status"]))).collect()
    }
}

fn figures(day: &Value) -> [i64; 4] {
    ["opening", "in", "out", "closing"].map(|name| day[name].as_i64().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_with_a_late_line_is_opened_again_closes_with_it_and_the_next_day_without() {
    let office = Office::new().await;
    let (first, second, third) = (days_ago(5), days_ago(4), days_ago(3));
    // of a worked day on which money was told of a statement would be missing, whatever the day of this test
    let off = format!(
        "insert into working_day_exception (day, worked, name) values ('{second}', false, 'test')
        on conflict (day) do update set worked = false"
    );
    office.house.ask(&off).await;
    let bank = Bank::of(&office.house).await;
    bank.stood(first, 1_000).await;
    bank.statement(first, 1_000, &[(20, "a")]).await;
    office.closes(BANK, first).await;
    bank.statement(first, 1_020, &[(300, "late"), (-5, "late too")]).await;
    // it is of the next open day, and that one ties out with it
    let shown = office.shows(BANK, second).await;
    assert_eq!((figures(&shown), &shown["gaps"]), ([1_020, 300, 5, 1_315], &json!([])));

    office.reopens(BANK, first).await;
    assert_eq!(office.tries(BANK, second).await.refused(409), "day_open_before");
    let shown = office.shows(BANK, first).await;
    assert_eq!((figures(&shown), &shown["gaps"]), ([1_000, 320, 5, 1_315], &json!([])));
    assert_eq!(figures(&office.shows(BANK, second).await), [1_315, 0, 0, 1_315], "not twice while both are open");
    let closed = office.closes(BANK, first).await;
    assert_eq!(figures(&closed), [1_000, 320, 5, 1_315]);
    assert_eq!(figures(&office.shows(BANK, second).await), [1_315, 0, 0, 1_315], "nor when the first is closed");

    // another one comes after it: that one is of the second day until the first is opened once more
    bank.statement(first, 1_315, &[(60_000, "later")]).await;
    bank.statement(second, 61_315, &[(4_000, "b")]).await;
    let shown = office.shows(BANK, second).await;
    assert_eq!((figures(&shown), &shown["gaps"]), ([1_315, 64_000, 0, 65_315], &json!([])));
    assert_eq!(figures(&office.shows(BANK, first).await), figures(&closed), "a closed day stands");
    office.closes(BANK, second).await;
    office.closes(BANK, third).await;
    let held = office.reported(BANK, first).await;
    let expected =
        [(first, [1_000, 320, 5, 1_315]), (second, [1_315, 64_000, 0, 65_315]), (third, [65_315, 0, 0, 65_315])];
    assert_eq!(held, expected.map(|(day, figures)| (day.to_string(), figures, "closed".to_owned())));

    office.reopens(BANK, first).await;
    let after =
        [(first, [1_000, 60_320, 5, 61_315]), (second, [61_315, 4_000, 0, 65_315]), (third, [65_315, 0, 0, 65_315])];
    for (day, figured) in after {
        assert_eq!(figures(&office.closes(BANK, day).await), figured, "{day}");
    }
    let reported: Vec<_> =
        office.reported(BANK, first).await.into_iter().map(|(day, figures, _)| (day, figures)).collect();
    assert_eq!(reported, after.map(|(day, figures)| (day.to_string(), figures)));
    let record = "select string_agg(closing::text, ' ' order by id) from closed_day where day = ";
    assert_eq!(office.house.ask(&format!("{record}'{first}'")).await, "1020 1315 61315", "each closing is on record");
    office.house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_line_of_a_day_that_stays_closed_is_of_the_first_day_that_was_opened_again() {
    let office = Office::new().await;
    let days: Vec<Date> = (0..5).map(|n| days_ago(9 - n)).collect();
    let bank = Bank::of(&office.house).await;
    bank.statement(days[0], 0, &[(10, "a")]).await;
    for day in &days[..4] {
        office.closes(BANK, *day).await;
    }
    bank.statement(days[0], 10, &[(500, "late")]).await;
    assert_eq!(figures(&office.shows(BANK, days[4]).await), [10, 500, 0, 510]);
    bank.statement(days[2], 510, &[(7, "b")]).await;
    office.reopens(BANK, days[2]).await;
    let shown = office.shows(BANK, days[2]).await;
    assert_eq!((figures(&shown), &shown["gaps"]), ([10, 507, 0, 517], &json!([])));
    office.closes(BANK, days[2]).await;
    office.closes(BANK, days[4]).await;
    let figured: Vec<[i64; 4]> =
        office.reported(BANK, days[0]).await.into_iter().map(|(_, figures, _)| figures).collect();
    assert_eq!(figured, [[0, 10, 0, 10], [10, 0, 0, 10], [10, 507, 0, 517], [517, 0, 0, 517]]);
    office.house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_corrected_file_of_a_closed_day_lets_the_day_be_opened_and_closed_again() {
    let office = Office::of(House::with_bank().await).await;
    let number = ACCOUNT.split('.').next_back().unwrap();
    let (first, second) = (days_ago(3), days_ago(2));
    let sends = async |day: Date, opening: i64, lines: &[Line<'_>]| {
        office.house.sends_statement(ACCOUNT, "auto", mt940(number, day, opening, lines)).await.expect(201);
        office.house.drain().await;
    };
    let lines: [Line<'_>; 3] = [(100_000, "FT1", "nop phi"), (-1_000, "FT2", "PHI"), (30_000, "FT3", "bo sung")];
    sends(first, 0, &lines[..1]).await;
    office.closes(BANK, first).await;
    sends(first, 0, &lines).await;
    sends(second, 129_000, &[(5, "FT4", "lai")]).await;
    assert_eq!(figures(&office.shows(BANK, second).await), [100_000, 30_005, 1_000, 129_005]);
    office.reopens(BANK, first).await;
    assert_eq!(figures(&office.closes(BANK, first).await), [0, 130_000, 1_000, 129_000]);
    assert_eq!(figures(&office.closes(BANK, second).await), [129_000, 5, 0, 129_005]);
    office.house.holds().await;
    office.house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_providers_day_with_a_late_payment_and_a_late_file_is_opened_and_closed_again() {
    let office = Office::new().await;
    let house = &office.house;
    house.pays_out_to(ACCOUNT).await;
    let pays = async |amount: i64| {
        let fee = house.portal.owes(&dossier(), amount, json!({})).await;
        let attempt = house.at_vnpay(&house.portal.opens(&[&fee]).await).await;
        house.pays(&attempt, json!({})).await
    };
    pays(21_000).await;
    let day: Date = house.ask("select business_date from payment limit 1").await.parse().unwrap();
    let next = day.checked_add(1.day()).unwrap();
    house.settles(&day.to_string()).await.expect(201);
    office.closes(PROVIDER, day).await;
    let late = pays(8_000).await;
    assert_eq!(house.ask("select count(distinct business_date) from payment").await, "1", "midnight passed");
    let (txn, order) = (late["transaction_no"].as_str().unwrap(), late["order_ref"].as_str().unwrap());
    let rows = [Row { order, day, ..Row::new("Thanh toán", txn, 8_000, 64) }];
    house.sends_settlement(vnpay_file(&rows)).await.expect(201);
    let shown = office.shows(PROVIDER, next).await;
    assert_eq!((figures(&shown), &shown["gaps"]), ([0, 8_000, 8_000, 0], &json!([])));

    office.reopens(PROVIDER, day).await;
    let shown = office.shows(PROVIDER, day).await;
    assert_eq!((figures(&shown), &shown["gaps"]), ([0, 29_000, 29_000, 0], &json!([])));
    assert_eq!(figures(&office.shows(PROVIDER, next).await), [0; 4]);
    office.closes(PROVIDER, day).await;
    assert_eq!(figures(&office.shows(PROVIDER, next).await), [0; 4]);
    assert_eq!(office.reported(PROVIDER, day).await[0].1, [0, 29_000, 29_000, 0]);
    office.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_changes_what_a_day_was_closed_with_is_named_by_verify() {
    let office = Office::new().await;
    let (first, second) = (days_ago(5), days_ago(4));
    let bank = Bank::of(&office.house).await;
    bank.statement(first, 0, &[(20, "a")]).await;
    office.closes(BANK, first).await;
    office.reopens(BANK, first).await;
    for day in [first, second] {
        office.closes(BANK, day).await;
        office.closes(PROVIDER, day).await;
    }
    bank.run("create table kept as select * from closed_day").await;
    let named = async || {
        let report = payments::verify_books::verify(&office.house.gateway.ctx.pool, None).await.unwrap();
        let rows = report.checked.into_iter().filter(|f| f.number == "I34").flat_map(|f| f.rows);
        rows.map(|row| format!("{} {}", row.subject, row.detail)).collect::<Vec<_>>()
    };
    assert_eq!(named().await, [""; 0]);
    let clearing = format!("where scope = 'clearing:{PROFILE}' and day = '{first}'");
    let account = format!("where scope = 'bank:{ACCOUNT}' and day = '{first}' and reopened_at is null");
    for wrong in [
        format!("update closed_day set moved_in = 7, closing = 7 {clearing}"),
        format!("update closed_day set opening = 1, closing = 1 {clearing}"),
        format!("update closed_day set closing = 7 {account}"),
        format!("update closed_day set last_entry = 0 {account}"),
        format!("update closed_day set day = '{}' where day = '{second}'", days_ago(3)),
        format!("delete from closed_day {clearing}"),
        format!("update closed_day set reopened_at = now(), reopened_by = 'x' where day = '{second}'"),
        "delete from closed_day where reopened_at is not null".to_owned(),
        format!("delete from closed_day {account}; update closed_day set reopened_at = null where day = '{first}'"),
        format!(
            "insert into closed_day (scope, day, opening, moved_in, moved_out, closing, closed_by)
                 values ('bank:{ACCOUNT}', '{}', 20, 0, 0, 20, 'x')",
            days_ago(2)
        ),
    ] {
        bank.run(&wrong).await;
        assert_ne!(named().await, [""; 0], "{wrong}");
        bank.run("delete from closed_day; insert into closed_day overriding system value select * from kept").await;
    }
    assert_eq!(named().await, [""; 0]);
    // with a line of the audit trail to it, the ledger still says otherwise
    let forged = format!(
        "update closed_day set moved_in = 7, closing = 7 {clearing};
         insert into audit (actor, action, subject) select 'x', 'day_sums', sums from assurance.closing
         where scope = 'clearing:{PROFILE}'"
    );
    bank.run(&forged).await;
    let said = named().await;
    assert!(said.iter().any(|row| row.contains("the ledger has 0")), "{said:?}");
    office.house.stop().await;
}

/// Numbers below a bound, the same for the same seed (xorshift64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    fn one_of(&mut self, count: usize) -> usize {
        usize::try_from(self.below(count as u64)).unwrap()
    }
}

/// A part of a day as the bank has it: with what it begins, and its lines.
#[derive(Clone)]
struct Part {
    opening: i64,
    lines: Vec<i64>,
}

impl Part {
    fn closing(&self) -> i64 {
        self.opening + self.lines.iter().sum::<i64>()
    }
}

/// Six days of a bank, each in parts that follow each other.
fn days_of(dice: &mut Dice) -> Vec<Vec<Part>> {
    let mut opening = 0;
    let mut part = || {
        let lines = (0..=dice.below(3)).map(|_| 1 + i64::try_from(dice.below(90_000)).unwrap() - 30_000);
        let part = Part { opening, lines: lines.filter(|amount| *amount != 0).collect() };
        opening = part.closing();
        part
    };
    [2, 1, 3, 1, 2, 2].map(|parts| (0..parts).map(|_| part()).collect()).into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_whatever_order_files_closings_and_reopenings_come_each_day_closes_with_what_the_bank_says() {
    let office = Office::new().await;
    for seed in [3, 8, 21, 77] {
        let mut dice = Dice(seed);
        let truth = days_of(&mut dice);
        let mut waiting: Vec<_> = truth.iter().map(|parts| parts.iter()).collect();
        let bank = Bank::of(&office.house).await;
        let day = |n: usize| days_ago(20 - i64::try_from(n).unwrap());
        let (mut closings, mut reopenings, mut told) = (0, 0, 0);
        while waiting.iter().any(|parts| parts.len() > 0) {
            // mostly an early day that has something to tell
            let n = dice.one_of(truth.len()).min(dice.one_of(truth.len()));
            let Some(part) = waiting[n].next() else { continue };
            let lines: Vec<(i64, &str)> = part.lines.iter().map(|amount| (*amount, "x")).collect();
            bank.statement(day(n), part.opening, &lines).await;
            told += part.closing() - part.opening;
            for n in 0..=n {
                if dice.below(3) > 0 && office.tries(BANK, day(n)).await.status == 200 {
                    closings += 1;
                }
            }
            let reported = office.reported(BANK, day(0)).await;
            assert_eq!(reported.last().unwrap().1[3], told, "seed {seed}: money is of no day, or of two");
            for (on, figured, status) in reported {
                let shown = office.shows(BANK, on.parse().unwrap()).await;
                assert_eq!((figures(&shown), &shown["status"]), (figured, &json!(status)), "seed {seed}, {on}");
            }
            let back = day(dice.one_of(truth.len()));
            if dice.below(2) == 0 && office.shows(BANK, back).await["status"] == "closed" {
                office.reopens(BANK, back).await;
                reopenings += 1;
            }
        }
        assert!(closings > 2 && reopenings > 0, "seed {seed}: {closings} closings, {reopenings} reopenings");
        let from = day(dice.one_of(3));
        if office.shows(BANK, from).await["status"] == "closed" {
            office.reopens(BANK, from).await;
        }
        for (n, parts) in truth.iter().enumerate() {
            if office.shows(BANK, day(n)).await["status"] == "open" {
                let closed = office.closes(BANK, day(n)).await;
                assert_eq!(closed["closing"], parts.last().unwrap().closing(), "seed {seed}, day {n}: {closed}");
            }
        }
        bank.run(
            "begin; set local session_replication_role = replica; delete from closed_day; delete from ledger_entry;
             delete from journal; delete from statement_line; delete from movement; delete from statement; commit",
        )
        .await;
    }
    office.house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_day_was_closed_with_is_kept_and_that_it_was_opened_again_is_told_with_it() {
    let office = Office::of(House::with_bank().await).await;
    let number = ACCOUNT.split('.').next_back().unwrap();
    let (first, second) = (days_ago(3), days_ago(2));
    let sends = async |day: Date, opening: i64, lines: &[Line<'_>]| {
        office.house.sends_statement(ACCOUNT, "auto", mt940(number, day, opening, lines)).await.expect(201);
        office.house.drain().await;
    };
    let closings = async |day: Date| {
        let path = format!("/v1/reconciliation/{day}/closings?account={ACCOUNT}");
        office.house.staff.get(&path).await.expect(200)["closings"].as_array().unwrap().clone()
    };
    let paper = async |day: Date| {
        let url = format!("{}/v1/reconciliation/{day}/report?account={ACCOUNT}", office.house.staff.base);
        let answer = office.house.http.get(url).bearer_auth(&office.house.staff.key).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.bytes().await.unwrap()
    };
    let lines: [Line<'_>; 3] = [(100_000, "FT1", "nop phi"), (-1_000, "FT2", "PHI"), (30_000, "FT3", "bo sung")];
    sends(first, 0, &lines[..1]).await;
    let open = paper(first).await;
    assert_eq!(closings(first).await, Vec::<Value>::new());
    let shown = office.closes(BANK, first).await;
    let signed = paper(first).await;
    assert_ne!(signed, open);
    let total = &shown["control_totals"][0];
    assert_eq!(
        (&total["instead"], &total["payments"], &total["amount"]),
        (&json!("unidentified"), &json!(1), &json!(100_000))
    );
    sends(first, 0, &lines).await;
    assert_eq!(paper(first).await, signed, "what was signed is printed, whatever came later");
    sends(second, 129_000, &[(5, "FT4", "lai")]).await;

    // the late lines are on the second day's list and on the first's, each with where the other end is
    let mut late: Vec<(i64, Value, Value)> = Vec::new();
    for day in [first, second] {
        let shown = office.shows(BANK, day).await;
        let of = |l: &Value| (l["amount"].as_i64().unwrap(), l["for_day"].clone(), l["booked_on"].clone());
        let mut listed: Vec<_> = shown["late_lines"].as_array().unwrap().iter().map(of).collect();
        listed.sort_by_key(|(amount, ..)| *amount);
        assert!(late.is_empty() || late == listed, "{late:?} {listed:?}");
        late = listed;
    }
    let (of, on) = (json!(first.to_string()), json!(second.to_string()));
    assert_eq!(late, [(-1_000, of.clone(), on.clone()), (30_000, of, on)]);

    office.reopens(BANK, first).await;
    office.closes(BANK, first).await;
    assert_ne!(paper(first).await, signed, "the closing in force is printed");
    let told = closings(first).await;
    let [now, before] = &told[..] else { panic!("{told:?}") };
    assert_eq!((&now["status"], &before["status"]), (&json!("in_force"), &json!("reopened")));
    assert_eq!((&before["reopened"]["note"], &now["reopened"]), (&json!("Có dòng đến muộn"), &Value::Null));
    assert_ne!(before["reopened"]["proposed_by"], before["reopened"]["approved_by"]);
    let sums = |c: &Value| [c["report"]["in"].as_i64().unwrap(), c["report"]["out"].as_i64().unwrap()];
    assert_eq!((sums(before), sums(now)), ([100_000, 0], [130_000, 1_000]));
    assert_eq!((&before["report"]["closed_before"], &now["report"]["closed_before"]), (&json!(0), &json!(1)));
    let cases = |c: &Value| c["report"]["open_cases"].as_array().unwrap().len();
    assert_eq!((cases(before), cases(now)), (1, 3), "what was open, as it was seen then");
    let totals = now["report"]["control_totals"].as_array().unwrap().iter();
    assert_eq!(totals.map(|t| t["amount"].as_i64().unwrap()).sum::<i64>(), 130_000, "the day's payments");
    let sealed =
        "select count(*) from audit a join assurance.closing_report r on a.subject = r.name || ' sha256=' || r.sha256
        where a.action = 'day_report' and r.sha256 = encode(sha256(convert_to(r.report, 'UTF8')), 'hex')";
    assert_eq!(office.house.ask(sealed).await, "2", "each report is in the sealed trail");
    office.house.holds().await;
    let superuser = testkit::connect(&office.house.database.superuser_url()).await;
    superuser.batch_execute("update closing_report set report = replace(report, '130000', '131000')").await.unwrap();
    let report = payments::verify_books::verify(&office.house.gateway.ctx.pool, None).await.unwrap();
    let named = report.checked.into_iter().filter(|f| f.number == "I34").flat_map(|f| f.rows).count();
    assert_eq!(named, 1, "a report that somebody has touched is named");
    office.house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closing_report_has_what_is_open_however_much_was_closed_before_and_says_how_much_there_is() {
    let office = Office::new().await;
    let bank = Bank::of(&office.house).await;
    let (first, second) = (days_ago(5), days_ago(4));
    bank.stood(first, 1_000).await;
    bank.statement(first, 1_000, &[(20, "a")]).await;
    office.closes(BANK, first).await;
    let late: Vec<(i64, &str)> = (1..=501).map(|amount| (amount, "late")).collect();
    bank.statement(first, 1_020, &late).await;
    // more of them closed than a day lists, and all older than those that are open
    bank.run(&format!(
        "insert into kase (id, kind, status, amount, scope, business_date, subject)
         select (first || '0000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'unexplained_debit', 'open', n,
                'bank:{ACCOUNT}', '{second}', first || ' ' || n
         from generate_series(1, 501) n, unnest('{{0,1}}'::text[]) first;
         update kase set status = 'closed', version = 2 where subject like '0 %'"
    ))
    .await;
    office.closes(BANK, second).await;
    let path = format!("/v1/reconciliation/{second}/closings?account={ACCOUNT}");
    let kept = office.house.staff.get(&path).await.expect(200)["closings"][0]["report"].clone();
    let cases = kept["open_cases"].as_array().unwrap();
    assert!(cases.len() == 500 && cases.iter().all(|case| case["status"] == "open"), "{}", cases.len());
    assert_eq!(kept["open_cases_total"], 501);
    assert_eq!((kept["late_lines"].as_array().unwrap().len(), &kept["late_lines_total"]), (500, &json!(501)));
    assert_eq!(office.shows(BANK, second).await["late_lines_total"], 501);
    office.house.stop().await;
}
