//! What importing files rests on: accounts of ours, payouts of providers, layouts of files.

use crate::admin::{by, pool};
use crate::cli::{AccountCommand, LayoutCommand};
use crate::config::Config;
use crate::failed::Failed;
use domain::codes::AccountCode;
use payments::administer::{AdminError, files, once, parties};
use serde_json::{Value, json};
use storage::file_profiles::{self, FileKind};
use storage::receiving_accounts::{self, ReceivingAccount};
use storage::{Db, Tx};

pub async fn account(config: &Config, command: AccountCommand) -> Result<Value, Failed> {
    let pool = pool(config)?;
    match command {
        AccountCommand::List => {
            let found = receiving_accounts::all(&*pool.get().await?, None).await?;
            Ok(found.iter().map(shown).collect())
        }
        AccountCommand::Set { code, own_numbering, csv_layout } => {
            let (code, by) = (AccountCode::new(code)?, by());
            let work = async |tx: &Tx| files::put_account(tx, &by, &code, &own_numbering, csv_layout.as_deref()).await;
            let set = once(&pool, &by, work).await;
            Ok(shown(&set.map_err(|e| named(e, &format!("there is no account {code}")))?))
        }
    }
}

/// An absence, by what is absent.
fn named(error: AdminError, absent: &str) -> Failed {
    match error {
        AdminError::Absent => absent.into(),
        other => other.into(),
    }
}

pub async fn payouts(config: &Config, code: &str, account: &str, text: &str) -> Result<Value, Failed> {
    let (pool, by) = (pool(config)?, by());
    if receiving_accounts::all(&*pool.get().await?, Some(account)).await?.is_empty() {
        return Err(format!("there is no account {account}").into());
    }
    let set = once(&pool, &by, async |tx: &Tx| parties::put_payouts(tx, &by, code, account, text).await).await;
    set.map_err(|e| named(e, &format!("there is no profile {code}")))?;
    Ok(json!({"code": code, "payout_account": account, "payout_text": text}))
}

pub async fn layout(config: &Config, command: LayoutCommand) -> Result<Value, Failed> {
    let (pool, by) = (pool(config)?, by());
    let (code, kind, file) = match command {
        LayoutCommand::Put { code, kind, file } => (code, kind, file),
        LayoutCommand::List => {
            let found = file_profiles::list(&*pool.get().await?, None).await?;
            let shown = |l: &file_profiles::Listed| json!({"code": l.code, "kind": l.kind.as_str()});
            return Ok(found.iter().map(shown).collect());
        }
    };
    let text = std::fs::read_to_string(&file)?;
    let kind = match kind.as_str() {
        "statement" => FileKind::Statement,
        "settlement" => FileKind::Settlement,
        _ => return Err("kind is statement or settlement".into()),
    };
    let put = once(&pool, &by, async |tx: &Tx| files::put_layout(tx, &by, &code, kind, &text).await).await;
    put.map_err(|e| match e {
        AdminError::BadLayout(why) => Failed::from(format!("{}: {why}", file.display())),
        other => other.into(),
    })?;
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
