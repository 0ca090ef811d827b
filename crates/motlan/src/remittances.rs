//! `motlan remittance-rule`: what is kept of a fee, and when, where and under which budget codes the rest is remitted.

use crate::admin::{by, pool};
use crate::cli::{NewRemittanceRule, RemittanceRuleCommand};
use crate::config::Config;
use crate::failed::Failed;
use domain::codes::{AccountCode, BeneficiaryCode, GivenCode};
use domain::remittance::{Retention, WHOLE_PPM};
use jiff::Timestamp;
use payments::administer::{once, remittance_rules};
use serde_json::{Value, json};
use storage::Tx;
use storage::remittances::Way;
use storage::remittances::rules::{self, Rule};

pub async fn rule(config: &Config, command: RemittanceRuleCommand) -> Result<Value, Failed> {
    let pool = pool(config)?;
    let sent = match command {
        RemittanceRuleCommand::Put(sent) => read(*sent)?,
        RemittanceRuleCommand::List => {
            return Ok(rules::list(&*pool.get().await?, None).await?.iter().map(shown).collect());
        }
    };
    let by = by();
    let stored = once(&pool, &by, async |tx: &Tx| remittance_rules::put(tx, &by, &sent).await).await?;
    Ok(shown(&stored))
}

fn read(sent: NewRemittanceRule) -> Result<Rule, Failed> {
    if !(0..=WHOLE_PPM).contains(&sent.retained_ppm) || !(1..=28).contains(&sent.due_n) {
        return Err("what is kept is 0 to 1000000 millionths, and due-n is 1 to 28".into());
    }
    let digits = [(&sent.chapter, 3..=3), (&sent.sub_item, 4..=4), (&sent.area, 2..=10), (&sent.unit, 7..=7)];
    if digits.iter().any(|(text, long)| !long.contains(&text.len()) || !text.bytes().all(|b| b.is_ascii_digit())) {
        return Err("a chapter has 3 digits, a sub-item 4, an area 2 to 10, a unit 7".into());
    }
    Ok(Rule {
        id: storage::ids::mint(Timestamp::now()),
        beneficiary: BeneficiaryCode::new(sent.beneficiary)?,
        fee_code: GivenCode::new(sent.fee)?.as_str().to_owned(),
        valid_from: sent.valid_from,
        retention: Retention { rate_ppm: sent.retained_ppm, rounding: sent.rounding.parse()? },
        period: sent.period.parse()?,
        due_by: sent.due_by.parse()?,
        due_n: sent.due_n,
        chapter: sent.chapter,
        sub_item: sent.sub_item,
        area: sent.area,
        way: Way {
            account: AccountCode::new(sent.account)?,
            unit: sent.unit,
            treasury: sent.treasury,
            bank_bin: sent.treasury_bank_bin,
            account_number: sent.treasury_account,
            account_name: sent.treasury_account_name,
        },
        legal_basis: sent.legal_basis,
    })
}

fn shown(r: &Rule) -> Value {
    json!({"id": r.id.to_string(), "beneficiary_code": r.beneficiary.as_str(), "fee_code": r.fee_code,
        "valid_from": r.valid_from, "retained_ppm": r.retention.rate_ppm, "rounding": r.retention.rounding.as_str(),
        "period": r.period.as_str(), "due_by": r.due_by.as_str(), "due_n": r.due_n, "chapter": r.chapter,
        "sub_item": r.sub_item, "area": r.area, "unit": r.way.unit, "account_code": r.way.account.as_str(),
        "treasury": r.way.treasury, "treasury_bank_bin": r.way.bank_bin, "treasury_account": r.way.account_number,
        "treasury_account_name": r.way.account_name, "legal_basis": r.legal_basis})
}
