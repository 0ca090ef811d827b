//! The bill collection of BIDV's shape (Bills, section 2.6): we serve `token`, `getbill` and `paybill`. The document itself is
//! not public; field names, codes and formulas are those of independent public integrations that cite it.
//!
//! | what we found | `result_code` | HTTP |
//! |---|---|---|
//! | it is so | `000` | 200 |
//! | not the contract's token, or from elsewhere | `003` | 401 |
//! | a field is missing or not to be read | `001` | 400 |
//! | the checksum is not that of the fields | `004` | 400 |
//! | another `service_id` | `006` | 400 |
//! | the code is unknown | `011` | 400 |
//! | nothing is due; or the bill was cancelled | `012` | 200 |
//! | the bill is unknown, changed, or of another day | `021` | 400 |
//! | another amount than was told; or the number stands for another payment | `022` | 400 |
//! | another payment has paid it | `023` | 200 |
//! | ours to mend; nothing was decided | `031` | 503 |
//!
//! A payment with a right checksum and a field that is not to be read hears 001, 021 or 022 as well, and is kept for a person:
//! a bank has tried to pay. The document has one bill in an answer: the first is told, the next when that one is paid. `031` must not make the bank
//! give money back: it asks again with the same `trans_id`, and hears what was decided.

mod settings;
#[cfg(test)]
mod tests;
mod wire;

use crate::caller::From;
use crate::collecting;
use crate::day::DayEnd;
use crate::parts::{customer_key, header, json, number, short, whole};
use crate::token::{Client, LASTS_S};
use domain::bill::BillOutcome;
use domain::codes::{BeneficiaryCode, ProfileCode};
use jiff::Timestamp;
use provider::json::{Json, Object};
use provider::{
    Answer, Asked, BillCall, BillLookup, BillPayment, BillQuestion, Bills, ChannelKind, Decided, Heard, Names, Owes,
    Provider,
};
use serde_json::json as object;
use std::sync::Arc;

pub use settings::{CREDENTIALS, Settings, Shape};

use crate::settings::SettingsError;

/// How configuration, paths and evidence call this channel.
pub const CHANNEL: &str = "bank_bills";

/// Makes the provider of one contract.
///
/// # Errors
/// When a setting is empty or ill-formed.
pub fn provider(
    profile: ProfileCode,
    beneficiaries: Vec<BeneficiaryCode>,
    settings: Settings,
) -> Result<Provider, SettingsError> {
    let names = Names { vi: "Thu hộ qua ngân hàng", en: "Bill payment at the bank" };
    let bank = Arc::new(Bank::new(profile.clone(), settings)?);
    Ok(collecting(profile, beneficiaries, CHANNEL, (names, ChannelKind::Bank), bank))
}

/// One contract.
struct Bank {
    client: Client,
    from: From,
    day_end: DayEnd,
    settings: Settings,
}

impl Bank {
    fn new(profile: ProfileCode, settings: Settings) -> Result<Self, SettingsError> {
        settings.check()?;
        let secrets = settings.client_secret().cloned().collect();
        let client = Client { profile, id: settings.client_id.clone(), secrets };
        let from = crate::settings::read_from(&settings.allowed_from)?;
        let day_end = crate::settings::read_day_end(&settings.day_ends_at)?;
        Ok(Self { client, from, day_end, settings })
    }

    fn token(&self, call: &BillCall<'_>, now: Timestamp) -> Asked {
        let authorization = header(&call.request, "authorization");
        if !authorization.is_some_and(|text| self.client.is(text)) {
            return self.forged();
        }
        let Some(token) = self.client.grant(now) else { return self.forged() };
        let body = object!({"access_token": token, "token_type": "Bearer", "expires_in": LASTS_S});
        Asked::Answered(json(200, &body), Heard::Answered)
    }

    fn forged(&self) -> Asked {
        Asked::Answered(said(401, "003", "Sai thong tin dang nhap"), Heard::Forged)
    }

    fn getbill(&self, fields: &Object) -> Result<Asked, Asked> {
        let (service_id, customer_id) = (literal(fields, "service_id")?, literal(fields, "customer_id")?);
        self.checked(&[service_id, customer_id], literal(fields, "checksum")?)?;
        self.of_service(service_id)?;
        let customer_key = customer_key(customer_id).ok_or_else(missing)?;
        Ok(Asked::Bills(BillQuestion { customer_key, skip: 0, most: 1 }))
    }

    fn paybill(&self, fields: &Object) -> Result<Asked, Asked> {
        let (trans_id, bill_id) = (literal(fields, "trans_id")?, literal(fields, "bill_id")?);
        let amount = literal(fields, "amount")?;
        self.checked(&[trans_id, bill_id, amount], literal(fields, "checksum")?)?;
        self.of_service(literal(fields, "service_id")?)?;
        let payment = BillPayment {
            transaction: number(trans_id).ok_or_else(|| unreadable("trans_id", MISSING))?,
            call_id: None,
            customer_key: fields
                .literal("customer_id")
                .and_then(customer_key)
                .ok_or_else(|| unreadable("customer_id", MISSING))?,
            bill: number(bill_id).ok_or_else(|| unreadable("bill_id", NO_BILL))?,
            amount: whole(amount).ok_or_else(|| unreadable("amount", ANOTHER_AMOUNT))?,
            paid_at: fields.text("trans_date").and_then(wire::instant),
            callback: None,
        };
        Ok(Asked::Pay(payment))
    }

