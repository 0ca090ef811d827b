//! Casso's listing, `GET /v2/transactions` (Bank transfer, section 2.2; developer.casso.vn, "API lấy giao dịch"). It lists
//! all accounts of the key by day, so rows of other accounts are passed over, and those of the whole first day are given. What
//! was listed for one account is what is listed for the next, and is not asked for again within the same while; nor is what
//! failed, within the same pass.

use super::{Host, ill, listed, malformed, parse, row};
use crate::casso::{TELLER, moved};
use crate::told::{self, Row};
use crate::{banks, wire};
use async_trait::async_trait;
use domain::account_report::AccountReport;
use domain::business_day::business_date;
use jiff::Timestamp;
use jiff::civil::Date;
use provider::json::Object;
use provider::{Movements, ProviderError, Turns, Wanted};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const PAGE_SIZE: u64 = 100;
/// A hundred thousand rows; more days are to be asked for at once than anybody should.
const MAX_PAGES: u64 = 1000;

pub struct Listing {
    host: Host,
    /// The last whole listing.
    last: Mutex<Option<Arc<Whole>>>,
    failed: Mutex<Option<Failed>>,
}

/// A listing of a pass that is not to be had.
struct Failed {
    from: Date,
    /// The `now` of the pass.
    at: Timestamp,
    why: ProviderError,
}

impl Failed {
    /// Whether what is wanted has these days in it too. Fewer may be had where more are not.
    fn answers(&self, from: Date, wanted: Wanted<'_>) -> bool {
        self.at == wanted.now && from <= self.from
    }
}

/// The same, without what brought it about.
fn again(why: &ProviderError) -> ProviderError {
    match why {
        ProviderError::NotSent(why) => ProviderError::NotSent(why.clone()),
        ProviderError::Refused(why) => ProviderError::Refused(why.clone()),
        ProviderError::Malformed(what) => ProviderError::Malformed(what.clone()),
        ProviderError::Unavailable(_) => ProviderError::Unavailable(None),
        ProviderError::TooOften(wait) => ProviderError::TooOften(*wait),
        ProviderError::Unknown(_) => ProviderError::Unknown(None),
    }
}

/// The rows of all accounts.
struct Whole {
    from: Date,
    as_of: Timestamp,
    rows: Vec<Box<RawValue>>,
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
        Self { host, last: Mutex::new(None), failed: Mutex::new(None) }
    }

    async fn whole(&self, wanted: Wanted<'_>, turns: &dyn Turns) -> Result<Arc<Whole>, ProviderError> {
        let from = business_date(wanted.since);
        let last = held(&self.last).clone();
        if let Some(last) = last.filter(|last| last.from <= from && last.as_of >= wanted.not_before) {
            return Ok(last);
        }
        if let Some(failed) = held(&self.failed).as_ref().filter(|failed| failed.answers(from, wanted)) {
            return Err(again(&failed.why));
        }
        let rows = self.pages(from, turns).await.inspect_err(|why| {
            // one that wants to be left alone is asked later in the same pass
            if !matches!(why, ProviderError::TooOften(_)) {
                *held(&self.failed) = Some(Failed { from, at: wanted.now, why: again(why) });
            }
        })?;
        let whole = Arc::new(Whole { from, as_of: wanted.now, rows });
        *held(&self.last) = Some(Arc::clone(&whole));
        Ok(whole)
    }

    async fn pages(&self, from: Date, turns: &dyn Turns) -> Result<Vec<Box<RawValue>>, ProviderError> {
        let (mut seen, mut rows, mut number) = (BTreeSet::new(), Vec::new(), 1);
        loop {
            let query = [
                ("fromDate", from.to_string()),
                ("page", number.to_string()),
                ("pageSize", PAGE_SIZE.to_string()),
                // Rows that come while we ask are at the end, so they move no row to a page that was read.
                ("sort", "ASC".to_owned()),
            ];
            let body = self.host.get("/v2/transactions", "Apikey", &query, turns).await?;
            let page = page(parse(&body)?)?;
            for raw in page.records {
                // what has no number is the same row where it says the same
                let key = row(raw).ok().and_then(|row| told::numbered(TELLER, &row).ok());
                if seen.insert(key.unwrap_or_else(|| raw.get().to_owned())) {
                    rows.push(raw.to_owned());
                }
            }
            if page.page != number && page.total_pages > 0 {
                return Err(malformed("another page than was asked for".to_owned()));
            }
            if number >= page.total_pages {
                let is_whole = u64::try_from(seen.len()).is_ok_and(|count| count == page.total_records);
                return if is_whole {
                    Ok(rows)
                } else {
                    Err(malformed("fewer rows than the listing counts".to_owned()))
                };
            }
            number += 1;
            if number > MAX_PAGES {
                return Err(malformed("the listing does not end".to_owned()));
            }
        }
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
        let whole = self.whole(wanted, turns).await?;
        let told = whole.rows.iter().filter_map(|raw| {
            let report = row(raw).and_then(|row| report(&row, wanted.account_number)).transpose()?;
            Some(listed(raw, report))
        });
        Ok(provider::Listing { rows: told.collect(), as_of: whole.as_of })
    }
}

fn held<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
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
