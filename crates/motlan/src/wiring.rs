//! From configuration to running parts. A provider's name stands here, in the configuration and in its own crate only.

use crate::config::{Channel, Config, ConfigError, Profile};
use crate::outside;
use crate::renewal;
use crate::servers::{Addresses, BindError, Bound, Servers, local_url};
use crate::wake;
use domain::codes::{BeneficiaryCode, ProfileCode};
use domain::mode::Mode;
use mail::Post;
use mail::smtp::Smtp;
use payments::Context;
use payments::renew_providers::RenewError;
use provider::{ChannelKind, Contract, Credential, Held, HeldSecrets, Names, NotMade, Provider, Registry};
use receipt::signing::{LocalKey, Signer, SigningError};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use std::io;
use std::sync::Arc;
use storage::{Pool, StorageError, Vault, beneficiaries, profiles};
use tokio::task::JoinHandle;
use volatile::Volatile;
use worker::Worker;

#[derive(Debug, thiserror::Error)]
pub enum WiringError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Bind(#[from] BindError),
    #[error("the listeners cannot be served")]
    Serve(#[source] io::Error),
    #[error("the database")]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Redis(#[from] volatile::BadUrl),
    #[error("keys.receipts")]
    Signing(#[from] SigningError),
    #[error("keys.pii")]
    Key(#[from] storage::vault::BadKey),
    #[error("dossier settings")]
    Dossier(#[from] dossier::ClientError),
    #[error("mail settings")]
    Mail(#[from] mail::smtp::SettingsError),
    #[error("oidc.issuer")]
    Outside(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the HTTP client for providers cannot be made")]
    Http(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("profile {profile}")]
    Profile {
        profile: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("the secrets that the books hold of profile {profile}")]
    Secrets {
        profile: String,
        #[source]
        source: RenewError,
    },
    #[error("profile {profile} collects for {beneficiary}, which does not exist: `motlan beneficiary create` makes it")]
    NoBeneficiary { profile: String, beneficiary: String },
}

/// What every use case works with. The database is not asked yet: contracts have the configuration's secrets.
///
/// # Errors
/// When something that is required is missing or ill-formed.
pub fn context(config: &Config, public_url: &str) -> Result<Context, WiringError> {
    context_beside(config, public_url, &Volatile::new(config.secret("redis.url").ok())?)
}

/// The same, with the process's own share of what may be lost.
fn context_beside(config: &Config, public_url: &str, volatile: &Volatile) -> Result<Context, WiringError> {
    config.complete()?;
    let http = http(config).map_err(|e| WiringError::Http(Box::new(e)))?;
    let public_url = config.http.public_url.as_deref().unwrap_or(public_url).trim_end_matches('/');
    let around = Around { http, volatile: volatile.clone(), public_url: public_url.to_owned() };
    let contract =
        |p: &Profile| Arc::new(Configured { profile: p.clone(), around: around.clone() }) as Arc<dyn Contract>;
    let providers =
        Registry::of(config.profiles.iter().map(contract).collect()).map_err(|(profile, e)| ill(&profile, e))?;
    Ok(Context {
        pool: Pool::new(config.secret("database.url")?, &config.pool)?,
        breakers: payments::breaker::Breakers::default(),
        providers: Arc::new(providers),
        vault: Arc::new(Vault::new(config.secret("keys.pii")?)?),
        dossier: Arc::new(dossier::Client::new(&config.dossier)?),
        settings: Arc::new(config.payments.clone()),
        mode: config.mode,
        public_url: public_url.into(),
        wake: Arc::default(),
        signer: signer(config)?,
        post: post(config)?,
        slots: payments::Slots::new(config.payments.delivery.in_flight),
    })
}

/// Who signs receipts: a key that is set, in the sandbox else one that is worth nothing, in production else nobody.
fn signer(config: &Config) -> Result<Option<Arc<dyn Signer>>, WiringError> {
    let key = match (config.secret("keys.receipts"), config.mode) {
        (Ok(key), _) => LocalKey::new(&config.payments.receipts.key_name, key.expose_secret())?,
        (Err(_), Mode::Sandbox) => LocalKey::sandbox()?,
        (Err(_), Mode::Production) => return Ok(None),
    };
    Ok(Some(Arc::new(key)))
}

/// The mail server of the configuration, if there is one.
fn post(config: &Config) -> Result<Option<Arc<dyn Post>>, WiringError> {
    let mail = &config.mail;
    let Some(host) = mail.host.clone() else { return Ok(None) };
    let credentials = match &mail.user {
        Some(user) => Some((user.clone(), config.secret("mail.secret")?.clone())),
        None => None,
    };
    let settings = mail::smtp::Settings {
        host,
        port: mail.port,
        tls: mail.tls,
        from: mail.from.clone().ok_or_else(|| ConfigError::missing("mail.from"))?,
        credentials,
        is_trial: config.mode == Mode::Sandbox,
    };
    Ok(Some(Arc::new(Smtp::new(settings)?)))
}

/// Providers are called where the configuration says they are, and in production nowhere else.
fn http(config: &Config) -> Result<reqwest::Client, reqwest::Error> {
    if config.mode == Mode::Sandbox {
        return provider::http::client();
    }
    let addresses = config.profiles.iter().flat_map(|p| p.channel.addresses());
    let hosts: Vec<_> =
        addresses.filter_map(|(_, address)| Some(Url::parse(address).ok()?.host()?.to_owned())).collect();
    provider::http::client_to(&hosts)
}

/// What contracts share.
#[derive(Clone)]
struct Around {
    http: reqwest::Client,
    volatile: Volatile,
    public_url: String,
}

/// A contract as its section of the configuration has it.
struct Configured {
    profile: Profile,
    around: Around,
}

impl Contract for Configured {
    fn profile(&self) -> &ProfileCode {
        &self.profile.code
    }

    fn credentials(&self) -> &'static [Credential] {
        match &self.profile.channel {
            Channel::BankBills(_) => provider_bills::bidv::CREDENTIALS,
            Channel::Counter => &[],
            Channel::MobileMoneyBills(_) => provider_bills::gsma::CREDENTIALS,
            Channel::MobileMoney(_) => provider_mobile_money::CREDENTIALS,
            Channel::Momo(_) => provider_momo::CREDENTIALS,
            Channel::National(_) => provider_national::CREDENTIALS,
            Channel::Vietqr(_) => provider_vietqr::CREDENTIALS,
            Channel::Vnpay(_) => provider_vnpay::CREDENTIALS,
            Channel::Zalopay(_) => provider_zalopay::CREDENTIALS,
        }
    }

    fn configured(&self, name: &str) -> Vec<SecretString> {
        match &self.profile.channel {
            Channel::BankBills(settings) => settings.secrets(name),
            Channel::Counter => Vec::new(),
            Channel::MobileMoneyBills(settings) => settings.secrets(name),
            Channel::MobileMoney(settings) => settings.secrets(name),
            Channel::Momo(settings) => settings.secrets(name),
            Channel::National(settings) => settings.secrets(name),
            Channel::Vietqr(settings) => settings.secrets(name),
            Channel::Vnpay(settings) => settings.secrets(name),
            Channel::Zalopay(settings) => settings.secrets(name),
        }
    }

    fn provider(&self, held: &[Held]) -> Result<Provider, NotMade> {
        let Profile { code, beneficiaries, channel } = self.profile.clone();
        let Around { http, volatile, public_url } = self.around.clone();
        match channel {
            Channel::Counter => Ok(terminal(code, beneficiaries)),
            Channel::BankBills(settings) => {
                made(*settings, held, |settings| provider_bills::bidv::provider(code, beneficiaries, settings))
            }
            Channel::MobileMoneyBills(settings) => {
                made(*settings, held, |settings| provider_bills::gsma::provider(code, beneficiaries, settings, http))
            }
            Channel::MobileMoney(settings) => {
                let webhook_url = format!("{public_url}/v1/webhooks/{}/{code}", provider_mobile_money::CHANNEL);
                let surroundings = provider_mobile_money::Surroundings { http, volatile, webhook_url };
                made(*settings, held, |settings| {
                    provider_mobile_money::provider(code, beneficiaries, settings, surroundings)
                })
            }
            Channel::Momo(settings) => {
                made(*settings, held, |settings| provider_momo::provider(code, beneficiaries, settings, http))
            }
            Channel::National(settings) => {
                made(*settings, held, |settings| provider_national::provider(code, beneficiaries, settings, http))
            }
            Channel::Vietqr(settings) => {
                made(*settings, held, |settings| provider_vietqr::provider(code, beneficiaries, settings, http))
            }
            Channel::Vnpay(settings) => {
                made(settings, held, |settings| provider_vnpay::provider(code, beneficiaries, settings, http))
            }
            Channel::Zalopay(settings) => {
                made(*settings, held, |settings| provider_zalopay::provider(code, beneficiaries, settings, http))
            }
        }
    }
}

fn made<S: HeldSecrets, E: std::error::Error + Send + Sync + 'static>(
    settings: S,
    held: &[Held],
    make: impl FnOnce(S) -> Result<Provider, E>,
) -> Result<Provider, NotMade> {
    let settings = settings.holding(held).map_err(NotMade::because)?;
    make(settings).map_err(NotMade::because)
}

/// A card terminal: no capability at all. Officers enter what it took, and its files say what was paid out.
fn terminal(profile: ProfileCode, beneficiaries: Vec<BeneficiaryCode>) -> Provider {
    Provider::bare(
        profile,
        beneficiaries,
        domain::counter::CHANNEL,
        (Names { vi: "Quầy thu", en: "Counter" }, ChannelKind::Counter),
    )
}

fn ill(profile: &ProfileCode, source: NotMade) -> WiringError {
    WiringError::Profile { profile: profile.to_string(), source: Box::new(source) }
}

/// Brings the configured profiles into the books, each with its clearing account.
///
/// # Errors
/// When the database is away, or a profile names a beneficiary that is not there.
pub async fn enter_profiles(pool: &Pool, configured: &[Profile]) -> Result<(), WiringError> {
    let db = pool.get().await?;
    for profile in configured {
        let mut codes = Vec::with_capacity(profile.beneficiaries.len());
        for beneficiary in &profile.beneficiaries {
            if beneficiaries::in_force(&db, Some(beneficiary.as_str())).await?.is_empty() {
                let (profile, beneficiary) = (profile.code.to_string(), beneficiary.to_string());
                return Err(WiringError::NoBeneficiary { profile, beneficiary });
            }
            codes.push(beneficiary.to_string());
        }
        profiles::put(&db, profile.code.as_str(), profile.channel.code(), &codes).await?;
    }
    Ok(())
}

/// Which parts of the gateway a process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Serve,
    Work,
    Both,
}

/// A running gateway: the listeners, the worker, or both in one process, as `motlan up` and tests run it.
pub struct Gateway {
    pub ctx: Context,
    pub volatile: Volatile,
    pub addresses: Addresses,
    servers: Servers,
    relay: JoinHandle<()>,
    telling: JoinHandle<()>,
    renewing: JoinHandle<()>,
    worker: Option<Worker>,
}

impl Gateway {
    /// Starts the parts of `role` on the present tokio runtime.
    ///
    /// # Errors
    /// When a port is taken, a setting is missing, or the database is away.
    pub async fn start(config: &Config, role: Role, render_metrics: api::RenderMetrics) -> Result<Self, WiringError> {
        let bound = if role == Role::Work { Bound::ops_only(config)? } else { Bound::all(config)? };
        Self::start_on(bound, config, role, render_metrics).await
    }

    /// The same, on listeners that are bound already.
    ///
    /// # Errors
    /// When a setting is missing, or the database is away.
    pub async fn start_on(
        bound: Bound,
        config: &Config,
        role: Role,
        render_metrics: api::RenderMetrics,
    ) -> Result<Self, WiringError> {
        // Fails when the process has a provider already, which is then as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let addresses = bound.addresses().map_err(WiringError::Serve)?;
        let volatile = Volatile::new(config.secret("redis.url").ok())?;
        let ctx = context_beside(config, &addresses.public.map(local_url).unwrap_or_default(), &volatile)?;
        enter_profiles(&ctx.pool, &config.profiles).await?;
        let renewing = renewal::start(&ctx).await?;
        crate::accounts::seed_layouts(&*ctx.pool.get().await?).await?;
        let turns = payments::report::Turns::default();
        let state = api::State::new(api::Parts {
            ctx: ctx.clone(),
            api_key_pepper: config.api_key_pepper()?,
            limits: api::Limits {
                max_body_bytes: config.http.max_body_bytes,
                body_timeout_ms: config.http.body_timeout_ms,
                max_file_bytes: config.http.max_file_bytes,
                file_timeout_ms: config.http.file_timeout_ms,
                calls_per_minute: config.http.calls_per_minute,
            },
            turns: turns.clone(),
            volatile: volatile.clone(),
            render_metrics,
        });
        let page = web::Page::new(volatile.clone());
        let staff_url = addresses.staff.map(local_url).unwrap_or_default();
        let console = console::Console::new(volatile.clone(), turns, outside::provider(config, &staff_url)?);
        let servers = Servers::start(bound, config, &ctx, (&state, &page, &console)).map_err(WiringError::Serve)?;
        let worker = (role != Role::Serve).then(|| worker::start(ctx.clone()));
        let relay = wake::relay(role, &ctx, &volatile);
        let telling = wake::tell(&ctx, &volatile);
        Ok(Self { ctx, volatile, addresses, servers, relay, telling, renewing, worker })
    }

    /// Where payers reach it, without a slash at the end.
    pub fn base_url(&self) -> String {
        self.addresses.public.map(local_url).unwrap_or_default()
    }

    pub fn staff_url(&self) -> String {
        self.addresses.staff.map(local_url).unwrap_or_default()
    }

    pub fn ops_url(&self) -> String {
        local_url(self.addresses.ops)
    }

    /// Stops accepting, finishes the requests and the passes under way (at once, so that both fit into the 10 s that a
    /// process has), then lets go of the database.
    pub async fn stop(self) {
        let worker = async {
            if let Some(worker) = self.worker {
                worker.stop().await;
            }
        };
        futures_util::join!(self.servers.stop(), worker);
        self.relay.abort();
        self.telling.abort();
        self.renewing.abort();
        self.ctx.pool.close();
    }
}
