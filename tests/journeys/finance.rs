//! What finance staff read and close: cases with suggestions, days, reports.

mod cases;
mod command;
mod days;
mod imported;
mod printed;
mod reopened;
mod reports;
mod score;
mod sent;
mod shared;
pub(crate) mod tied;
mod worked;

use domain::principal::Scope;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use storage::principals;
use tests::House;
use tests::portal::Portal;
use tests::wire::key;

fn today() -> Date {
    domain::business_day::business_date(Timestamp::now())
}

fn days_ago(days: i64) -> Date {
    today().checked_sub(days.days()).unwrap()
}

/// Staff who see one beneficiary only.
pub(crate) async fn staff_of(house: &House, code: &str, beneficiary: &str) -> Portal {
    staff_of_each(house, code, &[beneficiary]).await
}

/// Staff who see these beneficiaries only.
async fn staff_of_each(house: &House, code: &str, beneficiaries: &[&str]) -> Portal {
    let beneficiaries: Vec<String> = beneficiaries.iter().map(|&b| b.to_owned()).collect();
    let db = house.gateway.ctx.pool.get().await.unwrap();
    let id = storage::ids::mint(Timestamp::now());
    principals::put_person(&db, id, code, "Kế toán (mẫu)", &beneficiaries).await.unwrap();
    drop(db);
    let (_, key) = key(house, code, Scope::STAFF).await;
    Portal { key, ..house.staff.clone() }
}
