//! A row of the table: an operation as somebody calls it, who may, and what they hear.

use domain::principal::Scope;
use serde_json::Value;
use tests::House;
use tests::portal::{Answered, fresh};

/// What a call carries.
#[derive(Clone)]
pub enum Body {
    Nothing,
    Json(Value),
    File(Vec<u8>),
}

/// What somebody hears to whom the thing does not belong.
#[derive(Clone)]
pub enum Stranger {
    /// 404, word for word as for what is not there.
    Absent,
    /// A list without anything in it, under this name.
    Empty(&'static str),
    /// A list in which there may be what is nobody's, and not this.
    Without(String),
    /// A thing of their own, as the owner gets one.
    Own,
    /// The same as anybody: it is of the whole province.
    Same,
}

#[derive(Clone)]
pub struct Row {
    pub method: &'static str,
    /// As the description writes it.
    pub path: &'static str,
    pub at: String,
    /// The same call, of something that is not there.
    pub absent_at: Option<String>,
    pub body: Body,
    pub absent_body: Option<Body>,
    /// A client with this scope may; None: no client.
    pub client: Option<Scope>,
    /// Staff with any of these scopes may; none: no person.
    pub staff: &'static [Scope],
    pub stranger: Stranger,
    /// What who may hears, and the code where it is a refusal; status 0: whatever the request itself deserves.
    pub answer: (u16, Option<&'static str>),
}

fn row(method: &'static str, path: &'static str) -> Row {
    Row {
        method,
        path,
        at: path.to_owned(),
        absent_at: None,
        body: if matches!(method, "get") { Body::Nothing } else { Body::Json(serde_json::json!({})) },
        absent_body: None,
        client: None,
        staff: &[],
        stranger: Stranger::Absent,
        answer: (200, None),
    }
}

pub fn get(path: &'static str) -> Row {
    row("get", path)
}

pub fn put(path: &'static str) -> Row {
    row("put", path)
}

pub fn post(path: &'static str) -> Row {
    row("post", path)
}

pub fn delete(path: &'static str) -> Row {
    row("delete", path)
}

impl Row {
    /// About the thing with this id; what is not there has an id of the same kind.
    pub fn of(mut self, id: &str) -> Self {
        let kind = id.split_once('_').map(|(kind, _)| kind).expect("an id begins with its kind");
        self.at = self.path.replace("{id}", id);
        self.absent_at = Some(self.path.replace("{id}", &format!("{kind}_{:032x}", 7)));
        self
    }

    /// About what these two paths name: one that is there, and one that is not.
    pub fn at(mut self, there: String, absent: String) -> Self {
        (self.at, self.absent_at) = (there, Some(absent));
        self
    }

    /// It names nothing that could be absent.
    pub fn unnamed(mut self) -> Self {
        self.absent_at = None;
        self
    }

    pub fn named(mut self, name: &str) -> Self {
        self.at = ["{id}", "{code}", "{date}"].iter().fold(self.path.to_owned(), |at, of| at.replace(of, name));
        self
    }

    /// An administrator's: about all of the province, for whoever may at all.
    pub fn administers(mut self) -> Self {
        (self.staff, self.stranger, self.answer) = (&[Scope::Admin], Stranger::Same, (0, None));
        self
    }

    pub fn body(mut self, body: Value) -> Self {
        self.body = Body::Json(body);
        self
    }

    /// The body names something; this one names what is not there.
    pub fn or_absent(mut self, body: Value) -> Self {
        self.absent_body = Some(Body::Json(body));
        self
    }

    pub fn file(mut self, bytes: Vec<u8>) -> Self {
        self.body = Body::File(bytes);
        self
    }

    pub fn client(mut self, scope: Scope) -> Self {
        self.client = Some(scope);
        self
    }

    pub fn staff(mut self, scopes: &'static [Scope]) -> Self {
        self.staff = scopes;
        self
    }

    /// To whom nothing belongs hears of nothing.
    pub fn lists(mut self, member: &'static str) -> Self {
        self.stranger = Stranger::Empty(member);
        self
    }

    /// To whom this does not belong hears of others, if at all.
    pub fn lists_without(mut self, id: &str) -> Self {
        self.stranger = Stranger::Without(id.to_owned());
        self
    }

    /// Names nothing of anybody's.
    pub fn of_ones_own(mut self) -> Self {
        self.stranger = Stranger::Own;
        self
    }

    pub fn answers(mut self, status: u16) -> Self {
        self.answer = (status, None);
        self
    }

    /// Refused for what it asks, after who asks was looked at.
    pub fn refuses(mut self, status: u16, code: &'static str) -> Self {
        self.answer = (status, Some(code));
        self
    }

    pub fn operation(&self) -> (&'static str, &'static str) {
        (self.method, self.path)
    }

    pub fn named_as(&self) -> String {
        format!("{} {}", self.method, self.at)
    }

    pub async fn call(&self, house: &House, authorization: Option<&str>) -> Answered {
        self.send(house, &self.at, &self.body, authorization).await
    }

    pub async fn call_at(&self, house: &House, at: &str, authorization: Option<&str>) -> Answered {
        self.send(house, at, &self.body, authorization).await
    }

    /// The same of what is not there; None where the row names nothing.
    pub async fn call_absent(&self, house: &House, authorization: Option<&str>) -> Option<Answered> {
        if self.absent_at.is_none() && self.absent_body.is_none() {
            return None;
        }
        let at = self.absent_at.as_ref().unwrap_or(&self.at);
        let body = self.absent_body.as_ref().unwrap_or(&self.body);
        Some(self.send(house, at, body, authorization).await)
    }

    pub async fn by(&self, house: &House, key: &str) -> Answered {
        self.call(house, Some(&format!("Bearer {key}"))).await
    }

    async fn send(&self, house: &House, at: &str, body: &Body, authorization: Option<&str>) -> Answered {
        let method = reqwest::Method::from_bytes(self.method.to_uppercase().as_bytes()).unwrap();
        let mut call = house.http.request(method, format!("{}{at}", house.portal.base));
        if let Some(text) = authorization {
            call = call.header("authorization", text);
        }
        let key = format!("matrix-{}", fresh());
        call = match body {
            Body::Nothing => call,
            Body::Json(Value::Null) => call,
            Body::Json(body) => call.header("idempotency-key", key).json(body),
            Body::File(bytes) => call.header("idempotency-key", key).body(bytes.clone()),
        };
        Answered::of(call.send().await.unwrap()).await
    }

    /// What who may hears is what the row says, and a refusal is a problem document.
    #[track_caller]
    pub fn is_answered(&self, who: &str, answer: Answered) {
        let (status, code) = self.answer;
        if status == 0 {
            let barred = answer.status >= 500 || matches!(answer.status, 401 | 403 | 404 | 405);
            assert!(!barred, "{} by {who}: {}", self.named_as(), answer.text);
            return;
        }
        assert_eq!(answer.status, status, "{} by {who}: {}", self.named_as(), answer.text);
        if let Some(code) = code {
            assert_eq!(answer.refused(status), code, "{} by {who}", self.named_as());
        }
    }
}
