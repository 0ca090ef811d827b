//! Files of one day and of several, under one closing balance or none, in any order and format: each movement is there once,
//! on the day on which the bank booked it, and every day closes.
//!
//! | the file says of a line | its day |
//! |---|---|
//! | a booking date (MT940: an entry date) | that day, and not after the closing balance |
//! | a value date only, under balances of one day | the day of the balances |
//! | a value date only, under balances of several days, or none | the value date, and not after the closing balance |
//! | a day that a statement known before has ended with the balance from which this one goes on | the next day of the file |

use super::MOVEMENTS;
use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::json;
use std::fmt::Write;
use tests::House;
use tests::bank::BIN;
use tests::files::today;
use tests::sampled::is_played;

/// Of a day: each line's amount and reference.
pub(super) type Lines<'a> = &'a [(i64, &'a str)];

pub(super) fn day(n: usize) -> Date {
    today().checked_sub(20.days()).unwrap().checked_add(i64::try_from(n).unwrap().days()).unwrap()
}

fn sign(amount: i64) -> char {
    if amount < 0 { 'D' } else { 'C' }
}

/// What a file tells: its first day, with what that begins, and the lines of each day.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    pub number: &'a str,
    pub first: usize,
    pub opening: i64,
    pub days: &'a [Lines<'a>],
}

impl<'a> Told<'a> {
    fn lines(&self) -> impl Iterator<Item = (Date, i64, &'a str)> {
        let first = self.first;
        let days = self.days.iter().zip(first..);
        days.flat_map(|(lines, n)| lines.iter().map(move |(amount, reference)| (day(n), *amount, *reference)))
    }

    fn closing(&self) -> i64 {
        self.opening + self.lines().map(|(_, amount, _)| amount).sum::<i64>()
    }

    fn ends(&self) -> (Date, Date) {
        (day(self.first), day(self.first + self.days.len() - 1))
    }

    /// `begins`: the date of the opening balance, which some banks give as that of the closing one.
    fn mt940_from(&self, begins: Date) -> Vec<u8> {
        let (from, to) = (begins.strftime("%y%m%d"), self.ends().1.strftime("%y%m%d"));
        let mut text = format!(":20:S{to}D{}\r\n:25:{}\r\n:28C:{}/1\r\n", self.days.len(), self.number, self.first);
        let _ = write!(text, ":60F:{}{from}VND{},\r\n", sign(self.opening), self.opening.abs());
        for (on, amount, reference) in self.lines() {
            let dates = format!("{}{}", on.strftime("%y%m%d"), on.strftime("%m%d"));
            let named = if reference.is_empty() { String::new() } else { format!("//{reference}") };
            let _ = write!(text, ":61:{dates}{}{},NTRFNONREF{named}\r\n:86:KHACH\r\n", sign(amount), amount.abs());
        }
        let closing = self.closing();
        let _ = write!(text, ":62F:{}{to}VND{},\r\n", sign(closing), closing.abs());
        text.into_bytes()
    }

    fn camt(&self) -> Vec<u8> {
        let (from, to) = self.ends();
        let mark = |amount: i64| if amount < 0 { "DBIT" } else { "CRDT" };
        let sized = |of: i64| format!("<Amt Ccy=\"VND\">{}</Amt><CdtDbtInd>{}</CdtDbtInd>", of.abs(), mark(of));
        let mut text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
             <Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.02\"><BkToCstmrStmt>\
             <GrpHdr><MsgId>M{from}{to}</MsgId><CreDtTm>{to}T23:00:00+07:00</CreDtTm></GrpHdr>\
             <Stmt><Id>S{from}{to}</Id><CreDtTm>{to}T23:00:00+07:00</CreDtTm>\
             <Acct><Id><Othr><Id>{}</Id></Othr></Id><Ccy>VND</Ccy></Acct>",
            self.number
        );
        for (code, balance, on) in [("OPBD", self.opening, from), ("CLBD", self.closing(), to)] {
            let _ = write!(text, "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{}", sized(balance));
            let _ = write!(text, "<Dt><Dt>{on}</Dt></Dt></Bal>");
        }
        for (on, amount, reference) in self.lines() {
            let _ = write!(text, "<Ntry>{}<Sts>BOOK</Sts><BookgDt><Dt>{on}</Dt></BookgDt>", sized(amount));
            if !reference.is_empty() {
                let _ = write!(text, "<AcctSvcrRef>{reference}</AcctSvcrRef>");
            }
            text.push_str("<BkTxCd><Prtry><Cd>X</Cd></Prtry></BkTxCd><AddtlNtryInf>KHACH</AddtlNtryInf></Ntry>");
        }
        text.push_str("</Stmt></BkToCstmrStmt></Document>");
        text.into_bytes()
    }

    /// An export in the layout `synthetic-bank`.
    fn csv(&self) -> Vec<u8> {
        let mut text = String::from(
            "\u{feff}\"STT\",\"Ngày giao dịch\",\"Ngày hiệu lực\",\"Số tham chiếu\",\"Ghi nợ\",\"Ghi có\",\"Số dư\",\"Nội dung\"\r\n",
        );
        let cell = |amount: i64| if amount > 0 { amount.to_string() } else { String::new() };
        let (mut balance, mut debits, mut credits) = (self.opening, 0, 0);
        for (no, (on, amount, reference)) in (1..).zip(self.lines()) {
            balance += amount;
            let (out, into) = ((-amount).max(0), amount.max(0));
            (debits, credits) = (debits + out, credits + into);
            let on = on.strftime("%d/%m/%Y");
            let moved = format!("\"{}\",\"{}\"", cell(out), cell(into));
            let _ =
                write!(text, "\"{no}\",\"{on} 10:00:00\",\"{on}\",\"{reference}\",{moved},\"{balance}\",\"KHACH\"\r\n");
        }
        let _ = write!(text, "\"\",\"\",\"\",\"Cộng\",\"{debits}\",\"{credits}\",\"{balance}\",\"\"\r\n");
        text.into_bytes()
    }

    pub(super) async fn sent(&self, house: &House, format: &str) {
        let (from, to) = self.ends();
        let (said, bytes) = match format {
            "mt940" => ("auto", self.mt940_from(from)),
            "mt940 dated at its end" => ("auto", self.mt940_from(to)),
            "mt940 dated the day before" => ("auto", self.mt940_from(from.yesterday().unwrap())),
            "camt" => ("auto", self.camt()),
            _ => ("csv:synthetic-bank", self.csv()),
        };
        brings(house, self.number, said, bytes).await;
    }
}

