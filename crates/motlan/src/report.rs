//! `motlan report`: a thin client of the API for finance staff. It asks over HTTP with a person's key, as anybody may,
//! and prints a table for people or passes on what the gateway said.

mod table;

use crate::failed::Failed;
use crate::gateway::{At, Client, Parameters};
use crate::say;
use clap::{Args, Subcommand, ValueEnum};
use domain::report::Report;
use jiff::civil::Date;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct Options {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    at: At,
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Where to write it; standard output unless told. Not for a table
    #[arg(long, global = true, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Columns for people; all columns are in the others
    Table,
    Csv,
    Json,
    /// A workbook
    Xlsx,
    /// For paper: transactions, and a day
    Pdf,
}

/// Which
#[derive(Debug, Subcommand)]
pub enum What {
    /// Payments, a row for each debt that they pay
    Transactions(Days),
    /// Days of accounts and contracts
    Reconciliation(Days),
    /// Money that waits for a home
    Suspense {
        /// The day since which it has waited
        #[arg(long)]
        from: Option<Date>,
        /// As of the end of this day; today unless told
        #[arg(long)]
        to: Option<Date>,
        #[command(flatten)]
        only: Only,
    },
    /// What was collected, by agency, fee and channel
    Collections {
        #[command(flatten)]
        days: Days,
        /// A row for each day instead of one for the whole period
        #[arg(long)]
        per_day: bool,
    },
    /// What each account and contract had, got and gave
    CashFlow(Days),
    /// What was remitted to the treasury, or is to be, by the last day of its period
    Remittances {
        #[arg(long)]
        from: Date,
        #[arg(long)]
        to: Date,
        #[arg(long)]
        agency: Option<String>,
    },
    /// Data of form C1-02/NS: what was paid of tax and land
    TreasurySlips(Days),
    /// The online-payment score of Decision 766
    OnlinePaymentScore {
        #[arg(long)]
        from: Date,
        #[arg(long)]
        to: Date,
        #[arg(long)]
        agency: Option<String>,
    },
    /// One day of an account or a contract
    Day {
        date: Date,
        #[arg(long, required_unless_present = "profile", conflicts_with = "profile")]
        account: Option<String>,
        #[arg(long)]
        profile: Option<String>,
    },
}

#[derive(Debug, Args)]
pub struct Days {
    /// The first business date
    #[arg(long)]
    from: Date,
    /// The last business date; the first one unless told
    #[arg(long)]
    to: Option<Date>,
    #[command(flatten)]
    only: Only,
}

#[derive(Debug, Args)]
pub struct Only {
    #[arg(long)]
    agency: Option<String>,
    #[arg(long)]
    channel: Option<String>,
}

impl Days {
    fn parameters(self) -> Parameters {
        parameters(Some(self.from), self.to.or(Some(self.from)), self.only)
    }
}

fn parameters(from: Option<Date>, to: Option<Date>, only: Only) -> Parameters {
    let all = [
        ("from", from.map(|d| d.to_string())),
        ("to", to.map(|d| d.to_string())),
        ("agency", only.agency),
        ("channel", only.channel),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// Asks, and prints the answer. `instance` is the directory that was named for all commands, and goes before `--data`.
///
/// # Errors
/// When no gateway or key is known, it does not answer, or it refuses: the refusal is told as it said it.
pub async fn run(options: Options, instance: Option<PathBuf>, json: bool) -> Result<(), Failed> {
    let format = if json { Format::Json } else { options.format };
    if format == Format::Table && options.out.is_some() {
        return Err("--out needs a --format: a table is for people who look at it".into());
    }
    let client = options.at.client(instance)?;
    let out = options.out;
    let (report, parameters) = match options.what {
        What::Transactions(days) => (Report::Transactions, days.parameters()),
        What::Reconciliation(days) => (Report::Reconciliation, days.parameters()),
        What::Suspense { from, to, only } => (Report::Suspense, parameters(from, to, only)),
        What::Collections { days, per_day } => {
            let per = per_day.then(|| ("per", "day".to_owned()));
            (Report::Collections, days.parameters().into_iter().chain(per).collect())
        }
        What::CashFlow(days) => (Report::CashFlow, days.parameters()),
        What::Remittances { from, to, agency } => {
            (Report::Remittances, parameters(Some(from), Some(to), Only { agency, channel: None }))
        }
        What::TreasurySlips(days) => (Report::TreasurySlips, days.parameters()),
        What::OnlinePaymentScore { from, to, agency } => {
            (Report::OnlinePaymentScore, parameters(Some(from), Some(to), Only { agency, channel: None }))
        }
        What::Day { date, account, profile } => {
            let of = [("account", account), ("profile", profile)];
            let parameters: Parameters = of.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
            return day(&client, &format!("/v1/reconciliation/{date}"), &parameters, (format, out)).await;
        }
    };
    let path = format!("/v1/reports/{report}");
    let form = match format {
        Format::Table => {
            say::line(&table::of_report(report, &client.read(&path, &parameters).await?));
            return Ok(());
        }
        Format::Csv => "csv",
        Format::Json => "json",
        Format::Xlsx => "xlsx",
        Format::Pdf => "pdf",
    };
    client.pass_on(&path, &with(parameters, form), out.as_deref()).await
}

fn with(mut parameters: Parameters, format: &str) -> Parameters {
    parameters.push(("format", format.to_owned()));
    parameters
}

async fn day(
    client: &Client,
    path: &str,
    parameters: &Parameters,
    (format, out): (Format, Option<PathBuf>),
) -> Result<(), Failed> {
    match format {
        Format::Table => say::line(&table::of_day(&client.read(path, parameters).await?)),
        Format::Json => client.pass_on(path, parameters, out.as_deref()).await?,
        Format::Pdf => client.pass_on(&format!("{path}/report"), parameters, out.as_deref()).await?,
        Format::Csv => return Err("a day has no CSV: ask for `report reconciliation`".into()),
        Format::Xlsx => return Err("a day has no workbook: ask for `report reconciliation`".into()),
    }
    Ok(())
}
