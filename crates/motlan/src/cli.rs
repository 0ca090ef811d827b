//! The command line: what there is to type, and which module does it.

use crate::config::{Config, Sources};
use crate::failed::Failed;
use crate::simulate::{self, What};
use crate::{accounts, admin, payers, report, run, say, up, verify};
use clap::{Args, Parser, Subcommand};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;

/// Payment gateway for the fees of a province's online public services.
#[derive(Debug, Parser)]
#[command(name = "motlan", version)]
pub struct Cli {
    /// The configuration (else MOTLAN_CONFIG, else ./motlan.toml); of `simulate` the simulator's own
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print one JSON value instead of text
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run everything on this machine, database and simulators included, and play the demonstration
    Up(up::Options),
    /// Serve the public, the staff's and the operators' listener
    Serve,
    /// Run the worker
    Work {
        /// Work off all that is left, ignoring back-off, and end
        #[arg(long)]
        drain: bool,
    },
    /// Bring the database's schema up to date
    Migrate,
    /// Check the books against themselves
    Verify {
        /// Also prove that the chain still contains this exported head
        #[arg(long, value_name = "HASH")]
        head: Option<String>,
    },
    /// Run the other side of a wire
    Simulate {
        what: What,
        /// host:port
        #[arg(long)]
        listen: Option<String>,
        /// Where the provider's notifications go
        #[arg(long, value_name = "URL")]
        notify: Option<String>,
    },
    #[command(subcommand)]
    Client(ClientCommand),
    #[command(subcommand)]
    User(UserCommand),
    #[command(subcommand)]
    Key(KeyCommand),
    #[command(subcommand)]
    Beneficiary(BeneficiaryCommand),
    #[command(subcommand)]
    Profile(ProfileCommand),
    #[command(subcommand)]
    Account(AccountCommand),
    #[command(subcommand)]
    Layout(LayoutCommand),
    #[command(subcommand)]
    Payer(PayerCommand),
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print a report or a day of a running gateway
    Report(report::Options),
    /// Play the demonstration against the instance that `motlan up` started
    Story {
        #[arg(long, default_value = up::DATA_DIR, value_name = "DIR")]
        data: PathBuf,
    },
}

/// Portals
#[derive(Debug, Subcommand)]
pub enum ClientCommand {
    /// Make a portal, or rename it
    Create {
        #[arg(long)]
        code: String,
        #[arg(long)]
        name: String,
    },
}

/// Staff
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Make a person, or change their name and beneficiaries
    Create {
        #[arg(long)]
        code: String,
        #[arg(long)]
        name: String,
        /// Whose money they see; all when left out
        #[arg(long, value_delimiter = ',')]
        beneficiaries: Vec<String>,
    },
}

/// API keys of portals and staff
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key; its text is shown this once
    Create {
        /// Code of the portal or the person
        #[arg(long = "for", value_name = "CODE")]
        holder: String,
        /// All that its kind of holder may have, when left out
        #[arg(long, value_delimiter = ',')]
        scopes: Vec<String>,
    },
    List {
        #[arg(long = "for", value_name = "CODE")]
        holder: Option<String>,
    },
    /// Make a second key with the same scopes; the first goes on until it is revoked
    Rotate {
        #[arg(long)]
        id: String,
    },
    /// Refused everywhere within a minute
    Revoke {
        #[arg(long)]
        id: String,
    },
}

/// Receiving accounts
#[derive(Debug, Subcommand)]
pub enum BeneficiaryCommand {
    /// Make a beneficiary with its first account
    Create(NewBeneficiary),
    List,
}

#[derive(Debug, Args)]
pub struct NewBeneficiary {
    #[arg(long)]
    pub code: String,
    /// Code of the agency
    #[arg(long)]
    pub agency: String,
    /// Makes the agency too, or renames it
    #[arg(long)]
    pub agency_name: Option<String>,
    #[arg(long)]
    pub name: String,
    /// treasury or bank
    #[arg(long, default_value = "treasury")]
    pub account_kind: String,
    #[arg(long)]
    pub bank_bin: String,
    #[arg(long)]
    pub account_number: String,
    #[arg(long)]
    pub account_name: String,
}

