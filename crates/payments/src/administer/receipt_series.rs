//! Series of receipts. What a receipt is named by (collector's tax code, template, letters) stands from a series' first number
//! on: a wrong tax code takes another series.

use super::{AdminError, By, Made};
use domain::obligation::ObligationKind;
use storage::receipt_series::{self, Series};
use storage::{Tx, beneficiaries};

/// Ten digits, thirteen with a hyphen, or twelve of an identity number (Circular 86/2024).
pub fn is_tax_code(text: &str) -> bool {
    let digits = |part: &str, count| part.len() == count && part.bytes().all(|b| b.is_ascii_digit());
    match text.split_once('-') {
        Some((whole, branch)) => digits(whole, 10) && digits(branch, 3),
        None => digits(text, 10) || digits(text, 12),
    }
}

/// Fees, charges, or both, each once: nothing else has a receipt.
pub fn are_kinds(kinds: &[ObligationKind]) -> bool {
    let known = |kind: &ObligationKind| matches!(kind, ObligationKind::Fee | ObligationKind::Charge);
    matches!(kinds, [kind] if known(kind))
        || matches!(kinds, [one, other] if one != other && known(one) && known(other))
}

/// # Errors
/// When its receipts would be named otherwise than those that it has given, or like those of another series.
pub async fn put(tx: &Tx, by: &By, new: &Series) -> Result<Made<Series>, AdminError> {
    let before = receipt_series::hold(tx, &new.code).await?;
    let theirs = before.as_ref().is_none_or(|(before, _)| by.sees(&before.beneficiary_code));
    if !by.sees(&new.beneficiary_code) || !theirs {
        return Err(AdminError::Absent);
    }
    if beneficiaries::in_force(tx, Some(&new.beneficiary_code)).await?.is_empty() {
        return Err(AdminError::SeriesOfNobody(new.beneficiary_code.clone()));
    }
    if before.is_some_and(|(before, is_used)| is_used && !before.names_alike(new)) {
        return Err(AdminError::SeriesUsed(new.code.clone()));
    }
    receipt_series::put(tx, new).await.map_err(|e| match e {
        e if e.is_conflict("receipt_serial_unique") => AdminError::SerialTaken(new.letters.to_string()),
        e => e.into(),
    })?;
    let until = new.valid_to.map_or_else(|| "open".to_owned(), |day| day.to_string());
    let detail = format!(
        "{}/{} {} {} from={} to={until}",
        new.template, new.letters, new.collector_tax_code, new.beneficiary_code, new.valid_from
    );
    Ok(Made::of(new.clone(), "receipt_series_put", &new.code).to(detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tax_code_has_ten_digits_thirteen_or_twelve() {
        for good in ["5300100017", "5300100017-001", "010190000123"] {
            assert!(is_tax_code(good), "{good}");
        }
        for bad in ["", "530010001", "5300100017-1", "5300100017001", "53001000a7", "5300100017-001-1"] {
            assert!(!is_tax_code(bad), "{bad}");
        }
    }
}
