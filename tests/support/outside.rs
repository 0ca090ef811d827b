//! An identity provider beside the house, and a browser that goes there and comes back.

use crate::desk::{Desk, Page};
use crate::{House, Plan};
use serde_json::{Value, json};
use simulator::{OpenidConfig, Running};
use std::sync::atomic::{AtomicU32, Ordering};

const CLIENT: &str = "motlan desk";
const SECRET: &str = "secret:of the journeys";

pub struct Provider {
    /// As the house and browsers call it.
    pub url: String,
    running: Running,
    http: reqwest::Client,
}

impl Provider {
    async fn at(host: &str) -> Self {
        // as a house does, which is opened after it
        let _ = rustls::crypto::ring::default_provider().install_default();
        let running = simulator::openid::start(OpenidConfig::new(CLIENT, SECRET)).await.unwrap();
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { url: running.url.replace("127.0.0.1", host), running, http }
    }

    /// A house whose people may sign in by way of it.
    pub async fn with_house() -> (Self, House) {
        Self::with_house_at("127.0.0.1").await
    }

    /// The same by another name of this machine, which to a browser is another site than the house's.
    pub async fn with_house_at(host: &str) -> (Self, House) {
        let provider = Self::at(host).await;
        let settings = vec![
            ("MOTLAN_OIDC__ISSUER", provider.url.clone()),
            ("MOTLAN_OIDC__CLIENT_ID", CLIENT.to_owned()),
            ("MOTLAN_OIDC__CLIENT_SECRET", SECRET.to_owned()),
            ("MOTLAN_OIDC__TWO_FACTORS", "mfa".to_owned()),
            // each browser has an address of its own, so that no limit of tries is met
            ("MOTLAN_HTTP__TRUSTED_PROXIES", "127.0.0.1".to_owned()),
        ];
        let house = House::planned(Plan { settings, ..Plan::default() }).await;
        let staff = house.gateway.staff_url();
        let (redirect_uri, left_uri) = (format!("{staff}/console/outside/return"), format!("{staff}/console/sign-in"));
        provider.sim("client", json!({"redirect_uri": redirect_uri, "left_uri": left_uri})).await;
        (provider, house)
    }

    async fn sim(&self, what: &str, body: Value) {
        let answer = self.http.post(format!("{}/_sim/{what}", self.running.url)).body(body.to_string()).send().await;
        assert_eq!(answer.unwrap().status(), 200, "{what} {body}");
    }

    /// Who is signed in there, with what they have shown.
    pub async fn sits(&self, subject: &str, amr: &[&str]) {
        self.sim("person", json!({"subject": subject, "amr": amr})).await;
    }

    /// The same with a page there, on which they press a button first.
    pub async fn sits_at_a_page(&self, subject: &str, amr: &[&str]) {
        self.sim("person", json!({"subject": subject, "amr": amr, "presses": true})).await;
    }

    pub async fn is_wrong(&self, about: &str) {
        self.sim("wrong", json!(about)).await;
    }

    /// Follows an address there; where it leads back to, on the staff listener.
    pub async fn leads(&self, desk: &Desk, address: &str) -> String {
        assert!(address.starts_with(&format!("{}/", self.url)), "{address}");
        let answer = self.http.get(address).send().await.unwrap();
        let location = answer.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
        let location = location.unwrap_or_else(|| panic!("{address} leads nowhere"));
        location.strip_prefix(&desk.base).unwrap_or_else(|| panic!("{location}")).to_owned()
    }

    pub async fn stop(self) {
        self.running.stop().await;
    }
}

/// Where a page leads by itself.
pub fn onward(page: &Page) -> String {
    let after = page.text.split("http-equiv=\"refresh\" content=\"0; url=").nth(1);
    let address = after.and_then(|rest| rest.split('"').next()).unwrap_or_else(|| panic!("{}", page.text));
    address.replace("&#38;", "&").replace("&amp;", "&")
}

impl Desk {
    /// At an address of its own.
    pub fn elsewhere(house: &House) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let mut desk = Self::at(house);
        desk.address = Some(format!("10.9.{}.{}", n / 250, 1 + n % 250));
        desk
    }

    /// Sets out for the provider; the address that the browser is led to.
    pub async fn sets_out(&mut self) -> String {
        let form = self.get("/console/sign-in").await.field("form");
        onward(&self.post("/console/outside", &[("form", &form)]).await.expect(200))
    }

    /// There and back; what the console says of it.
    pub async fn goes(&mut self, provider: &Provider) -> Page {
        let there = self.sets_out().await;
        let back = provider.leads(self, &there).await;
        self.get(&back).await
    }

    /// The same of somebody who is signed in and is asked anew, from this page.
    pub async fn goes_anew(&mut self, provider: &Provider, from: &str) -> Page {
        let page = self.get(from).await.expect(200);
        let (form, next) = (page.field("form"), page.field("next"));
        let there = self.post("/console/outside/anew", &[("form", &form), ("next", &next)]).await.expect(200);
        let back = provider.leads(self, &onward(&there)).await;
        self.get(&back).await
    }
}
