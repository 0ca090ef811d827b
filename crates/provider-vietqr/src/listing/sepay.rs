//! SePay's listing, `GET /userapi/transactions/list` of its API v1 (Bank transfer, section 2.1; developer.sepay.vn,
//! "Transaction API"). Its API v2 names rows by UUIDs that no webhook has, so it is of no use here.
//! An answer has the 5000 newest rows at most and does not say that others were left out, so a full one is asked for
//! again in two halves of its time.

use super::{Host, ill, listed, malformed, parse, row};
use crate::told::{self, Row};
use crate::{banks, sepay::TELLER, wire};
use async_trait::async_trait;
use domain::Vnd;
use domain::account_report::{AccountReport, Direction};
use jiff::{SignedDuration, Timestamp};
use provider::json::Object;
use provider::{Movements, ProviderError, Turns, Wanted};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::time::Duration;

/// The most that one answer has (section 2.1).
const LIMIT: usize = 5000;
/// No account of a province has as many rows as this many answers; a teller that passes over our dates has.
const MAX_CALLS: u32 = 64;
/// Rows may be stated ahead of our clock, not by a day.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);

pub struct Listing {
    host: Host,
    limit: usize,
}

/// Inclusive; SePay's times are whole seconds.
struct Window {
    from: Timestamp,
    until: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    status: &'a RawValue,
    #[serde(borrow)]
    transactions: Vec<&'a RawValue>,
}

impl Listing {
    pub fn new(host: Host) -> Self {
        Self { host, limit: LIMIT }
    }

    #[cfg(test)]
    pub fn with_limit(host: Host, limit: usize) -> Self {
        Self { host, limit }
    }

    async fn page(&self, account_number: &str, window: &Window, turns: &dyn Turns) -> Result<Vec<u8>, ProviderError> {
        let mut query = vec![
            ("account_number", account_number.to_owned()),
            ("transaction_date_min", wire::time_to_wire(window.from)),
            ("limit", self.limit.to_string()),
        ];
        query.extend(window.until.map(|until| ("transaction_date_max", wire::time_to_wire(until))));
        let body = self.host.get("/userapi/transactions/list", "Bearer", &query, turns).await?;
        // How API v1 says that it does not know the token (developer.sepay.vn, "Upgrade from API v1").
        if body.iter().all(u8::is_ascii_whitespace) {
            return Err(ProviderError::Refused("an empty answer: the token is not accepted".to_owned()));
        }
        Ok(body)
    }
}

#[async_trait]
impl Movements for Listing {
    fn teller(&self) -> &'static str {
        TELLER
    }

    fn pace(&self) -> Duration {
        self.host.pace
    }

    async fn list(&self, wanted: Wanted<'_>, turns: &dyn Turns) -> Result<provider::Listing, ProviderError> {
        let Wanted { account_number, since, now, .. } = wanted;
        let mut rows = BTreeMap::new();
        let mut open = vec![Window { from: since, until: None }];
        let mut calls = 0;
        while let Some(window) = open.pop() {
            calls += 1;
            if calls > MAX_CALLS {
                return Err(malformed("the listing does not end".to_owned()));
            }
            let body = self.page(account_number, &window, turns).await?;
            let answer: Answer<'_> = parse(&body)?;
            if answer.status.get().trim_matches('"') != "200" {
                return Err(malformed("status is not 200".to_owned()));
            }
            if answer.transactions.len() >= self.limit {
                open.extend(halves(&window, now)?);
                continue;
            }
            for raw in answer.transactions {
                let told = row(raw).and_then(|row| report(&row, account_number)).transpose();
                if let Some(report) = told {
                    // what has no number is the same row where it says the same
                    let key = report.as_ref().map_or_else(|_| raw.get().to_owned(), |report| report.source_key.clone());
                    rows.insert(key, listed(raw, report));
                }
            }
        }
        Ok(provider::Listing { rows: rows.into_values().collect(), as_of: now })
    }
}

fn halves(window: &Window, now: Timestamp) -> Result<[Window; 2], ProviderError> {
    let ill = |_| malformed("a time beyond the calendar".to_owned());
    let until = match window.until {
        Some(until) => until,
        None => now.checked_add(AHEAD).map_err(ill)?,
    };
    let (first, last) = (window.from.as_second(), until.as_second());
    if first >= last {
        return Err(malformed("more rows in one second than an answer has".to_owned()));
    }
    let middle = first.midpoint(last);
    let second = |s| Timestamp::from_second(s).map_err(ill);
    let early = Window { from: window.from, until: Some(second(middle)?) };
    Ok([early, Window { from: second(middle + 1)?, until: Some(until) }])
}

/// None for a row of another account, and for one that moved nothing.
fn report(row: &Object, account_number: &str) -> Result<Option<AccountReport>, String> {
    let stated = row.text("account_number").ok_or_else(|| ill("account_number"))?;
    if stated != account_number {
        return Ok(None);
    }
    let side = |name| row.text(name).and_then(|text| wire::signed_amount(text).ok()).ok_or_else(|| ill(name));
    let (direction, amount) = match (side("amount_in")?, side("amount_out")?) {
        (Vnd::ZERO, Vnd::ZERO) => return Ok(None),
        (amount, Vnd::ZERO) if amount.is_positive() => (Direction::In, amount),
        (Vnd::ZERO, amount) if amount.is_positive() => (Direction::Out, amount),
        _ => return Err(ill("amount_in or amount_out")),
    };
    let row = Row {
        teller: TELLER,
        source_key: told::numbered(TELLER, row).map_err(ill)?,
        account_number: Some(stated),
        bank_bin: banks::bin(&[row.text("bank_brand_name")]),
        virtual_account: row.text("sub_account"),
        direction,
        amount,
        bank_ref: row.text("reference_number"),
        text: row.text("transaction_content"),
        stated_at: row.text("transaction_date").and_then(wire::time),
    };
    row.report().map(Some).map_err(ill)
}
