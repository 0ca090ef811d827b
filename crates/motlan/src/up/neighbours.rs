//! The other sides of the wires, simulated: whoever collects, a bank with those who tell of its accounts, a dossier system
//! that hears the gateway's events, and a mail server that shows what payers are told and sends nothing on.

mod bank;

use super::contracts::Contracts;
use super::demo_config as contract;
use super::home::Home;
use crate::config::Channel;
use crate::failed::Failed;
use bank::Bank;
use serde_json::{Map, Value, json};
use simulator::bills::Dialect;
use simulator::post::Office;
use simulator::{
    BillsConfig, DossierConfig, MobileMoneyConfig, MomoConfig, NationalConfig, PostConfig, Running, VnpayConfig,
    ZalopayConfig,
};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};

/// What VNPAY keeps of each payment beside its share.
const VNPAY_FIXED_FEE: i64 = 300;
/// VNPAY repeats an unanswered IPN after five minutes, others when they like; nobody waits that long for a demonstration.
const AGAIN_MS: u64 = 3_000;

/// Somebody whose contract says where we reach them, and who is told where to reach us.
struct Partner {
    /// In `run.json`, and of its log.
    name: &'static str,
    /// As people read it.
    title: &'static str,
    profile: &'static str,
    /// The same at each start where it is free, so that links and endpoints of yesterday still lead somewhere.
    port: u16,
    /// Keys of the profile, and what stands behind the simulator's address there.
    addresses: &'static [(&'static str, &'static str)],
    /// The control call that says where we are, and where that is. None: each order says it.
    told: Option<(&'static str, &'static str)>,
}

const PARTNERS: [Partner; 7] = [
    Partner {
        name: "vnpay",
        title: "VNPAY",
        profile: contract::VNPAY,
        port: 8090,
        addresses: &[("pay_url", "/paymentv2/vpcpay.html"), ("api_url", "/merchant_webapi/api/transaction")],
        told: Some(("notify", "/v1/webhooks/vnpay")),
    },
    Partner {
        name: "momo",
        title: "MoMo",
        profile: contract::MOMO,
        port: 8093,
        addresses: &[("api_url", "")],
        told: None,
    },
    Partner {
        name: "zalopay",
        title: "ZaloPay",
        profile: contract::ZALOPAY,
        port: 8094,
        addresses: &[("api_url", "")],
        told: None,
    },
    Partner {
        name: "national",
        title: "National platform",
        profile: contract::NATIONAL,
        port: 8095,
        addresses: &[("init_url", "/init"), ("query_url", "/query"), ("bill_url", "/bill")],
        told: Some(("notify", "/v1/webhooks/national")),
    },
    Partner {
        name: "mobile_money",
        title: "Mobile Money",
        profile: contract::MOBILE_MONEY,
        port: 8096,
        addresses: &[("api_url", "/v1.2/mm"), ("token_url", "/token")],
        told: None,
    },
    Partner {
        name: "bank_bills",
        title: "Bank's application",
        profile: contract::BANK_BILLS,
        port: 8097,
        addresses: &[],
        told: Some(("biller", "/v1/bills")),
    },
    Partner {
        name: "mobile_money_bills",
        title: "Wallet's application",
        profile: contract::MOBILE_MONEY_BILLS,
        port: 8098,
        addresses: &[],
        told: Some(("biller", "/v1/bills")),
    },
];

const BANK: &str = "bank";
const BANK_PORT: u16 = 8092;
const DOSSIER: &str = "dossier";
const DOSSIER_PORT: u16 = 8091;
const POST: &str = "post";
/// Of its page; SMTP is at any free one.
const POST_PORT: u16 = 8099;

/// All that keep a log.
pub const SIMULATORS: [&str; 10] = {
    let [a, b, c, d, e, f, g] = PARTNERS;
    [a.name, b.name, c.name, d.name, e.name, f.name, g.name, BANK, DOSSIER, POST]
};

/// An address for what is not started yet.
const NOWHERE: &str = "http://127.0.0.1:9";

