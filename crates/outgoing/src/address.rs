//! Which network addresses other people's systems may have: only ones of the public internet. Everything else is refused,
//! also what merely wraps a private address (reliability, F43).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IANA's special-purpose registries (RFC 6890 and its updates), read strictly: an address is public or refused.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = match (a, b, c) {
        // "this network", loopback, multicast and all above, broadcast included
        (0 | 127 | 224.., _, _) => true,
        // carrier-grade NAT, 100.64/10
        (100, 64..=127, _) => true,
        // protocol assignments, 6to4 relays, benchmarks
        (192, 0, 0) | (192, 88, 99) | (198, 18 | 19, _) => true,
        _ => false,
    };
    !(special || ip.is_private() || ip.is_link_local() || ip.is_documentation())
}

/// Global unicast is 2000::/3. That leaves out `::1`, `fc00::/7`, `fe80::/10`, multicast, and the forms that carry an
/// IPv4 address: `::ffff:0:0/96` (mapped), `::/96` (compatible), `64:ff9b::/96` (NAT64).
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, ..] = ip.segments();
    let special = match (a, b) {
        // protocol assignments with Teredo (2001::/23), documentation, 6to4 (an IPv4 address inside), documentation
        (0x2001, 0..=0x01ff | 0x0db8) | (0x2002, _) | (0x3fff, 0..=0x0fff) => true,
        _ => false,
    };
    (0x2000..=0x3fff).contains(&a) && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_public_internet_are_public() {
        let public = |text: &str| is_public(text.parse().expect("address"));
        for good in ["1.1.1.1", "113.160.92.202", "100.63.0.1", "172.32.0.1", "2405:4802:1::1", "2606:4700::1111"] {
            assert!(public(good), "{good}");
        }
        for bad in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:1.1.1.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "fc00::1",
            "fd00::1",
            "fe80::1",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "fec0::1",
        ] {
            assert!(!public(bad), "{bad}");
        }
    }
}
