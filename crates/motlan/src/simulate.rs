//! `motlan simulate`: one simulator as a process of its own.

use crate::failed::Failed;
use crate::say;
use crate::signals::End;
use clap::ValueEnum;
use config::{Config as Merged, File, FileFormat};
use serde::de::DeserializeOwned;
use simulator::{
    BankConfig, BillsConfig, DossierConfig, MobileMoneyConfig, MomoConfig, NationalConfig, PostConfig, Running,
    VnpayConfig, ZalopayConfig,
};
use std::path::{Path, PathBuf};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum What {
    Vnpay,
    Momo,
    Zalopay,
    Bank,
    /// The application of a bank or wallet whose customers pay bills
    Bills,
    Dossier,
    MobileMoney,
    National,
    /// A mail server
    Post,
}

/// Runs until it is told to end.
pub async fn run(
    what: What,
    listen: Option<String>,
    notify: Option<String>,
    file: Option<PathBuf>,
) -> Result<(), Failed> {
    let mut end = End::listen()?;
    let running = start(what, listen, notify, file.as_deref()).await?;
    let ready = serde_json::json!({"event": "ready", "url": running.url, "pid": std::process::id()});
    say::line(&ready.to_string());
    end.wished().await;
    running.stop().await;
    Ok(())
}

async fn start(
    what: What,
    listen: Option<String>,
    notify: Option<String>,
    file: Option<&Path>,
) -> Result<Running, Failed> {
    let mut given = vec![("listen", listen)];
    Ok(match what {
        What::Vnpay => {
            given.push(("notify_url", notify));
            simulator::vnpay::start(read::<VnpayConfig>(file, given)?).await?
        }
        What::National => {
            given.push(("notify_url", notify));
            simulator::national::start(read::<NationalConfig>(file, given)?).await?
        }
        What::Momo | What::Zalopay if notify.is_some() => {
            return Err("each order names the address of its reports".into());
        }
        What::Momo => simulator::momo::start(read::<MomoConfig>(file, given)?).await?,
        What::Zalopay => simulator::zalopay::start(read::<ZalopayConfig>(file, given)?).await?,
        What::MobileMoney if notify.is_some() => return Err("each request names where it is answered".into()),
        What::MobileMoney => simulator::mobile_money::start(read::<MobileMoneyConfig>(file, given)?).await?,
        What::Bills => {
            given.push(("notify_url", notify));
            simulator::bills::start(read::<BillsConfig>(file, given)?).await?
        }
        What::Bank if notify.is_some() => return Err("each account names its own notifiers, in the file".into()),
        What::Bank => simulator::bank::start(read::<BankConfig>(file, given)?).await?,
        What::Dossier if notify.is_some() => return Err("the dossier system notifies nobody".into()),
        What::Dossier => simulator::dossier::start(read::<DossierConfig>(file, given)?).await?,
        What::Post if notify.is_some() => return Err("the mail server notifies nobody".into()),
        What::Post => simulator::post::start(read::<PostConfig>(file, given)?).await?.running,
    })
}

/// The file, then what the command line says.
fn read<T: DeserializeOwned>(file: Option<&Path>, given: Vec<(&str, Option<String>)>) -> Result<T, Failed> {
    let mut builder = Merged::builder();
    if let Some(path) = file {
        builder = builder.add_source(File::from(path).format(FileFormat::Toml));
    }
    for (key, value) in given {
        builder = builder.set_override_option(key, value)?;
    }
    Ok(builder.build()?.try_deserialize()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads<T: DeserializeOwned>(text: &str) {
        let merged = Merged::builder().add_source(File::from_str(text, FileFormat::Toml)).build().unwrap();
        merged.try_deserialize::<T>().unwrap_or_else(|e| panic!("{e}\n{text}"));
    }

    #[test]
    fn every_example_of_the_document_is_a_whole_file_also_with_what_it_comments_out() {
        let document = include_str!("../../simulator/README.md");
        let mut seen = Vec::new();
        for block in document.split("```toml\n").skip(1) {
            let (text, _) = block.split_once("```").unwrap();
            let (first, rest) = text.split_once('\n').unwrap();
            let whole = rest.replace("\n# ", "\n").trim_start_matches("# ").to_owned();
            for text in [rest, &whole] {
                match first.trim_start_matches("# ") {
                    "vnpay" => reads::<VnpayConfig>(text),
                    "momo" => reads::<MomoConfig>(text),
                    "zalopay" => reads::<ZalopayConfig>(text),
                    "national" => reads::<NationalConfig>(text),
                    "mobile-money" => reads::<MobileMoneyConfig>(text),
                    "bills" => reads::<BillsConfig>(text),
                    "dossier" => reads::<DossierConfig>(text),
                    "post" => reads::<PostConfig>(text),
                    "bank" => reads::<BankConfig>(text),
                    other => panic!("{other}"),
                }
            }
            seen.push(first);
        }
        assert_eq!(seen.len(), What::value_variants().len());
    }
}