/// Starts somebody at the usual port, or at any where that is taken, were it only since somebody last looked.
async fn usual_or_any<T>(port: u16, start: impl AsyncFn(String) -> Result<T, Failed>) -> Result<T, Failed> {
    match start(format!("127.0.0.1:{port}")).await {
        Err(error) if is_taken(&error) => start("127.0.0.1:0".to_owned()).await,
        other => other,
    }
}

fn is_taken(error: &Failed) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::AddrInUse)
}

pub struct Neighbours {
    partners: Vec<(Partner, Running)>,
    bank: Bank,
    dossier: Running,
    post: Office,
}

/// What the configuration says of them before they are there, so that it can be read.
pub fn not_yet() -> Vec<(String, String)> {
    let partners = PARTNERS.iter().flat_map(|partner| partner.computed(NOWHERE));
    let post = post_computed((Ipv4Addr::LOCALHOST, 9).into());
    partners.chain([Bank::computed_at(NOWHERE)]).chain(post).collect()
}

fn post_computed(smtp: SocketAddr) -> [(String, String); 4] {
    let key = |name: &str, value: String| (format!("mail.{name}"), value);
    [
        key("host", smtp.ip().to_string()),
        key("port", smtp.port().to_string()),
        key("tls", "none".to_owned()),
        key("from", "Cổng thanh toán mẫu <bien-lai@example.vn>".to_owned()),
    ]
}

impl Partner {
    fn computed(&self, url: &str) -> Vec<(String, String)> {
        let key = |name: &str| format!("profiles.{}.{name}", self.profile);
        self.addresses.iter().map(|(name, path)| (key(name), format!("{url}{path}"))).collect()
    }

    async fn start(&self, home: &Home, contracts: &Contracts) -> Result<Running, Failed> {
        usual_or_any(self.port, async |listen| self.start_at(listen, home, contracts).await).await
    }

    async fn start_at(&self, listen: String, home: &Home, contracts: &Contracts) -> Result<Running, Failed> {
        let log = Some(home.log(self.name));
        let secret = |name: &str| contracts.secret(self.profile, name);
        Ok(match contracts.channel(self.profile)? {
            Channel::Vnpay(s) => {
                let agreed = VnpayConfig::new(&s.tmn_code, secret("hash_secret"));
                let (ipn_retry_ms, fee_fixed) = (AGAIN_MS, VNPAY_FIXED_FEE);
                simulator::vnpay::start(VnpayConfig { listen, log, ipn_retry_ms, fee_fixed, ..agreed }).await?
            }
            Channel::Momo(s) => {
                let agreed = MomoConfig::new(&s.partner_code, secret("access_key"), secret("secret_key"));
                simulator::momo::start(MomoConfig { listen, log, ipn_retry_ms: AGAIN_MS, ..agreed }).await?
            }
            Channel::Zalopay(s) => {
                let agreed = ZalopayConfig::new(s.app_id, secret("key1"), secret("key2"));
                simulator::zalopay::start(ZalopayConfig { listen, log, callback_retry_ms: AGAIN_MS, ..agreed }).await?
            }
            Channel::National(s) => {
                let agreed = NationalConfig::new(&s.partner_code, secret("secret_key"), secret("access_token"));
                simulator::national::start(NationalConfig { listen, log, confirm_retry_ms: AGAIN_MS, ..agreed }).await?
            }
            Channel::MobileMoney(s) => {
                let mut agreed = MobileMoneyConfig::new(&s.client_id, secret("client_secret"), &s.credit_party);
                agreed.credit_party_key.clone_from(&s.credit_party_key);
                simulator::mobile_money::start(MobileMoneyConfig { listen, log, ..agreed }).await?
            }
            Channel::BankBills(s) => {
                let mut agreed = BillsConfig::new(Dialect::Bank, &s.client_id, secret("client_secret"));
                (agreed.service_id, agreed.checksum_secret) = (s.service_id.clone(), secret("checksum_secret"));
                simulator::bills::start(BillsConfig { listen, log, ..agreed }).await?
            }
            Channel::MobileMoneyBills(s) => {
                let mut agreed = BillsConfig::new(Dialect::MobileMoney, &s.client_id, secret("client_secret"));
                agreed.api_key = secret("api_key");
                simulator::bills::start(BillsConfig { listen, log, ..agreed }).await?
            }
            Channel::Counter | Channel::Vietqr(_) => return Err(format!("{} has no partner", self.profile).into()),
        })
    }
}

