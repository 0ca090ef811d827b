//! The settlement file of a day and the payout that follows it. VNPAY's columns come with the contract and are not
//! public: this layout is the project's own. Refuses nothing that the books hold.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::book::{Order, Refund, Return, Status};
use super::{Action, Shop, VnpayConfig, clock};
use crate::day_file::Damage;
use crate::server::{Answer, Refused, grouped, refused};

const HEADER: &str = "STT,Mã giao dịch VNPAY,Mã đơn hàng,Mã website,Loại giao dịch,Trạng thái,Số tiền giao dịch,Phí,\
                      Số tiền thanh toán,Thời gian giao dịch,Ngày thanh quyết toán,Mã giao dịch gốc";

/// What a rule does to the row of a payment. The file is made anew at each call, so a rule is not used up by it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FileAction {
    /// The payment is in no file.
    Omit,
    /// The row is in the next day's file.
    SettleLate,
    /// So many đồng more (or less) in the row; fee, net and totals follow.
    AmountDelta(i64),
    /// So many đồng more (or less) are kept.
    FeeDelta(i64),
    /// As many more copies of the row, which the totals count.
    Repeat(u32),
    /// Instead of `Thành công`; the row counts all the same.
    Status(String),
    /// Instead of `Thành công`, and nothing adds the row up; the next day's file has it as one that succeeded.
    Pending(String),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Payment,
    Refund,
    /// A refund that the payer's bank returned.
    Return,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Payment => "Thanh toán",
            Self::Refund => "Hoàn tiền",
            Self::Return => "Điều chỉnh",
        }
    }
}

struct Row {
    transaction_no: String,
    order_ref: String,
    kind: Kind,
    status: String,
    /// What the file adds up and pays out.
    counts: bool,
    /// In đồng; money given back is negative.
    amount: i64,
    fee: i64,
    /// yyyyMMddHHmmss in Hanoi.
    at: String,
    original: String,
}

impl Row {
    fn net(&self) -> i64 {
        self.amount.saturating_sub(self.fee)
    }
}

#[derive(Default)]
struct Totals {
    /// Payments.
    gross: i64,
    /// Money given back, above zero.
    refunds: i64,
    /// Money given back that came back.
    returned: i64,
    fee: i64,
}

impl Totals {
    fn of(rows: &[Row]) -> Self {
        rows.iter().filter(|row| row.counts).fold(Self::default(), |mut totals, row| {
            totals.fee = totals.fee.saturating_add(row.fee);
            match row.kind {
                Kind::Payment => totals.gross = totals.gross.saturating_add(row.amount),
                Kind::Refund => totals.refunds = totals.refunds.saturating_sub(row.amount),
                Kind::Return => totals.returned = totals.returned.saturating_add(row.amount),
            }
            totals
        })
    }

    fn amount(&self) -> i64 {
        self.gross.saturating_sub(self.refunds).saturating_add(self.returned)
    }

    fn net(&self) -> i64 {
        self.amount().saturating_sub(self.fee)
    }
}

/// Rounded half up to whole đồng, per row.
fn fee(config: &VnpayConfig, amount: i64) -> i64 {
    let share = (i128::from(amount) * i128::from(config.fee_rate_ppm) + 500_000).div_euclid(1_000_000);
    i64::try_from(share).unwrap_or(i64::MAX).saturating_add(config.fee_fixed)
}

/// What a file is of.
#[derive(Clone, Copy)]
enum Of {
    Day(Date),
    /// One that was ended by hand.
    Session(usize),
}

/// Of that day: payments by their pay date, refunds by the time they count as sent to the bank, and by the time they came
/// back.
fn rows(shop: &Shop, of: Of) -> Vec<Row> {
    let book = shop.book();
    let now = clock::now();
    let is_in = |refund: &&Refund| match of {
        Of::Day(date) => refund.was_sent(now) && clock::hanoi(refund.decided_at).date() == date,
        Of::Session(number) => refund.session == Some(number),
    };
    let returned = |back: &Return| match of {
        Of::Day(date) => clock::hanoi(back.at).date() == date,
        Of::Session(number) => back.session == Some(number),
    };
    let mut rows: Vec<Row> = Vec::new();
    for order in &book.orders {
        rows.extend(payment(shop, order, of));
        rows.extend(order.refunds.iter().filter(is_in).map(|refund| given_back(order, refund)));
        let backs = order.refunds.iter().filter_map(|refund| Some((refund, refund.came_back.as_ref()?)));
        rows.extend(backs.filter(|(_, back)| returned(back)).map(|(refund, back)| came_back(order, refund, back)));
    }
    rows.sort_by(|a, b| (&a.at, &a.transaction_no).cmp(&(&b.at, &b.transaction_no)));
    rows
}

fn scripted(shop: &Shop, order: &Order) -> Vec<FileAction> {
    let matches = |rule: &super::Match| rule.is(&order.request.order_ref, Some(order.request.amount));
    let found = shop.rules.peek(matches, |action| matches!(action, Action::Settlement(_)));
    let action = |action| if let Action::Settlement(action) = action { Some(action) } else { None };
    found.into_iter().filter_map(action).collect()
}

