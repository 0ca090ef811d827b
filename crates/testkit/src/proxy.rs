//! A Unix-socket proxy before the test cluster that counts what a client costs and can cut it off.
//!
//! It reads the framing of PostgreSQL's protocol version 3, without TLS. Plain threads, so that what a
//! test's own runtime does cannot change what is counted.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fs::{self, DirBuilder};
use std::io::{self, BufReader, BufWriter, Write};
use std::net::Shutdown;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::frames::{CANCEL, first_message, message};
use crate::server::{leftovers, own_name};

const PREFIX: &str = "motlan-proxy-";
const SOCKET: &str = ".s.PGSQL.5432";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// How often the client had to wait for the network. A message sent while no answer is outstanding
    /// begins a round trip; what is sent before that answer arrives rides along. Connecting does not
    /// count, nor does closing a prepared statement, for which no client waits.
    pub round_trips: u64,
    /// Transactions that the server reported as committed by `COMMIT`.
    pub commits: u64,
    /// Statements that the server completed, `BEGIN` and `COMMIT` among them.
    pub statements: u64,
}

/// When the proxy cuts a client off: at its n-th `COMMIT` from now, over all connections.
#[derive(Clone, Copy, Debug)]
enum Cut {
    /// The server commits; the client never learns of it.
    After(u64),
    /// The server never sees the `COMMIT`; to the client it looks the same.
    Before(u64),
}

#[derive(Default)]
struct Shared {
    connections: Vec<Counts>,
    cut: Option<Cut>,
    /// Commits at which a client was cut off.
    cuts: u64,
    /// Both ends of each connection that is open.
    streams: HashMap<usize, [UnixStream; 2]>,
    stopped: bool,
}

/// Dropping it closes its connections.
pub struct Proxy {
    dir: PathBuf,
    shared: Arc<Mutex<Shared>>,
}

impl Proxy {
    pub fn start(upstream_socket_dir: impl AsRef<Path>) -> Self {
        Self::with_latency(upstream_socket_dir, Duration::ZERO)
    }