impl Neighbours {
    pub async fn start(home: &Home, contracts: &Contracts) -> Result<Self, Failed> {
        let mut partners = Vec::with_capacity(PARTNERS.len());
        for partner in PARTNERS {
            let running = partner.start(home, contracts).await?;
            partners.push((partner, running));
        }
        let bank = async |listen| Bank::start(home.log(BANK), contracts, listen).await;
        let dossier = async |listen| {
            let config = DossierConfig { listen, log: Some(home.log(DOSSIER)) };
            Ok(simulator::dossier::start(config).await?)
        };
        let bank = usual_or_any(BANK_PORT, bank).await?;
        let dossier = usual_or_any(DOSSIER_PORT, dossier).await?;
        let post = async |listen| {
            let config = PostConfig { listen, log: Some(home.log(POST)), ..PostConfig::default() };
            Ok(simulator::post::start(config).await?)
        };
        Ok(Self { partners, bank, dossier, post: usual_or_any(POST_PORT, post).await? })
    }

    /// What the configuration says of them.
    pub fn computed(&self) -> Vec<(String, String)> {
        let partners = self.partners.iter().flat_map(|(partner, running)| partner.computed(&running.url));
        let others = [Bank::computed_at(&self.bank.running.url)].into_iter().chain(post_computed(self.post.smtp));
        partners.chain(others).collect()
    }

    /// Tells those who do not hear it with each order where their notifications go, as one does in their consoles.
    pub async fn tell_where_we_are(&self, base_url: &str) -> Result<(), Failed> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        for (partner, running) in &self.partners {
            let Some((call, path)) = partner.told else { continue };
            let url = format!("{base_url}{path}/{}", partner.profile);
            let told = http.post(format!("{}/_sim/{call}", running.url)).json(&json!({ "url": url }));
            told.send().await?.error_for_status()?;
        }
        self.bank.tell_where_we_are(&http, base_url).await
    }

    /// Name, title and address of each.
    fn all(&self) -> impl Iterator<Item = (&'static str, &'static str, &str)> {
        let partners = self.partners.iter().map(|(partner, running)| (partner.name, partner.title, &*running.url));
        let others = [
            (BANK, "Bank", &*self.bank.running.url),
            (DOSSIER, "Dossier system", &*self.dossier.url),
            (POST, "Mail server", &*self.post.running.url),
        ];
        partners.chain(others)
    }

    /// As `run.json` has them.
    pub fn shown(&self) -> Value {
        self.all().map(|(name, _, url)| (name.to_owned(), url.into())).collect::<Map<_, _>>().into()
    }

    /// What people read, and where its control calls are.
    pub fn rows(&self) -> Vec<(String, String)> {
        self.all().map(|(_, title, url)| (format!("  {title}"), format!("{url}/_sim"))).collect()
    }

    pub async fn stop(self) {
        let partners = self.partners.into_iter().map(|(_, running)| running.stop());
        futures_util::join!(
            futures_util::future::join_all(partners),
            self.bank.running.stop(),
            self.dossier.stop(),
            self.post.running.stop()
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[tokio::test]
    async fn whoever_finds_the_usual_port_taken_is_at_another() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let usual = taken.local_addr().unwrap().port();
        let bound = usual_or_any(usual, async |listen| Ok(TcpListener::bind(listen)?)).await.unwrap();
        assert_ne!(bound.local_addr().unwrap().port(), usual);
        let refused: Result<(), Failed> = usual_or_any(usual, async |_| Err("no such contract".into())).await;
        assert_eq!(refused.unwrap_err().to_string(), "no such contract", "nothing else is tried twice");
    }
}
