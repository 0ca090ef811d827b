//! The gateway as staff reach it: HTTP, a Bearer key. A refusal is said in the gateway's own words.

use crate::failed::Failed;
use crate::up::DATA_DIR;
use clap::Args;
use reqwest::{RequestBuilder, Response};
use serde::Deserialize;
use serde_json::Value;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;
use uuid::Uuid;

const CONNECT: Duration = Duration::from_secs(5);
/// A report may begin late and be long: a workbook of a year's rows is written before its first byte is sent.
const SILENCE: Duration = Duration::from_secs(600);

/// What `motlan up` writes, as far as this needs it.
#[derive(Deserialize)]
struct RunFile {
    base_url: String,
    staff_key: String,
}

pub type Parameters = Vec<(&'static str, String)>;

// which gateway, and whose key
#[derive(Debug, Args)]
pub struct At {
    /// The gateway's address; that of the instance which `motlan up` started, unless told
    #[arg(long, global = true, value_name = "URL")]
    url: Option<String>,
    /// A person's key with the scope that the command needs
    #[arg(long, global = true, conflicts_with = "key_file")]
    key: Option<String>,
    /// A file with the key, which then stands in no list of processes
    #[arg(long, global = true, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Where `motlan up` keeps its data
    #[arg(long, global = true, default_value = DATA_DIR, value_name = "DIR")]
    data: PathBuf,
}

impl At {
    /// `instance` is the directory that was named for all commands, and goes before `--data`.
    pub fn client(self, instance: Option<PathBuf>) -> Result<Client, Failed> {
        Client::new(self.url, self.key, self.key_file.as_deref(), &instance.unwrap_or(self.data))
    }
}

pub struct Client {
    http: reqwest::Client,
    base: String,
    key: String,
}

impl Client {
    /// What is not named is that of the instance whose `run.json` lies in `data`.
    fn new(url: Option<String>, key: Option<String>, key_file: Option<&Path>, data: &Path) -> Result<Self, Failed> {
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

    /// Sends a file as it is; the whole answer as JSON.
    pub async fn send_file(&self, path: &str, parameters: &Parameters, bytes: Vec<u8>) -> Result<Value, Failed> {
        Ok(answered(self.post(path).query(parameters).body(bytes)).await?.json().await?)
    }

    /// Sends a wish; the whole answer as JSON.
    pub async fn send(&self, path: &str, body: &Value) -> Result<Value, Failed> {
        Ok(answered(self.post(path).json(body)).await?.json().await?)
    }

    /// Each is a request of its own: what was sent before is known by what it is about, not by its key.
    fn post(&self, path: &str) -> RequestBuilder {
        let call = self.http.post(format!("{}{path}", self.base)).bearer_auth(&self.key);
        call.header("Idempotency-Key", Uuid::new_v4().to_string())
    }

    async fn ask(&self, path: &str, parameters: &Parameters) -> Result<Response, Failed> {
        let call = self.http.get(format!("{}{path}", self.base)).bearer_auth(&self.key).query(parameters);
        answered(call).await
    }
}

async fn answered(call: RequestBuilder) -> Result<Response, Failed> {
    let answer = call.send().await?;
    if answer.status().is_success() {
        return Ok(answer);
    }
    let status = answer.status();
    let problem: Value = serde_json::from_slice(&answer.bytes().await?).unwrap_or_default();
    let said = |member: &str| problem.get(member).and_then(Value::as_str).unwrap_or("-").to_owned();
    Err(format!("the gateway refused ({status}): {}: {}", said("code"), said("detail")).into())
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
