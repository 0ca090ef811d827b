//! A server as a process: spawning it, telling PostgreSQL's from others, signalling it.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use crate::place::Account;
use crate::{Context as _, Error};

/// Fast shutdown, then immediate; the latter costs a recovery at the next start but no committed data.
pub(crate) const WAYS_TO_STOP: [(&str, Duration); 2] =
    [("INT", Duration::from_secs(10)), ("QUIT", Duration::from_secs(5))];

/// What libpq and the server would otherwise take over from the caller's surroundings.
const FOREIGN_SETTINGS: [&str; 10] =
    ["PGDATA", "PGPORT", "PGHOST", "PGUSER", "PGDATABASE", "PGOPTIONS", "PGSERVICE", "PGPASSWORD", "PGTZ", "PGSSLMODE"];

pub(crate) fn as_account(program: &Path, account: Option<Account>) -> Command {
    let mut command = Command::new(program);
    if let Some(Account { uid, gid }) = account {
        command.uid(uid).gid(gid);
    }
    surroundings(&mut command);
    command
}

/// The kernel sends SIGINT to the server when its parent is killed; without `setpriv` (macOS) a server
/// that outlives its parent is found through its pid file at the next start.
pub(crate) fn tied_to_parent(program: &Path, account: Option<Account>) -> Command {
    let tie = ["--pdeathsig", "INT"];
    let mut trial = Command::new("setpriv");
    trial.args(tie).arg("true").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if !trial.status().is_ok_and(|status| status.success()) {
        return as_account(program, account);
    }
    let mut command = Command::new("setpriv");
    if let Some(Account { uid, gid }) = account {
        command.arg(format!("--reuid={uid}")).arg(format!("--regid={gid}")).arg("--clear-groups");
    }
    command.args(tie).arg("--").arg(program);
    surroundings(&mut command);
    command
}

fn surroundings(command: &mut Command) {
    // The account may not be allowed into the caller's directory.
    command.current_dir("/").stdin(Stdio::null()).env("LC_ALL", "C");
    // Ctrl-C in the terminal goes to the whole foreground group: the server stops after its clients.
    command.process_group(0);
    for name in FOREIGN_SETTINGS {
        command.env_remove(name);
    }
}

#[derive(Default)]
struct Exit {
    status: Mutex<Option<ExitStatus>>,
    changed: Condvar,
}

pub(crate) struct Server {
    pub pid: u32,
    exit: Arc<Exit>,
}

impl Server {
    /// The parent-death signal fires when the *thread* that spawned the child ends, so the child gets a
    /// thread that waits for it and does nothing else.
    pub fn spawn(mut command: Command, name: &str) -> Result<Self, Error> {
        let exit = Arc::new(Exit::default());
        let (sender, receiver) = mpsc::channel();
        let shared = Arc::clone(&exit);
        thread::Builder::new()
            .name(format!("{name}-parent"))
            .spawn(move || match command.spawn() {
                Ok(mut child) => {
                    let _ = sender.send(Ok(child.id()));
                    let status = child.wait();
                    *shared.status.lock().unwrap_or_else(PoisonError::into_inner) = Some(status.unwrap_or_default());
                    shared.changed.notify_all();
                }
                Err(error) => {
                    let _ = sender.send(Err(error));
                }
            })
            .doing("starting a thread")?;
        let spawned = receiver.recv().unwrap_or_else(|_| Err(std::io::Error::other("its thread died")));
        Ok(Self { pid: spawned.doing(&format!("starting {name}"))?, exit })
    }

    pub fn exited(&self) -> Option<ExitStatus> {
        *self.exit.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn exits_within(&self, patience: Duration) -> bool {
        let guard = self.exit.status.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.exit.changed.wait_timeout_while(guard, patience, |status| status.is_none());
        waited.unwrap_or_else(PoisonError::into_inner).0.is_some()
    }

    pub fn stop(&self, ways: &[(&str, Duration)]) -> Result<(), Error> {
        for &(signal, patience) in ways {
            if self.exited().is_some() {
                return Ok(());
            }
            // Refused when it has ended a moment ago and its thread has yet to say so.
            let _ = send(signal, self.pid);
            if self.exits_within(patience) {
                return Ok(());
            }
        }
        Err(Error::Stop { pid: self.pid })
    }
}

pub(crate) struct PidFile {
    pub pid: u32,
    pub ready: bool,
}

impl PidFile {
    pub fn read(data_dir: &Path) -> Option<Self> {
        let text = fs::read_to_string(data_dir.join("postmaster.pid")).ok()?;
        let mut lines = text.lines();
        // A minus sign marks a single-user server.
        let pid = lines.next()?.trim().trim_start_matches('-').parse().ok()?;
        Some(Self { pid, ready: lines.nth(6).is_some_and(|status| status.trim() == "ready") })
    }
}

/// Deals with what a killed parent left: a live server of this directory is stopped, for the next one
/// must be a child of this process. A pid file whose process is dead is PostgreSQL's to judge (it also
/// looks for surviving backends); one whose number now belongs to another program, which is what happens
/// when a container restarts, would make it refuse, and goes.
pub(crate) fn end_leftover(data_dir: &Path) -> Result<(), Error> {
    let Some(PidFile { pid, .. }) = PidFile::read(data_dir) else { return Ok(()) };
    if !is_server_of(pid, data_dir) {
        if send("0", pid).is_ok() {
            let file = data_dir.join("postmaster.pid");
            fs::remove_file(&file).at(&file)?;
        }
        return Ok(());
    }
    for (signal, patience) in WAYS_TO_STOP {
        // It may end by itself at any moment, from its own parent-death signal.
        let _ = send(signal, pid);
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            if !is_server_of(pid, data_dir) {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
    Err(Error::Stop { pid })
}

/// By its command line, which every user may read, unlike its working directory; a zombie has none.
fn is_server_of(pid: u32, data_dir: &Path) -> bool {
    let data_dir = data_dir.to_string_lossy();
    if Path::new("/proc/self/cmdline").exists() {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let mut words = line.split(|byte| *byte == 0).map(String::from_utf8_lossy);
        return words.next().is_some_and(|program| program.ends_with("postgres")) && words.any(|word| word == data_dir);
    }
    let ps = Command::new("ps").args(["-ww", "-o", "command=", "-p", &pid.to_string()]).stdin(Stdio::null()).output();
    ps.is_ok_and(|output| {
        let line = String::from_utf8_lossy(&output.stdout);
        line.contains("postgres") && line.contains(&*data_dir)
    })
}

/// Through the shell's own `kill`: a minimal image has no program of that name.
fn send(signal: &str, pid: u32) -> Result<(), Error> {
    let status = Command::new("/bin/sh")
        .args(["-c", "kill -\"$1\" \"$2\" 2>/dev/null", "sh", signal, &pid.to_string()])
        .stdin(Stdio::null())
        .status()
        .doing("sending a signal")?;
    if status.success() { Ok(()) } else { Err(Error::Stop { pid }) }
}
