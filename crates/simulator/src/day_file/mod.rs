//! What a provider settles for a day, as the file that it sends and the transfer that follows: made from what the provider
//! knows, never from what a merchant's books say. No provider's columns are public, so each layout is the project's own.
//! Rules make a file lie; it is made anew at each call, so a rule is not used up by it.

mod csv;
mod form;
mod workbook;

pub(crate) use form::{Encoding, Field, Form};

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::clock;
use crate::log::Log;
use crate::server::{Answer, Refused, refused};

/// What a rule does to the row of a payment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FileAction {
    /// The payment is in no file.
    Omit,
    /// The row is in the next day's file.
    SettleLate,
    /// So many đồng more (or less) in the row; net and totals follow, the fee stays.
    AmountDelta(i64),
    /// So many đồng more (or less) are kept; net and totals follow.
    FeeDelta(i64),
    /// The time in the row is so many days later (or earlier); its file stays the same.
    DayDelta(i32),
    /// As many more copies of the row, which the totals count.
    Repeat(u32),
    /// Instead of the word for success; the row counts all the same.
    Status(String),
    /// Instead of the word for success, and nothing adds the row up; the next day's file has it as one that succeeded.
    Pending(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Payment,
    Refund,
}

/// A row, before it is written in anybody's words.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub kind: Kind,
    pub transaction_no: String,
    pub order_ref: String,
    /// In đồng; money given back is negative.
    pub amount: i64,
    pub fee: i64,
    pub at: Timestamp,
    /// Of a refund: the number of its payment.
    pub original: String,
    /// None: the word for success.
    pub status: Option<String>,
    /// What the file adds up and pays out.
    pub counts: bool,
    /// The day of the file that it is in.
    pub on: Date,
}

impl Entry {
    pub(crate) fn new(kind: Kind, transaction_no: String, order_ref: String, amount: i64, at: Timestamp) -> Self {
        let on = clock::hanoi(at).date();
        Self {
            kind,
            transaction_no,
            order_ref,
            amount,
            fee: 0,
            at,
            original: String::new(),
            status: None,
            counts: true,
            on,
        }
    }

    fn net(&self) -> i64 {
        self.amount.saturating_sub(self.fee)
    }

    /// The rows that it becomes.
    fn under(mut self, actions: &[FileAction]) -> Vec<Self> {
        let (mut copies, mut pending) = (1, None);
        for action in actions {
            match action {
                FileAction::Omit => copies = 0,
                FileAction::SettleLate => self.on = self.on.tomorrow().unwrap_or(self.on),
                FileAction::AmountDelta(delta) => self.amount = self.amount.saturating_add(*delta),
                FileAction::FeeDelta(delta) => self.fee = self.fee.saturating_add(*delta),
                FileAction::DayDelta(days) => {
                    self.at = self.at.checked_add((24 * i64::from(*days)).hours()).unwrap_or(self.at)
                }
                FileAction::Repeat(n) if copies > 0 => copies += usize::try_from(*n).unwrap_or(0),
                FileAction::Repeat(_) => {}
                FileAction::Status(other) => self.status = Some(other.clone()),
                FileAction::Pending(word) => pending = Some(word),
            }
        }
        let rows = vec![self; copies];
        match pending {
            Some(word) => rows.into_iter().flat_map(|row| row.settled_later(word)).collect(),
            None => rows,
        }
    }

    fn settled_later(self, word: &str) -> [Self; 2] {
        let next = self.on.tomorrow().unwrap_or(self.on);
        [Self { status: Some(word.to_owned()), counts: false, ..self.clone() }, Self { on: next, ..self }]
    }
}

/// A row of which a file does not say what has happened, as the log tells it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Planted {
    what: Value,
    kind: Kind,
    transaction_no: String,
    order_ref: String,
    /// As it happened; money given back is negative.
    amount: i64,
    fee: i64,
    /// The day of the file in which it would be.
    #[serde(skip)]
    on: Date,
}

