//! Calls' worth of MoMo, for the tests of all that calls it.

use super::*;
use crate::Settings;
use crate::settings::tests::settings;
use crate::tests::http;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// What was asked, in order: the head's first line, and the body.
pub type Asked = Arc<Mutex<Vec<(String, Value)>>>;

pub fn ok(answer: &Value) -> String {
    with_status("200 OK", answer)
}

pub fn with_status(status: &str, answer: &Value) -> String {
    let body = answer.to_string();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A wallet whose MoMo answers as `answer` makes of each body, or keeps silent.
pub async fn at(answer: impl Fn(&Value) -> Option<String> + Send + 'static) -> (Wallet, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let api_url = format!("http://{}", listener.local_addr().expect("address"));
    let asked = Asked::default();
    let keep = asked.clone();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let (mut text, mut buffer) = (String::new(), [0; 4096]);
            while !text.ends_with('}') {
                let n = stream.read(&mut buffer).await.expect("a request");
                text.push_str(&String::from_utf8_lossy(&buffer[..n]));
            }
            let (head, body) = text.split_once("\r\n\r\n").expect("a body");
            let body: Value = serde_json::from_str(body).expect("JSON");
            keep.lock().expect("lock").push((head.lines().next().unwrap_or_default().to_owned(), body.clone()));
            match answer(&body) {
                Some(answer) => stream.write_all(answer.as_bytes()).await.expect("written"),
                None => tokio::time::sleep(Duration::from_secs(60)).await,
            }
        }
    });
    http(); // installs the TLS provider
    let client = reqwest::Client::builder().no_proxy().build().expect("client");
    let mut impatient = Wallet::new(Settings { api_url, ..settings() }, client).expect("good settings");
    impatient.patience = Duration::from_millis(400);
    (impatient, asked)
}

/// What MoMo repeats of a question, with this code and more.
pub fn said(asked: &Value, code: i64, more: Value) -> Value {
    let mut answer = serde_json::json!({
        "partnerCode": asked["partnerCode"], "orderId": asked["orderId"], "requestId": asked["requestId"],
        "responseTime": 1_767_580_463_942_i64, "message": "Thành công.", "resultCode": code,
    });
    answer.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    answer
}
