//! Bill payments of the GSMA Mobile Money API 1.2, where the Mobile Money provider calls us (Bills, section 4.5): bills of an
//! account, payments of a bill, request states, missing responses, heartbeat.
//!
//! | what we found | category, code | HTTP |
//! |---|---|---|
//! | not the contract's token or key, or from elsewhere | authorisation, clientAuthorisationError | 401 |
//! | `X-Content-Hash` is not that of the body | validation, formatError | 400 |
//! | a field is missing · not to be read · of another currency | validation, mandatoryValueNotSupplied · formatError · currencyNotSupported | 400 |
//! | the account, or the bill, is unknown | identification, identifierError | 404 |
//! | the bill is paid, cancelled, or changed | businessRule, incorrectState | 400 |
//! | the bill is of another day | businessRule, quoteHasExpired | 400 |
//! | part of the bill, or less · more than was told | businessRule, underPaymentNotAllowed · overPaymentNotAllowed | 400 |
//! | the number stands for another payment | businessRule, duplicateRequest | 400 |
//! | ours to mend; nothing was decided | serviceUnavailable, genericError | 503 |
//!
//! A payment is known by `requestingOrganisationTransactionReference`, and by `X-CorrelationID` where there is none. The same
//! number again hears the same answer, which the document leaves to us. `/responses` leads to the state of that very request,
//! which tells either outcome; payments of the bill are those that are in the books. An outcome is told in the answer, or after
//! a 202, as the contract says: to the `X-Callback-URL` that the call names, where the contract has a place for it, else to
//! `/requeststates`. A payment that is theirs and cannot be read hears its error as well, and is kept for a person.

mod callback;
mod settings;
#[cfg(test)]
mod tests;
mod wire;

use crate::caller::From;
use crate::collecting;
use crate::day::DayEnd;
use crate::parts::{customer_key, header, json, number};
use crate::settings::SettingsError;
use crate::token::{Client, LASTS_S};
use callback::Place;
use domain::bill::BillOutcome;
use domain::codes::{BeneficiaryCode, ProfileCode};
use jiff::Timestamp;
use provider::json::{Json, Object};
use provider::{
    Answer, Asked, BillCall, BillCallbacks, BillLookup, BillPayment, BillQuestion, Bills, ChannelKind, Decided, Heard,
    Names, Owes, Provider, Request,
};
use secrecy::ExposeSecret;
use serde_json::{Value, json as object};
use std::sync::Arc;
use subtle::ConstantTimeEq;
use uuid::Uuid;
use wire::Fault;

pub use settings::{CREDENTIALS, Settings, When};

/// How configuration, paths and evidence call this channel.
pub const CHANNEL: &str = "mobile_money_bills";
/// What a list has where nothing is said, and at most (`limit`).
const PAGE: usize = 50;

/// Makes the provider of one contract.
///
/// # Errors
/// When a setting is empty or ill-formed.
pub fn provider(
    profile: ProfileCode,
    beneficiaries: Vec<BeneficiaryCode>,
    settings: Settings,
    http: reqwest::Client,
) -> Result<Provider, SettingsError> {
    let names = Names { vi: "Thanh toán hoá đơn bằng tiền di động", en: "Bill payment with Mobile Money" };
    let wallet = Arc::new(Wallet::new(profile.clone(), settings, http)?);
    Ok(collecting(profile, beneficiaries, CHANNEL, (names, ChannelKind::MobileMoney), wallet))
}

/// One contract.
struct Wallet {
    client: Client,
    from: From,
    day_end: DayEnd,
    callbacks_at: Option<Place>,
    http: reqwest::Client,
    settings: Settings,
}

