//! The mail server of the journeys, and what it has in its hands.

use crate::{House, truth};
use serde_json::{Value, json};
use simulator::PostConfig;
use simulator::post::Office;
use std::collections::{BTreeMap, BTreeSet};

const USER: &str = "motlan";
pub const SECRET: &str = "mat-khau-buu-cuc";

pub async fn start() -> Office {
    let (user, secret) = (Some(USER.to_owned()), Some(SECRET.to_owned()));
    simulator::post::start(PostConfig { user, secret, ..PostConfig::default() }).await.unwrap()
}

pub fn settings(office: &Office) -> Vec<(&'static str, String)> {
    vec![
        ("MOTLAN_MAIL__HOST", office.smtp.ip().to_string()),
        ("MOTLAN_MAIL__PORT", office.smtp.port().to_string()),
        ("MOTLAN_MAIL__TLS", "none".to_owned()),
        ("MOTLAN_MAIL__FROM", "Cổng thanh toán tỉnh <bien-lai@laocai.example.vn>".to_owned()),
        ("MOTLAN_MAIL__USER", USER.to_owned()),
        ("MOTLAN_MAIL__SECRET", SECRET.to_owned()),
        ("MOTLAN_RECEIPTS__MAIL_SCHEDULE_S", "0,1,1,1".to_owned()),
    ]
}

impl House {
    /// What the mail server took, in order of arrival.
    pub async fn letters(&self) -> Vec<Value> {
        let url = &self.post.as_ref().unwrap().running.url;
        self.http.get(format!("{url}/_sim/letters")).send().await.unwrap().json().await.unwrap()
    }

    /// Makes the mail server misbehave.
    pub async fn post_does(&self, rule: Value) {
        self.control(&self.post.as_ref().unwrap().running.url, "script", rule).await;
    }

    pub async fn post_behaves(&self) {
        let url = format!("{}/_sim/script", self.post.as_ref().unwrap().running.url);
        self.http.delete(url).send().await.unwrap().error_for_status().unwrap();
    }
}

/// A payer with this address.
pub fn payer(email: &str) -> Value {
    json!({"payer": {"name": "Trần Thị Thư", "identity_kind": "citizen_id", "identity_number": "010085000777",
        "email": email}})
}

/// What is sent here was taken there, under its name and in whole the same each time; what was never sent was not (I56 asks
/// the rest).
pub(crate) async fn compare(house: &House) {
    let mut taken: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for letter in house.letters().await {
        let id = letter["message_id"].as_str().unwrap().trim_matches(['<', '>']).to_owned();
        taken.entry(id).or_default().insert(letter["raw"].as_str().unwrap().to_owned());
    }
    assert!(taken.values().all(|bytes| bytes.len() == 1), "a repeat with other bytes: {taken:?}");
    let ours = truth::rows(house, "select message_id, state from assurance.receipt_mail").await;
    let named: BTreeMap<&str, &str> = ours.iter().map(|row| (row[0].as_str(), row[1].as_str())).collect();
    for (id, state) in &named {
        assert!(*state != "sent" || taken.contains_key(*id), "sent here and not taken there: {id}");
        assert!(*state != "queued", "a mail waits: {id}");
    }
    assert!(taken.keys().all(|id| named.contains_key(id.as_str())), "taken there and not ours: {taken:?}");
}
