//! The fee catalogue and the working calendar.

use super::{AdminError, By, Made};
use domain::catalogue::CatalogueFee;
use jiff::civil::Date;
use storage::beneficiaries::{self, Exception};
use storage::{StorageError, Tx};

/// Puts the entries of one fee in place of those before; none takes it out of the catalogue.
///
/// # Errors
/// When two of them hold on one day.
pub async fn put_fee(
    tx: &Tx,
    by: &By,
    fee_code: &str,
    entries: &[CatalogueFee],
) -> Result<Made<Vec<CatalogueFee>>, AdminError> {
    by.of_all()?;
    beneficiaries::hold_fee(tx, fee_code).await?;
    beneficiaries::replace_fee(tx, fee_code, entries).await.map_err(overlap)?;
    let stored = beneficiaries::fees(tx, Some(fee_code)).await?;
    let day = |day: Option<Date>| day.map_or_else(|| "-".to_owned(), |day| day.to_string());
    let each = stored.iter().map(|f| {
        let amounts: Vec<String> = f.amounts.iter().map(|a| a.dong().to_string()).collect();
        let unit = f.unit.map_or_else(String::new, |unit| format!("×{}", unit.dong()));
        format!("{}..{}:{}{unit}", day(f.valid_from), day(f.valid_to), amounts.join(","))
    });
    let detail = each.collect::<Vec<_>>().join(" ");
    Ok(Made::of(stored, "fee_put", fee_code).to(detail))
}

fn overlap(e: StorageError) -> AdminError {
    if e.is_conflict("fee_validity_overlaps") { AdminError::ValidityOverlaps } else { e.into() }
}

/// Says that a day is off, or worked, against its weekday.
pub async fn put_day(tx: &Tx, by: &By, day: Date, worked: bool, name: &str) -> Result<Made<Exception>, AdminError> {
    by.of_all()?;
    let exception = (day, worked, name.to_owned());
    beneficiaries::put_calendar(tx, std::slice::from_ref(&exception)).await?;
    Ok(Made::of(exception, "calendar_day_put", day).to(if worked { "worked" } else { "off" }))
}

/// The day is again as its weekday.
pub async fn remove_day(tx: &Tx, by: &By, day: Date) -> Result<Made<()>, AdminError> {
    by.of_all()?;
    if !beneficiaries::remove_exception(tx, day).await? {
        return Err(AdminError::Absent);
    }
    Ok(Made::of((), "calendar_day_removed", day))
}