    /// Answers arrive only after `latency`, as over a network: then what a client sends without waiting for an answer
    /// is always told from what it sends after one, however the machine's threads are scheduled.
    pub fn with_latency(upstream_socket_dir: impl AsRef<Path>, latency: Duration) -> Self {
        let parent = std::env::temp_dir();
        for dir in leftovers(&parent, PREFIX) {
            let _ = fs::remove_dir_all(dir);
        }
        let dir = parent.join(own_name(PREFIX));
        DirBuilder::new().mode(0o700).create(&dir).unwrap();
        let listener = UnixListener::bind(dir.join(SOCKET)).unwrap();
        let upstream = upstream_socket_dir.as_ref().join(SOCKET);
        let shared = Arc::new(Mutex::new(Shared::default()));
        let accepted = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming() {
                if locked(&accepted).stopped {
                    return;
                }
                let Ok(client) = client else { continue };
                let (upstream, shared) = (upstream.clone(), Arc::clone(&accepted));
                thread::spawn(move || {
                    // An error here is a closed connection, which both ends see for themselves.
                    let _ = serve(&client, &upstream, &shared, latency);
                    let _ = client.shutdown(Shutdown::Both);
                });
            }
        });
        Self { dir, shared }
    }

    pub fn url(&self, database: &str, user: &str) -> String {
        embedded::url(&self.dir, database, user)
    }

    pub fn counts(&self) -> Counts {
        self.connections().into_iter().fold(Counts::default(), |sum, one| Counts {
            round_trips: sum.round_trips + one.round_trips,
            commits: sum.commits + one.commits,
            statements: sum.statements + one.statements,
        })
    }

    /// In the order of connecting; closed ones stay in it.
    pub fn connections(&self) -> Vec<Counts> {
        locked(&self.shared).connections.clone()
    }

    pub fn reset(&self) {
        locked(&self.shared).connections.iter_mut().for_each(|counts| *counts = Counts::default());
    }

    /// Closes the client's connection when the n-th `COMMIT` from now (1 is the next) has been carried
    /// out: by the time the client sees its connection closed, the data is committed. Happens once.
    pub fn cut_after_commit(&self, n: u64) {
        locked(&self.shared).cut = Some(Cut::After(n));
    }

    /// Closes both connections instead of forwarding the n-th `COMMIT` from now: the server rolls back.
    pub fn cut_before_commit(&self, n: u64) {
        locked(&self.shared).cut = Some(Cut::Before(n));
    }

    /// How often a client was cut off at a `COMMIT`.
    pub fn cuts(&self) -> u64 {
        locked(&self.shared).cuts
    }

    /// Closes every connection at whatever point it is; how many there were.
    pub fn cut_all(&self) -> usize {
        let mut shared = locked(&self.shared);
        for stream in shared.streams.values().flatten() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        std::mem::take(&mut shared.streams).len()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let mut shared = locked(&self.shared);
        shared.stopped = true;
        for stream in shared.streams.values().flatten() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        drop(shared);
        // Wakes the thread that accepts.
        let _ = UnixStream::connect(self.dir.join(SOCKET));
        let _ = fs::remove_dir_all(&self.dir);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is known of one connection; both directions look at it, each before it forwards, so that an
/// answer is accounted for before the client can react to it.
#[derive(Default)]
struct Traffic {
    started: bool,
    /// The Sync and Query messages that the server has yet to answer with ReadyForQuery.
    outstanding: VecDeque<u8>,
    /// Messages were sent since the last of those.
    unsynced: bool,
    /// This round trip is already counted.
    counted: bool,
    /// So far it only closes statements.
    only_closes: bool,
    /// The client is being cut off: the server's answers go nowhere.
    silenced: bool,
}

impl Traffic {
    /// Whether the message begins a round trip.
    fn sent(&mut self, tag: u8) -> bool {
        if !self.started || tag == b'X' {
            return false;
        }
        let waits = match tag {
            b'C' => false,
            b'S' => !self.only_closes,
            _ => true,
        };
        self.only_closes = !waits && !self.counted;
        let begins = waits && !self.counted;
        self.counted |= waits;
        if matches!(tag, b'S' | b'Q' | b'F') {
            self.outstanding.push_back(tag);
            self.unsynced = false;
        } else {
            self.unsynced = true;
        }
        begins
    }

    fn answered(&mut self, tag: u8) {
        match tag {
            b'Z' if !self.started => self.started = true,
            b'Z' => {
                self.outstanding.pop_front();
            }
            // In COPY the server ignores the Sync that came with the Execute; the one after the data counts.
            b'G' if self.outstanding.front() == Some(&b'S') => {
                self.outstanding.pop_front();
            }
            _ => return,
        }
        if self.outstanding.is_empty() && !self.unsynced {
            self.counted = false;
            self.only_closes = false;
        }
    }
}

/// Recognizes `COMMIT` in either form of the protocol.
#[derive(Default)]
struct Commits {
    statements: HashMap<Vec<u8>, bool>,
    portals: HashSet<Vec<u8>>,
}

impl Commits {
    fn is_commit(&mut self, tag: u8, body: &[u8]) -> bool {
        let mut words = body.split(|byte| *byte == 0);
        let mut word = || words.next().unwrap_or_default().to_vec();
        match tag {
            b'Q' => ends_in_commit(&word()),
            b'P' => {
                let (name, text) = (word(), word());
                self.statements.insert(name, ends_in_commit(&text));
                false
            }
            b'B' => {
                let (portal, statement) = (word(), word());
                if self.statements.get(&statement) == Some(&true) {
                    self.portals.insert(portal);
                } else {
                    self.portals.remove(&portal);
                }
                false
            }
            b'E' => self.portals.contains(&word()),
            _ => false,
        }
    }
}

fn ends_in_commit(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text).to_ascii_lowercase();
    let last = text.split(';').map(str::trim).rfind(|statement| !statement.is_empty());
    last.is_some_and(|statement| ["commit", "commit work", "commit transaction", "end"].contains(&statement))
}

fn serve(client: &UnixStream, upstream: &Path, shared: &Arc<Mutex<Shared>>, latency: Duration) -> io::Result<()> {
    let mut from_client = BufReader::new(client.try_clone()?);
    let Some(hello) = first_message(&mut from_client, client)? else { return Ok(()) };
    let server = UnixStream::connect(upstream)?;
    (&server).write_all(&hello.bytes)?;
    if hello.code == CANCEL {
        return Ok(());
    }
    let index = {
        let mut all = locked(shared);
        let (index, ends) = (all.connections.len(), [client.try_clone()?, server.try_clone()?]);
        all.streams.insert(index, ends);
        all.connections.push(Counts::default());
        index
    };
    let traffic = Arc::new(Mutex::new(Traffic::default()));

    let (answers, to_client) = (server.try_clone()?, client.try_clone()?);
    let (their_traffic, their_shared) = (Arc::clone(&traffic), Arc::clone(shared));
    let answering = thread::spawn(move || {
        let _ = forward_answers(&answers, &to_client, index, &their_traffic, &their_shared, latency);
        let _ = answers.shutdown(Shutdown::Both);
        let _ = to_client.shutdown(Shutdown::Both);
    });
    let sent = forward_requests(from_client, &server, index, &traffic, shared);
    // A client that has said goodbye may still be owed the last answers.
    let _ = server.shutdown(Shutdown::Write);
    let _ = answering.join();
    locked(shared).streams.remove(&index);
    sent
}