    fn checked(&self, fields: &[&str], claimed: &str) -> Result<(), Asked> {
        let fits = wire::checksum_fits(self.settings.checksum_secret(), fields, claimed);
        let forged = || Asked::Answered(said(400, "004", "Sai checksum"), Heard::Forged);
        if fits { Ok(()) } else { Err(forged()) }
    }

    fn of_service(&self, service_id: &str) -> Result<(), Asked> {
        let ours = service_id == self.settings.service_id;
        if ours { Ok(()) } else { Err(malformed(400, "006", "Sai ma dich vu")) }
    }
}

impl Bills for Bank {
    fn hear(&self, call: &BillCall<'_>, now: Timestamp) -> Asked {
        if !self.from.admits(call.from) {
            return self.forged();
        }
        if call.path == "token" && call.request.method == "POST" {
            return self.token(call, now);
        }
        if !header(&call.request, "authorization").is_some_and(|text| self.client.admits(text, now)) {
            return self.forged();
        }
        if call.request.method != "POST" || !matches!(call.path, "getbill" | "paybill") {
            return malformed(404, "001", "Khong co dich vu nay");
        }
        let fields = std::str::from_utf8(call.request.body).ok().and_then(|text| Json::object(text).ok());
        let Some(fields) = fields else { return missing() };
        let asked = if call.path == "getbill" { self.getbill(&fields) } else { self.paybill(&fields) };
        asked.unwrap_or_else(|refused| refused)
    }

    fn day_end(&self, now: Timestamp) -> Timestamp {
        self.day_end.after(now)
    }

    fn shows_payer(&self) -> bool {
        self.settings.shows_payer
    }

    fn owes(&self, question: &BillQuestion, owes: &Owes, _: Timestamp) -> Answer {
        let bill = match owes {
            Owes::Bills(bills) => bills.get(question.skip),
            Owes::Nothing => None,
            Owes::UnknownCustomer => return said(400, "011", "Khong ton tai khach hang"),
        };
        let Some(bill) = bill else { return said(200, "012", "Khach hang khong no cuoc") };
        let (amount, remark) = (bill.amount.dong().to_string(), short(&bill.description, wire::REMARK_MAX));
        let mut body = object!({
            "result_code": "000", "result_desc": "Thanh cong", "service_id": self.settings.service_id,
            "customer_id": question.customer_key, "customer_name": bill.payer, "customer_addr": "",
        });
        let more = match self.settings.answer {
            Shape::One => {
                object!({"data": {"type": wire::TYPE, "amount": amount, "bill_id": bill.reference}})
            }
            Shape::Periods => object!({
                "bill_id": bill.reference, "type": wire::TYPE, "total_amount": amount,
                "data": [{"period": "", "data": [{"bill_id": bill.reference, "amount": amount, "remark": remark}]}],
            }),
        };
        if let (Some(body), serde_json::Value::Object(more)) = (body.as_object_mut(), more) {
            body.extend(more);
        }
        json(200, &body)
    }

    fn decided(&self, _: &BillPayment, decided: &Decided) -> Answer {
        match decided.outcome {
            BillOutcome::Paid => said(200, "000", "Thanh cong"),
            BillOutcome::PaidAlready => said(200, "023", "Hoa don da duoc thanh toan"),
            BillOutcome::Cancelled => said(200, "012", "Khach hang khong no cuoc"),
            BillOutcome::UnknownBill | BillOutcome::Changed | BillOutcome::Expired => said(400, NO_BILL.0, NO_BILL.1),
            BillOutcome::WrongAmount | BillOutcome::Contradicted => said(400, ANOTHER_AMOUNT.0, ANOTHER_AMOUNT.1),
        }
    }

    /// The document has no such question.
    fn found(&self, _: &BillLookup, _: &[Decided], now: Timestamp) -> Answer {
        self.unavailable(now)
    }

    /// The document has no such question.
    fn alive(&self, _: bool, now: Timestamp) -> Answer {
        self.unavailable(now)
    }

    fn closed(&self, _: Timestamp) -> Answer {
        said(503, "031", "Tam ngung thu ho")
    }

    fn unavailable(&self, _: Timestamp) -> Answer {
        said(503, "031", "Loi he thong")
    }
}

/// A text or a number as it stood: the checksum is over that.
fn literal<'a>(fields: &'a Object, name: &str) -> Result<&'a str, Asked> {
    fields.literal(name).filter(|text| !text.is_empty()).ok_or_else(missing)
}

/// `result_code`, and what it says.
type Code = (&'static str, &'static str);

const MISSING: Code = ("001", "Thieu tham so");
const NO_BILL: Code = ("021", "Khong ton tai hoa don");
const ANOTHER_AMOUNT: Code = ("022", "Sai so tien");

fn missing() -> Asked {
    malformed(400, MISSING.0, MISSING.1)
}

/// Of a payment whose checksum is right.
fn unreadable(field: &'static str, (code, says): Code) -> Asked {
    Asked::Unreadable(said(400, code, says), field)
}

fn malformed(status: u16, code: &str, says: &str) -> Asked {
    Asked::Answered(said(status, code, says), Heard::Malformed)
}

fn said(status: u16, code: &str, says: &str) -> Answer {
    json(status, &object!({"result_code": code, "result_desc": says}))
}
