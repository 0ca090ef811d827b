//! Rules of remittance. One person sets them, since nothing leaves by a rule alone: whoever decides about a remittance sees where it
//! goes and how much was kept. A rule that a remittance names stands; another one begins later.

use super::{AdminError, By, Made};
use storage::remittances::{
    self,
    rules::{self, Rule},
};
use storage::{Tx, beneficiaries, receiving_accounts};

/// # Errors
/// When the account is none of the beneficiary's, or a remittance names the rule of that day.
pub async fn put(tx: &Tx, by: &By, rule: &Rule) -> Result<Made<Rule>, AdminError> {
    let code = rule.beneficiary.to_string();
    if !by.sees(&code) {
        return Err(AdminError::Absent);
    }
    remittances::hold(tx, &rule.beneficiary).await?;
    if beneficiaries::in_force(tx, Some(&code)).await?.is_empty() {
        return Err(AdminError::NoBeneficiary(code));
    }
    if !receiving_accounts::is_had_by(tx, &rule.way.account, std::slice::from_ref(&code)).await? {
        return Err(AdminError::NotTheirAccount(rule.way.account.to_string()));
    }
    rules::put(tx, rule, &by.actor, by.now).await.map_err(|e| match e {
        e if e.is_conflict("remittance_rule_stands") => AdminError::RuleStands(rule.valid_from.to_string()),
        e => e.into(),
    })?;
    let stored = rules::list(tx, Some(&code)).await?;
    let same = |r: &&Rule| r.fee_code == rule.fee_code && r.valid_from == rule.valid_from;
    let kept = stored.iter().find(same).cloned().ok_or(AdminError::Absent)?;
    let (from, kept_ppm, way) = (rule.valid_from, rule.retention.rate_ppm, &rule.way);
    let detail = format!("from={from} retained={kept_ppm} {}/{}.{}", way.unit, way.bank_bin, way.account_number);
    Ok(Made::of(kept, "remittance_rule_put", format!("{code}/{}", rule.fee_code)).to(detail))
}
