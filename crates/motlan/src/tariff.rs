//! The fee catalogue and the working calendar from the command line.

use crate::admin::{by, pool};
use crate::cli::{CalendarCommand, FeeCommand};
use crate::config::Config;
use crate::failed::Failed;
use domain::Vnd;
use domain::catalogue::CatalogueFee;
use domain::codes::GivenCode;
use jiff::civil::Date;
use payments::administer::{once, tariff};
use serde::Deserialize;
use serde_json::{Value, json};
use storage::Tx;
use storage::beneficiaries::{self, Exception};

/// An entry as `/v1/fees` has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    #[serde(default)]
    amounts: Vec<i64>,
    unit: Option<i64>,
    legal_basis: String,
    budget_sub_item: Option<String>,
    valid_from: Option<Date>,
    valid_to: Option<Date>,
}

impl Entry {
    fn read(self, fee_code: &GivenCode) -> Result<CatalogueFee, Failed> {
        let in_order = self.valid_from.zip(self.valid_to).is_none_or(|(from, to)| from <= to);
        if !in_order || self.unit == Some(0) || (self.amounts.is_empty() && self.unit.is_none()) {
            return Err("an entry has amounts or a unit above 0, and valid_to is not before valid_from".into());
        }
        Ok(CatalogueFee {
            fee_code: fee_code.to_string(),
            name: self.name,
            amounts: self.amounts.into_iter().map(Vnd::amount).collect::<Result<_, _>>()?,
            unit: self.unit.map(Vnd::amount).transpose()?,
            legal_basis: self.legal_basis,
            budget_sub_item: self.budget_sub_item,
            valid_from: self.valid_from,
            valid_to: self.valid_to,
        })
    }
}

pub async fn fee(config: &Config, command: FeeCommand) -> Result<Value, Failed> {
    let pool = pool(config)?;
    match command {
        FeeCommand::List { code } => {
            let found = beneficiaries::fees(&*pool.get().await?, code.as_deref()).await?;
            Ok(found.iter().map(shown).collect())
        }
        FeeCommand::Put { code, file } => {
            let code = GivenCode::new(code)?;
            let text = std::fs::read(&file)?;
            let sent: Vec<Entry> = serde_json::from_slice(&text).map_err(|why| format!("{}: {why}", file.display()))?;
            let entries = sent.into_iter().map(|e| e.read(&code)).collect::<Result<Vec<_>, _>>()?;
            let by = by();
            let work = async |tx: &Tx| tariff::put_fee(tx, &by, code.as_str(), &entries).await;
            Ok(once(&pool, &by, work).await?.iter().map(shown).collect())
        }
    }
}

pub async fn calendar(config: &Config, command: CalendarCommand) -> Result<Value, Failed> {
    let (pool, by) = (pool(config)?, by());
    match command {
        CalendarCommand::List => {
            let found = beneficiaries::exceptions(&*pool.get().await?, None, None).await?;
            Ok(found.iter().map(day_shown).collect())
        }
        CalendarCommand::Put { date, name, worked } => {
            let work = async |tx: &Tx| tariff::put_day(tx, &by, date, worked, &name).await;
            Ok(day_shown(&once(&pool, &by, work).await?))
        }
        CalendarCommand::Remove { date } => {
            once(&pool, &by, async |tx: &Tx| tariff::remove_day(tx, &by, date).await).await?;
            Ok(json!({"date": date, "removed": true}))
        }
    }
}

fn shown(f: &CatalogueFee) -> Value {
    let amounts: Vec<i64> = f.amounts.iter().map(|a| a.dong()).collect();
    json!({"fee_code": f.fee_code, "name": f.name, "amounts": amounts, "unit": f.unit.map(Vnd::dong),
        "legal_basis": f.legal_basis, "budget_sub_item": f.budget_sub_item, "valid_from": f.valid_from,
        "valid_to": f.valid_to})
}

fn day_shown((date, worked, name): &Exception) -> Value {
    json!({"date": date, "worked": worked, "name": name})
}