fn forward_requests(
    mut from: BufReader<UnixStream>,
    server: &UnixStream,
    index: usize,
    traffic: &Mutex<Traffic>,
    shared: &Mutex<Shared>,
) -> io::Result<()> {
    let mut to = BufWriter::new(server);
    let mut commits = Commits::default();
    let mut bytes = Vec::new();
    while let Some(tag) = message(&mut from, &mut bytes)? {
        let is_commit = commits.is_commit(tag, bytes.get(5..).unwrap_or_default());
        {
            let mut traffic = locked(traffic);
            let mut shared = locked(shared);
            if traffic.sent(tag) {
                shared.connections[index].round_trips += 1;
            }
            if is_commit {
                match shared.cut {
                    Some(Cut::After(1)) => {
                        shared.cut = None;
                        shared.cuts += 1;
                        traffic.silenced = true;
                    }
                    Some(Cut::Before(1)) => {
                        shared.cut = None;
                        shared.cuts += 1;
                        return server.shutdown(Shutdown::Both);
                    }
                    Some(Cut::After(n)) => shared.cut = Some(Cut::After(n - 1)),
                    Some(Cut::Before(n)) => shared.cut = Some(Cut::Before(n - 1)),
                    None => {}
                }
            }
        }
        to.write_all(&bytes)?;
        if from.buffer().is_empty() {
            to.flush()?;
        }
    }
    to.flush()
}

fn forward_answers(
    server: &UnixStream,
    client: &UnixStream,
    index: usize,
    traffic: &Mutex<Traffic>,
    shared: &Mutex<Shared>,
    latency: Duration,
) -> io::Result<()> {
    let mut from = BufReader::new(server);
    let mut to = BufWriter::new(client);
    let mut bytes = Vec::new();
    let mut burst_begins = true;
    while let Some(tag) = message(&mut from, &mut bytes)? {
        if burst_begins && !latency.is_zero() && locked(traffic).started {
            thread::sleep(latency);
        }
        burst_begins = from.buffer().is_empty();
        let done = if tag == b'C' { bytes.get(5..).unwrap_or_default() } else { &[] };
        let silenced = {
            let mut traffic = locked(traffic);
            traffic.answered(tag);
            if tag == b'C' {
                let counts = &mut locked(shared).connections[index];
                counts.statements += 1;
                counts.commits += u64::from(done == b"COMMIT\0");
            }
            traffic.silenced
        };
        if silenced {
            // Only now, so that a client that sees the end may look for the data at once.
            if tag == b'E' || done == b"COMMIT\0" || done == b"ROLLBACK\0" {
                return Ok(());
            }
            continue;
        }
        to.write_all(&bytes)?;
        if from.buffer().is_empty() {
            to.flush()?;
        }
    }
    to.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started() -> Traffic {
        Traffic { started: true, ..Traffic::default() }
    }

    #[test]
    fn messages_before_the_answer_ride_along() {
        let mut traffic = started();
        let begun: Vec<bool> = b"PDSPDSBES".iter().map(|tag| traffic.sent(*tag)).collect();
        assert_eq!(begun.iter().filter(|begins| **begins).count(), 1);
        b"ZZZ".iter().for_each(|tag| traffic.answered(*tag));
        assert!(traffic.sent(b'Q'));
    }

    #[test]
    fn nobody_waits_for_a_closed_statement() {
        let mut traffic = started();
        assert!(!traffic.sent(b'C') && !traffic.sent(b'S'));
        assert!(traffic.sent(b'B'), "what follows is waited for");
        assert!(!traffic.sent(b'E') && !traffic.sent(b'S'));
        b"ZZ".iter().for_each(|tag| traffic.answered(*tag));
        assert!(traffic.sent(b'S'), "a lone Sync asks whether the server is there");
    }

    #[test]
    fn commit_is_known_in_both_forms() {
        let mut commits = Commits::default();
        assert!(commits.is_commit(b'Q', b"COMMIT\0"));
        assert!(commits.is_commit(b'Q', b"insert into t values (1); commit;\0"));
        assert!(!commits.is_commit(b'Q', b"select 'commit'\0"));
        assert!(!commits.is_commit(b'P', b"s1\0COMMIT\0\0\0"));
        assert!(!commits.is_commit(b'B', b"\0s1\0\0\0"));
        assert!(commits.is_commit(b'E', b"\0\0\0\0\0"));
        assert!(!commits.is_commit(b'P', b"\0select 1\0\0\0"));
        assert!(!commits.is_commit(b'B', b"\0\0\0\0"));
        assert!(!commits.is_commit(b'E', b"\0\0\0\0\0"));
    }
}