async fn brings(house: &House, number: &str, format: &str, bytes: Vec<u8>) {
    house.sends_statement(&format!("{BIN}.{number}"), format, bytes).await.expect(201);
}

/// Each day from the first on begins and ends so, and closes; no statement is told to be missing.
pub(super) async fn close(house: &House, number: &str, first: usize, balances: &[i64], why: &str) {
    let gaps = format!(
        "select count(*) from kase where kind = 'statement_gap' and status = 'open' and at_scope = 'bank:{BIN}.{number}'"
    );
    assert_eq!(house.ask(&gaps).await, "0", "{why}");
    for (n, pair) in (first..).zip(balances.windows(2)) {
        let path = format!("/v1/reconciliation/{}", day(n));
        let shown = house.staff.get(&format!("{path}?account={BIN}.{number}")).await.expect(200);
        assert_eq!(shown["gaps"], json!([]), "{why}, day {n}: {shown:#}");
        let ends = ["opening", "closing", "statement_closing"].map(|name| shown[name].as_i64().unwrap());
        assert_eq!(ends, [pair[0], pair[1], pair[1]], "{why}, day {n}");
        house.staff.post(&format!("{path}/close?account={BIN}.{number}"), json!({})).await.expect(200);
    }
}

pub(super) async fn movements(house: &House, number: &str) -> String {
    house.ask(&format!("{MOVEMENTS} where account = '{BIN}.{number}'")).await
}

pub(super) fn orders(of: &[usize]) -> Vec<Vec<usize>> {
    if of.is_empty() {
        return vec![Vec::new()];
    }
    let rest = |first: usize| of.iter().copied().filter(|o| *o != first).collect::<Vec<_>>();
    of.iter().flat_map(|first| orders(&rest(*first)).into_iter().map(|order| [vec![*first], order].concat())).collect()
}

