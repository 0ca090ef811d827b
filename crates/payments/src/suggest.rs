//! Whose debt the money of a case may be, or which payment the bank may have taken back. Reads only: a suggestion never books anything.

use crate::context::Context;
use domain::CaseId;
use domain::suggestion::{Suggestion, ranked, typed_codes};
use storage::{StorageError, suggestions};

/// Ranked candidates, at most ten. A person with `beneficiaries` sees debts to these only.
pub async fn of_case(
    ctx: &Context,
    case: CaseId,
    beneficiaries: Option<&[String]>,
) -> Result<Vec<Suggestion>, StorageError> {
    let db = ctx.pool.get().await?;
    let Some(money) = suggestions::money(&db, case).await? else { return Ok(Vec::new()) };
    if !money.amount.is_positive() {
        return Ok(ranked(suggestions::taken_back(&db, case, beneficiaries).await?));
    }
    let mut found = Vec::new();
    if let Some(text) = &money.text {
        let codes: Vec<String> = typed_codes(text).into_iter().collect();
        found.extend(suggestions::by_code(&db, &codes, &money, beneficiaries).await?);
    }
    if let Some(when) = money.at.zip(money.until) {
        let seen = |code: &&String| beneficiaries.is_none_or(|own| own.contains(code));
        let theirs: Vec<String> = money.beneficiaries.iter().filter(seen).cloned().collect();
        found.extend(suggestions::by_amount(&db, money.amount, when, &theirs).await?);
    }
    Ok(ranked(found))
}