impl Wallet {
    fn new(profile: ProfileCode, settings: Settings, http: reqwest::Client) -> Result<Self, SettingsError> {
        settings.check()?;
        let secrets = settings.client_secret().cloned().collect();
        let client = Client { profile, id: settings.client_id.clone(), secrets };
        let from = crate::settings::read_from(&settings.allowed_from)?;
        let day_end = crate::settings::read_day_end(&settings.day_ends_at)?;
        // who hears the outcome in the answer needs no callback
        let place = settings.callback_url.as_deref().filter(|_| settings.answers == When::WhenAsked);
        let callbacks_at = place.and_then(Place::read);
        Ok(Self { client, from, day_end, callbacks_at, http, settings })
    }

    fn token(&self, call: &BillCall<'_>, now: Timestamp) -> Asked {
        let known = header(&call.request, "authorization").is_some_and(|text| self.client.is(text));
        let Some(token) = known.then(|| self.client.grant(now)).flatten() else {
            // RFC 6749, section 5.2
            return Asked::Answered(json(401, &object!({"error": "invalid_client"})), Heard::Forged);
        };
        let asked =
            form_urlencoded::parse(call.request.body).any(|(n, v)| n == "grant_type" && v == "client_credentials");
        if !asked {
            return Asked::Answered(json(400, &object!({"error": "unsupported_grant_type"})), Heard::Malformed);
        }
        let granted = object!({"access_token": token, "token_type": "Bearer", "expires_in": LASTS_S});
        Asked::Answered(json(200, &granted), Heard::Answered)
    }

    /// A token of ours, the contract's key where it has one, and a body that is the one that was hashed.
    fn admitted(&self, request: &Request<'_>, now: Timestamp) -> Result<(), Fault> {
        let token = header(request, "authorization").is_some_and(|text| self.client.admits(text, now));
        let shown = header(request, "x-api-key").unwrap_or_default();
        let keyed = self.settings.api_key.is_none()
            || self
                .settings
                .api_key()
                .fold(false, |any, key| any | bool::from(key.expose_secret().as_bytes().ct_eq(shown.as_bytes())));
        if !token || !keyed {
            return Err(Fault::Client);
        }
        if header(request, "x-content-hash").is_some_and(|hash| !wire::hash_fits(hash, request.body)) {
            return Err(Fault::Format("X-Content-Hash"));
        }
        Ok(())
    }

    /// Where the caller wants to be told, if that is a place of the contract's; else it asks, as it may in any case.
    fn callback_of(&self, request: &Request<'_>) -> Option<String> {
        let (place, named) = (self.callbacks_at.as_ref()?, header(request, "x-callback-url")?);
        let admitted = place.admits(named);
        if admitted.is_none() {
            tracing::warn!("a call about bills names a callback that is not the contract's");
        }
        admitted.map(String::from)
    }

    fn asked(&self, call: &BillCall<'_>, now: Timestamp) -> Result<Asked, Fault> {
        self.admitted(&call.request, now)?;
        let parts: Vec<&str> = call.path.split('/').collect();
        match (call.request.method, parts.as_slice()) {
            ("GET", ["heartbeat"]) => Ok(Asked::Alive),
            ("GET", ["accounts", kind, account, "bills"]) => {
                let (skip, most) = page(call.request.query)?;
                Ok(Asked::Bills(BillQuestion { customer_key: of_account(kind, account)?, skip, most }))
            }
            ("GET", ["accounts", kind, account, "bills", bill, "payments"]) => {
                page(call.request.query)?;
                let customer_key = of_account(kind, account)?;
                let bill = number(bill).ok_or(Fault::Identifier)?;
                Ok(Asked::Paid(BillLookup::OfBill { customer_key, bill }))
            }
            ("POST", ["accounts", kind, account, "bills", bill, "payments"]) => {
                let read = of_account(kind, account).and_then(|customer_key| {
                    payment(&call.request, customer_key, number(bill).ok_or(Fault::Identifier)?)
                });
                Ok(match read {
                    Ok(payment) => Asked::Pay(BillPayment { callback: self.callback_of(&call.request), ..payment }),
                    Err(fault) => Asked::Unreadable(fault.answer(now), fault.about()),
                })
            }
            ("GET", ["requeststates", id]) => {
                let handle = Uuid::try_parse(id).map_err(|_| Fault::Identifier)?;
                Ok(Asked::Paid(BillLookup::ByHandle(handle)))
            }
            ("GET", ["responses", id]) => {
                let call_id = Uuid::try_parse(id).map_err(|_| Fault::Identifier)?;
                Ok(Asked::Paid(BillLookup::ByCall(call_id.to_string())))
            }
            _ => Err(Fault::Identifier),
        }
    }
}

