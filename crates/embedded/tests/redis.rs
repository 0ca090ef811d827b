//! A real Redis: started, left behind, ended.

use embedded::{Redis, find_redis};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

#[test]
fn a_redis_is_reached_by_its_socket_only_and_ends_with_its_owner() {
    let dir = std::env::temp_dir().join(format!("motlan-embedded-{}-redis", std::process::id()));
    let program = find_redis().expect("redis-server is not installed: deploy/install-servers.sh does it");
    let redis = Redis::start(&program, &dir).unwrap();
    let socket = redis.socket();
    let mut stream = UnixStream::connect(&socket).unwrap();
    stream.write_all(b"CONFIG GET port\r\n").unwrap();
    let mut answer = [0; 128];
    let n = stream.read(&mut answer).unwrap();
    assert!(String::from_utf8_lossy(&answer[..n]).ends_with("$1\r\n0\r\n"), "it has a TCP port");
    drop(redis);
    assert!(UnixStream::connect(&socket).is_err());
    let again = Redis::start(&program, &dir).unwrap();
    again.stop().unwrap();
    assert!(!dir.exists(), "something is left of it");
}
