//! The other sides of the wires, simulated: VNPAY, a bank with those who tell of its accounts, and a dossier system that
//! hears the gateway's events.

mod bank;

use super::home::{Home, PROFILE, TMN_CODE};
use crate::failed::Failed;
use bank::Bank;
use config::{Config as Merged, File, FileFormat};
use simulator::{DossierConfig, Running, VnpayConfig};

/// VNPAY repeats an unanswered IPN after five minutes; nobody waits that long for a demonstration.
const IPN_RETRY_MS: u64 = 3_000;

/// The same at each start where they are free, so that links and endpoints of yesterday still lead somewhere.
const VNPAY_PORT: u16 = 8090;
const DOSSIER_PORT: u16 = 8091;
const BANK_PORT: u16 = 8092;

fn free_or_any(port: u16) -> String {
    let wanted = format!("127.0.0.1:{port}");
    // held for a moment only: whoever takes it in between stops the start with a clear word
    if std::net::TcpListener::bind(&wanted).is_ok() { wanted } else { "127.0.0.1:0".to_owned() }
}

pub struct Neighbours {
    pub vnpay: Running,
    pub bank: Bank,
    pub dossier: Running,
}

impl Neighbours {
    pub async fn start(home: &Home) -> Result<Self, Failed> {
        let file = home.config_file();
        let demo = Merged::builder().add_source(File::from(file.as_path()).format(FileFormat::Toml)).build()?;
        let profile = |key: &str| demo.get_string(&format!("profiles.{PROFILE}.{key}"));
        let mut vnpay =
            VnpayConfig::new(profile("tmn_code").unwrap_or_else(|_| TMN_CODE.to_owned()), profile("hash_secret")?);
        vnpay.listen = free_or_any(VNPAY_PORT);
        vnpay.ipn_retry_ms = IPN_RETRY_MS;
        vnpay.log = Some(home.vnpay_log());
        let dossier = DossierConfig { listen: free_or_any(DOSSIER_PORT), log: Some(home.dossier_log()) };
        Ok(Self {
            vnpay: simulator::vnpay::start(vnpay).await?,
            bank: Bank::start(home, &demo, free_or_any(BANK_PORT)).await?,
            dossier: simulator::dossier::start(dossier).await?,
        })
    }

    /// What the configuration says of them.
    pub fn computed(&self) -> Vec<(String, String)> {
        let key = |name: &str| format!("profiles.{PROFILE}.{name}");
        vec![
            (key("pay_url"), format!("{}/paymentv2/vpcpay.html", self.vnpay.url)),
            (key("api_url"), format!("{}/merchant_webapi/api/transaction", self.vnpay.url)),
            self.bank.computed(),
        ]
    }

    /// Tells VNPAY and those who tell of accounts where their notifications go, as one does in their consoles.
    pub async fn tell_where_we_are(&self, base_url: &str) -> Result<(), Failed> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        let url = format!("{base_url}/v1/webhooks/vnpay/{PROFILE}");
        let notify = format!("{}/_sim/notify", self.vnpay.url);
        http.post(notify).json(&serde_json::json!({ "url": url })).send().await?.error_for_status()?;
        self.bank.tell_where_we_are(&http, base_url).await
    }

    pub async fn stop(self) {
        futures_util::join!(self.vnpay.stop(), self.bank.running.stop(), self.dossier.stop());
    }
}