impl Bills for Wallet {
    fn hear(&self, call: &BillCall<'_>, now: Timestamp) -> Asked {
        if !self.from.admits(call.from) {
            return refused(&Fault::Client, now);
        }
        if call.path == "token" && call.request.method == "POST" {
            return self.token(call, now);
        }
        self.asked(call, now).unwrap_or_else(|fault| refused(&fault, now))
    }

    fn day_end(&self, now: Timestamp) -> Timestamp {
        self.day_end.after(now)
    }

    /// The document has no place for a name.
    fn shows_payer(&self) -> bool {
        false
    }

    fn owes(&self, question: &BillQuestion, owes: &Owes, now: Timestamp) -> Answer {
        let bills = match owes {
            Owes::Bills(bills) => bills.as_slice(),
            Owes::Nothing => &[],
            Owes::UnknownCustomer => return Fault::Identifier.answer(now),
        };
        let shown = bills.iter().skip(question.skip).take(question.most);
        json(200, &Value::Array(shown.map(wire::bill).collect()))
    }

    fn decided(&self, payment: &BillPayment, decided: &Decided) -> Answer {
        // what was decided under this number is another payment's: asking about the handle would tell of that
        let is_another = decided.outcome == BillOutcome::Contradicted;
        if self.settings.answers == When::WhenAsked && !is_another {
            let how = if payment.callback.is_some() { "callback" } else { "polling" };
            let pending = object!({
                "serverCorrelationId": decided.handle, "status": "pending", "notificationMethod": how,
            });
            return json(202, &pending);
        }
        match fault_of(decided, payment.amount) {
            None => json(201, &wire::paid(decided)),
            Some(fault) => fault.answer(decided.at),
        }
    }

    fn found(&self, lookup: &BillLookup, found: &[Decided], now: Timestamp) -> Answer {
        let first = found.first();
        match (lookup, first) {
            (BillLookup::OfBill { .. }, _) => {
                json(200, &Value::Array(found.iter().take(PAGE).map(wire::paid).collect()))
            }
            (BillLookup::ByHandle(_), Some(decided)) => {
                let fault = fault_of(decided, decided.amount);
                let status = if fault.is_none() { "completed" } else { "failed" };
                let mut state = object!({
                    "serverCorrelationId": decided.handle, "status": status, "notificationMethod": "polling",
                });
                if let Some(state) = state.as_object_mut() {
                    state.extend(decided.payment.map(|id| ("objectReference".to_owned(), object!(id.to_string()))));
                    state.extend(fault.map(|fault| ("error".to_owned(), fault.body(decided.at))));
                }
                json(200, &state)
            }
            (BillLookup::ByCall(_), Some(decided)) => json(200, &object!({"link": wire::link(decided)})),
            (BillLookup::ByHandle(_) | BillLookup::ByCall(_), None) => Fault::Identifier.answer(now),
        }
    }

    fn alive(&self, is_open: bool, _: Timestamp) -> Answer {
        json(200, &object!({"serviceStatus": if is_open { "available" } else { "unavailable" }}))
    }

    fn closed(&self, now: Timestamp) -> Answer {
        Fault::Closed.answer(now)
    }

    fn callbacks(&self) -> Option<&dyn BillCallbacks> {
        self.callbacks_at.as_ref().map(|_| self as &dyn BillCallbacks)
    }

    fn unavailable(&self, now: Timestamp) -> Answer {
        Fault::Unavailable.answer(now)
    }
}

