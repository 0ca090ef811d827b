//! Who calls, behind a proxy: the address that the nearest proxy of ours saw, not the proxy's own. A header from anybody
//! else is not believed, and of what ours wrote down only the last address that is not one of ours (RFC 7239, 8.1).

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName};
use actix_web::middleware::Next;
use actix_web::web::Data;
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Networks in which our proxies are; none unless the configuration names them.
#[derive(Debug, Clone, Default)]
pub struct Proxies(Vec<IpNet>);

impl Proxies {
    /// `10.1.2.3` or `10.1.0.0/16`, each; None when one is neither.
    pub fn read(texts: &[String]) -> Option<Self> {
        let one = |text: &String| text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok();
        texts.iter().map(one).collect::<Option<_>>().map(Self)
    }

    fn ours(&self, ip: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&ip))
    }

    fn caller(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut caller = peer;
        let lines: Vec<&str> = headers.get_all(FORWARDED_FOR).filter_map(|line| line.to_str().ok()).collect();
        let mut addresses = lines.iter().flat_map(|line| line.split(',')).rev().map(|text| text.trim().parse());
        while self.ours(caller) {
            let Some(Ok(before)) = addresses.next() else { break };
            caller = before;
        }
        caller
    }
}

/// Puts the caller's address where handlers look for the peer's.
pub async fn see_through(
    mut req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    if let Some(proxies) = req.app_data::<Data<Proxies>>().cloned()
        && let Some(peer) = req.peer_addr()
    {
        let caller = proxies.caller(peer.ip(), req.headers());
        if caller != peer.ip() {
            req.head_mut().peer_addr = Some(SocketAddr::new(caller, 0));
        }
    }
    next.call(req).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn caller(peer: &str, lines: &[&'static str]) -> String {
        let texts = ["10.0.0.0/8".to_owned(), "fd00::1".to_owned()];
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, HeaderValue::from_static(line));
        }
        Proxies::read(&texts).unwrap().caller(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn only_what_a_proxy_of_ours_saw_is_believed() {
        assert_eq!(caller("10.0.0.2", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(caller("198.51.100.7", &["203.0.113.9"]), "198.51.100.7", "not a proxy of ours");
        assert_eq!(caller("10.0.0.2", &["1.1.1.1, 203.0.113.9"]), "203.0.113.9", "what the caller wrote itself");
        assert_eq!(caller("10.0.0.2", &["1.1.1.1", "203.0.113.9, 10.0.0.3"]), "203.0.113.9", "two proxies");
        assert_eq!(caller("fd00::1", &["2001:db8::9"]), "2001:db8::9");
        assert_eq!(caller("10.0.0.2", &[]), "10.0.0.2");
        assert_eq!(caller("10.0.0.2", &["nobody"]), "10.0.0.2");
        assert!(Proxies::read(&["proxy".to_owned()]).is_none());
    }
}