/// Whether what was paid then is settled in it.
fn is_in(of: Of, order: &Order, pay_date: &str, late: bool) -> bool {
    match of {
        Of::Day(date) => {
            let paid_on = if late { date.yesterday().unwrap_or(date) } else { date };
            clock::wire_day(pay_date) == paid_on.strftime("%Y%m%d").to_string()
        }
        Of::Session(number) => order.session == Some(number),
    }
}

/// What rules make the file tell otherwise than it happened, as the log says it.
fn planted(shop: &Shop, of: Of) -> Vec<Value> {
    let book = shop.book();
    let paid = book.orders.iter().filter_map(|order| {
        let outcome = order.outcome.as_ref().filter(|outcome| outcome.status == Status::Paid)?;
        is_in(of, order, &outcome.pay_date, false).then_some((order, outcome))
    });
    let lines = paid.flat_map(|(order, outcome)| {
        let line = |action: FileAction| {
            json!({
                "what": action, "kind": "payment", "transaction_no": outcome.transaction_no(),
                "order_ref": order.request.order_ref, "amount": outcome.amount, "fee": fee(&shop.config, outcome.amount),
            })
        };
        scripted(shop, order).into_iter().map(line).collect::<Vec<_>>()
    });
    lines.collect()
}

fn payment(shop: &Shop, order: &Order, of: Of) -> Vec<Row> {
    let Some(outcome) = order.outcome.as_ref().filter(|outcome| outcome.status == Status::Paid) else {
        return Vec::new();
    };
    let (mut in_file, mut late, mut copies) = (true, false, 1_usize);
    let (mut amount, mut kept, mut status, mut pending) = (outcome.amount, 0_i64, "Thành công".to_owned(), None);
    for action in scripted(shop, order) {
        match action {
            FileAction::Omit => in_file = false,
            FileAction::SettleLate => late = true,
            FileAction::AmountDelta(delta) => amount = amount.saturating_add(delta),
            FileAction::FeeDelta(delta) => kept = kept.saturating_add(delta),
            FileAction::Repeat(n) => copies += usize::try_from(n).unwrap_or(0),
            FileAction::Status(other) => status = other,
            FileAction::Pending(word) => pending = Some(word),
        }
    }
    let its_own = is_in(of, order, &outcome.pay_date, late);
    let settled_here = pending.is_some() && is_in(of, order, &outcome.pay_date, true);
    if !in_file || !(its_own || settled_here) {
        return Vec::new();
    }
    let pending = pending.filter(|_| its_own);
    let counts = pending.is_none();
    let status = pending.unwrap_or(status);
    let row = || Row {
        transaction_no: outcome.transaction_no(),
        order_ref: order.request.order_ref.clone(),
        kind: Kind::Payment,
        status: status.clone(),
        counts,
        amount,
        fee: fee(&shop.config, amount).saturating_add(kept),
        at: outcome.pay_date.clone(),
        original: String::new(),
    };
    (0..copies).map(|_| row()).collect()
}

/// The fee of the payment is not given back and the refund costs none.
fn given_back(order: &Order, refund: &Refund) -> Row {
    Row {
        transaction_no: refund.transaction_no.to_string(),
        order_ref: order.request.order_ref.clone(),
        kind: Kind::Refund,
        status: "Thành công".to_owned(),
        counts: true,
        amount: -refund.amount,
        fee: 0,
        at: clock::wire_time(refund.decided_at),
        original: order.outcome.as_ref().map_or_else(String::new, |outcome| outcome.transaction_no()),
    }
}

/// A row of its own, whose original is the refund.
fn came_back(order: &Order, refund: &Refund, back: &Return) -> Row {
    Row {
        transaction_no: back.transaction_no.to_string(),
        order_ref: order.request.order_ref.clone(),
        kind: Kind::Return,
        status: "Thành công".to_owned(),
        counts: true,
        amount: refund.amount,
        fee: 0,
        at: clock::wire_time(back.at),
        original: refund.transaction_no.to_string(),
    }
}

/// Exactly one of date and session.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    date: Option<Date>,
    session: Option<usize>,
    damage: Option<Damage>,
}

impl Asked {
    fn of(&self, shop: &Shop) -> Result<(Date, Of), Refused> {
        match (self.date, self.session) {
            (Some(date), None) => Ok((date, Of::Day(date))),
            (None, Some(number)) => {
                let date = number.checked_sub(1).and_then(|at| shop.book().sessions.get(at).copied());
                let date = date.ok_or_else(|| refused(StatusCode::NOT_FOUND, "no such session"))?;
                Ok((date, Of::Session(number)))
            }
            _ => Err(refused(StatusCode::BAD_REQUEST, "date or session, one of them")),
        }
    }
}

