//! The simulated bank, with the accounts of two sample beneficiaries: one that SePay and Casso tell of and SePay lists, and one
//! on which each payment has a number of its own, told of by SePay.

use crate::config::Channel;
use crate::failed::Failed;
use crate::sample;
use crate::up::contracts::Contracts;
use crate::up::demo_config::{BANK_BENEFICIARY, VIETQR, VIRTUAL, VIRTUAL_BENEFICIARY};
use serde_json::json;
use simulator::Running;
use simulator::bank::{AccountConfig, BankConfig, ListingConfig, ListingKind, NotifierConfig, NotifierKind};
use std::path::PathBuf;

/// SePay repeats after a minute and later; nobody waits that long for a demonstration.
const RETRIES_MS: [u64; 6] = [0, 1_000, 2_000, 3_000, 5_000, 10_000];
const OPENING_BALANCE: i64 = 10_000_000;

/// Who tells, how it signs, and the setting that has its secret.
type Teller = (&'static str, NotifierKind, &'static str);
const SEPAY: Teller = ("sepay", NotifierKind::SepayHmac, "sepay_hmac_secret");
const CASSO: Teller = ("casso", NotifierKind::Casso, "casso_checksum_key");

/// Whose account it is, under which contract it is collected on, and who tells of it.
struct Collected {
    profile: &'static str,
    beneficiary: &'static str,
    tellers: &'static [Teller],
}

const ACCOUNTS: [Collected; 2] = [
    Collected { profile: VIETQR, beneficiary: BANK_BENEFICIARY, tellers: &[SEPAY, CASSO] },
    Collected { profile: VIRTUAL, beneficiary: VIRTUAL_BENEFICIARY, tellers: &[SEPAY] },
];

pub struct Bank {
    pub running: Running,
    accounts: Vec<(&'static Collected, AccountConfig)>,
}

impl Bank {
    /// # Errors
    /// When the port is taken.
    pub async fn start(log: PathBuf, contracts: &Contracts, listen: String) -> Result<Self, Failed> {
        let accounts = ACCOUNTS.iter().map(|collected| Ok((collected, collected.account(contracts)?)));
        let accounts = accounts.collect::<Result<Vec<_>, Failed>>()?;
        let config = BankConfig {
            listen,
            log: Some(log),
            // the books that outlive a start are reconciled with it
            remembers: true,
            schedule_ms: RETRIES_MS.to_vec(),
            ..BankConfig::new(accounts.iter().map(|(_, account)| account.clone()).collect())
        };
        Ok(Self { running: simulator::bank::start(config).await?, accounts })
    }

    /// Where the account is listed, as the configuration says it.
    pub fn computed_at(url: &str) -> (String, String) {
        (format!("profiles.{VIETQR}.listing_url"), url.to_owned())
    }

    /// # Errors
    /// When the bank does not take it.
    pub async fn tell_where_we_are(&self, http: &reqwest::Client, base_url: &str) -> Result<(), Failed> {
        let accounts = format!("{}/_sim/bank/accounts", self.running.url);
        for (collected, account) in &self.accounts {
            let told = collected.tellers.iter().zip(&account.notifiers);
            let notifiers: Vec<_> = told
                .map(|((teller, ..), notifier)| {
                    let url = format!("{base_url}/v1/webhooks/vietqr/{teller}/{}", collected.profile);
                    json!({"kind": notifier.kind, "url": url, "secret": notifier.secret})
                })
                .collect();
            let body = json!({"number": account.number, "notifiers": notifiers});
            http.post(&accounts).json(&body).send().await?.error_for_status()?;
        }
        Ok(())
    }
}

impl Collected {
    fn account(&self, contracts: &Contracts) -> Result<AccountConfig, Failed> {
        let Channel::Vietqr(settings) = contracts.channel(self.profile)? else {
            return Err(format!("{} collects on no account", self.profile).into());
        };
        let holder = sample::beneficiary_of(self.beneficiary)?;
        let secret = |key: &str| contracts.secret(self.profile, key);
        let notifier = |&(_, kind, key): &Teller| NotifierConfig {
            kind,
            name: None,
            url: String::new(),
            secret: secret(key),
            schedule_ms: None,
        };
        let listing = || ListingConfig { kind: ListingKind::Sepay, token: secret("listing_token") };
        Ok(AccountConfig {
            number: holder.account_number,
            bin: holder.bank_bin,
            bank: "BANK".to_owned(),
            name: holder.account_name,
            opening_balance: OPENING_BALANCE,
            bic: None,
            virtual_accounts: settings.virtual_account_prefix.iter().cloned().collect(),
            notifiers: self.tellers.iter().map(notifier).collect(),
            listing: settings.listing.is_some().then(listing),
            mt940_reference: Default::default(),
            payment_code: None,
        })
    }
}
