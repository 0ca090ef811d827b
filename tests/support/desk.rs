//! A person's browser at the console: keeps cookies as the server gives them, follows nothing by itself, fills in forms.

use crate::House;
use domain::PersonId;
use identity::code;
use jiff::Timestamp;
use payments::administer::{By, once};
use payments::sign_in;
use reqwest::header::{HeaderMap, SET_COOKIE};
use std::collections::BTreeMap;
use storage::Tx;

pub const PASSWORD: &str = "ruộng bậc thang 4 mùa";

/// What the console answered.
pub struct Page {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Page {
    /// The value of the first field of this name.
    pub fn field(&self, name: &str) -> String {
        let after = self.text.split(&format!("name=\"{name}\" value=\"")).nth(1);
        after.and_then(|rest| rest.split('"').next()).unwrap_or_default().to_owned()
    }

    pub fn header(&self, name: &str) -> String {
        self.headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    }

    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    pub fn says(&self, what: &str) -> bool {
        self.text.contains(what)
    }
}

/// Somebody who can sign in.
#[derive(Clone)]
pub struct Login {
    pub person: String,
    pub id: PersonId,
    pub secret: code::Secret,
}

impl Login {
    /// What their application shows.
    pub fn code(&self) -> String {
        code::code(&self.secret, code::step(Timestamp::now()))
    }
}

#[derive(Clone)]
pub struct Desk {
    http: reqwest::Client,
    pub base: String,
    pub cookies: BTreeMap<String, String>,
    /// Where the proxy says that they sit, in a house that believes it.
    pub address: Option<String>,
}

impl Desk {
    pub fn at(house: &House) -> Self {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { http, base: house.gateway.staff_url(), cookies: BTreeMap::new(), address: None }
    }

    /// Somebody who has signed in.
    pub async fn of(house: &House, login: &Login) -> Self {
        let mut desk = Self::at(house);
        desk.signs_in(house, login).await;
        desk
    }

    /// With a code that was not used, whatever the time.
    pub async fn signs_in(&mut self, house: &House, login: &Login) {
        fresh_codes(house).await;
        let answer = self.tries(&login.person, PASSWORD, &login.code()).await;
        assert_eq!((answer.status, answer.header("location").as_str()), (303, "/console"), "{}", answer.text);
    }

    /// One try on the page for it.
    pub async fn tries(&mut self, person: &str, password: &str, code: &str) -> Page {
        let page = self.get("/console/sign-in").await;
        let form = page.field("form");
        self.post("/console/sign-in", &[("form", &form), ("person", person), ("password", password), ("code", code)])
            .await
    }

    pub async fn get(&mut self, path: &str) -> Page {
        let request = self.http.get(format!("{}{path}", self.base));
        self.send(request).await
    }

    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        self.post_with(path, fields, &[]).await
    }

    pub async fn post_with(&mut self, path: &str, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> Page {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        let mut request = self.http.post(format!("{}{path}", self.base)).body(body.finish());
        request = request.header("content-type", "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request).await
    }

    /// Sends a form with a file, as browsers do (RFC 7578).
    pub async fn brings(&mut self, fields: &[(&str, &str)], file: &[u8]) -> Page {
        let boundary = "----DeskFormBoundary7MA4YWxkTrZu0gW";
        let head = |name: &str| format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"");
        let texts: String = fields.iter().map(|(name, value)| format!("{}\r\n\r\n{value}\r\n", head(name))).collect();
        let named =
            format!("{}; filename=\"sao ke.sta\"\r\nContent-Type: application/octet-stream\r\n\r\n", head("file"));
        let body = [texts.as_bytes(), named.as_bytes(), file, format!("\r\n--{boundary}--\r\n").as_bytes()].concat();
        let request = self.http.post(format!("{}/console/files", self.base)).body(body);
        let request = request.header("content-type", format!("multipart/form-data; boundary={boundary}"));
        self.send(request).await
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> Page {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = if cookies.is_empty() { request } else { request.header("cookie", cookies.join("; ")) };
        let request = match &self.address {
            Some(address) => request.header("x-forwarded-for", address),
            None => request,
        };
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        for line in headers.get_all(SET_COOKIE) {
            let line = line.to_str().unwrap();
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            if line.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Page { status, headers, text: answer.text().await.unwrap() }
    }
}

/// As if the codes that were used had been of an hour ago.
pub async fn fresh_codes(house: &House) {
    house.ask("update sign_in set totp_last_step = totp_last_step - 120").await;
}

/// Whoever sits at the command line.
fn by_command() -> By {
    By {
        actor: "cli:test".to_owned(),
        request_id: String::new(),
        person: None,
        beneficiaries: Vec::new(),
        now: Timestamp::now(),
    }
}

/// A link for the person of this code, and what stands behind it.
pub async fn invites(house: &House, person: &str, secret: &code::Secret) -> (console::Link, PersonId) {
    let by = by_command();
    let ctx = &house.gateway.ctx;
    let link = console::Link::mint();
    let work = async |tx: &Tx| sign_in::invite(tx, &by, person, &ctx.vault, (&link.token_hash, secret)).await;
    let id = once(&ctx.pool, &by, work).await.unwrap();
    (link, id)
}

/// Follows a link for the person of this code with [`PASSWORD`].
pub async fn joins(house: &House, person: &str) -> Login {
    let secret: code::Secret = *b"a secret of a test!!";
    let (link, id) = invites(house, person, &secret).await;
    let login = Login { person: person.to_owned(), id, secret };
    let mut desk = Desk::at(house);
    let form = desk.get(&link.path).await.expect(200).field("form");
    let fields = [("form", form.as_str()), ("password", PASSWORD), ("again", PASSWORD), ("code", &login.code())];
    desk.post(&link.path, &fields).await.expect(200);
    login
}

/// A person with these roles, who sees the money of these, and can sign in.
pub async fn hires(house: &House, code: &str, roles: &[domain::role::Role], beneficiaries: &[&str]) -> Login {
    let beneficiaries: Vec<String> = beneficiaries.iter().map(|b| (*b).to_owned()).collect();
    let by = by_command();
    let named = payments::administer::persons::Named {
        name: format!("Người {code} (mẫu)"),
        roles: Some(roles.to_vec()),
        beneficiaries,
    };
    let work = async |tx: &Tx| payments::administer::persons::put(tx, &by, code, &named).await;
    once(&house.gateway.ctx.pool, &by, work).await.unwrap();
    joins(house, code).await
}
