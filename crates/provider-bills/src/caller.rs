//! From where a contract's other side calls.

use ipnet::IpNet;
use std::net::IpAddr;

/// Networks that calls come from; none named: from anywhere.
#[derive(Debug, Clone, Default)]
pub struct From(Vec<IpNet>);

impl From {
    /// `10.1.2.3` or `10.1.0.0/16`, each; None when one is neither.
    pub fn read(texts: &[String]) -> Option<Self> {
        let one = |text: &String| text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok();
        texts.iter().map(one).collect::<Option<_>>().map(Self)
    }

    /// Where networks are named, a caller that is not known is in none of them.
    pub fn admits(&self, caller: Option<IpAddr>) -> bool {
        self.0.is_empty() || caller.is_some_and(|ip| self.0.iter().any(|n| n.contains(&ip.to_canonical())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_those_of_the_named_networks_are_admitted() {
        let ip = |text: &str| Some(text.parse::<IpAddr>().expect("an address"));
        let from = From::read(&["10.1.0.0/16".to_owned(), "203.0.113.7".to_owned()]).expect("networks");
        for good in ["10.1.255.1", "203.0.113.7", "::ffff:10.1.0.1"] {
            assert!(from.admits(ip(good)), "{good}");
        }
        for bad in ["10.2.0.1", "203.0.113.8", "::1"] {
            assert!(!from.admits(ip(bad)), "{bad}");
        }
        assert!(!from.admits(None) && From::default().admits(None));
        assert!(From::read(&["bank".to_owned()]).is_none());
    }
}