impl Planted {
    fn new(what: Value, entry: &Entry) -> Self {
        let (transaction_no, order_ref) = (entry.transaction_no.clone(), entry.order_ref.clone());
        let (kind, amount, fee, on) = (entry.kind, entry.amount, entry.fee, entry.on);
        Self { what, kind, transaction_no, order_ref, amount, fee, on }
    }
}

/// What a provider's files are made of, and where rules make them lie.
#[derive(Default)]
pub(crate) struct Rows {
    entries: Vec<Entry>,
    planted: Vec<Planted>,
}

impl Rows {
    /// What has happened, as the rules have it written.
    pub(crate) fn take(&mut self, entry: Entry, actions: &[FileAction]) {
        self.planted.extend(actions.iter().map(|action| Planted::new(json!(action), &entry)));
        self.entries.extend(entry.under(actions));
    }

    /// Rows for which nothing has happened.
    pub(crate) fn invent(&mut self, entries: &[Entry]) {
        self.planted.extend(entries.iter().map(|entry| Planted::new(json!("invented"), entry)));
        self.entries.extend_from_slice(entries);
    }
}

/// A row for which nothing has happened.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Invented {
    kind: Kind,
    transaction_no: String,
    #[serde(default)]
    order_ref: String,
    amount: i64,
    #[serde(default)]
    original: String,
}

impl Invented {
    /// As of now; the amount of a refund is given above zero too.
    pub(crate) fn entry(self, form: &Form) -> Entry {
        let amount = if self.kind == Kind::Refund { -self.amount } else { self.amount };
        let fee = if self.kind == Kind::Payment { form.fee(amount) } else { 0 };
        let entry = Entry::new(self.kind, self.transaction_no, self.order_ref, amount, clock::now());
        Entry { original: self.original, fee, ..entry }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    date: Date,
    #[serde(default)]
    format: Wanted,
    damage: Option<Damage>,
}

/// What is wrong with a file as such; who gets it cannot take it.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Damage {
    /// The totals are 1000 đồng too much.
    WrongTotal,
}

impl Damage {
    /// By so many đồng.
    pub(crate) const TOO_MUCH: i64 = 1_000;
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Wanted {
    #[default]
    Csv,
    Xlsx,
}

/// What a day's rows add up to.
#[derive(Default)]
pub(crate) struct Totals {
    gross: i64,
    /// Above zero.
    refunds: i64,
    fee: i64,
}

impl Totals {
    fn of(entries: &[Entry]) -> Self {
        entries.iter().filter(|entry| entry.counts).fold(Self::default(), |mut totals, entry| {
            totals.fee = totals.fee.saturating_add(entry.fee);
            match entry.kind {
                Kind::Payment => totals.gross = totals.gross.saturating_add(entry.amount),
                Kind::Refund => totals.refunds = totals.refunds.saturating_sub(entry.amount),
            }
            totals
        })
    }

    fn amount(&self) -> i64 {
        self.gross.saturating_sub(self.refunds)
    }