const REFERENCES: [Lines<'_>; 3] = [
    &[(10_000, "FT2633000000001"), (7_000, "FT2633000000002")],
    &[(7_000, "FT2633000000003"), (-3_000, "FT2633000000004")],
    &[(20_000, "FT2633000000005"), (7_000, "FT2633000000006")],
];
/// The first day comes to nothing, and equal lines on each.
const NONE: [Lines<'_>; 3] =
    [&[(7_000, ""), (-7_000, "")], &[(7_000, ""), (7_000, ""), (-3_000, "")], &[(7_000, ""), (-11_000, "")]];

/// Three daily files and one of all three days, in every order.
async fn in_every_order(daily: &str, whole: &str) {
    let house = House::with_bank().await;
    let mut nth = 0;
    for lines in [REFERENCES, NONE] {
        let mut balances = vec![500_000];
        for of_day in lines {
            balances.push(balances.last().unwrap() + of_day.iter().map(|(amount, _)| amount).sum::<i64>());
        }
        for order in orders(&[0, 1, 2, 3]) {
            nth += 1;
            if !is_played(nth) {
                continue;
            }
            let number = format!("78{nth:08}");
            house.had_account(&number).await;
            let why = format!("{daily}, {whole}: {order:?} {lines:?}");
            for file in order {
                match file {
                    3 => {
                        Told { number: &number, first: 1, opening: balances[0], days: &lines }.sent(&house, whole).await
                    }
                    n => {
                        let told = Told { number: &number, first: n + 1, opening: balances[n], days: &lines[n..=n] };
                        told.sent(&house, daily).await;
                    }
                }
            }
            let lines: usize = lines.iter().map(|l| l.len()).sum();
            assert_eq!(movements(&house, &number).await, lines.to_string(), "{why}");
            close(&house, &number, 1, &balances, &why).await;
        }
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn daily_mt940_and_a_camt_of_all_days_come_in_every_order() {
    in_every_order("mt940", "camt").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn daily_camt_and_an_mt940_of_all_days_come_in_every_order() {
    in_every_order("camt", "mt940 dated the day before").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn daily_exports_and_an_mt940_of_all_days_dated_at_its_end_come_in_every_order() {
    in_every_order("csv", "mt940 dated at its end").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn daily_mt940_and_an_export_of_all_days_come_in_every_order() {
    in_every_order("mt940 dated the day before", "csv").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_several_days_alone_or_beside_one_of_its_days_leaves_no_gap() {
    let house = House::with_bank().await;
    let balances = [500_000, 517_000, 521_000, 548_000];
    let mut nth = 0;
    for whole in ["camt", "mt940", "mt940 dated at its end", "csv"] {
        for beside in [None, Some(0), Some(1), Some(2)] {
            nth += 1;
            let number = format!("78{nth:08}");
            house.had_account(&number).await;
            if let Some(n) = beside {
                let told = Told { number: &number, first: n + 1, opening: balances[n], days: &REFERENCES[n..=n] };
                told.sent(&house, "mt940").await;
            }
            Told { number: &number, first: 1, opening: balances[0], days: &REFERENCES }.sent(&house, whole).await;
            // and the day after it, whose number is that of its day
            Told { number: &number, first: 4, opening: balances[3], days: &[&[]] }.sent(&house, "mt940").await;
            close(&house, &number, 1, &balances, &format!("{whole} {beside:?}")).await;
        }
    }
    house.close().await;
}

/// An MT940 of one day with a line that the bank dates otherwise: `YYMMDD`, and `MMDD` or nothing.
fn dated(number: &str, on: Date, opening: i64, value: Date, entry: Option<Date>) -> Vec<u8> {
    let (date, value) = (on.strftime("%y%m%d"), value.strftime("%y%m%d"));
    let entry = entry.map(|e| e.strftime("%m%d").to_string()).unwrap_or_default();
    format!(
        ":20:D{date}\r\n:25:{number}\r\n:28C:1/1\r\n:60F:C{date}VND{opening},\r\n:61:{value}{entry}C9000,NTRFNONREF//FTLATE\r\n\
         :86:KHACH\r\n:62F:C{date}VND{},\r\n",
        opening + 9_000
    )
    .into_bytes()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_with_a_value_date_only_is_of_the_day_of_its_balances() {
    let house = House::with_bank().await;
    let number = "7800000001";
    house.had_account(number).await;
    Told { number, first: 1, opening: 500_000, days: &[&[(1_000, "FT1")]] }.sent(&house, "mt940").await;
    Told { number, first: 2, opening: 501_000, days: &[&[(1_000, "FT2")]] }.sent(&house, "mt940").await;
    brings(&house, number, "auto", dated(number, day(3), 502_000, day(1), None)).await;
    close(&house, number, 1, &[500_000, 501_000, 502_000, 511_000], "").await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_is_booked_for_a_day_that_ended_without_it_is_of_the_next_one() {
    let house = House::with_bank().await;
    let number = "7800000001";
    house.had_account(number).await;
    Told { number, first: 1, opening: 500_000, days: &[&[(1_000, "FT1")]] }.sent(&house, "mt940").await;
    Told { number, first: 2, opening: 501_000, days: &[&[(1_000, "FT2")]] }.sent(&house, "mt940").await;
    brings(&house, number, "auto", dated(number, day(3), 502_000, day(1), Some(day(1)))).await;
    close(&house, number, 1, &[500_000, 501_000, 502_000, 511_000], "").await;
    // where the file of that day comes later, the line is there already; both days close all the same
    let number = "7800000002";
    house.had_account(number).await;
    brings(&house, number, "auto", dated(number, day(2), 501_000, day(1), Some(day(1)))).await;
    Told { number, first: 1, opening: 500_000, days: &[&[(1_000, "FT1")]] }.sent(&house, "mt940").await;
    close(&house, number, 1, &[500_000, 510_000, 510_000], "the later file first").await;
    house.close().await;
}
