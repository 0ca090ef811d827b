//! `.motlan/run.json`, which `motlan up` writes: all that this client knows of the instance. Reads only what the story
//! needs; more fields are ignored, for they are other readers'.

use std::path::Path;

use serde::Deserialize;

use super::stop::Stop;

#[derive(Deserialize)]
pub struct RunFile {
    pub base_url: String,
    pub ops_url: String,
    pub client_key: String,
    /// The accountant's.
    pub staff_key: String,
    /// Of whoever decides what the accountant proposes.
    pub approver_key: String,
    /// Of the officer at the counter, and which counter that is.
    pub officer_key: String,
    pub counter: String,
    /// Role motlan_auditor: the views of schema `assurance`, nothing else.
    pub database_url_readonly: String,
    pub simulators: Simulators,
}

#[derive(Deserialize)]
pub struct Simulators {
    pub vnpay: String,
    pub bank: String,
    pub dossier: String,
    #[serde(flatten)]
    pub partners: PartnersAt,
}

/// The others that collect.
#[derive(Deserialize)]
pub struct PartnersAt {
    pub momo: String,
    pub zalopay: String,
    pub national: String,
    pub mobile_money: String,
    pub bank_bills: String,
    pub mobile_money_bills: String,
}

impl RunFile {
    pub async fn read(path: &Path) -> Result<Self, Stop> {
        let bytes = tokio::fs::read(path).await.map_err(|error| Stop::RunFile(path.to_owned(), error))?;
        serde_json::from_slice(&bytes).map_err(|error| Stop::RunFileForm(path.to_owned(), error))
    }
}

#[cfg(test)]
mod tests {
    use super::RunFile;

    #[test]
    fn what_the_story_does_not_need_is_ignored() {
        let text = r#"{"base_url": "http://127.0.0.1:1", "staff_url": "http://127.0.0.1:3", "ops_url": "http://127.0.0.1:2",
            "client_key": "c", "staff_key": "s", "approver_key": "a", "officer_key": "o", "counter": "quay-1", "database_url_readonly": "postgres://x", "pids": [1],
            "simulators": {"vnpay": "http://127.0.0.1:4", "dossier": "http://127.0.0.1:5", "bank": "http://127.0.0.1:6",
                "momo": "http://127.0.0.1:7", "zalopay": "http://127.0.0.1:8", "national": "http://127.0.0.1:9", "other": "",
                "mobile_money": "http://127.0.0.1:10", "bank_bills": "http://127.0.0.1:11",
                "mobile_money_bills": "http://127.0.0.1:12"}}"#;
        let run: RunFile = serde_json::from_str(text).expect("the documented form");
        assert_eq!(run.simulators.dossier, "http://127.0.0.1:5");
        assert_eq!(run.simulators.partners.national, "http://127.0.0.1:9");
        assert!(serde_json::from_str::<RunFile>("{}").is_err());
    }
}