/// The table above, for what was decided.
fn fault_of(decided: &Decided, paid: domain::Vnd) -> Option<Fault> {
    Some(match decided.outcome {
        BillOutcome::Paid => return None,
        BillOutcome::UnknownBill => Fault::Identifier,
        BillOutcome::PaidAlready | BillOutcome::Cancelled | BillOutcome::Changed => Fault::State(decided.outcome),
        BillOutcome::Expired => Fault::Expired,
        BillOutcome::WrongAmount if decided.told.is_some_and(|told| paid > told) => Fault::TooMuch,
        BillOutcome::WrongAmount => Fault::TooLittle,
        BillOutcome::Contradicted => Fault::Duplicate,
    })
}

fn refused(fault: &Fault, now: Timestamp) -> Asked {
    let heard = if matches!(fault, Fault::Client) { Heard::Forged } else { Heard::Malformed };
    Asked::Answered(fault.answer(now), heard)
}

/// A dossier or customer code is an account's id, or a consumer's number.
fn of_account(kind: &str, account: &str) -> Result<String, Fault> {
    if !matches!(kind, "accountid" | "consumerno") {
        return Err(Fault::Identifier);
    }
    wire::decoded(account).as_deref().and_then(customer_key).ok_or(Fault::Identifier)
}

/// `offset` and `limit`, each at most once.
fn page(query: &str) -> Result<(usize, usize), Fault> {
    let (mut skip, mut most) = (None, None);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let place = match name.as_ref() {
            "offset" => &mut skip,
            "limit" => &mut most,
            _ => continue,
        };
        let number = value.parse::<u16>().map_err(|_| Fault::Offset)?;
        if place.replace(usize::from(number)).is_some() {
            return Err(Fault::Offset);
        }
    }
    Ok((skip.unwrap_or(0), most.unwrap_or(PAGE).min(PAGE)))
}

fn payment(request: &Request<'_>, customer_key: String, bill: String) -> Result<BillPayment, Fault> {
    let call_id = match header(request, "x-correlationid") {
        Some(text) => Some(Uuid::try_parse(text).map_err(|_| Fault::Format("X-CorrelationID"))?.to_string()),
        None => None,
    };
    let text = std::str::from_utf8(request.body).map_err(|_| Fault::Format("body"))?;
    let fields = Json::object(text).map_err(|_| Fault::Format("body"))?;
    let own = match fields.get("requestingOrganisationTransactionReference") {
        None | Some(Json::Null) => None,
        Some(Json::Text(own)) => Some(number(own).ok_or(Fault::Format("requestingOrganisationTransactionReference"))?),
        Some(_) => return Err(Fault::Format("requestingOrganisationTransactionReference")),
    };
    let transaction = own.or_else(|| call_id.clone()).ok_or(Fault::Missing("X-CorrelationID"))?;
    let amount = wire::amount(words(&fields, "amountPaid")?).ok_or(Fault::Format("amountPaid"))?;
    if words(&fields, "currency")? != wire::VND {
        return Err(Fault::Currency);
    }
    match fields.get("paymentType") {
        None | Some(Json::Null) => {}
        Some(Json::Text(kind)) if kind == "fullpayment" => {}
        Some(Json::Text(kind)) if kind == "partialpayment" => return Err(Fault::TooLittle),
        Some(_) => return Err(Fault::Format("paymentType")),
    }
    let paid_at = fields.text("requestDate").and_then(|text| text.parse().ok());
    Ok(BillPayment { transaction, call_id, customer_key, bill, amount, paid_at, callback: None })
}

fn words<'a>(fields: &'a Object, name: &'static str) -> Result<&'a str, Fault> {
    match fields.get(name) {
        Some(Json::Text(text)) => Ok(text),
        None | Some(Json::Null) => Err(Fault::Missing(name)),
        Some(_) => Err(Fault::Format(name)),
    }
}
