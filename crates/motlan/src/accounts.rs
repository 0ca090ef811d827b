//! What importing files rests on: accounts of ours, payouts of providers, layouts of files.

use crate::admin::pool;
use crate::cli::{AccountCommand, LayoutCommand};
use crate::config::Config;
use crate::failed::Failed;
use domain::codes::AccountCode;
use serde_json::{Value, json};
use storage::file_profiles::{self, FileKind};
use storage::receiving_accounts::{self, ReceivingAccount};
use storage::{Db, profiles};

pub async fn account(config: &Config, command: AccountCommand) -> Result<Value, Failed> {
    let db = pool(config)?.get().await?;
    match command {
        AccountCommand::List => Ok(receiving_accounts::all(&db, None).await?.iter().map(shown).collect()),
        AccountCommand::Set { code, own_numbering, csv_layout } => {
            let code = AccountCode::new(code)?;
            if !receiving_accounts::put_settings(&db, &code, &own_numbering, csv_layout.as_deref()).await? {
                return Err(format!("there is no account {code}").into());
            }
            let stored = receiving_accounts::all(&db, Some(code.as_str())).await?;
            stored.first().map(shown).ok_or_else(|| "the account is gone".into())
        }
    }
}

pub async fn payouts(config: &Config, code: &str, account: &str, text: &str) -> Result<Value, Failed> {
    let db = pool(config)?.get().await?;
    if receiving_accounts::all(&db, Some(account)).await?.is_empty() {
        return Err(format!("there is no account {account}").into());
    }
    if !profiles::put_payouts(&db, code, account, text).await? {
        return Err(format!("there is no profile {code}").into());
    }
    Ok(json!({"code": code, "payout_account": account, "payout_text": text}))
}

pub async fn layout(config: &Config, command: LayoutCommand) -> Result<Value, Failed> {
    let LayoutCommand::Put { code, kind, file } = command;
    let text = std::fs::read_to_string(&file)?;
    let kind = match kind.as_str() {
        "statement" => statement::Profile::from_toml(&text).map(|_| FileKind::Statement),
        "settlement" => statement::SettlementProfile::from_toml(&text).map(|_| FileKind::Settlement),
        _ => return Err("kind is statement or settlement".into()),
    };
    let kind = kind.map_err(|why| format!("{}: {why}", file.display()))?;
    let db = pool(config)?.get().await?;
    if !file_profiles::put(&db, &code, kind, &text).await? {
        return Err(format!("{code} is a layout of the other kind").into());
    }
    Ok(json!({"code": code, "kind": kind.as_str()}))
}

/// The layouts that come with the program, where they are not there yet.
pub async fn seed_layouts(db: &Db) -> Result<(), storage::StorageError> {
    for (code, text) in statement::profiles::BUILT_IN {
        let kind = if code.ends_with("-settlement") { FileKind::Settlement } else { FileKind::Statement };
        file_profiles::seed(db, code, kind, text).await?;
    }
    Ok(())
}

fn shown(a: &ReceivingAccount) -> Value {
    json!({"code": a.code, "bank_bin": a.bank_bin, "account_number": a.account_number, "account_name": a.account_name,
        "own_numbering": a.own_numbering, "csv_layout": a.csv_profile})
}
