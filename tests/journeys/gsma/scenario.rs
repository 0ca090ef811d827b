//! One scenario of the interoperability test platform, played against the simulator: our side's requests are made from its
//! templates, and each rule that it has about the provider's answers and callbacks must hold. A rule or a template that is
//! not known here fails.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tests::gsma::OpenApi;
use tests::mobile_money::{CLIENT, SECRET, start_with};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};

/// The simulator, and the service provider's own door.
pub struct Ground {
    running: simulator::Running,
    http: reqwest::Client,
    token: String,
    door: String,
    heard: Mutex<mpsc::UnboundedReceiver<Value>>,
}

impl Ground {
    pub async fn lay() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        // the party of the scenarios, as their defaults name it
        let running = start_with(|c| {
            c.credit_party_key = "msisdn".to_owned();
            c.credit_party = "+33555789123".to_owned();
            c.code_ms = 20;
            c.reversal_ms = 20;
        })
        .await;
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().unwrap();
        let asked = http.post(format!("{}/token", running.url)).basic_auth(CLIENT, Some(SECRET));
        let granted: Value =
            asked.form(&[("grant_type", "client_credentials")]).send().await.unwrap().json().await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let door = format!("http://{}", listener.local_addr().unwrap());
        let (told, heard) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(take(socket, told.clone()));
            }
        });
        let token = granted["access_token"].as_str().unwrap().to_owned();
        Self { running, http, token, door, heard: Mutex::new(heard) }
    }

    async fn sim(&self, what: &str, body: Value) {
        let answer = self.http.post(format!("{}/_sim/{what}", self.running.url)).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{what}: {}", answer.text().await.unwrap());
    }

    pub async fn clear(self) {
        self.running.stop().await;
    }
}

/// Takes one PUT and answers 204, as the scenarios have it.
async fn take(mut socket: tokio::net::TcpStream, told: mpsc::UnboundedSender<Value>) {
    let mut bytes = Vec::new();
    let mut part = [0_u8; 4096];
    loop {
        let n = socket.read(&mut part).await.unwrap_or(0);
        bytes.extend_from_slice(&part[..n]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|l| l.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                let _ = told
                    .send(json!({"method": head.split(' ').next(), "body": serde_json::from_str::<Value>(body).ok()}));
                break;
            }
        }
        if n == 0 {
            return;
        }
    }
    let _ = socket.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").await;
}

/// What was said in a step.
#[derive(Clone, Default)]
struct Said {
    request: Value,
    response: Value,
}

pub struct Scenario(pub Value);

impl Scenario {
    pub fn use_case(&self) -> &str {
        self.0["use_case"].as_str().unwrap()
    }

    fn name(&self) -> &str {
        self.0["name"].as_str().unwrap().trim()
    }

    pub async fn play(&self, ground: &Ground, judge: &OpenApi) {
        let steps = self.0["test_steps"].as_array().unwrap();
        let mut said = Vec::new();
        for (n, step) in steps.iter().enumerate() {
            let at = format!("{}, step {}", self.name(), n + 1);
            let outcome = if step["source"] == "sp" {
                self.arrange(ground, &steps[n..]).await;
                self.ask(ground, step, &said, &at, judge).await
            } else {
                hear(ground, step, &said, &at, judge).await
            };
            said.push(outcome);
        }
    }

    /// Tells the simulator to play the provider's part as the scenario has it: the next step says what becomes of it.
    async fn arrange(&self, ground: &Ground, steps: &[Value]) {
        let (step, next) = (&steps[0], steps.get(1));
        if step["method"] != "POST" {
            return;
        }
        let word = if step["path"].as_str().unwrap().ends_with("reversals")
            || step["pattern"].as_str().unwrap().contains("adjustment")
        {
            "reversal"
        } else {
            "payment"
        };
        let Some(next) = next else { return };
        let rule = |name: &str| -> Option<String> {
            let scripts = next["test_request_scripts"].as_array().into_iter().flatten();
            let rules = scripts.filter_map(|s| s["rules"][format!("body.{name}")].as_str());
            rules.filter_map(|r| r.split("in:").nth(1)).map(str::to_owned).next()
        };
        let action = match (rule("errorCategory"), rule("errorCode")) {
            (Some(category), Some(code)) => json!({"fail": {"category": category, "code": code}}),
            // a code and a reversal need nobody to confirm
            _ if step["path"].as_str().unwrap().ends_with("authorisationcodes") => return,
            _ if word == "reversal" || step["request"]["body"].get("oneTimeCode").is_some() => return,
            _ => json!({"approve_ms": 200}),
        };
        ground.sim("script", json!({"match": {}, "do": [{word: action}], "times": 1})).await;
    }

