//! The command line: what there is to type, and which module does it.

use crate::config::{Config, Sources};
use crate::failed::Failed;
use crate::simulate::{self, What};
use crate::{
    accounts, admin, channels, counters, payers, receipts, rehearsals, remittances, report, run, say, score, sent,
    tariff, up, verify,
};
use clap::{Args, Parser, Subcommand};
use jiff::Timestamp;
use jiff::civil::Date;
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
    /// Speak of the instance that `motlan up` runs in this directory
    #[arg(long, global = true, value_name = "DIR", conflicts_with = "config")]
    pub instance: Option<PathBuf>,
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
    Counter(CounterCommand),
    #[command(subcommand)]
    Layout(LayoutCommand),
    #[command(subcommand)]
    Agency(AgencyCommand),
    #[command(subcommand)]
    Fee(FeeCommand),
    #[command(subcommand)]
    Calendar(CalendarCommand),
    #[command(subcommand)]
    Match(MatchCommand),
    #[command(subcommand)]
    Score(ScoreCommand),
    #[command(subcommand)]
    Channel(ChannelCommand),
    #[command(subcommand)]
    Parked(ParkedCommand),
    #[command(subcommand)]
    ReceiptSeries(ReceiptSeriesCommand),
    #[command(subcommand)]
    RemittanceRule(RemittanceRuleCommand),
    #[command(subcommand)]
    Payer(PayerCommand),
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Send a bank's file to a running gateway, or a corrected one
    Statement(sent::Statement),
    /// Send a provider's settlement file to a running gateway
    Settlement(sent::Settlement),
    /// Say what stood on a bank account when its books began
    Opening(sent::Opening),
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
    List,
    /// Where a portal hears its events
    Endpoints {
        #[arg(long)]
        code: String,
    },
    /// Send nothing to an endpoint of a portal any more
    DisableEndpoint {
        #[arg(long)]
        code: String,
        #[arg(long)]
        id: String,
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
        /// viewer, clerk, accountant, approver, administrator; all when left out, of somebody who is there as they are
        #[arg(long, value_delimiter = ',')]
        roles: Option<Vec<String>>,
        /// Whose money they see; all when left out
        #[arg(long, value_delimiter = ',')]
        beneficiaries: Vec<String>,
    },
    List,
    /// Change what is named of a person; the rest stays
    Set {
        #[arg(long)]
        code: String,
        #[arg(long)]
        name: Option<String>,
        /// In place of those before; '' takes all away
        #[arg(long, value_delimiter = ',')]
        roles: Option<Vec<String>>,
        /// In place of those before; '' stands for all
        #[arg(long, value_delimiter = ',')]
        beneficiaries: Option<Vec<String>>,
    },
    /// Make a link by which they set password and code for the console, once, within a day
    Invite {
        #[arg(long)]
        code: String,
    },
    /// Let them sign in by way of the identity provider of `oidc.issuer`, which calls them by this name
    Link {
        #[arg(long)]
        code: String,
        /// `sub`, as the page that refused them shows it
        #[arg(long)]
        subject: String,
    },
    /// No identity provider names them any more, and they are signed out at once
    Unlink {
        #[arg(long)]
        code: String,
    },
    /// Their keys are refused everywhere within a minute, and they are signed out at once
    Disable {
        #[arg(long)]
        code: String,
    },
    /// Their keys that were not revoked are good again
    Enable {
        #[arg(long)]
        code: String,
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

/// Who handles dossiers
#[derive(Debug, Subcommand)]
pub enum AgencyCommand {
    /// Make an agency, or rename it
    Put {
        #[arg(long)]
        code: String,
        #[arg(long)]
        name: String,
    },
    List,
}

/// How receipts of fees and charges are numbered
#[derive(Debug, Subcommand)]
pub enum ReceiptSeriesCommand {
    /// Make a series, or change it; from then on receipts of its beneficiary are made here
    Put(Box<NewSeries>),
    List,
}

#[derive(Debug, Args)]
pub struct NewSeries {
    #[arg(long)]
    pub code: String,
    #[arg(long)]
    pub beneficiary: String,
    /// fee, charge
    #[arg(long, value_delimiter = ',', default_value = "fee,charge")]
    pub kinds: Vec<String>,
    /// EBL01 or EBL02
    #[arg(long, default_value = "EBL01")]
    pub template: String,
    /// Two of ABCDEGHKLMNPQRSTUVXY
    #[arg(long)]
    pub letters: String,
    #[arg(long)]
    pub collector_name: String,
    #[arg(long)]
    pub tax_code: String,
    #[arg(long)]
    pub address: String,
    /// 2026-07-01
    #[arg(long)]
    pub valid_from: Date,
    #[arg(long)]
    pub valid_to: Option<Date>,
}

/// What is kept of a fee, and where the rest is remitted
#[derive(Debug, Subcommand)]
pub enum RemittanceRuleCommand {
    /// Set the rule of a fee from a day on; one that a remittance names stands
    Put(Box<NewRemittanceRule>),
    List,
}

#[derive(Debug, Args)]
pub struct NewRemittanceRule {
    #[arg(long)]
    pub beneficiary: String,
    #[arg(long)]
    pub fee: String,
    /// 2026-07-01
    #[arg(long)]
    pub valid_from: Date,
    /// What the agency keeps, in millionths: 960000 where 4 % are remitted
    #[arg(long)]
    pub retained_ppm: i32,
    /// down, half_up or up
    #[arg(long, default_value = "down")]
    pub rounding: String,
    /// weekly or monthly
    #[arg(long, default_value = "monthly")]
    pub period: String,
    /// day or worked_day, after the period's end
    #[arg(long, default_value = "day")]
    pub due_by: String,
    #[arg(long, default_value_t = 5)]
    pub due_n: u8,
    #[arg(long)]
    pub chapter: String,
    #[arg(long)]
    pub sub_item: String,
    #[arg(long)]
    pub area: String,
    /// Budget-unit code
    #[arg(long)]
    pub unit: String,
    /// The beneficiary's account that it leaves
    #[arg(long)]
    pub account: String,
    /// The office of the treasury
    #[arg(long)]
    pub treasury: String,
    #[arg(long)]
    pub treasury_bank_bin: String,
    #[arg(long)]
    pub treasury_account: String,
    #[arg(long)]
    pub treasury_account_name: String,
    #[arg(long)]
    pub legal_basis: String,
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
    /// What a contract says, or has said, of its provider's fee
    Fees {
        #[arg(long)]
        code: String,
    },
    /// Say what a provider keeps of payments from a day on; the same day again replaces it
    Fee {
        #[arg(long)]
        code: String,
        /// 2026-07-01
        #[arg(long)]
        from: jiff::civil::Date,
        /// Millionths of an amount: 11000 is 1.1 %
        #[arg(long, default_value_t = 0)]
        rate_ppm: i32,
        /// How that share becomes whole đồng: `half_up`, `up` or `down`
        #[arg(long, default_value = "half_up")]
        rounding: domain::fee::Rounding,
        /// Đồng of each payment beside it
        #[arg(long, default_value_t = 0)]
        fixed: i64,
    },
    /// Say which amounts a contract takes; what is left out is reset
    Limits {
        #[arg(long)]
        code: String,
        #[arg(long, default_value_t = 1)]
        min_amount: i64,
        #[arg(long)]
        max_amount: Option<i64>,
    },
    /// Say for the first time where a provider pays out to, and by which text its payouts are known there
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
    #[command(subcommand)]
    Credentials(CredentialsCommand),
}

/// Secrets that a contract shares with its provider
#[derive(Debug, Subcommand)]
pub enum CredentialsCommand {
    /// Which ones there are, by fingerprint
    List {
        #[arg(long)]
        code: String,
    },
    /// Read the first secret of a name from standard input; later, two persons change it
    Put(Secret),
    /// Read another secret from standard input, for a second person to decide
    Propose {
        #[command(flatten)]
        secret: Secret,
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Accept the newest secret of a name alone
    RetirePrevious(Secret),
    /// The newest was wrong: accept the one before it alone
    RetireNewest(Secret),
}

#[derive(Debug, Args)]
pub struct Secret {
    /// Code of the contract
    #[arg(long)]
    pub code: String,
    /// By its key in the configuration
    #[arg(long)]
    pub name: String,
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

/// Desks at which officers take cash and cards
#[derive(Debug, Subcommand)]
pub enum CounterCommand {
    /// With what each drawer holds
    List,
    /// Make a counter with its drawer, or change it; what is left out is reset
    Put {
        #[arg(long)]
        code: String,
        #[arg(long)]
        name: String,
        /// Code of the account of ours that its cash is brought to
        #[arg(long)]
        account: String,
        /// For whom it collects
        #[arg(long, value_delimiter = ',', required = true)]
        beneficiaries: Vec<String>,
        /// The contract of its card terminal
        #[arg(long)]
        terminal: Option<String>,
    },
}

/// Layouts of banks' CSV exports and providers' settlement files
#[derive(Debug, Subcommand)]
pub enum LayoutCommand {
    List,
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

/// The fee catalogue
#[derive(Debug, Subcommand)]
pub enum FeeCommand {
    List {
        #[arg(long)]
        code: Option<String>,
    },
    /// Put the entries of one fee, a JSON list as `/v1/fees` has them, in place of those before
    Put {
        #[arg(long)]
        code: String,
        file: PathBuf,
    },
}

/// How lines of statements find what was told of
#[derive(Debug, Subcommand)]
pub enum MatchCommand {
    /// What another rule would make of lines that are in the books; writes nothing
    DryRun(DryRun),
}

#[derive(Debug, Args)]
pub struct DryRun {
    /// Code of the account of ours
    #[arg(long)]
    pub account: String,
    /// The first booking day, 2026-07-01
    #[arg(long)]
    pub from: Date,
    /// The last one, 31 days at most
    #[arg(long)]
    pub to: Date,
    /// Worked days between two sights of one transfer; two are in force
    #[arg(long)]
    pub days_apart: Option<u32>,
    /// Tellers and formats that number for themselves, in place of the account's; '' stands for none
    #[arg(long, value_delimiter = ',')]
    pub own_numbering: Option<Vec<String>>,
    /// Days off beside those of the calendar
    #[arg(long, value_delimiter = ',')]
    pub days_off: Vec<Date>,
    /// Days worked beside those of the calendar
    #[arg(long, value_delimiter = ',')]
    pub days_worked: Vec<Date>,
}

/// What the online-payment score counts by: rules and files
#[derive(Debug, Subcommand)]
pub enum ScoreCommand {
    /// All rules that were ever set
    Rules,
    /// All files that were imported
    Imports,
    /// Take a list of procedures, JSON or CSV, that holds from a day on
    Procedures {
        #[arg(long)]
        as_of: Date,
        file: PathBuf,
    },
    /// Take counts of dossiers by month and agency, JSON or CSV
    Dossiers { file: PathBuf },
}

/// Days that are not as their weekday
#[derive(Debug, Subcommand)]
pub enum CalendarCommand {
    List,
    /// A day off, or with --worked a Saturday or Sunday that is worked
    Put {
        date: Date,
        #[arg(long)]
        name: String,
        #[arg(long)]
        worked: bool,
    },
    /// The day is again as its weekday
    Remove {
        date: Date,
    },
}

/// Ways to pay
#[derive(Debug, Subcommand)]
pub enum ChannelCommand {
    List,
    /// No new attempt by it from now on, in any process
    Off {
        #[arg(long)]
        code: String,
        /// Payers read it
        #[arg(long)]
        reason: String,
    },
    /// It takes attempts again
    On {
        #[arg(long)]
        code: String,
        #[arg(long)]
        reason: String,
    },
    /// Announce that it will take no attempt for a time
    Downtime {
        #[arg(long)]
        code: String,
        /// RFC 3339, e.g. 2026-11-24T22:00:00+07:00
        #[arg(long)]
        from: Timestamp,
        #[arg(long)]
        to: Timestamp,
        /// Payers read it
        #[arg(long)]
        reason: String,
    },
    /// Take an announcement back
    Withdraw {
        #[arg(long)]
        code: String,
        #[arg(long)]
        id: String,
    },
}

/// What was given up for a person to look at
#[derive(Debug, Subcommand)]
pub enum ParkedCommand {
    List {
        /// inbox, deliveries, refunds or mails
        #[arg(long, default_value = "inbox")]
        kind: String,
        #[arg(long, default_value_t = 200)]
        limit: i64,
    },
    /// Drive these again: sgt_… a report, evt_… the deliveries of an event, rfd_… a refund, eml_… a mail
    Retry {
        #[arg(required = true)]
        ids: Vec<String>,
    },
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
        let (json, file, instance) = (self.json, self.config, self.instance);
        let config = || -> Result<Config, Failed> {
            Ok(Config::load(&match &instance {
                Some(data) => up::sources_of(data)?,
                None => Sources::of_process(file.as_deref()),
            })?)
        };
        let result = match self.command {
            Command::Up(options) => return up::run(options, file.as_deref(), json).await,
            Command::Report(options) => return report::run(options, instance, json).await.map(|()| ExitCode::SUCCESS),
            Command::Story { data } => return up::story(&instance.unwrap_or(data)).await,
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
            Command::Counter(command) => counters::counter(&config()?, command).await?,
            Command::Agency(command) => admin::agency(&config()?, command).await?,
            Command::Fee(command) => tariff::fee(&config()?, command).await?,
            Command::Calendar(command) => tariff::calendar(&config()?, command).await?,
            Command::Match(MatchCommand::DryRun(asked)) => rehearsals::run(&config()?, asked).await?,
            Command::Score(command) => score::run(&config()?, command).await?,
            Command::Channel(command) => channels::channel(&config()?, command).await?,
            Command::Parked(command) => channels::parked(&config()?, command).await?,
            Command::Layout(command) => accounts::layout(&config()?, command).await?,
            Command::ReceiptSeries(command) => receipts::series(&config()?, command).await?,
            Command::RemittanceRule(command) => remittances::rule(&config()?, command).await?,
            Command::Payer(command) => payers::payer(&config()?, command).await?,
            Command::Statement(asked) => sent::statement(asked, instance).await?,
            Command::Settlement(asked) => sent::settlement(asked, instance).await?,
            Command::Opening(asked) => sent::opening(asked, instance).await?,
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