/// Contracts with providers
#[derive(Debug, Subcommand)]
pub enum ProfileCommand {
    List,
    /// Say where a provider pays out to, and by which text its payouts are known there
    Payouts {
        #[arg(long)]
        code: String,
        /// Code of the account of ours
        #[arg(long)]
        account: String,
        /// What stands in every payout's text, and in nothing else
        #[arg(long)]
        text: String,
    },
}

/// Bank accounts of ours, as statements name them
#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    List,
    /// Say how an account's reports and statements are read; what is left out is reset
    Set {
        #[arg(long)]
        code: String,
        /// Tellers and formats with references of their own: sepay, casso, payos, camt, mt940, csv
        #[arg(long, value_delimiter = ',')]
        own_numbering: Vec<String>,
        /// The layout of the bank's CSV exports
        #[arg(long)]
        csv_layout: Option<String>,
    },
}

/// Layouts of banks' CSV exports and providers' settlement files
#[derive(Debug, Subcommand)]
pub enum LayoutCommand {
    /// Put a layout from a TOML file in place of the one before
    Put {
        #[arg(long)]
        code: String,
        /// statement or settlement
        #[arg(long)]
        kind: String,
        file: PathBuf,
    },
}

/// What is kept of a payer, by the number of their identity
#[derive(Debug, Subcommand)]
pub enum PayerCommand {
    /// Print all that is kept of the person, for the person
    Show(Person),
    /// Empty it; what was booked stays (docs/personal-data.md)
    Erase(Person),
}

#[derive(Debug, Args)]
pub struct Person {
    /// citizen_id, tax_code or passport
    #[arg(long, default_value = "citizen_id")]
    pub identity_kind: String,
    /// `-` reads it from standard input, where no list of processes shows it
    #[arg(long, value_name = "NUMBER")]
    pub identity_number: String,
}

/// The configuration
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print what holds in the end, without secrets
    Check,
}

impl Cli {
    /// Does what was typed.
    ///
    /// # Errors
    /// Whatever stopped it, to be printed with its causes.
    pub async fn run(self) -> Result<ExitCode, Failed> {
        let (json, file) = (self.json, self.config);
        let config = || Config::load(&Sources::of_process(file.as_deref()));
        let result = match self.command {
            Command::Up(options) => return up::run(options, file.as_deref(), json).await,
            Command::Report(options) => return report::run(options, json).await.map(|()| ExitCode::SUCCESS),
            Command::Story { data } => return up::story(&data).await,
            Command::Simulate { what, listen, notify } => {
                return simulate::run(what, listen, notify, file).await.map(|()| ExitCode::SUCCESS);
            }
            Command::Serve => return run::serve(&config()?).await.map(|()| ExitCode::SUCCESS),
            Command::Work { drain: false } => return run::work(&config()?).await.map(|()| ExitCode::SUCCESS),
            Command::Verify { head } => return verify::run(&config()?, head.as_deref(), json).await,
            Command::Work { drain: true } => run::drain(&config()?).await?,
            Command::Migrate => run::migrate(&config()?).await?,
            Command::Client(command) => admin::client(&config()?, command).await?,
            Command::User(command) => admin::user(&config()?, command).await?,
            Command::Key(command) => admin::key(&config()?, command).await?,
            Command::Beneficiary(command) => admin::beneficiary(&config()?, command).await?,
            Command::Profile(command) => admin::profile(&config()?, command).await?,
            Command::Account(command) => accounts::account(&config()?, command).await?,
            Command::Layout(command) => accounts::layout(&config()?, command).await?,
            Command::Payer(command) => payers::payer(&config()?, command).await?,
            Command::Config(ConfigCommand::Check) => check(&config()?)?,
        };
        say::result(json, &result);
        Ok(ExitCode::SUCCESS)
    }
}

/// What would stop the start stops the check.
fn check(config: &Config) -> Result<Value, Failed> {
    config.complete()?;
    Ok(json!(config.shown()))
}
