//! How we call other people's systems: no redirects, no proxy from the environment, and outside trials only hosts of a
//! list, at public addresses. The address is looked at when it is connected to, so that a name which was public when it
//! was written down and leads elsewhere since is refused (reliability, F43).

mod address;

pub use address::is_public;

use futures_util::future::BoxFuture;
use reqwest::ClientBuilder;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use url::Host;

/// The client that all others are made from.
pub fn builder() -> ClientBuilder {
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().user_agent("motlan")
}

/// Whether a host may be one of the public internet: an address is looked at here, a name when it is connected to.
/// `url` has brought decimal, octal, hexadecimal and short forms of IPv4 (`2130706433`, `0x7f.1`) to four octets.
pub fn may_be_public<S>(host: &Host<S>) -> bool {
    match host {
        Host::Domain(_) => true,
        Host::Ipv4(ip) => is_public((*ip).into()),
        Host::Ipv6(ip) => is_public((*ip).into()),
    }
}

/// Finds the addresses of these names, and of no other; of those only the public ones. A host that is an address is
/// never looked up: whoever takes a URL asks [`may_be_public`].
pub struct PublicOnly {
    names: Vec<String>,
    look_up: LookUp,
}

type LookUp = fn(String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>>;

impl PublicOnly {
    pub fn new<'a>(hosts: impl IntoIterator<Item = &'a Host>) -> Arc<Self> {
        let names = hosts.into_iter().filter_map(|host| match host {
            Host::Domain(name) => Some(name.clone()),
            Host::Ipv4(_) | Host::Ipv6(_) => None,
        });
        Arc::new(Self { names: names.collect(), look_up: by_the_system })
    }
}

fn by_the_system(name: String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
    Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) })
}

impl PublicOnly {
    /// The addresses of a name, with port 0: for who connects by another protocol than HTTP.
    ///
    /// # Errors
    /// When the name is not listed, is not found, or leads to no public address.
    pub fn addresses(&self, name: &str) -> BoxFuture<'static, Result<Vec<SocketAddr>, NotReached>> {
        let listed = self.names.iter().any(|listed| listed == name);
        let found = listed.then(|| (self.look_up)(name.to_owned()));
        Box::pin(async move {
            let found = found.ok_or(NotReached::NotListed)?.await?;
            let public: Vec<_> = found.into_iter().filter(|address| is_public(address.ip())).collect();
            if public.is_empty() { Err(NotReached::NotPublic) } else { Ok(public) }
        })
    }
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let found = self.addresses(name.as_str());
        Box::pin(async move { Ok(Box::new(found.await?.into_iter()) as Addrs) })
    }
}

#[derive(Debug, thiserror::Error)]
pub enum NotReached {
    #[error("the host is not on the list")]
    NotListed,
    #[error("the host has no public address")]
    NotPublic,
    #[error("the host is not found")]
    NotFound(#[from] io::Error),
}

#[cfg(test)]
mod tests;
