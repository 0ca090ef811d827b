//! Submission of letters to a mail server over SMTP (RFC 5321, RFC 6409): one connection for each letter. A refusal for good is
//! one of the recipient or of the letter itself; whatever the server has against us (a wrong password, a sender that it does not
//! know) may be mended, and the letter waits. TLS is from the first byte or by STARTTLS, and never left out because the server
//! does not offer it.

use crate::{Letter, NotSent, Post};
use async_trait::async_trait;
use lettre::address::Address;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, SinglePart};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use outgoing::PublicOnly;
use secrecy::{ExposeSecret, SecretString};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::time::timeout;
use url::Host;

/// For one letter, from the first byte to the server's last answer.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// A server that has taken the letter is not waited for.
const TO_PART: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// From the first byte (RFC 8314).
    Required,
    /// Asked for in the clear, and demanded (RFC 3207).
    StartTls,
    /// Never outside trials.
    None,
}

#[derive(Debug, Clone)]
pub struct Settings {
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    /// `name@host` or `A name <name@host>`.
    pub from: String,
    /// Name and secret that the server knows us by.
    pub credentials: Option<(String, SecretString)>,
    /// Trials may reach any address; else the host is connected to at public addresses only.
    pub is_trial: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("the host is no name and no address")]
    Host,
    #[error("the sender is no address")]
    From,
    #[error("a connection without TLS is for trials only")]
    InTheClear,
    #[error("the host is at an address that is not public")]
    NotPublic,
    #[error("TLS cannot be set up")]
    Tls(#[source] Error),
}

/// A mail server that takes letters from us.
pub struct Smtp {
    host: Host,
    port: u16,
    tls: Option<TlsParameters>,
    starts_in_the_clear: bool,
    from: Mailbox,
    hello: ClientId,
    credentials: Option<Credentials>,
    public_only: Option<Arc<PublicOnly>>,
}

