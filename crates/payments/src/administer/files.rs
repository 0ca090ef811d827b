//! How statements of accounts of ours are read, and how files are laid out.

use super::{AdminError, By, Made};
use domain::codes::AccountCode;
use storage::file_profiles::{self, FileKind, Listed};
use storage::receiving_accounts::{self, ReceivingAccount};
use storage::{Tx, file_profiles as layouts};

/// Says how an account's reports and statements are read; what is left out is reset.
pub async fn put_account(
    tx: &Tx,
    by: &By,
    code: &AccountCode,
    own_numbering: &[String],
    csv_layout: Option<&str>,
) -> Result<Made<ReceivingAccount>, AdminError> {
    let owners = receiving_accounts::beneficiaries_of(tx, code).await?;
    if by.of_all().is_err() && !owners.iter().all(|owner| by.sees(owner.as_str())) {
        return Err(AdminError::Absent);
    }
    if let Some(layout) = csv_layout
        && layouts::layout(tx, layout, FileKind::Statement).await?.is_none()
    {
        return Err(AdminError::NoLayout(layout.to_owned()));
    }
    if !receiving_accounts::put_settings(tx, code, own_numbering, csv_layout).await? {
        return Err(AdminError::Absent);
    }
    let stored = receiving_accounts::all(tx, Some(code.as_str())).await?.pop().ok_or(AdminError::Absent)?;
    let detail = format!("own_numbering={} csv_layout={}", own_numbering.join(","), csv_layout.unwrap_or("-"));
    Ok(Made::of(stored, "account_settings_put", code).to(detail))
}

/// Puts a layout in place of the one before.
///
/// # Errors
/// When it cannot be read as one, or the code is one of the other kind.
pub async fn put_layout(
    tx: &Tx,
    by: &By,
    code: &str,
    kind: FileKind,
    layout: &str,
) -> Result<Made<Listed>, AdminError> {
    by.of_all()?;
    let read = match kind {
        FileKind::Statement => statement::Profile::from_toml(layout).map(drop),
        FileKind::Settlement => statement::SettlementProfile::from_toml(layout).map(drop),
    };
    read.map_err(|why| AdminError::BadLayout(why.to_string()))?;
    if !file_profiles::put(tx, code, kind, layout).await? {
        return Err(AdminError::OtherKind(code.to_owned()));
    }
    let stored = file_profiles::list(tx, Some(code)).await?.pop().ok_or(AdminError::Absent)?;
    Ok(Made::of(stored, "layout_put", code).to(kind.as_str()))
}
