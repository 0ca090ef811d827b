//! A Redis of the test's own, which it may kill, stop and empty. Without the program a test that needs it fails and
//! says so: `make test` installs it.

use crate::server::{leftovers, own_name};
pub use embedded::Redis;
use std::process::{Command, Stdio};

const PREFIX: &str = "motlan-redis-";

/// Starts one in a new directory.
pub fn start() -> Redis {
    let parent = std::env::temp_dir();
    for dir in leftovers(&parent, PREFIX) {
        let _ = std::fs::remove_dir_all(dir);
    }
    let program = embedded::find_redis().expect("redis-server is not installed: deploy/install-servers.sh does it");
    Redis::start(&program, &parent.join(own_name(PREFIX))).unwrap_or_else(|error| panic!("test Redis: {error}"))
}

/// Sends it a signal by name: STOP hangs it, CONT lets it go on, KILL ends it.
pub fn signal(redis: &Redis, signal: &str) {
    let pid = redis.pid().to_string();
    let sent = Command::new("/bin/sh")
        .args(["-c", "kill -\"$1\" \"$2\"", "sh", signal, &pid])
        .stdin(Stdio::null())
        .status()
        .unwrap();
    assert!(sent.success(), "no signal {signal}");
}
