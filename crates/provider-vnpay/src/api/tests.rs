//! One call's worth of VNPAY, for the tests of all that calls it.

use super::*;
use crate::Settings;
use crate::settings::tests::settings;
use crate::tests::http;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// The first so many of the answer's values, as they are signed.
pub fn text_of(answer: &Value, fields: usize) -> String {
    let values: Vec<_> =
        QUERY_ANSWER_FIELDS[..fields].iter().map(|name| answer[*name].as_str().unwrap_or_default()).collect();
    signature::piped(&values)
}

pub fn ok(answer: &Value) -> String {
    let body = answer.to_string();
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// A gateway whose VNPAY answers one call so, or keeps silent, and what it was asked.
pub async fn at(answer: Option<String>) -> (Gateway, Arc<Mutex<String>>) {
    let (api_url, asked) = serve(answer).await;
    http(); // installs the TLS provider
    let impatient = reqwest::Client::builder().timeout(Duration::from_millis(300)).no_proxy().build().expect("client");
    (Gateway::new(Settings { api_url, ..settings() }, impatient).expect("good settings"), asked)
}

async fn serve(answer: Option<String>) -> (String, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/merchant_webapi/api/transaction", listener.local_addr().expect("address"));
    let asked = Arc::new(Mutex::new(String::new()));
    let keep = asked.clone();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let (mut text, mut buffer) = (String::new(), [0; 4096]);
        while !text.ends_with('}') {
            let n = stream.read(&mut buffer).await.expect("a request");
            text.push_str(&String::from_utf8_lossy(&buffer[..n]));
        }
        *keep.lock().expect("lock") = text;
        match answer {
            Some(answer) => stream.write_all(answer.as_bytes()).await.expect("written"),
            None => tokio::time::sleep(Duration::from_secs(60)).await,
        }
    });
    (url, asked)
}
