//! `with-postgres -- command args…`: runs a command beside a throw-away PostgreSQL.
#![expect(clippy::unwrap_used, reason = "tests only: a failure here is a failed test")]

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitCode;

use testkit::server::{SHARED, start};
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1).skip_while(|word| word == "--");
    let Some(program) = words.next() else {
        eprintln!("usage: with-postgres -- command [arguments]");
        return ExitCode::from(2);
    };
    // Before the server starts, so that no signal finds the default and leaves a directory behind.
    let mut interrupted = signal(SignalKind::interrupt()).unwrap();
    let mut terminated = signal(SignalKind::terminate()).unwrap();
    let cluster = start();
    tokio::spawn(testkit::forgotten::sweep(cluster.socket_dir().to_owned()));
    let spawned = tokio::process::Command::new(&program).args(words).env(SHARED, cluster.socket_dir()).spawn();
    let code = match spawned {
        Ok(mut child) => loop {
            tokio::select! {
                status = child.wait() => break exit_code(status.unwrap()),
                // The terminal sends this one to the command as well.
                _ = interrupted.recv() => {}
                _ = terminated.recv() => {
                    if let Some(pid) = child.id() {
                        let kill = ["-c", "kill -TERM \"$1\"", "sh", &pid.to_string()];
                        let _ = std::process::Command::new("/bin/sh").args(kill).status();
                    }
                }
            }
        },
        Err(error) => {
            eprintln!("{}: {error}", program.display());
            127
        }
    };
    if let Err(error) = cluster.remove() {
        eprintln!("with-postgres: {error}");
    }
    ExitCode::from(code)
}

/// As a shell would: 128 and the signal's number for a command that a signal ended.
fn exit_code(status: std::process::ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(code).unwrap_or(1)
}