    fn net(&self) -> i64 {
        self.amount().saturating_sub(self.fee)
    }
}

fn of_day(mut entries: Vec<Entry>, date: Date) -> Vec<Entry> {
    entries.retain(|entry| entry.on == date);
    entries.sort_by(|a, b| (a.at, &a.transaction_no).cmp(&(b.at, &b.transaction_no)));
    entries
}

/// The file of a day. A provider whose files have no totals has nothing there to damage.
pub(crate) async fn file(log: &Log, form: &Form, merchant: &str, rows: Rows, asked: &Asked) -> Answer {
    if asked.damage == Some(Damage::WrongTotal) && form.totals.is_none() {
        return Err(refused(StatusCode::BAD_REQUEST, "this layout has no place for that damage"));
    }
    let entries = of_day(rows.entries, asked.date);
    let planted: Vec<Planted> = rows.planted.into_iter().filter(|planted| planted.on == asked.date).collect();
    let mut totals = Totals::of(&entries);
    if asked.damage == Some(Damage::WrongTotal) {
        totals.gross = totals.gross.saturating_add(Damage::TOO_MUCH);
    }
    let table = form.table(merchant, &entries, &totals, asked.date);
    let (kind, bytes) = match asked.format {
        Wanted::Csv => ("text/csv", csv::written(form, &table)),
        Wanted::Xlsx => {
            let broken = |error| refused(StatusCode::INTERNAL_SERVER_ERROR, error);
            let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
            (kind, workbook::written(form, &table).map_err(broken)?)
        }
    };
    let numbers: Vec<&str> = entries.iter().map(|entry| entry.transaction_no.as_str()).collect();
    let line = json!({
        "date": asked.date, "transactions": numbers, "bytes": bytes.len(), "planted": planted, "damage": asked.damage,
    });
    log.write("settlement", line).await?;
    Ok(HttpResponse::Ok().content_type(kind).body(bytes))
}

/// The transfer by which a day is paid out, if its net is above zero.
pub(crate) fn payout(form: &Form, merchant: &str, rows: Rows, asked: &Asked) -> Result<Value, Refused> {
    let totals = Totals::of(&of_day(rows.entries, asked.date));
    Ok(json!({
        "date": asked.date, "gross": totals.gross, "fee": totals.fee, "refunds": totals.refunds, "net": totals.net(),
        "content": format!("{} {merchant} NGAY {}", form.payout, asked.date.strftime("%d%m%Y")),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_changes_what_it_names_and_nothing_else() {
        let at = "2026-11-27T16:59:59Z".parse().unwrap();
        let entry = || Entry { fee: 10, ..Entry::new(Kind::Payment, "1".to_owned(), "A".to_owned(), 1_000, at) };
        let seen = |action| {
            let rows = entry().under(&[action]);
            rows.first().map(|row| (rows.len(), row.amount, row.fee, row.on.to_string(), row.at.to_string()))
        };
        let row = |copies, amount, fee, on: &str, at: &str| Some((copies, amount, fee, on.to_owned(), at.to_owned()));
        let (day, next, time) = ("2026-11-27", "2026-11-28", "2026-11-27T16:59:59Z");
        assert_eq!(seen(FileAction::Omit), None);
        assert_eq!(seen(FileAction::SettleLate), row(1, 1_000, 10, next, time));
        assert_eq!(seen(FileAction::AmountDelta(-1)), row(1, 999, 10, day, time));
        assert_eq!(seen(FileAction::FeeDelta(5)), row(1, 1_000, 15, day, time));
        assert_eq!(seen(FileAction::DayDelta(-1)), row(1, 1_000, 10, day, "2026-11-26T16:59:59Z"));
        assert_eq!(seen(FileAction::Repeat(2)), row(3, 1_000, 10, day, time));
        let pending = entry().under(&[FileAction::Pending("P".to_owned())]);
        let told: Vec<_> = pending.iter().map(|row| (row.on.to_string(), row.status.as_deref(), row.counts)).collect();
        assert_eq!(told, [(day.to_owned(), Some("P"), false), (next.to_owned(), None, true)]);
        assert_eq!((Totals::of(&pending[..1]).net(), Totals::of(&pending[1..]).net()), (0, 990));
    }

    #[test]
    fn the_rows_of_a_day_add_up_to_what_is_paid_out() {
        let at = "2026-11-27T02:00:00Z".parse().unwrap();
        let paid = Entry { fee: 12, ..Entry::new(Kind::Payment, "1".to_owned(), String::new(), 1_000, at) };
        let back = Entry::new(Kind::Refund, "2".to_owned(), String::new(), -400, at);
        let totals = Totals::of(&[paid.clone(), back]);
        assert_eq!((totals.gross, totals.refunds, totals.fee, totals.net()), (1_000, 400, 12, 588));
        assert_eq!(of_day(vec![paid], "2026-11-28".parse().unwrap()).len(), 0);
    }
}
