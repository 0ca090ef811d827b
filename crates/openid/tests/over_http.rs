//! Over HTTP: a provider that turns its keys, and one that makes people wait.
#![expect(clippy::unwrap_used, reason = "tests only: a failure here is a failed test")]

use identity::outside::{IdentityProvider, OutsideError, Returned, Shown, Way};
use jiff::{SignedDuration, Timestamp};
use openid::{Client, Settings};
use serde_json::{Value, json};
use simulator::OpenidConfig;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Barrier;

const RETURN: &str = "http://127.0.0.1:9/return";

fn client_of(issuer: &str) -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::new(Settings {
        issuer: issuer.to_owned(),
        name: "Tỉnh".to_owned(),
        client_id: "desk".to_owned(),
        client_secret: "secret".to_owned().into(),
        hosts: Vec::new(),
        two_factors: Vec::new(),
        return_url: RETURN.to_owned(),
        left_url: RETURN.to_owned(),
        is_trial: true,
    })
    .unwrap()
}

struct There {
    url: String,
    http: reqwest::Client,
}

impl There {
    async fn sim(&self, what: &str, body: Value) {
        let answer = self.http.post(format!("{}/_sim/{what}", self.url)).body(body.to_string()).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }

    async fn calls(&self, endpoint: &str) -> u64 {
        let answer = self.http.get(format!("{}/_sim/calls", self.url)).send().await.unwrap();
        let calls: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        calls[endpoint].as_u64().unwrap_or_default()
    }

    /// There and back, at this moment of ours.
    async fn goes(&self, client: &Client, now: Timestamp) -> Result<Shown, OutsideError> {
        let way = Way::of("a token of a browser");
        let there = client.way_in(&way, false, now).await?;
        let answer = self.http.get(there).send().await.unwrap();
        let back = reqwest::Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
        let part = |name: &str| back.query_pairs().find(|(n, _)| n == name).map(|(_, value)| value.into_owned());
        assert_eq!(part("state").unwrap(), way.state);
        let returned = Returned { code: part("code"), issuer: part("iss"), error: part("error") };
        client.arrived(&way, &returned, None, now).await
    }
}

#[tokio::test]
async fn a_new_key_is_looked_up_once_in_half_a_minute_and_a_withdrawn_one_is_forgotten_in_ten() {
    let running = simulator::openid::start(OpenidConfig::new("desk", "secret")).await.unwrap();
    let client = client_of(&running.url);
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let there = There { url: running.url.clone(), http };
    there.sim("client", json!({"redirect_uri": RETURN, "left_uri": RETURN})).await;
    there.sim("person", json!({"subject": "s-1"})).await;

    let begun = Timestamp::now();
    let after = |seconds: i64| begun + SignedDuration::from_secs(seconds);
    assert_eq!(there.goes(&client, begun).await.unwrap().subject, "s-1");
    there.sim("keys", json!({})).await;
    let early = there.goes(&client, after(29)).await;
    assert!(matches!(early, Err(OutsideError::Key)), "{early:?}");
    assert_eq!(there.calls("jwks").await, 1);
    assert_eq!(there.goes(&client, after(31)).await.unwrap().subject, "s-1");
    assert_eq!(there.goes(&client, after(32)).await.unwrap().subject, "s-1");
    assert_eq!(there.calls("jwks").await, 2);

    // what is signed by an unlisted key makes nobody ask again and again
    there.sim("wrong", json!("unknown_key")).await;
    for second in 33..60 {
        assert!(matches!(there.goes(&client, after(second)).await, Err(OutsideError::Key)));
    }
    assert_eq!(there.calls("jwks").await, 2);
    there.sim("wrong", json!("nothing")).await;
    let way = Way::of("another");
    client.way_in(&way, false, after(31 + 600)).await.unwrap();
    assert_eq!(there.calls("jwks").await, 3, "ten minutes after it was asked last");
    running.stop().await;
}

/// Describes itself to nobody before two have asked.
async fn answered(mut stream: TcpStream, both: Arc<Barrier>) {
    let url = format!("http://{}", stream.local_addr().unwrap());
    let mut head = [0; 4096];
    let read = stream.read(&mut head).await.unwrap();
    let body = if head[..read].starts_with(b"GET /jwks") {
        json!({"keys": []})
    } else {
        both.wait().await;
        json!({"issuer": url, "authorization_endpoint": format!("{url}/authorize"),
            "token_endpoint": format!("{url}/token"), "jwks_uri": format!("{url}/jwks")})
    };
    let body = body.to_string();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
}

#[tokio::test]
async fn nobody_waits_until_the_provider_has_answered_somebody_else() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = client_of(&format!("http://{}", listener.local_addr().unwrap()));
    let both = Arc::new(Barrier::new(2));
    let serves = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answered(stream, both.clone()));
        }
    });
    let (one, other) = (Way::of("one"), Way::of("other"));
    let now = Timestamp::now();
    let (first, second) = tokio::join!(client.way_in(&one, false, now), client.way_in(&other, false, now));
    assert!(first.is_ok() && second.is_ok(), "{first:?} {second:?}");
    serves.abort();
}
