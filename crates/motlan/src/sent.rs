//! `motlan statement`, `motlan settlement` and `motlan opening`: what finance staff send to a running gateway where they have no
//! portal. Over HTTP with their own key, as anybody may, so that the same is asked of them and the same is on record.

use crate::failed::Failed;
use crate::gateway::{At, Client, Parameters};
use clap::{Args, Subcommand};
use jiff::civil::Date;
use serde_json::{Value, json};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct Statement {
    #[command(subcommand)]
    what: StatementCommand,
    #[command(flatten)]
    at: At,
}

/// Files of banks
#[derive(Debug, Subcommand)]
pub enum StatementCommand {
    /// Import a file; the same bytes again change nothing
    Import {
        file: PathBuf,
        /// The account of ours that it is of: `<bank bin>.<number>`
        #[arg(long)]
        account: String,
        /// auto, camt053, camt054, mt940 or csv:<layout>; told by the file unless named
        #[arg(long)]
        format: Option<String>,
    },
    /// Propose that a corrected file takes the place of an imported one; somebody else decides
    Supersede {
        /// The statement that is wrong
        id: String,
        file: PathBuf,
        #[arg(long)]
        format: Option<String>,
        /// Why, for whoever decides
        #[arg(long)]
        note: String,
    },
    Show {
        id: String,
    },
}

#[derive(Debug, Args)]
pub struct Settlement {
    #[command(subcommand)]
    what: SettlementCommand,
    #[command(flatten)]
    at: At,
}

/// Settlement files of providers
#[derive(Debug, Subcommand)]
pub enum SettlementCommand {
    /// Import a file; the same bytes again change nothing
    Import {
        file: PathBuf,
        /// The contract whose file it is
        #[arg(long)]
        profile: String,
        /// How it is laid out; as its channel's files are unless named
        #[arg(long)]
        layout: Option<String>,
    },
    Show {
        id: String,
    },
}

#[derive(Debug, Args)]
pub struct Opening {
    #[command(subcommand)]
    what: OpeningCommand,
    #[command(flatten)]
    at: At,
}

/// What stood on a bank account when its books began in the middle of a year
#[derive(Debug, Subcommand)]
pub enum OpeningCommand {
    /// Propose what stands on an account before a day's first line; somebody else decides
    State {
        #[arg(long)]
        account: String,
        /// The first day of the account's books
        #[arg(long)]
        day: Date,
        /// Whole đồng
        #[arg(long)]
        amount: i64,
        /// By what it is known, for whoever decides
        #[arg(long)]
        note: String,
    },
    /// Propose that it was wrong; somebody else decides
    TakeBack {
        #[arg(long)]
        account: String,
        #[arg(long)]
        note: String,
    },
    List {
        #[arg(long)]
        account: String,
    },
}

/// # Errors
/// When no gateway or key is known, the file cannot be read, or the gateway refuses: the refusal is told as it said it.
pub async fn statement(asked: Statement, instance: Option<PathBuf>) -> Result<Value, Failed> {
    let gateway = asked.at.client(instance)?;
    match asked.what {
        StatementCommand::Import { file, account, format } => {
            let parameters = given([("account", Some(account)), ("format", format)]);
            gateway.send_file("/v1/statements", &parameters, std::fs::read(file)?).await
        }
        StatementCommand::Supersede { id, file, format, note } => {
            let path = format!("/v1/statements/{}/supersessions", named(&id)?);
            gateway.send_file(&path, &given([("format", format), ("note", Some(note))]), std::fs::read(file)?).await
        }
        StatementCommand::Show { id } => read(&gateway, &format!("/v1/statements/{}", named(&id)?)).await,
    }
}

/// # Errors
/// As [`statement`].
pub async fn settlement(asked: Settlement, instance: Option<PathBuf>) -> Result<Value, Failed> {
    let gateway = asked.at.client(instance)?;
    match asked.what {
        SettlementCommand::Import { file, profile, layout } => {
            let parameters = given([("profile", Some(profile)), ("layout", layout)]);
            gateway.send_file("/v1/settlements", &parameters, std::fs::read(file)?).await
        }
        SettlementCommand::Show { id } => read(&gateway, &format!("/v1/settlements/{}", named(&id)?)).await,
    }
}

/// # Errors
/// As [`statement`].
pub async fn opening(asked: Opening, instance: Option<PathBuf>) -> Result<Value, Failed> {
    let gateway = asked.at.client(instance)?;
    match asked.what {
        OpeningCommand::State { account, day, amount, note } => {
            let path = format!("/v1/accounts/{}/openings", named(&account)?);
            gateway.send(&path, &json!({"day": day, "amount": amount, "note": note})).await
        }
        OpeningCommand::TakeBack { account, note } => {
            let path = format!("/v1/accounts/{}/openings/take-back", named(&account)?);
            gateway.send(&path, &json!({"note": note})).await
        }
        OpeningCommand::List { account } => {
            let path = format!("/v1/accounts/{}/openings", named(&account)?);
            Ok(read(&gateway, &path).await?["data"].take())
        }
    }
}

async fn read(gateway: &Client, path: &str) -> Result<Value, Failed> {
    gateway.read(path, &Parameters::new()).await
}

fn given<const N: usize>(all: [(&'static str, Option<String>); N]) -> Parameters {
    all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// An id or a code as a part of a path: whatever else was typed would ask for something else.
fn named(typed: &str) -> Result<&str, Failed> {
    let is_plain =
        !typed.is_empty() && typed.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    if is_plain && !typed.starts_with('.') { Ok(typed) } else { Err(format!("{typed:?} names nothing").into()) }
}
