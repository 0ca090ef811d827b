//! A real cluster: started, restarted, killed, contended for.
#![expect(clippy::unwrap_used, reason = "tests only: a failure here is a failed test")]

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use embedded::{Cluster, Error, Options, SUPERUSER, find_binaries, remove};

struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("motlan-embedded-{}-{name}", std::process::id()));
        Self(path)
    }
    fn start(&self, durable: bool) -> Result<Cluster, Error> {
        Cluster::start(Options { base_dir: self.0.clone(), durable })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = remove(&self.0);
    }
}

fn sql(cluster: &Cluster, text: &str) -> String {
    let psql = find_binaries().unwrap().join("psql");
    let url = cluster.url("postgres", SUPERUSER);
    let output = Command::new(psql).args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-c", text]).arg(url).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn kill(signal: &str, pid: u32) -> bool {
    Command::new("sh").args(["-c", &format!("kill -{signal} {pid} 2>/dev/null")]).status().unwrap().success()
}

/// Unlike `kill -0`, not fooled by a zombie, which an orphan stays where process 1 does not reap.
fn runs(pid: u32) -> bool {
    if std::path::Path::new("/proc/self/cmdline").exists() {
        return fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty());
    }
    kill("0", pid)
}

fn soon(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn data_outlives_a_restart_and_stop_leaves_no_process() {
    let scratch = Scratch::new("restart");
    let cluster = scratch.start(true).unwrap();
    assert_eq!(sql(&cluster, "show fsync"), "on");
    assert_eq!(sql(&cluster, "show data_checksums"), "on");
    assert_eq!(sql(&cluster, "show listen_addresses"), "");
    assert_eq!(sql(&cluster, "show timezone"), "UTC");
    sql(&cluster, "create table kept (n int); insert into kept values (42)");
    let pid = cluster.pid();
    cluster.stop().unwrap();
    assert!(!runs(pid));

    let cluster = scratch.start(true).unwrap();
    assert_eq!(sql(&cluster, "select n from kept"), "42");
    let (pid, data) = (cluster.pid(), cluster.data_dir());
    drop(cluster);
    assert!(!runs(pid), "dropping it stops it too");

    remove(&scratch.0).unwrap();
    assert!(!data.exists() && !scratch.0.exists());
}

#[test]
fn a_cluster_for_tests_does_not_sync() {
    let scratch = Scratch::new("fast");
    let cluster = scratch.start(false).unwrap();
    assert_eq!(sql(&cluster, "select current_setting('fsync') || current_setting('synchronous_commit')"), "offoff");
    cluster.remove().unwrap();
    assert!(!scratch.0.exists());
}

#[test]
fn only_its_owner_reaches_the_socket() {
    use std::os::unix::fs::PermissionsExt as _;
    let scratch = Scratch::new("socket");
    let cluster = scratch.start(false).unwrap();
    assert_eq!(fs::metadata(cluster.socket_dir()).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(cluster.socket_dir().join(".s.PGSQL.5432").exists());
}

#[test]
fn a_deep_directory_still_has_a_socket() {
    let scratch = Scratch::new(&"deep".repeat(30));
    let cluster = scratch.start(false).unwrap();
    assert_eq!(sql(&cluster, "select 1"), "1");
    assert!(cluster.socket_dir().as_os_str().len() < 86);
    let record = fs::read_to_string(scratch.0.join("where.txt")).unwrap();
    assert!(record.contains(&format!("run={}", cluster.socket_dir().display())));
}

#[test]
fn starts_after_the_server_was_killed() {
    let scratch = Scratch::new("killed");
    let cluster = scratch.start(true).unwrap();
    sql(&cluster, "create table kept (n int); insert into kept values (7)");
    assert!(kill("KILL", cluster.pid()));
    soon("the killed server is gone", || !runs(cluster.pid()));
    assert!(cluster.data_dir().join("postmaster.pid").exists(), "the killed server left its pid file");
    cluster.stop().unwrap();

    let cluster = scratch.start(true).unwrap();
    assert_eq!(sql(&cluster, "select n from kept"), "7");
}

#[test]
fn a_pid_file_of_another_program_does_not_block() {
    let scratch = Scratch::new("reused");
    let cluster = scratch.start(false).unwrap();
    let data = cluster.data_dir();
    cluster.stop().unwrap();
    // After a container restart the number in the file is that of some other process of the same user.
    let mut other = Command::new("sleep").arg("60").spawn().unwrap();
    fs::write(data.join("postmaster.pid"), format!("{}\n{}\n0\n5432\n\n\n\nready\n", other.id(), data.display()))
        .unwrap();
    let started = scratch.start(false).map(|cluster| sql(&cluster, "select 1"));
    assert!(kill("0", other.id()), "the other program is left alone");
    other.kill().unwrap();
    other.wait().unwrap();
    assert_eq!(started.unwrap(), "1");
}

#[test]
fn a_server_whose_owner_is_gone_is_replaced() {
    let scratch = Scratch::new("orphan");
    let cluster = scratch.start(false).unwrap();
    let first = cluster.pid();
    // The lock is what a dead owner loses; the server itself is alive and nobody stops it.
    std::mem::forget(cluster);
    fs::remove_file(scratch.0.join("lock")).unwrap();

    let cluster = scratch.start(false).unwrap();
    assert_ne!(cluster.pid(), first);
    assert!(!runs(first));
    assert_eq!(sql(&cluster, "select 1"), "1");
}

#[test]
fn a_second_start_is_refused_while_the_first_runs() {
    let scratch = Scratch::new("twice");
    let cluster = scratch.start(false).unwrap();
    let refused = scratch.start(false).err().unwrap();
    assert!(matches!(refused, Error::AlreadyRunning { pid, .. } if pid == std::process::id()), "{refused}");
    assert!(matches!(remove(&scratch.0), Err(Error::AlreadyRunning { .. })));
    assert_eq!(sql(&cluster, "select 1"), "1");
}

#[test]
fn half_an_initdb_is_made_anew() {
    let scratch = Scratch::new("half");
    let cluster = scratch.start(false).unwrap();
    let data = cluster.data_dir();
    cluster.stop().unwrap();
    fs::rename(&data, data.with_file_name("data.new")).unwrap();
    fs::remove_file(data.with_file_name("data.new").join("PG_VERSION")).unwrap();

    let cluster = scratch.start(false).unwrap();
    assert_eq!(sql(&cluster, "select 1"), "1");
    assert!(!data.with_file_name("data.new").exists());
}

#[test]
fn a_failed_start_shows_the_log() {
    let scratch = Scratch::new("broken");
    let cluster = scratch.start(false).unwrap();
    let data = cluster.data_dir();
    cluster.stop().unwrap();
    fs::write(data.join("postgresql.conf"), "no_such_setting = 1\n").unwrap();
    let error = scratch.start(false).err().unwrap().to_string();
    assert!(error.contains("no_such_setting"), "{error}");
}

/// Not a test of its own: the process that the next test kills.
#[test]
fn owner_to_be_killed() {
    let Some(base_dir) = std::env::var_os("MOTLAN_EMBEDDED_OWNER").map(PathBuf::from) else { return };
    let cluster = Cluster::start(Options { base_dir: base_dir.clone(), durable: false }).unwrap();
    // First under another name: the other process must not read half a number.
    let file = base_dir.join("server");
    fs::write(file.with_extension("new"), cluster.pid().to_string()).unwrap();
    fs::rename(file.with_extension("new"), &file).unwrap();
    std::thread::sleep(Duration::from_secs(60));
}

#[cfg(target_os = "linux")]
#[test]
fn the_server_ends_with_its_killed_owner() {
    let scratch = Scratch::new("owner");
    let mut owner = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "owner_to_be_killed"])
        .env("MOTLAN_EMBEDDED_OWNER", &scratch.0)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let file = scratch.0.join("server");
    soon("the owner started a server", || file.exists());
    let pid: u32 = fs::read_to_string(&file).unwrap().parse().unwrap();
    owner.kill().unwrap();
    owner.wait().unwrap();
    // Started without waiting: whether the old server is still ending makes no difference.
    let cluster = scratch.start(false).unwrap();
    assert!(!runs(pid));
    assert_eq!(sql(&cluster, "select 1"), "1");
    cluster.stop().unwrap();
    fs::remove_file(file).unwrap();
}
