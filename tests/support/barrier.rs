//! Requests that arrive at the same moment: each on a connection of its own and written but for its last byte; then all
//! last bytes are let go by one barrier.

use crate::portal::{Answered, Portal};
use futures_util::future::join_all;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Barrier;

/// One request as it stands on the wire, and where it goes.
#[derive(Clone)]
pub struct Request {
    host: String,
    bytes: Vec<u8>,
}

impl Request {
    pub fn new(method: &str, base: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let host = base.trim_start_matches("http://").to_owned();
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if method != "GET" {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        Self { host, bytes: [head.as_bytes(), body].concat() }
    }

    pub fn get(url: &str) -> Self {
        let rest = url.trim_start_matches("http://");
        let (host, path) = rest.split_once('/').unwrap();
        Self::new("GET", host, &format!("/{path}"), &[], &[])
    }

    pub fn put(portal: &Portal, path: &str, body: &Value) -> Self {
        let key = format!("Bearer {}", portal.key);
        let headers = [("Authorization", key.as_str()), ("Content-Type", "application/json")];
        Self::new("PUT", &portal.base, path, &headers, body.to_string().as_bytes())
    }

    pub fn post(portal: &Portal, path: &str, key: &str, body: &Value) -> Self {
        Self::file(portal, path, key, body.to_string().as_bytes())
    }

    pub fn file(portal: &Portal, path: &str, key: &str, bytes: &[u8]) -> Self {
        let bearer = format!("Bearer {}", portal.key);
        let headers =
            [("Authorization", bearer.as_str()), ("Idempotency-Key", key), ("Content-Type", "application/json")];
        Self::new("POST", &portal.base, path, &headers, bytes)
    }

    async fn sent(self, barrier: Arc<Barrier>) -> Answered {
        let mut stream = TcpStream::connect(&self.host).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (last, before) = self.bytes.split_last().unwrap();
        stream.write_all(before).await.unwrap();
        // the server has read so far
        tokio::time::sleep(Duration::from_millis(15)).await;
        barrier.wait().await;
        stream.write_all(&[*last]).await.unwrap();
        let mut bytes = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut bytes));
        read.await.expect("no answer within 30 s").unwrap();
        read_answer(&String::from_utf8(bytes).unwrap())
    }
}

fn read_answer(text: &str) -> Answered {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned()).unwrap_or_default()
    };
    let json = serde_json::from_str(body).unwrap_or(Value::Null);
    let replayed = header("idempotency-replayed") == "true";
    Answered { status, replayed, content_type: header("content-type"), text: body.to_owned(), json }
}

/// All at one moment; the answers in the order of the requests.
pub async fn at_once(requests: Vec<Request>) -> Vec<Answered> {
    let barrier = Arc::new(Barrier::new(requests.len()));
    let all = requests.into_iter().map(|request| tokio::spawn(request.sent(Arc::clone(&barrier))));
    join_all(all).await.into_iter().map(Result::unwrap).collect()
}