/// Ends a session before the day is over: all that was paid or given back and is in none yet is settled in it.
pub(super) async fn cut(shop: web::Data<Shop>) -> Answer {
    let (date, number) = {
        let mut book = shop.book();
        let number = book.sessions.len() + 1;
        let now = clock::now();
        for order in &mut book.orders {
            let paid = order.outcome.as_ref().is_some_and(|outcome| outcome.status == Status::Paid);
            if paid && order.session.is_none() {
                order.session = Some(number);
            }
            for refund in order.refunds.iter_mut().filter(|refund| refund.was_sent(now)) {
                refund.session.get_or_insert(number);
                refund.came_back.iter_mut().for_each(|back| _ = back.session.get_or_insert(number));
            }
        }
        let date = clock::hanoi(now).date();
        book.sessions.push(date);
        (date, number)
    };
    shop.log.write("control", json!({"what": "settlement_cut", "session": number})).await?;
    Ok(HttpResponse::Ok().json(paid_out(&shop, date, Of::Session(number))))
}

pub(super) async fn file(shop: web::Data<Shop>, asked: web::Query<Asked>) -> Answer {
    let (date, of) = asked.of(&shop)?;
    let rows = rows(&shop, of);
    let mut totals = Totals::of(&rows);
    if asked.damage == Some(Damage::WrongTotal) {
        totals.gross = totals.gross.saturating_add(Damage::TOO_MUCH);
    }
    let settled = date.tomorrow().unwrap_or(date).strftime("%d/%m/%Y").to_string();
    let mut csv = format!("\u{feff}{HEADER}\r\n");
    for (number, row) in (1..).zip(&rows) {
        csv.push_str(&line(&[
            number.to_string(),
            row.transaction_no.clone(),
            row.order_ref.clone(),
            shop.config.tmn_code.clone(),
            row.kind.as_str().to_owned(),
            row.status.clone(),
            grouped(row.amount),
            grouped(row.fee),
            grouped(row.net()),
            time(&row.at),
            settled.clone(),
            row.original.clone(),
        ]));
    }
    let mut last = [const { String::new() }; 12];
    last[0] = "Tổng cộng".to_owned();
    last[6] = grouped(totals.amount());
    last[7] = grouped(totals.fee);
    last[8] = grouped(totals.net());
    csv.push_str(&line(&last));
    let planted = planted(&shop, of);
    let (session, damage) = (asked.session, asked.damage);
    let told = json!({"date": date, "session": session, "file": csv, "planted": planted, "damage": damage});
    shop.log.write("settlement", told).await?;
    Ok(HttpResponse::Ok().content_type("text/csv; charset=utf-8").body(csv))
}

/// The transfer by which it is paid out, if its net is above zero.
pub(super) async fn payout(shop: web::Data<Shop>, asked: web::Query<Asked>) -> Answer {
    let (date, of) = asked.of(&shop)?;
    Ok(HttpResponse::Ok().json(paid_out(&shop, date, of)))
}

fn paid_out(shop: &Shop, date: Date, of: Of) -> Value {
    let rows = rows(shop, of);
    let totals = Totals::of(&rows);
    let content = format!("VNPAY TT {} NGAY {}", shop.config.tmn_code, date.strftime("%d%m%Y"));
    let mut told = json!({
        "date": date, "gross": totals.gross, "fee": totals.fee, "refunds": totals.refunds, "net": totals.net(),
        "content": content,
    });
    if totals.returned != 0 {
        told["returned"] = totals.returned.into();
    }
    if let Of::Session(number) = of {
        told["session"] = number.into();
        told["rows"] = rows.len().into();
    }
    told
}

/// yyyyMMddHHmmss → `dd/MM/yyyy HH:mm:ss`.
fn time(wire: &str) -> String {
    let part = |range| wire.get(range).unwrap_or("");
    format!("{}/{}/{} {}:{}:{}", part(6..8), part(4..6), part(0..4), part(8..10), part(10..12), part(12..14))
}

fn line(fields: &[String]) -> String {
    let quoted = |field: &String| match field.contains([',', '"', '\r', '\n']) {
        true => format!("\"{}\"", field.replace('"', "\"\"")),
        false => field.clone(),
    };
    fields.iter().map(quoted).collect::<Vec<_>>().join(",") + "\r\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fees_are_rounded_half_up() {
        let mut config = VnpayConfig::new("T", "s");
        for (amount, expected) in
            [(0, 0), (62, 0), (63, 1), (187, 1), (188, 2), (150_000, 1200), (1_000_000_000, 8_000_000)]
        {
            assert_eq!(fee(&config, amount), expected, "{amount}");
        }
        (config.fee_rate_ppm, config.fee_fixed) = (11_000, 1650);
        assert_eq!(fee(&config, 100_000), 1100 + 1650);
    }

    #[test]
    fn only_what_needs_it_is_quoted() {
        assert_eq!(line(&["a".to_owned(), "1,000".to_owned(), "x\"y".to_owned()]), "a,\"1,000\",\"x\"\"y\"\r\n");
        assert_eq!(time("20261124154546"), "24/11/2026 15:45:46");
    }
}
