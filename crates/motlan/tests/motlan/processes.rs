//! Processes as an operator runs them: what they print when they are ready, and that they end when they are told to.

use crate::commands::motlan;
use crate::with;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

struct Process(Child);

impl Process {
    /// Starts it and reads its ready line.
    fn ready(mut command: Command) -> (Self, Value) {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let process = Self(child);
        (process, serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}")))
    }

    fn end(mut self) -> Duration {
        let begin = Instant::now();
        let pid = self.0.id().to_string();
        // the shell's own kill: a minimal system has no program of that name
        assert!(Command::new("sh").args(["-c", &format!("kill -TERM {pid}")]).status().unwrap().success());
        let status = self.0.wait().unwrap();
        assert!(status.success(), "{status}");
        begin.elapsed()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
    }
}

#[tokio::test]
async fn serve_and_work_say_where_they_listen_and_end_when_told_to() {
    let database = crate::commands::database().await;
    let url = database.url("motlan_app");
    let mut env = with(&[
        ("MOTLAN_DATABASE__URL", &url),
        ("MOTLAN_HTTP__LISTEN", "127.0.0.1:0"),
        ("MOTLAN_STAFF__LISTEN", "127.0.0.1:0"),
        ("MOTLAN_OPS__LISTEN", "127.0.0.1:0"),
    ]);
    env.retain(|(name, _)| !name.starts_with("MOTLAN_PROFILES__"));
    let (serve, said) = Process::ready(motlan(&env, &["serve"]));
    assert_eq!(said["event"], "ready");
    assert_eq!(said["pid"], serve.0.id());
    for listener in ["http", "staff", "ops"] {
        let address: std::net::SocketAddr = said[listener].as_str().unwrap().parse().unwrap();
        assert_ne!(address.port(), 0, "the port that was bound");
    }
    let taken = said["ops"].as_str().unwrap().to_owned();
    env.push(("MOTLAN_OPS__LISTEN".to_owned(), taken.clone()));
    let (work, said) = Process::ready(motlan(&env, &["work"]));
    assert_eq!((&said["event"], &said["http"]), (&Value::from("ready"), &Value::Null));
    assert_ne!(said["ops"], taken.as_str(), "a worker beside a gateway takes a free port");
    assert!(work.end() < Duration::from_secs(10));
    assert!(serve.end() < Duration::from_secs(10));
}

#[test]
fn a_gateway_without_its_beneficiary_or_port_says_so() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let database = runtime.block_on(crate::commands::database());
    let url = database.url("motlan_app");
    let env = with(&[("MOTLAN_DATABASE__URL", &url), ("MOTLAN_HTTP__LISTEN", "127.0.0.1:0")]);
    let env: Vec<_> = env
        .into_iter()
        .chain(["STAFF", "OPS"].map(|l| (format!("MOTLAN_{l}__LISTEN"), "127.0.0.1:0".to_owned())))
        .collect();
    let output = motlan(&env, &["serve"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("H38.17-KB") && said.contains("beneficiary create"), "{said}");
    let busy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut env = env;
    env.push(("MOTLAN_HTTP__LISTEN".to_owned(), busy.local_addr().unwrap().to_string()));
    let output = motlan(&env, &["serve"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("http.listen"), "{said}");
}
