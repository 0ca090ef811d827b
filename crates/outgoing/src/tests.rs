use super::*;
use std::error::Error;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;

/// Counts who connects to it on loopback.
async fn listener() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("address").port();
    let seen = Arc::new(AtomicUsize::new(0));
    let counted = seen.clone();
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    (port, seen)
}

fn guarded(names: &[&str], look_up: LookUp) -> PublicOnly {
    PublicOnly { names: names.iter().map(|&name| name.to_owned()).collect(), look_up }
}

fn client(guard: PublicOnly) -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    builder().timeout(Duration::from_secs(2)).dns_resolver(Arc::new(guard)).build().expect("a client")
}

fn loopback(_: String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
    Box::pin(async { Ok(vec![(Ipv4Addr::LOCALHOST, 0).into(), ([0, 0, 0, 0, 0, 0xffff, 0x7f00, 1], 0).into()]) })
}

fn why(error: &dyn Error) -> String {
    error.source().map_or_else(|| error.to_string(), why)
}

#[tokio::test]
async fn a_name_that_leads_to_a_private_address_is_never_connected_to() {
    let (port, seen) = listener().await;
    let client = client(guarded(&["pay.example.vn"], loopback));
    let error = client.get(format!("http://pay.example.vn:{port}/")).send().await.expect_err("connected to loopback");
    assert!(error.is_connect(), "{error:?}");
    assert_eq!(why(&error), "the host has no public address");
    assert_eq!(seen.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_name_that_is_not_on_the_list_is_not_even_looked_up() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    fn counting(name: String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
        ASKED.fetch_add(1, Ordering::SeqCst);
        loopback(name)
    }
    let client = client(guarded(&["pay.example.vn"], counting));
    for name in ["evil.example.vn", "x.pay.example.vn", "pay.example.vn.", "pay.example.vn.evil.example"] {
        let error = client.get(format!("http://{name}/")).send().await.expect_err("not on the list");
        assert_eq!(why(&error), "the host is not on the list", "{name}");
    }
    assert_eq!(ASKED.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_name_that_is_rebound_between_check_and_connection_is_refused() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    fn rebinding(name: String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
        if ASKED.fetch_add(1, Ordering::SeqCst) == 0 {
            return Box::pin(async { Ok(vec![([1, 1, 1, 1], 0).into()]) });
        }
        loopback(name)
    }
    let (port, seen) = listener().await;
    let guard = guarded(&["pay.example.vn"], rebinding);
    let checked: Vec<_> = guard.resolve("pay.example.vn".parse().expect("name")).await.expect("public").collect();
    assert_eq!(checked, [([1, 1, 1, 1], 0).into()]);
    let error = client(guard).get(format!("http://pay.example.vn:{port}/")).send().await.expect_err("rebound");
    assert_eq!(why(&error), "the host has no public address");
    assert_eq!((seen.load(Ordering::SeqCst), ASKED.load(Ordering::SeqCst)), (0, 2));
}

#[tokio::test]
async fn of_several_addresses_only_the_public_ones_are_left() {
    fn mixed(_: String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
        Box::pin(async { Ok([[10, 0, 0, 1], [1, 1, 1, 1], [169, 254, 169, 254]].map(|ip| (ip, 0).into()).to_vec()) })
    }
    let found = guarded(&["pay.example.vn"], mixed).resolve("pay.example.vn".parse().expect("name")).await;
    assert_eq!(found.expect("one is public").collect::<Vec<_>>(), [([1, 1, 1, 1], 0).into()]);
}

#[test]
fn an_address_in_whatever_form_is_seen_through() {
    let host = |text: &str| Host::parse(text).expect("a host");
    for private in
        ["127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "0"]
    {
        assert!(!may_be_public(&host(private)), "{private}");
    }
    assert!(may_be_public(&host("8.8.8.8")) && may_be_public(&host("pay.example.vn")));
}
