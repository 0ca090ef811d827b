//! The simulated bank: the account of one sample beneficiary, of which SePay and Casso tell, and which SePay lists.

use crate::failed::Failed;
use crate::sample;
use crate::up::contracts::Contracts;
use crate::up::demo_config::{BANK_BENEFICIARY, VIETQR};
use domain::beneficiary::Beneficiary;
use serde_json::json;
use simulator::Running;
use simulator::bank::{AccountConfig, BankConfig, ListingConfig, ListingKind, NotifierConfig, NotifierKind};
use std::path::PathBuf;

/// SePay repeats after a minute and later; nobody waits that long for a demonstration.
const RETRIES_MS: [u64; 6] = [0, 1_000, 2_000, 3_000, 5_000, 10_000];
const OPENING_BALANCE: i64 = 10_000_000;

/// Who tells, how it signs, and the setting that has its secret.
const TELLERS: [(&str, NotifierKind, &str); 2] =
    [("sepay", NotifierKind::SepayHmac, "sepay_hmac_secret"), ("casso", NotifierKind::Casso, "casso_checksum_key")];

pub struct Bank {
    pub running: Running,
    account_number: String,
    notifiers: Vec<(&'static str, NotifierConfig)>,
}

impl Bank {
    /// # Errors
    /// When the port is taken.
    pub async fn start(log: PathBuf, contracts: &Contracts, listen: String) -> Result<Self, Failed> {
        let mut notifiers = Vec::new();
        for (teller, kind, key) in TELLERS {
            let secret = contracts.secret(VIETQR, key);
            notifiers
                .push((teller, NotifierConfig { kind, name: None, url: String::new(), secret, schedule_ms: None }));
        }
        let beneficiary = sample::beneficiary_of(BANK_BENEFICIARY)?;
        let account_number = beneficiary.account_number.clone();
        let account = account(beneficiary, &notifiers, contracts.secret(VIETQR, "listing_token"));
        let config = BankConfig {
            listen,
            log: Some(log),
            // the books that outlive a start are reconciled with it
            remembers: true,
            schedule_ms: RETRIES_MS.to_vec(),
            ..BankConfig::new(vec![account])
        };
        Ok(Self { running: simulator::bank::start(config).await?, account_number, notifiers })
    }

    /// Where the account is listed, as the configuration says it.
    pub fn computed_at(url: &str) -> (String, String) {
        (format!("profiles.{VIETQR}.listing_url"), url.to_owned())
    }

    /// # Errors
    /// When the bank does not take it.
    pub async fn tell_where_we_are(&self, http: &reqwest::Client, base_url: &str) -> Result<(), Failed> {
        let notifiers: Vec<_> = self
            .notifiers
            .iter()
            .map(|(teller, notifier)| {
                let url = format!("{base_url}/v1/webhooks/vietqr/{teller}/{VIETQR}");
                json!({"kind": notifier.kind, "url": url, "secret": notifier.secret})
            })
            .collect();
        let body = json!({"number": self.account_number, "notifiers": notifiers});
        let accounts = format!("{}/_sim/bank/accounts", self.running.url);
        http.post(accounts).json(&body).send().await?.error_for_status()?;
        Ok(())
    }
}

fn account(beneficiary: Beneficiary, notifiers: &[(&'static str, NotifierConfig)], token: String) -> AccountConfig {
    AccountConfig {
        number: beneficiary.account_number,
        bin: beneficiary.bank_bin,
        bank: "BANK".to_owned(),
        name: beneficiary.account_name,
        opening_balance: OPENING_BALANCE,
        bic: None,
        virtual_accounts: Vec::new(),
        notifiers: notifiers.iter().map(|(_, notifier)| notifier.clone()).collect(),
        listing: Some(ListingConfig { kind: ListingKind::Sepay, token }),
        mt940_reference: Default::default(),
        payment_code: None,
    }
}
