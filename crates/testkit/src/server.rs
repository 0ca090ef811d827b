//! The test cluster: one per test process, or one that a runner started for many.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use embedded::{Cluster, Options};

/// Names the socket directory of a cluster that the caller started.
pub const SHARED: &str = "MOTLAN_TEST_POSTGRES";

const PREFIX: &str = "motlan-test-";
const ROOM_NEEDED_KIB: u64 = 1024 * 1024;

/// A static is never dropped: the server ends by its parent-death signal when the test process does.
static OWN: OnceLock<Cluster> = OnceLock::new();

pub fn socket_dir() -> PathBuf {
    match std::env::var_os(SHARED).filter(|value| !value.is_empty()) {
        Some(dir) => PathBuf::from(dir),
        None => OWN.get_or_init(start).socket_dir().to_owned(),
    }
}

/// A cluster without regard for durability, in memory when there is room.
pub fn start() -> Cluster {
    let parent = roomy_dir();
    // On a thread, for a first test should not wait until gigabytes of an earlier run are deleted.
    let swept = parent.clone();
    std::thread::spawn(move || {
        for dir in leftovers(&swept, PREFIX) {
            // Refused where another process holds the directory's lock.
            let _ = embedded::remove(&dir);
        }
    });
    let base_dir = parent.join(own_name(PREFIX));
    Cluster::start(Options { base_dir, durable: false }).unwrap_or_else(|error| panic!("test cluster: {error}"))
}

pub(crate) fn own_name(prefix: &str) -> String {
    format!("{prefix}{}-{}", std::process::id(), uuid::Uuid::new_v4().simple())
}

/// Directories that test processes of this user left: `<prefix><pid>-…` whose process is gone.
pub(crate) fn leftovers(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else { return Vec::new() };
    let dead = |name: &str| {
        let pid = name.strip_prefix(prefix).and_then(|rest| rest.split('-').next()).unwrap_or_default();
        pid.parse::<u32>().is_ok_and(|pid| !alive(pid))
    };
    // Somebody else's directory under our name in a shared /tmp is not to be followed anywhere.
    let me = process_uid();
    entries
        .flatten()
        .filter(|entry| entry.metadata().is_ok_and(|found| found.is_dir() && Some(found.uid()) == me))
        .filter(|entry| entry.file_name().to_str().is_some_and(dead))
        .map(|entry| entry.path())
        .collect()
}

fn alive(pid: u32) -> bool {
    Command::new("/bin/sh")
        .args(["-c", "kill -0 \"$1\" 2>/dev/null || ps -p \"$1\" >/dev/null 2>&1", "sh", &pid.to_string()])
        .stdin(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn process_uid() -> Option<u32> {
    let output = Command::new("id").arg("-u").stdin(Stdio::null()).output().ok()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}

fn roomy_dir() -> PathBuf {
    let memory = Path::new("/dev/shm");
    let free = |dir: &Path| -> Option<u64> {
        let output = Command::new("df").arg("-Pk").arg(dir).stdin(Stdio::null()).output().ok()?;
        String::from_utf8_lossy(&output.stdout).lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
    };
    if memory.is_dir() && free(memory).is_some_and(|kib| kib > ROOM_NEEDED_KIB) {
        memory.to_owned()
    } else {
        std::env::temp_dir()
    }
}
