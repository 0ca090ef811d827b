//! A place for one process of the real program: it is killed there, and started again at the same address, as a
//! supervisor would. What dies by itself is remembered, for that nobody asked.

use serde_json::Value;
use std::fs::{File, OpenOptions};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tests::child::Env;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::Mutex;

/// A supervisor's pause between two starts of what does not come up.
const PAUSE: Duration = Duration::from_millis(100);
/// Longer than any start may take, whatever else is broken meanwhile.
const START_LIMIT: Duration = Duration::from_secs(60);

pub struct Seat {
    pub name: String,
    program: PathBuf,
    args: Vec<String>,
    env: Env,
    log: PathBuf,
    child: Mutex<Option<Child>>,
    /// Requests that were sent to it and not answered.
    pub open: AtomicUsize,
    /// How often it ended without being killed.
    pub fell: AtomicUsize,
}

/// What a kill met.
pub struct Killed {
    pub open_requests: usize,
    /// From the last start to its ready line.
    pub up_after: Duration,
    /// How often it had to be started.
    pub starts: u32,
}

impl Seat {
    pub fn new(name: &str, program: &Path, args: &[&str], env: Env, dir: &Path) -> Self {
        Self {
            name: name.to_owned(),
            program: program.to_owned(),
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
            env,
            log: dir.join(format!("{name}.log")),
            child: Mutex::new(None),
            open: AtomicUsize::new(0),
            fell: AtomicUsize::new(0),
        }
    }

    /// Starts it; its ready line.
    pub async fn start(&self) -> Value {
        let mut held = self.child.lock().await;
        let (child, ready, ..) = self.until_ready().await;
        *held = Some(child);
        ready
    }

    /// SIGKILL, then a start at the same address.
    pub async fn kill(&self) -> Killed {
        let mut held = self.child.lock().await;
        let open_requests = self.open.load(Ordering::SeqCst);
        if let Some(mut child) = held.take() {
            if matches!(child.try_wait(), Ok(Some(_))) {
                self.fell.fetch_add(1, Ordering::SeqCst);
            }
            let _ = child.kill().await;
        }
        let (child, _, up_after, starts) = self.until_ready().await;
        *held = Some(child);
        Killed { open_requests, up_after, starts }
    }

    /// SIGKILL for good; false when it had ended by itself.
    pub async fn end(&self) -> bool {
        let Some(mut child) = self.child.lock().await.take() else { return true };
        let alive = matches!(child.try_wait(), Ok(None));
        let _ = child.kill().await;
        alive
    }

    pub fn log(&self) -> &Path {
        &self.log
    }

    async fn until_ready(&self) -> (Child, Value, Duration, u32) {
        let begun = Instant::now();
        for starts in 1.. {
            let spawned = Instant::now();
            let mut child = self.spawn();
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            // a program that cannot start says why in its log and ends: then this is the end of its output
            let ready = tokio::time::timeout(START_LIMIT, lines.next_line()).await;
            if let Ok(Ok(Some(line))) = ready {
                let up = spawned.elapsed();
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                return (child, serde_json::from_str(&line).unwrap(), up, starts);
            }
            let _ = child.kill().await;
            assert!(begun.elapsed() < START_LIMIT, "{} does not start: see {}", self.name, self.log.display());
            tokio::time::sleep(PAUSE).await;
        }
        unreachable!("it returns or gives up");
    }

    fn spawn(&self) -> Child {
        let log: File = OpenOptions::new().create(true).append(true).open(&self.log).unwrap();
        let mut command = Command::new(&self.program);
        command.args(&self.args).env_clear().envs(self.env.iter().cloned());
        command.current_dir(self.log.parent().unwrap()).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        command.spawn().unwrap()
    }
}

/// A port of the loopback that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
