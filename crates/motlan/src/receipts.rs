//! `motlan receipt-series`: how receipts of fees and charges are numbered.

use crate::admin::{by, pool};
use crate::cli::{NewSeries, ReceiptSeriesCommand};
use crate::config::Config;
use crate::failed::Failed;
use domain::codes::GivenCode;
use payments::administer::{once, receipt_series};
use serde_json::{Value, json};
use storage::Tx;
use storage::receipt_series::Series;

pub async fn series(config: &Config, command: ReceiptSeriesCommand) -> Result<Value, Failed> {
    let pool = pool(config)?;
    let sent = match command {
        ReceiptSeriesCommand::Put(sent) => read(*sent)?,
        ReceiptSeriesCommand::List => {
            return Ok(storage::receipt_series::all(&*pool.get().await?).await?.iter().map(shown).collect());
        }
    };
    let by = by();
    let stored = once(&pool, &by, async |tx: &Tx| receipt_series::put(tx, &by, &sent).await).await?;
    Ok(shown(&stored))
}

fn read(sent: NewSeries) -> Result<Series, Failed> {
    let kinds = sent.kinds.iter().map(|kind| kind.parse()).collect::<Result<Vec<_>, _>>()?;
    if !receipt_series::are_kinds(&kinds) {
        return Err("kinds are fee, charge, or both".into());
    }
    if !receipt_series::is_tax_code(&sent.tax_code) {
        return Err("a tax code has 10 digits, 10 and 3 after a hyphen, or 12".into());
    }
    if sent.valid_to.is_some_and(|to| to < sent.valid_from) {
        return Err("valid_to is not before valid_from".into());
    }
    for text in [&sent.collector_name, &sent.address] {
        if !(1..=400).contains(&text.chars().count()) {
            return Err("a name and an address have 1 to 400 characters".into());
        }
    }
    Ok(Series {
        code: GivenCode::new(sent.code)?.as_str().to_owned(),
        beneficiary_code: sent.beneficiary,
        kinds,
        template: sent.template.parse()?,
        letters: sent.letters.parse()?,
        collector_name: sent.collector_name,
        collector_tax_code: sent.tax_code,
        collector_address: sent.address,
        valid_from: sent.valid_from,
        valid_to: sent.valid_to,
    })
}

fn shown(s: &Series) -> Value {
    let kinds: Vec<&str> = s.kinds.iter().map(|kind| kind.as_str()).collect();
    json!({"code": s.code, "beneficiary_code": s.beneficiary_code, "kinds": kinds, "template": s.template.as_str(),
        "letters": s.letters.to_string(), "collector_name": s.collector_name, "collector_tax_code": s.collector_tax_code,
        "collector_address": s.collector_address, "valid_from": s.valid_from, "valid_to": s.valid_to})
}