impl Smtp {
    /// # Errors
    /// When a setting is ill-formed, or is right for trials only.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        let host = Host::parse(&settings.host).map_err(|_| SettingsError::Host)?;
        let from: Mailbox = settings.from.parse().map_err(|_| SettingsError::From)?;
        if !settings.is_trial && settings.tls == Tls::None {
            return Err(SettingsError::InTheClear);
        }
        if !settings.is_trial && !outgoing::may_be_public(&host) {
            return Err(SettingsError::NotPublic);
        }
        let tls = match settings.tls {
            Tls::Required | Tls::StartTls => Some(TlsParameters::new(settings.host).map_err(SettingsError::Tls)?),
            Tls::None => None,
        };
        Ok(Self {
            public_only: (!settings.is_trial).then(|| PublicOnly::new([&host])),
            host,
            port: settings.port,
            tls,
            starts_in_the_clear: settings.tls != Tls::Required,
            hello: ClientId::Domain(from.email.domain().to_owned()),
            from,
            credentials: settings
                .credentials
                .map(|(user, secret)| Credentials::new(user, secret.expose_secret().to_owned())),
        })
    }

    async fn addresses(&self) -> Result<Vec<SocketAddr>, NotSent> {
        let not_reached = |error: &dyn std::fmt::Display| NotSent::Later(format!("not reached: {error}"));
        let name = match &self.host {
            Host::Domain(name) => name,
            Host::Ipv4(ip) => return Ok(vec![(*ip, self.port).into()]),
            Host::Ipv6(ip) => return Ok(vec![(*ip, self.port).into()]),
        };
        let mut found = match &self.public_only {
            Some(public_only) => public_only.addresses(name).await.map_err(|e| not_reached(&e))?,
            None => tokio::net::lookup_host((name.as_str(), 0)).await.map_err(|e| not_reached(&e))?.collect(),
        };
        found.iter_mut().for_each(|address| address.set_port(self.port));
        Ok(found)
    }

    /// Up to the point where the server knows us: what fails here is not the letter's fault.
    async fn connected(&self) -> Result<AsyncSmtpConnection, NotSent> {
        let addresses = self.addresses().await?;
        let first_tls = if self.starts_in_the_clear { None } else { self.tls.clone() };
        let connecting =
            AsyncSmtpConnection::connect_tokio1(addresses.as_slice(), Some(PATIENCE), &self.hello, first_tls, None);
        let mut server = connecting.await.map_err(|e| later("connect", &e))?;
        if self.starts_in_the_clear
            && let Some(tls) = &self.tls
        {
            server.starttls(tls.clone(), &self.hello).await.map_err(|e| later("STARTTLS", &e))?;
        }
        if let Some(credentials) = &self.credentials {
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            server.auth(&mechanisms, credentials).await.map_err(|e| later("AUTH", &e))?;
        }
        Ok(server)
    }

    async fn hand_over(&self, to: Address, message: &[u8]) -> Result<(), NotSent> {
        let mut server = self.connected().await?;
        let mut parameters = Vec::new();
        if !AsRef::<str>::as_ref(&to).is_ascii() {
            if !server.server_info().supports_feature(Extension::SmtpUtfEight) {
                return Err(NotSent::Refused("the server takes no such address".to_owned()));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        let mail = Mail::new(Some(self.from.email.clone()), parameters);
        server.command(mail).await.map_err(|e| later("MAIL", &e))?;
        server.command(Rcpt::new(to, Vec::new())).await.map_err(|e| of_answer("RCPT", &e))?;
        server.command(Data).await.map_err(|e| of_answer("DATA", &e))?;
        server.message(message).await.map_err(|e| of_answer("message", &e))?;
        // it is taken, whatever is said now
        let _ = timeout(TO_PART, server.quit()).await;
        Ok(())
    }
}

#[async_trait]
impl Post for Smtp {
    async fn send(&self, letter: &Letter) -> Result<(), NotSent> {
        let to = address(&letter.to).ok_or_else(|| NotSent::Refused("no address".to_owned()))?;
        let message =
            message(&self.from, to.clone(), letter).ok_or_else(|| NotSent::Refused("no letter".to_owned()))?;
        timeout(PATIENCE, self.hand_over(to, &message))
            .await
            .unwrap_or_else(|_| Err(NotSent::Later("no answer in time".to_owned())))
    }
}

/// One address and nothing else: no name, no list, nothing that would end a line.
fn address(text: &str) -> Option<Address> {
    let text = text.trim();
    let plain = !text.chars().any(|c| c.is_whitespace() || c.is_control() || "<>,;\"".contains(c));
    plain.then(|| text.parse().ok()).flatten()
}

fn message(from: &Mailbox, to: Address, letter: &Letter) -> Option<Vec<u8>> {
    let automatic = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
    let message = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        // what has a line's end in it would begin a header of its own
        .subject(letter.subject.replace(|c: char| c.is_control(), " "))
        .message_id(Some(format!("<{}>", letter.message_id)))
        .date(SystemTime::from(letter.at))
        // RFC 3834: nobody's absence is told to it
        .raw_header(automatic)
        .singlepart(SinglePart::plain(letter.text.replace('\n', "\r\n")));
    message.ok().map(|message| message.formatted())
}

/// The step, and the code of the answer or the kind of trouble.
fn said(step: &str, error: &Error) -> String {
    match error.status() {
        Some(code) => format!("{step} {code}"),
        None if error.is_timeout() => format!("{step}: no answer in time"),
        None if error.is_tls() => format!("{step}: no TLS"),
        None if error.is_client() => format!("{step}: not offered"),
        None => format!("{step}: the connection broke off"),
    }
}

fn later(step: &str, error: &Error) -> NotSent {
    NotSent::Later(said(step, error))
}

/// 530 and 535 say that the server does not know us (RFC 4954, section 6), 421 that it goes away.
fn of_answer(step: &str, error: &Error) -> NotSent {
    let said = said(step, error);
    let is_ours = error.status().is_some_and(|code| ["530", "535"].contains(&code.to_string().as_str()));
    if error.is_permanent() && !is_ours { NotSent::Refused(said) } else { NotSent::Later(said) }
}

#[cfg(test)]
mod tests;
