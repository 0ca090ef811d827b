//! The gateway as staff reach it: HTTP, a Bearer key. A refusal is said in the gateway's own words.

use super::Parameters;
use crate::failed::Failed;
use reqwest::Response;
use serde::Deserialize;
use serde_json::Value;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

const CONNECT: Duration = Duration::from_secs(5);
/// A report may begin late and be long: a workbook of a year's rows is written before its first byte is sent.
const SILENCE: Duration = Duration::from_secs(600);

/// What `motlan up` writes, as far as this needs it.
#[derive(Deserialize)]
struct RunFile {
    base_url: String,
    staff_key: String,
}

pub struct Client {
    http: reqwest::Client,
    base: String,
    key: String,
}

impl Client {
    /// What is not named is that of the instance whose `run.json` lies in `data`.
    pub fn new(url: Option<String>, key: Option<String>, key_file: Option<&Path>, data: &Path) -> Result<Self, Failed> {
        let key = match key_file {
            Some(file) => Some(std::fs::read_to_string(file)?.trim().to_owned()),
            None => key,
        };
        let (base, key) = match (url, key) {
            (Some(base), Some(key)) => (base, key),
            // its key is for this instance only
            (Some(_), None) => return Err("--url needs a key: --key or --key-file".into()),
            (None, key) => {
                let file = data.join("run.json");
                let missing = |e| format!("{}: {e}; start `motlan up`, or name --url and --key", file.display());
                let run: RunFile = serde_json::from_slice(&std::fs::read(&file).map_err(missing)?)?;
                (run.base_url, key.unwrap_or(run.staff_key))
            }
        };
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { http, base: base.trim_end_matches('/').to_owned(), key })
    }

    /// The whole answer as JSON.
    pub async fn read(&self, path: &str, parameters: &Parameters) -> Result<Value, Failed> {
        Ok(self.ask(path, parameters).await?.json().await?)
    }

    /// The answer as it comes, byte for byte, to a file or to stdout. A file is whole, or as it was before.
    pub async fn pass_on(&self, path: &str, parameters: &Parameters, out: Option<&Path>) -> Result<(), Failed> {
        let mut answer = self.ask(path, parameters).await?;
        match out {
            None => to_stdout(&mut answer).await,
            Some(file) => to_file(&mut answer, file).await,
        }
    }

    async fn ask(&self, path: &str, parameters: &Parameters) -> Result<Response, Failed> {
        let call = self.http.get(format!("{}{path}", self.base)).bearer_auth(&self.key).query(parameters);
        let answer = call.send().await?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status();
        let problem: Value = serde_json::from_slice(&answer.bytes().await?).unwrap_or_default();
        let said = |member: &str| problem.get(member).and_then(Value::as_str).unwrap_or("-").to_owned();
        Err(format!("the gateway refused ({status}): {}: {}", said("code"), said("detail")).into())
    }
}

async fn to_stdout(answer: &mut Response) -> Result<(), Failed> {
    while let Some(piece) = answer.chunk().await? {
        let mut out = std::io::stdout().lock();
        if out.write_all(&piece).and_then(|()| out.flush()).is_err() {
            // whoever read it has gone
            return Ok(());
        }
    }
    Ok(())
}

/// Written beside the file, which it replaces when it is whole. What is there and no file, a device say, takes it as it comes.
async fn to_file(answer: &mut Response, path: &Path) -> Result<(), Failed> {
    // a link stays: what it names is replaced
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if path.metadata().is_ok_and(|there| !there.is_file()) {
        return written(answer, OpenOptions::new().write(true).open(path)?).await;
    }
    let mut part = path.clone().into_os_string();
    part.push(format!(".{}.part", std::process::id()));
    let file = OpenOptions::new().write(true).create_new(true).open(&part)?;
    let mut outcome = written(answer, file).await;
    if outcome.is_ok() {
        outcome = std::fs::rename(&part, &path).map_err(Into::into);
    }
    if outcome.is_err() {
        // what went wrong is told, whether or not the part is left
        drop(std::fs::remove_file(&part));
    }
    outcome
}

async fn written(answer: &mut Response, mut file: File) -> Result<(), Failed> {
    while let Some(piece) = answer.chunk().await? {
        file.write_all(&piece)?;
    }
    Ok(())
}
