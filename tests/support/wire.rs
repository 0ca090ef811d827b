//! HTTP as bytes, for what no well-behaved client sends; and keys of any holder, mode and scope.

use crate::{House, PEPPER};
use domain::KeyId;
use domain::mode::Mode;
use domain::principal::Scope;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;
use storage::ids::mint;
use storage::principals;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One connection to a listener.
pub struct Wire(TcpStream);

/// What came back until the other side closed, or until we stopped waiting.
#[derive(Debug)]
pub struct Heard {
    pub text: String,
    pub closed: bool,
}

impl Heard {
    /// The status of each answer, in order.
    pub fn statuses(&self) -> Vec<u16> {
        self.text.split("HTTP/1.1 ").skip(1).map(|rest| rest[..3].parse().unwrap()).collect()
    }
}

impl Wire {
    pub async fn to(base: &str) -> Self {
        Self(TcpStream::connect(base.trim_start_matches("http://")).await.unwrap())
    }

    /// False when the other side does not listen any more.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.0.write_all(bytes.as_ref()).await.is_ok()
    }

    pub async fn hear(&mut self, at_most: Duration) -> Heard {
        let mut bytes = Vec::new();
        let read = tokio::time::timeout(at_most, async {
            let mut part = [0; 4_096];
            // a reset is an end as well
            while let Ok(n @ 1..) = self.0.read(&mut part).await {
                bytes.extend_from_slice(&part[..n]);
            }
        });
        let closed = read.await.is_ok();
        Heard { text: String::from_utf8_lossy(&bytes).into_owned(), closed }
    }

    /// Waits for the first answer only.
    pub async fn hear_some(&mut self, at_most: Duration) -> Heard {
        let mut part = [0; 16_384];
        let read = tokio::time::timeout(at_most, self.0.read(&mut part)).await;
        let closed = matches!(read, Ok(Ok(0) | Err(_)));
        let n = read.map_or(0, |n| n.unwrap_or(0));
        Heard { text: String::from_utf8_lossy(&part[..n]).into_owned(), closed }
    }
}

/// A request as bytes, and its whole answer. Nothing is corrected on the way.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Call {
    pub fn new(method: &str, target: impl Into<String>) -> Self {
        Self { method: method.to_owned(), target: target.into(), headers: Vec::new(), body: Vec::new() }
    }

    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self }
    }

    /// The status, the head and the body of the answer.
    pub async fn send(&self, base: &str) -> (u16, String, String) {
        let mut head = format!("{} {} HTTP/1.1\r\nHost: motlan\r\nConnection: close\r\n", self.method, self.target);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !self.body.is_empty() {
            head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        let mut wire = Wire::to(base).await;
        wire.send([head.as_bytes(), b"\r\n", &self.body].concat()).await;
        let heard = wire.hear(Duration::from_secs(10)).await;
        assert!(heard.closed, "{self:?}: no answer within 10 s");
        let (head, body) = heard.text.split_once("\r\n\r\n").unwrap_or((&heard.text, ""));
        let status = head.get(9..12).and_then(|s| s.parse().ok()).unwrap_or_else(|| panic!("{self:?}: {heard:?}"));
        (status, head.to_ascii_lowercase(), body.to_owned())
    }
}

/// The head of a request, up to the last header of the caller's own.
pub fn head(method: &str, path: &str, key: &str, headers: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: motlan\r\nAuthorization: Bearer {key}\r\n{headers}\r\n")
}

/// A key of `holder` with these scopes only: its id and its text.
pub async fn key(house: &House, holder: &str, scopes: &[Scope]) -> (KeyId, String) {
    key_of(house, Mode::Sandbox, holder, scopes).await
}

pub async fn key_of(house: &House, mode: Mode, holder: &str, scopes: &[Scope]) -> (KeyId, String) {
    let db = house.gateway.ctx.pool.get().await.unwrap();
    let who = principals::holder_by_code(&db, holder).await.unwrap().unwrap();
    let id: KeyId = mint(Timestamp::now());
    let minted = api::keys::mint(mode, &SecretString::from(PEPPER), id);
    let (secret_hash, ground) = (minted.secret_hash.as_slice(), principals::Ground::OneAct);
    let new = principals::NewKey { id, who, secret_hash, scopes, made_by: "cli:test", ground };
    principals::insert_key(&db, &new).await.unwrap();
    (id, minted.text.expose_secret().to_owned())
}
