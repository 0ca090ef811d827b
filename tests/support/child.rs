//! The real binary as child processes, with all that they say.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command as Blocking, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

pub type Env = Vec<(String, String)>;

/// Names the program to run instead, a release say.
const GIVEN: &str = "MOTLAN_TEST_BINARY";

/// `motlan` beside this test program. Built when it is missing, or older than a source of it: `cargo test -p tests`
/// does not build it.
pub fn binary() -> PathBuf {
    if let Some(given) = std::env::var_os(GIVEN).filter(|given| !given.is_empty()) {
        return given.into();
    }
    let own = std::env::current_exe().unwrap();
    let dir = own.parent().unwrap();
    let path = if dir.ends_with("deps") { dir.parent().unwrap() } else { dir }.join("motlan");
    let built = path.metadata().and_then(|m| m.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    let crates = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../crates");
    if newest(&crates) > built {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let target = path.parent().and_then(|debug| debug.parent()).unwrap();
        let mut build = Blocking::new(cargo);
        build.args(["build", "-q", "-p", "motlan"]).current_dir(&crates).env("CARGO_TARGET_DIR", target);
        assert!(build.status().unwrap().success(), "motlan does not compile");
    }
    assert!(path.exists(), "{} was not built", path.display());
    path
}

fn newest(dir: &std::path::Path) -> SystemTime {
    let entries = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    let times = entries
        .filter(|e| !e.ends_with("tests"))
        .filter_map(|e| if e.is_dir() { Some(newest(&e)) } else { e.metadata().ok()?.modified().ok() });
    times.max().unwrap_or(SystemTime::UNIX_EPOCH)
}

/// A command that ends by itself.
#[derive(Debug)]
pub struct Ended {
    pub stdout: String,
    pub stderr: String,
    pub success: bool,
}

pub async fn run(env: &Env, args: &[&str]) -> Ended {
    run_of(&binary(), env, args).await
}

/// The same with something to read on standard input.
pub async fn run_saying(env: &Env, args: &[&str], input: &str) -> Ended {
    let mut command = command(&binary(), env, args);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).await.unwrap();
    ended(child.wait_with_output().await.unwrap())
}

/// The same by another release.
pub async fn run_of(binary: &Path, env: &Env, args: &[&str]) -> Ended {
    ended(command(binary, env, args).output().await.unwrap())
}

fn ended(output: Output) -> Ended {
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ended { success: output.status.success(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn command(binary: &Path, env: &Env, args: &[&str]) -> Command {
    let mut command = Command::new(binary);
    command.args(args).env_clear().envs(env.iter().cloned()).current_dir(std::env::temp_dir()).stdin(Stdio::null());
    command.kill_on_drop(true);
    command
}

/// A command that goes on until it is told to end.
pub struct Running {
    child: Child,
    said: Arc<Mutex<String>>,
    pub ready: Value,
}

impl Running {
    pub async fn start(env: &Env, args: &[&str]) -> Self {
        Self::start_of(&binary(), env, args).await
    }

    /// The same by another release.
    pub async fn start_of(binary: &Path, env: &Env, args: &[&str]) -> Self {
        let mut child = command(binary, env, args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let said = Arc::default();
        keep(child.stdout.take().unwrap(), &said);
        keep(child.stderr.take().unwrap(), &said);
        for _ in 0..2_400 {
            let ready = lines(&said).into_iter().find(|line| line["event"] == "ready");
            if let Some(ready) = ready {
                return Self { child, said, ready };
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("{args:?} is not ready: {}", text(&said));
    }

    /// The address of a listener, as its ready line gives it.
    pub fn url(&self, listener: &str) -> String {
        format!("http://{}", self.ready[listener].as_str().unwrap())
    }

    /// SIGKILL: nothing is finished, nothing is said.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Tells it to end and waits: all that it said.
    pub async fn end(mut self) -> String {
        signal(&self.child, "TERM");
        let ended = tokio::time::timeout(Duration::from_secs(60), self.child.wait()).await;
        assert!(ended.expect("it ends within a minute").unwrap().success(), "{}", text(&self.said));
        text(&self.said)
    }
}

/// The shell's own kill: a minimal system has no program of that name.
fn signal(child: &Child, signal: &str) {
    let kill = format!("kill -{signal} {}", child.id().unwrap());
    assert!(Blocking::new("sh").args(["-c", &kill]).status().unwrap().success());
}

/// A command that ends by itself, unless it is killed before.
pub struct Begun {
    child: Child,
    said: Arc<Mutex<String>>,
}

impl Begun {
    pub fn start(env: &Env, args: &[&str]) -> Self {
        let mut child = command(&binary(), env, args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let said = Arc::default();
        keep(child.stdout.take().unwrap(), &said);
        keep(child.stderr.take().unwrap(), &said);
        Self { child, said }
    }

    /// By name: STOP halts it, CONT lets it go on.
    pub fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// Waits until it has said so.
    pub async fn has_said(&self, what: &str) {
        for _ in 0..6_000 {
            if text(&self.said).contains(what) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it never said {what}: {}", text(&self.said));
    }

    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Waits for its end, which must be a good one.
    pub async fn ends(&mut self) {
        let ended = self.child.wait().await.unwrap();
        assert!(ended.success(), "{ended}: {}", text(&self.said));
    }
}

fn keep(from: impl AsyncRead + Unpin + Send + 'static, said: &Arc<Mutex<String>>) {
    let said = Arc::clone(said);
    tokio::spawn(async move {
        let mut lines = BufReader::new(from).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
            said.push_str(&line);
            said.push('\n');
        }
    });
}

fn text(said: &Arc<Mutex<String>>) -> String {
    said.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn lines(said: &Arc<Mutex<String>>) -> Vec<Value> {
    text(said).lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}