    async fn ask(&self, ground: &Ground, step: &Value, said: &[Said], at: &str, judge: &OpenApi) -> Said {
        let request = rendered(&step["request"], said, ground);
        let uri = request["uri"].as_str().unwrap().split_whitespace().collect::<String>();
        self.remember(ground, step, &uri).await;
        let url = format!("{}/v1.2/mm/{}", ground.running.url, uri.trim_start_matches('/'));
        let polls = step["repeat"].is_object();
        for _ in 0..50 {
            let method = reqwest::Method::from_bytes(request["method"].as_str().unwrap().as_bytes()).unwrap();
            let mut call = ground.http.request(method, &url);
            // its failure is 401 although its text speaks of an unknown id: it is played by a client that is not known
            if !self.name().starts_with("Retrieve a missing API response - failure") {
                call = call.bearer_auth(&ground.token);
            }
            for (name, value) in request["headers"].as_object().into_iter().flatten() {
                call = call.header(name, value.as_str().unwrap());
            }
            if request["body"].is_object() {
                call = call.body(request["body"].to_string());
            }
            let answer = call.send().await.unwrap();
            let status = answer.status().as_u16();
            let body: Value = answer.json().await.unwrap_or_default();
            if polls && body["status"] == "pending" {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
            let response = json!({"status": status, "body": body});
            holds(&step["test_response_scripts"], &response, said, ground, at);
            judged(judge, status, step["path"].as_str().unwrap(), &body, at);
            return Said { request, response };
        }
        panic!("{at}: pending for ever");
    }

    /// What the scenario takes for granted is there.
    async fn remember(&self, ground: &Ground, step: &Value, uri: &str) {
        let last = |text: &str| text.rsplit('/').find(|part| *part != "reversals").unwrap().to_owned();
        let good = step["response"]["status"] != 404 && step["response"]["status"] != 401;
        let body = json!({"amount": "23.00", "currency": "VND", "type": "merchantpay", "transactionStatus": "completed",
            "debitParty": [{"key": "msisdn", "value": "+33555123456"}],
            "creditParty": [{"key": "msisdn", "value": "+33555789123"}]});
        let mut known = body;
        match step["path"].as_str().unwrap() {
            "/responses/{clientCorrelationId}" if good => {
                let reference = last(step["response"]["body"]["link"].as_str().unwrap());
                known["transactionReference"] = json!(reference);
                let told = json!({"reference": reference, "transaction": known, "client_correlation_id": last(uri)});
                ground.sim("transaction", told).await;
            }
            "/transactions/{transactionReference}" | "/transactions/{transactionReference}/reversals"
                if good && self.use_case() != "General" && !uri.contains("requeststates") && !self.polled() =>
            {
                known["transactionReference"] = json!(last(uri));
                ground.sim("transaction", json!({"reference": last(uri), "transaction": known})).await;
            }
            _ => {}
        }
    }

    /// Whether its transaction is made in the scenario itself.
    fn polled(&self) -> bool {
        self.0["test_steps"].as_array().unwrap().iter().any(|s| s["path"] == "/requeststates/{serverCorrelationId}")
    }
}

async fn hear(ground: &Ground, step: &Value, said: &[Said], at: &str, judge: &OpenApi) -> Said {
    let heard = tokio::time::timeout(Duration::from_secs(10), async { ground.heard.lock().await.recv().await }).await;
    let request = heard.unwrap_or_else(|_| panic!("{at}: no callback")).unwrap();
    assert_eq!(request["method"], step["method"], "{at}");
    holds(&step["test_request_scripts"], &request, said, ground, at);
    let schema = match &request["body"] {
        body if body.get("errorCode").is_some() => "errorObject",
        body if body.get("authorisationCode").is_some() => "responseAuthorisationCode",
        body if body["type"] == "reversal" => "responseReversal",
        _ => "responseTransactionType",
    };
    // the code's own schema asks for more than the scenario's provider sends
    if schema != "responseAuthorisationCode" {
        assert_eq!(judge.faults(schema, &request["body"]), Vec::<String>::new(), "{at}: {request}");
    }
    Said { request, response: json!({"status": 204}) }
}

fn judged(judge: &OpenApi, status: u16, path: &str, body: &Value, at: &str) {
    let schema = match (status, path) {
        (202, _) => "requestStateObject",
        (400.., _) => "errorObject",
        (_, "/heartbeat") => "responseHeartbeat",
        (_, "/responses/{clientCorrelationId}") => "responseResponse",
        (_, "/requeststates/{serverCorrelationId}") => "requestStateObject",
        (_, "/transactions/{transactionReference}") => "responseTransaction",
        other => panic!("{at}: {other:?}"),
    };
    assert_eq!(judge.faults(schema, body), Vec::<String>::new(), "{at}: {body}");
}

/// Every rule of the scripts, in the platform's own words.
fn holds(scripts: &Value, told: &Value, said: &[Said], ground: &Ground, at: &str) {
    for script in scripts.as_array().into_iter().flatten() {
        for (field, rules) in script["rules"].as_object().unwrap() {
            let value = field.split('.').fold(told, |value, part| &value[part]);
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let list: Vec<String> = match rules {
                Value::String(one) if one.starts_with("regex:") => vec![one.clone()],
                Value::String(many) => many.split('|').map(str::to_owned).collect(),
                Value::Array(all) => all.iter().map(|r| r.as_str().unwrap().to_owned()).collect(),
                other => panic!("{at}: a rule {other}"),
            };
            for rule in list {
                let rule = render(&rule, said, ground);
                let holds = match rule.split_once(':') {
                    None if rule == "required" => !value.is_null() && !text.is_empty(),
                    Some(("in", wanted)) => wanted.split(',').any(|w| w == text),
                    Some(("regex", pattern)) => {
                        let pattern = pattern.trim_matches('/').replace("\\/", "/");
                        regex::Regex::new(&pattern).unwrap().is_match(&text)
                    }
                    _ => panic!("{at}: a rule {rule}"),
                };
                assert!(holds, "{at}: {}: {field} = {text}, not {rule}", script["name"]);
            }
        }
    }
}

fn rendered(template: &Value, said: &[Said], ground: &Ground) -> Value {
    match template {
        Value::String(text) => Value::String(render(text, said, ground)),
        Value::Array(all) => all.iter().map(|v| rendered(v, said, ground)).collect(),
        Value::Object(fields) => fields.iter().map(|(name, v)| (name.clone(), rendered(v, said, ground))).collect(),
        other => other.clone(),
    }
}

/// `{{ … }}` of the kinds that requests of the service provider use.
fn render(text: &str, said: &[Said], ground: &Ground) -> String {
    let Some((before, rest)) = text.split_once("{{") else { return text.to_owned() };
    let (expression, after) = rest.split_once("}}").unwrap_or_else(|| panic!("{text}"));
    let expression = expression.split_whitespace().collect::<String>();
    let value = match expression.as_str() {
        "uuidv4()" => uuid::Uuid::new_v4().to_string(),
        "new_date_iso8601()" | "new_date_iso8601_zulu()" => jiff::Timestamp::now().to_string(),
        r#"mapped_urls["mmap"]["sp"]"# => ground.door.clone(),
        other if other.starts_with("env.") => variable(other),
        other if other.starts_with("steps.") => step_value(other, said),
        other => panic!("a template {other}"),
    };
    format!("{before}{value}{}", render(after, said, ground))
}

/// As the platform lets a tester set it: our currency; else the default.
fn variable(expression: &str) -> String {
    let set: BTreeMap<&str, &str> = BTreeMap::from([("CURRENCY", "VND")]);
    let (name, default) = expression.trim_start_matches("env.").split_once("|default(").unwrap();
    let default = default.trim_end_matches(')').trim_matches(['"', '\'']);
    set.get(name).map_or_else(|| default.to_owned(), |value| (*value).to_owned())
}

/// `steps.2.request.body.authorisationCode`, `steps.1.request.headers["X-…"].0`.
fn step_value(expression: &str, said: &[Said]) -> String {
    let path = expression.replace("[\"", ".").replace("\"]", "");
    let mut parts = path.split('.').skip(1);
    let number: usize = parts.next().unwrap().parse().unwrap();
    let step = &said[number - 1];
    let from = if parts.next() == Some("request") { &step.request } else { &step.response };
    // `.0`: the platform keeps headers as lists, we keep the one value
    let found = parts.filter(|p| *p != "0").fold(from, |value, part| &value[part]);
    found.as_str().unwrap_or_else(|| panic!("{expression}: {found}")).to_owned()
}
