use super::*;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const BODY: &[u8] = br#"{"type":"obligation.paid"}"#;

/// What the tiny server does with a request.
#[derive(Clone)]
enum Script {
    Answer(String),
    Hang,
    Close,
}

struct Server {
    port: u16,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("address").port();
        let (connections, requests) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let server = Self { port, connections: connections.clone(), requests: requests.clone() };
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                let (script, requests) = (script.clone(), requests.clone());
                tokio::spawn(async move {
                    let request = read_request(&mut stream).await;
                    requests.lock().expect("lock").push(request);
                    match script {
                        Script::Answer(text) => drop(stream.write_all(text.as_bytes()).await),
                        Script::Hang => tokio::time::sleep(Duration::from_secs(60)).await,
                        Script::Close => {}
                    }
                });
            }
        });
        server
    }

    async fn answering(head: &str) -> Self {
        Self::start(Script::Answer(format!("HTTP/1.1 {head}\r\ncontent-length: 2\r\n\r\nok"))).await
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn read_request(stream: &mut tokio::net::TcpStream) -> String {
    let mut text = Vec::new();
    let mut buffer = [0; 2048];
    while !text.ends_with(BODY) {
        match stream.read(&mut buffer).await {
            Ok(n) if n > 0 => text.extend_from_slice(&buffer[..n]),
            _ => break,
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}

fn client(settings: Settings) -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::new(&settings).expect("good settings")
}

fn open() -> Client {
    client(Settings { allow_http: true, allowed_hosts: vec![], allow_private: true, timeout_ms: 15_000 })
}

fn impatient() -> Client {
    client(Settings { allow_http: true, allowed_hosts: vec![], allow_private: true, timeout_ms: 200 })
}

fn strict(hosts: &[&str], allow_http: bool) -> Client {
    let allowed_hosts = hosts.iter().map(|&host| host.to_owned()).collect();
    client(Settings { allow_http, allowed_hosts, allow_private: false, timeout_ms: 2_000 })
}

fn now() -> Timestamp {
    "2026-11-24T02:00:00Z".parse().expect("instant")
}

async fn send(client: &Client, url: &str) -> Delivery {
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into();
    client.send(url, &[secret], "evt_1", now(), BODY).await
}

#[tokio::test]
async fn only_2xx_is_accepted() {
    for (head, expected) in [
        ("200 OK", Delivery::Accepted { status: 200 }),
        ("204 No Content", Delivery::Accepted { status: 204 }),
        ("410 Gone", Delivery::Gone),
        ("404 Not Found", Delivery::Refused { status: 404, retry_after: None }),
        ("500 Oops", Delivery::Refused { status: 500, retry_after: None }),
        ("304 Not Modified", Delivery::Refused { status: 304, retry_after: None }),
        (
            "503 Busy\r\nretry-after: 120",
            Delivery::Refused { status: 503, retry_after: Some(Duration::from_secs(120)) },
        ),
        (
            "429 Slow\r\nretry-after: Tue, 24 Nov 2026 02:00:30 GMT",
            Delivery::Refused { status: 429, retry_after: Some(Duration::from_secs(30)) },
        ),
    ] {
        let server = Server::answering(head).await;
        assert_eq!(send(&open(), &server.url()).await, expected, "{head}");
    }
}

#[tokio::test]
async fn the_message_arrives_with_its_three_headers_and_the_same_bytes() {
    let server = Server::answering("200 OK").await;
    send(&open(), &server.url()).await;
    let request = server.requests.lock().expect("lock")[0].clone();
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into();
    let signature = signature::sign(&[secret], "evt_1", now(), BODY).expect("good secret");
    let second = now().as_second();
    for part in [
        "POST /hook HTTP/1.1\r\n".to_owned(),
        "content-type: application/json\r\n".to_owned(),
        "webhook-id: evt_1\r\n".to_owned(),
        format!("webhook-timestamp: {second}\r\n"),
        format!("webhook-signature: {signature}\r\n"),
        "\r\n\r\n{\"type\":\"obligation.paid\"}".to_owned(),
    ] {
        assert!(request.contains(&part), "{part} in {request}");
    }
}

#[tokio::test]
async fn a_redirect_is_refused_and_never_followed() {
    let target = Server::answering("200 OK").await;
    for code in [301, 302, 303, 307, 308] {
        let server = Server::answering(&format!("{code} Away\r\nlocation: {}", target.url())).await;
        assert_eq!(send(&open(), &server.url()).await, Delivery::Refused { status: code, retry_after: None });
    }
    assert_eq!(target.connections(), 0);
}

#[tokio::test]
async fn silence_and_a_broken_answer_leave_the_outcome_unknown() {
    let hanging = Server::start(Script::Hang).await;
    assert!(matches!(send(&impatient(), &hanging.url()).await, Delivery::Unknown { .. }));
    let closing = Server::start(Script::Close).await;
    assert!(matches!(send(&open(), &closing.url()).await, Delivery::Unknown { .. }));
}

#[tokio::test]
async fn a_closed_port_and_ill_arguments_are_surely_not_sent() {
    let port = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("address").port();
    let url = format!("http://127.0.0.1:{port}/secret-token");
    let Delivery::NotSent { reason } = send(&open(), &url).await else { panic!("sent to a closed port") };
    assert!(!reason.contains("secret-token"), "{reason}");
    let server = Server::answering("200 OK").await;
    for (secrets, id) in [(vec![], "evt_1"), (vec!["whsec_".into()], "evt_1")] {
        assert!(matches!(open().send(&server.url(), &secrets, id, now(), BODY).await, Delivery::NotSent { .. }));
    }
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into();
    assert!(matches!(open().send(&server.url(), &[secret], "evt\n1", now(), BODY).await, Delivery::NotSent { .. }));
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn an_endless_answer_is_not_read_to_its_end() {
    let text = format!("HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n{}", "x".repeat(20_000));
    let server = Server::start(Script::Answer(text)).await;
    assert_eq!(send(&open(), &server.url()).await, Delivery::Accepted { status: 200 });
}

#[tokio::test]
async fn a_listener_on_loopback_sees_no_connection() {
    let server = Server::answering("200 OK").await;
    let port = server.port;
    // On the list on purpose: the address itself must be what stops it.
    let hosts = ["localhost", "127.0.0.1", "[::1]", "[::ffff:7f00:1]"];
    let client = strict(&hosts, true);
    for host in
        ["127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]"]
    {
        let url = format!("http://{host}:{port}/");
        assert_eq!(client.check_url(&url), Err(UrlError::NotPublic), "{host}");
        assert!(matches!(send(&client, &url).await, Delivery::NotSent { .. }), "{host}");
    }
    let rebound = format!("http://localhost:{port}/");
    assert_eq!(client.check_url(&rebound), Ok(()));
    let Delivery::NotSent { reason } = send(&client, &rebound).await else { panic!("connected to loopback") };
    assert!(reason.ends_with("the host has no public address"), "{reason}");
    assert_eq!(server.connections(), 0);
    // The same listener is reached where private addresses are allowed, so the test would see a connection.
    assert_eq!(send(&open(), &rebound).await, Delivery::Accepted { status: 200 });
}

#[test]
fn an_address_keeps_the_rules() {
    let client = strict(&["Dossier.Laocai.gov.vn", "169.254.169.254", "8.8.8.8"], false);
    for (url, expected) in [
        ("https://dossier.laocai.gov.vn/hook?a=b", Ok(())),
        ("https://DOSSIER.laocai.GOV.vn:8443/", Ok(())),
        ("https://8.8.8.8/", Ok(())),
        ("http://dossier.laocai.gov.vn/", Err(UrlError::Scheme)),
        ("ftp://dossier.laocai.gov.vn/", Err(UrlError::Scheme)),
        ("file:///etc/passwd", Err(UrlError::Scheme)),
        ("https://user@dossier.laocai.gov.vn/", Err(UrlError::Credentials)),
        ("https://:pw@dossier.laocai.gov.vn/", Err(UrlError::Credentials)),
        ("https://dossier.laocai.gov.vn@evil.example/", Err(UrlError::Credentials)),
        ("https://evil.example/", Err(UrlError::HostNotAllowed)),
        ("https://x.dossier.laocai.gov.vn/", Err(UrlError::HostNotAllowed)),
        ("https://dossier.laocai.gov.vn.evil.example/", Err(UrlError::HostNotAllowed)),
        ("https://10.0.0.1/", Err(UrlError::HostNotAllowed)),
        ("https://169.254.169.254/latest/meta-data", Err(UrlError::NotPublic)),
        ("https://2852039166/", Err(UrlError::NotPublic)),
        ("/hook", Err(UrlError::Malformed)),
        ("https://", Err(UrlError::Malformed)),
        ("", Err(UrlError::Malformed)),
    ] {
        assert_eq!(client.check_url(url), expected, "{url}");
    }
    let long = format!("https://dossier.laocai.gov.vn/{}", "x".repeat(MAX_URL_LEN));
    assert_eq!(client.check_url(&long), Err(UrlError::Malformed));
}

#[test]
fn settings_without_hosts_or_with_ill_ones_are_refused() {
    let settings = |hosts: &[&str]| Settings {
        allow_http: false,
        allowed_hosts: hosts.iter().map(|&h| h.to_owned()).collect(),
        allow_private: false,
        timeout_ms: 1_000,
    };
    assert!(matches!(Client::new(&settings(&[])), Err(ClientError::NoAllowedHosts)));
    assert!(matches!(Client::new(&settings(&["https://a.example/"])), Err(ClientError::BadHost(_))));
    let hasty = Settings { timeout_ms: 0, ..settings(&["a.example"]) };
    assert!(matches!(Client::new(&hasty), Err(ClientError::NoTimeout)));
    let read: Settings = serde_json::from_str("{}").expect("defaults");
    assert_eq!((read.allow_http, read.allow_private, read.timeout_ms), (false, false, 15_000));
    assert!(serde_json::from_str::<Settings>(r#"{"allow_htpp": true}"#).is_err());
}

#[test]
fn retry_after_is_seconds_or_a_date_and_else_no_wish() {
    let read = |text: &str| {
        let value = text.parse().expect("header value");
        retry_after(&HeaderMap::from_iter([(RETRY_AFTER, value)]), now()).map(|d| d.as_secs())
    };
    assert_eq!(read("0"), Some(0));
    assert_eq!(read(" 7 "), Some(7));
    assert_eq!(read("Tue, 24 Nov 2026 03:00:00 GMT"), Some(3600));
    assert_eq!(read("Sun, 06 Nov 1994 08:49:37 GMT"), Some(0));
    for ill in ["", "-1", "1.5", "soon", "99999999999999999999", "Tue, 99 Nov 2026 03:00:00 GMT"] {
        assert_eq!(read(ill), None, "{ill}");
    }
    assert_eq!(retry_after(&HeaderMap::new(), now()), None);
}
