//! Calls' worth of the platform, for the tests of all that calls it.

use super::*;
use crate::Settings;
use crate::settings::tests::settings;
use crate::tests::http;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// What was asked, in order: the head, and the body.
pub type Asked = Arc<Mutex<Vec<(String, Value)>>>;

pub fn ok(answer: &Value) -> Vec<u8> {
    with_status("200 OK", answer)
}

pub fn with_status(status: &str, answer: &Value) -> Vec<u8> {
    with_body(status, answer.to_string().as_bytes())
}

pub fn with_body(status: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// A platform that answers as `answer` makes of each body, or keeps silent.
pub async fn at(answer: impl Fn(&Value) -> Option<Vec<u8>> + Send + 'static) -> (Platform, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("address"));
    let asked = Asked::default();
    let keep = asked.clone();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
            // the last brace of a message closes it
            let (head, body) = loop {
                let n = stream.read(&mut buffer).await.expect("a request");
                bytes.extend_from_slice(&buffer[..n]);
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let whole = text
                    .split_once("\r\n\r\n")
                    .and_then(|(head, body)| Some((format!("{head}\r\n"), serde_json::from_str::<Value>(body).ok()?)));
                if let Some(whole) = whole {
                    break whole;
                }
            };
            keep.lock().expect("lock").push((head, body.clone()));
            match answer(&body) {
                Some(answer) => stream.write_all(&answer).await.expect("written"),
                None => tokio::time::sleep(Duration::from_secs(60)).await,
            }
        }
    });
    http(); // installs the TLS provider
    let impatient = reqwest::Client::builder().timeout(Duration::from_millis(400)).no_proxy().build().expect("client");
    let settings = Settings {
        init_url: format!("{base}/init"),
        query_url: format!("{base}/query"),
        bill_url: Some(format!("{base}/bill")),
        ..settings()
    };
    (Platform::new(settings, impatient).expect("good settings"), asked)
}
