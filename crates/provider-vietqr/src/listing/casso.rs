//! Casso's listing, `GET /v2/transactions` (Bank transfer, section 2.2; developer.casso.vn, "API lấy giao dịch"). It lists
//! all accounts of the key by day, so rows of other accounts are passed over, and those of the whole first day are given.

use super::{Host, ill, listed, malformed, parse, row};
use crate::casso::{TELLER, moved};
use crate::told::{self, Row};
use crate::{banks, wire};
use async_trait::async_trait;
use domain::account_report::AccountReport;
use domain::business_day::business_date;
use jiff::Timestamp;
use provider::json::Object;
use provider::{Listed, Movements, ProviderError};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeSet;

const PAGE_SIZE: u64 = 100;
/// A hundred thousand rows; more days are to be asked for at once than anybody should.
const MAX_PAGES: u64 = 1000;

pub struct Listing {
    host: Host,
}

#[derive(Deserialize)]
struct Answer<'a> {
    error: i64,
    #[serde(borrow)]
    data: Option<Page<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page<'a> {
    page: u64,
    total_pages: u64,
    total_records: u64,
    #[serde(borrow)]
    records: Vec<&'a RawValue>,
}

impl Listing {
    pub fn new(host: Host) -> Self {
        Self { host }
    }
}

#[async_trait]
impl Movements for Listing {
    fn teller(&self) -> &'static str {
        TELLER
    }

    async fn list(
        &self,
        account_number: &str,
        since: Timestamp,
        _now: Timestamp,
    ) -> Result<Vec<Listed>, ProviderError> {
        let from = business_date(since).to_string();
        let (mut seen, mut ours, mut number) = (BTreeSet::new(), Vec::new(), 1);
        loop {
            let query = [
                ("fromDate", from.clone()),
                ("page", number.to_string()),
                ("pageSize", PAGE_SIZE.to_string()),
                // Rows that come while we ask are at the end, so they move no row to a page that was read.
                ("sort", "ASC".to_owned()),
            ];
            let body = self.host.get("/v2/transactions", "Apikey", &query).await?;
            let page = page(parse(&body)?)?;
            for raw in page.records {
                let row = row(raw);
                // what has no number is the same row where it says the same
                let key = row.as_ref().ok().and_then(|row| told::numbered(TELLER, row).ok());
                if seen.insert(key.unwrap_or_else(|| raw.get().to_owned())) {
                    let told = row.and_then(|row| report(&row, account_number)).transpose();
                    ours.extend(told.map(|report| listed(raw, report)));
                }
            }
            if page.page != number && page.total_pages > 0 {
                return Err(malformed("another page than was asked for".to_owned()));
            }
            if number >= page.total_pages {
                let whole = u64::try_from(seen.len()).is_ok_and(|count| count == page.total_records);
                return if whole { Ok(ours) } else { Err(malformed("fewer rows than the listing counts".to_owned())) };
            }
            number += 1;
            if number > MAX_PAGES {
                return Err(malformed("the listing does not end".to_owned()));
            }
        }
    }
}

fn page(answer: Answer<'_>) -> Result<Page<'_>, ProviderError> {
    match answer {
        Answer { error: 0, data: Some(page) } => Ok(page),
        Answer { error: 0, data: None } => Err(malformed("no data".to_owned())),
        Answer { error: code @ (401 | 403), .. } => Err(ProviderError::Refused(format!("Casso answered {code}"))),
        Answer { error: code, .. } => Err(malformed(format!("Casso answered {code}"))),
    }
}

/// None for a row of another account, and for one that moved nothing.
fn report(row: &Object, account_number: &str) -> Result<Option<AccountReport>, String> {
    let stated = row.text("bankSubAccId").ok_or_else(|| ill("bankSubAccId"))?;
    if stated != account_number {
        return Ok(None);
    }
    let amount = row.text("amount").and_then(|text| wire::signed_amount(text).ok()).ok_or_else(|| ill("amount"))?;
    let Some((direction, amount)) = moved(amount) else { return Ok(None) };
    let row = Row {
        teller: TELLER,
        source_key: told::numbered(TELLER, row).map_err(ill)?,
        account_number: Some(stated),
        bank_bin: banks::bin(&[row.text("bankCodeName")]),
        virtual_account: row.text("virtualAccount"),
        direction,
        amount,
        bank_ref: row.text("tid"),
        text: row.text("description"),
        // Where the bank states a day only, Casso writes its first second, which is no time.
        stated_at: row.text("when").filter(|when| !when.contains("T00:00:00")).and_then(wire::time),
    };
    row.report().map(Some).map_err(ill)
}
