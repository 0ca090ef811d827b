//! A gate on every wire of one process: to the test cluster, to other systems over HTTP, and to whoever asks the process.
//! It counts what goes through and, at one place that the test names, stands still with all else that is on the wires.
//! Then the process can be killed as if it had died just there, or stopped and let go on later.
//!
//! Plain threads, as in the proxy, so that what a test's own runtime does cannot change the order.

mod database;
mod http;

use crate::server::{leftovers, own_name};
use std::collections::HashMap;
use std::fmt;
use std::fs::{self, DirBuilder};
use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

const PREFIX: &str = "motlan-gate-";
const SOCKET: &str = ".s.PGSQL.5432";

/// A kind of place at which the process can be stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// What it sends to the database up to a Sync or Query, unless it only prepares statements: the database does not
    /// get it.
    Statement,
    /// The database has carried it out, and the process does not hear.
    Result,
    /// A request to another system, which does not get it.
    Call,
    /// The other system has answered, and the process does not hear.
    Reply,
    /// The process has answered whoever asked it, who does not hear.
    Answer,
}

impl Place {
    pub const ALL: [Self; 5] = [Self::Statement, Self::Result, Self::Call, Self::Reply, Self::Answer];
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Statement => "statement",
            Self::Result => "result",
            Self::Call => "call",
            Self::Reply => "reply",
            Self::Answer => "answer",
        })
    }
}

/// What went through, in the order of its kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// It ended a transaction that wrote: known of a statement once its result has passed.
    pub committed: bool,
    /// Its connection has a transaction open while it waits there.
    pub within: bool,
}

#[derive(Default)]
struct State {
    passed: HashMap<Place, Vec<Passed>>,
    armed: Option<(Place, usize)>,
    /// One waits at the place that was armed.
    held: bool,
    /// All others wait too.
    stands_still: bool,
    /// Counts the cuts: a connection of an earlier one is over.
    generation: u64,
    ends: Vec<End>,
    stopped: bool,
}

enum End {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl End {
    fn close(&self) {
        let _ = match self {
            Self::Unix(stream) => stream.shutdown(Shutdown::Both),
            Self::Tcp(stream) => stream.shutdown(Shutdown::Both),
        };
    }
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn generation(&self) -> u64 {
        self.locked().generation
    }

    /// Waits while the gate stands still; an error once the connection was cut.
    fn open(&self, generation: u64) -> io::Result<()> {
        self.waits(self.locked(), generation, |state| state.stands_still).map(drop)
    }

    fn waits<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        generation: u64,
        shut: impl Fn(&State) -> bool,
    ) -> io::Result<MutexGuard<'a, State>> {
        while shut(&state) && state.generation == generation {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.generation == generation { Ok(state) } else { Err(io::Error::other("cut")) }
    }

    /// Something comes to a place; returns when it may go on, with its number.
    fn pass(&self, generation: u64, place: Place, what: Passed) -> io::Result<usize> {
        let mut state = self.waits(self.locked(), generation, |state| state.stands_still)?;
        let all = state.passed.entry(place).or_default();
        all.push(what);
        let number = all.len();
        if state.armed == Some((place, number)) {
            state.armed = None;
            (state.held, state.stands_still) = (true, true);
            drop(self.waits(state, generation, |state| state.held)?);
        }
        Ok(number)
    }

    fn keeps(&self, generation: u64, end: End) {
        let mut state = self.locked();
        if state.generation == generation && !state.stopped {
            state.ends.push(end);
        } else {
            end.close();
        }
    }
}

/// Dropping it closes its connections.
pub struct Gate {
    dir: PathBuf,
    shared: Arc<Shared>,
}

impl Gate {
    pub fn start(upstream_socket_dir: impl AsRef<Path>) -> Self {
        let parent = std::env::temp_dir();
        for dir in leftovers(&parent, PREFIX) {
            let _ = fs::remove_dir_all(dir);
        }
        let dir = parent.join(own_name(PREFIX));
        DirBuilder::new().mode(0o700).create(&dir).unwrap();
        let listener = UnixListener::bind(dir.join(SOCKET)).unwrap();
        let upstream = upstream_socket_dir.as_ref().join(SOCKET);
        let shared = Arc::new(Shared::default());
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming() {
                if accepting.locked().stopped {
                    return;
                }
                let Ok(client) = client else { continue };
                let (to, shared) = (upstream.clone(), Arc::clone(&accepting));
                thread::spawn(move || {
                    // An error here is a closed connection, which both ends see for themselves.
                    let _ = database::serve(&client, &to, &shared);
                    let _ = client.shutdown(Shutdown::Both);
                });
            }
        });
        Self { dir, shared }
    }

    pub fn url(&self, database: &str, user: &str) -> String {
        embedded::url(&self.dir, database, user)
    }

    /// The address by which the process shall call the system at `base`.
    pub fn before(&self, base: &str) -> String {
        self.forwards(base, http::Way { ask: Some(Place::Call), answer: Place::Reply })
    }

    /// The address by which others shall call the process, which listens at `base`.
    pub fn in_front_of(&self, base: &str) -> String {
        self.forwards(base, http::Way { ask: None, answer: Place::Answer })
    }

    fn forwards(&self, base: &str, way: http::Way) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (upstream, shared) = (base.trim_start_matches("http://").to_owned(), Arc::clone(&self.shared));
        thread::spawn(move || {
            for client in listener.incoming() {
                if shared.locked().stopped {
                    return;
                }
                let Ok(client) = client else { continue };
                let (upstream, shared) = (upstream.clone(), Arc::clone(&shared));
                thread::spawn(move || {
                    let _ = http::serve(&client, &upstream, &shared, way);
                    let _ = client.shutdown(Shutdown::Both);
                });
            }
        });
        format!("http://{address}")
    }

    /// Counts from here.
    pub fn reset(&self) {
        let mut state = self.shared.locked();
        state.passed.clear();
        state.armed = None;
    }

    /// Counts from here, and stands still when the n-th comes to that place; 1 is the next.
    pub fn stand_still_at(&self, place: Place, n: usize) {
        let mut state = self.shared.locked();
        state.passed.clear();
        state.armed = Some((place, n));
    }

    /// Whether one waits at the place.
    pub fn is_reached(&self) -> bool {
        self.shared.locked().held
    }

    /// Returns when one waits at the place.
    pub async fn reached(&self) {
        while !self.is_reached() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// What has passed since it counts, or came to that place and waits there.
    pub fn passed(&self, place: Place) -> Vec<Passed> {
        self.shared.locked().passed.get(&place).cloned().unwrap_or_default()
    }

    /// Only the one waits on: the process is halted, and others use the same wires.
    pub fn others_pass(&self) {
        self.shared.locked().stands_still = false;
        self.shared.changed.notify_all();
    }

    /// What waits goes on.
    pub fn go_on(&self) {
        let mut state = self.shared.locked();
        state.armed = None;
        (state.held, state.stands_still) = (false, false);
        drop(state);
        self.shared.changed.notify_all();
    }

    /// Nothing that waits arrives: every connection is over. What connects from now on passes.
    pub fn cut(&self) {
        let mut state = self.shared.locked();
        state.generation += 1;
        state.armed = None;
        (state.held, state.stands_still) = (false, false);
        state.ends.drain(..).for_each(|end| end.close());
        drop(state);
        self.shared.changed.notify_all();
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.shared.locked().stopped = true;
        self.cut();
        // Wakes the thread that accepts; those that accept TCP end with the test's process.
        let _ = UnixStream::connect(self.dir.join(SOCKET));
        let _ = fs::remove_dir_all(&self.dir);
    }
}
