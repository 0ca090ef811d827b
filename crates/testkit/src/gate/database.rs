//! One connection to PostgreSQL through the gate. What the client sends is held back until its Sync, Query or end of
//! data, and forwarded whole; what the server answers until it is ready again.

use super::{End, Passed, Place, Shared};
use crate::frames::{CANCEL, first_message, message};
use std::collections::VecDeque;
use std::io::{self, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// What the two directions know of each other.
#[derive(Default)]
struct Talk {
    started: bool,
    /// The server was in no transaction when it was ready last.
    idle: bool,
    /// What the server has yet to be ready after: the number of the statement, none where it only prepares.
    outstanding: VecDeque<Option<usize>>,
}

fn locked(talk: &Mutex<Talk>) -> MutexGuard<'_, Talk> {
    talk.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn serve(client: &UnixStream, upstream: &Path, shared: &Arc<Shared>) -> io::Result<()> {
    let generation = shared.generation();
    let mut from_client = BufReader::new(client.try_clone()?);
    let Some(hello) = first_message(&mut from_client, client)? else { return Ok(()) };
    shared.open(generation)?;
    let server = UnixStream::connect(upstream)?;
    (&server).write_all(&hello.bytes)?;
    if hello.code == CANCEL {
        return Ok(());
    }
    shared.keeps(generation, End::Unix(client.try_clone()?));
    shared.keeps(generation, End::Unix(server.try_clone()?));
    let talk = Arc::new(Mutex::new(Talk::default()));
    let (answers, to_client) = (server.try_clone()?, client.try_clone()?);
    let (their_talk, their_shared) = (Arc::clone(&talk), Arc::clone(shared));
    let answering = thread::spawn(move || {
        let _ = answers_of(&answers, &to_client, &their_talk, &their_shared, generation);
        let _ = answers.shutdown(Shutdown::Both);
        let _ = to_client.shutdown(Shutdown::Both);
    });
    let sent = requests(from_client, &server, &talk, shared, generation);
    // A process that died with all that it had sent under way is not heard any more; a client that said goodbye may
    // still be owed the last answers.
    let _ = server.shutdown(Shutdown::Write);
    let _ = answering.join();
    sent
}

fn requests(
    mut from: impl Read,
    mut server: &UnixStream,
    talk: &Mutex<Talk>,
    shared: &Shared,
    generation: u64,
) -> io::Result<()> {
    let (mut held, mut bytes) = (Vec::new(), Vec::new());
    let mut effective = false;
    while let Some(tag) = message(&mut from, &mut bytes)? {
        held.extend_from_slice(&bytes);
        effective |= matches!(tag, b'E' | b'Q' | b'c');
        if matches!(tag, b'S' | b'Q') {
            let number = if effective {
                let within = {
                    let talk = locked(talk);
                    !talk.idle || talk.outstanding.iter().any(Option::is_some)
                };
                Some(shared.pass(generation, Place::Statement, Passed { committed: false, within })?)
            } else {
                shared.open(generation)?;
                None
            };
            locked(talk).outstanding.push_back(number);
            effective = false;
        } else if matches!(tag, b'p' | b'd' | b'X' | b'H' | b'f') {
            shared.open(generation)?;
        } else {
            continue;
        }
        server.write_all(&held)?;
        held.clear();
    }
    Ok(())
}

fn answers_of(
    server: &UnixStream,
    mut client: &UnixStream,
    talk: &Mutex<Talk>,
    shared: &Shared,
    generation: u64,
) -> io::Result<()> {
    let mut from = BufReader::new(server);
    let (mut held, mut bytes) = (Vec::new(), Vec::new());
    let mut wrote = false;
    while let Some(tag) = message(&mut from, &mut bytes)? {
        held.extend_from_slice(&bytes);
        let body = bytes.get(5..).unwrap_or_default();
        match tag {
            b'C' => wrote |= writes(body),
            // In COPY the server ignores the Sync that came with the Execute; the one after the data counts.
            b'G' => {
                locked(talk).outstanding.pop_front();
                shared.open(generation)?;
                client.write_all(&held)?;
                held.clear();
            }
            b'Z' => {
                let number = {
                    let mut talk = locked(talk);
                    if talk.started { talk.outstanding.pop_front().flatten() } else { None }
                };
                let idle = body == b"I";
                let what = Passed { committed: idle && wrote, within: !idle };
                if let Some(number) = number {
                    if let Some(sent) = shared.locked().passed.get_mut(&Place::Statement)
                        && let Some(sent) = sent.get_mut(number - 1)
                    {
                        sent.committed = what.committed;
                    }
                    shared.pass(generation, Place::Result, what)?;
                } else {
                    shared.open(generation)?;
                }
                wrote &= !idle;
                {
                    let mut talk = locked(talk);
                    (talk.started, talk.idle) = (true, idle);
                }
                client.write_all(&held)?;
                held.clear();
            }
            _ => {}
        }
        let quiet = {
            let talk = locked(talk);
            !talk.started || talk.outstanding.is_empty()
        };
        if quiet && !held.is_empty() {
            shared.open(generation)?;
            client.write_all(&held)?;
            held.clear();
        }
    }
    client.write_all(&held)
}

/// A CommandComplete of something that changed rows.
fn writes(tag: &[u8]) -> bool {
    let changes = ["INSERT", "UPDATE", "DELETE", "COPY"].iter().any(|word| tag.starts_with(word.as_bytes()));
    changes && !tag.ends_with(b" 0\0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_no_row_writes_nothing() {
        assert!(writes(b"UPDATE 3\0") && writes(b"INSERT 0 1\0") && writes(b"COPY 10\0"));
        assert!(!writes(b"DELETE 0\0") && !writes(b"INSERT 0 0\0"));
        assert!(!writes(b"SELECT 1\0") && !writes(b"BEGIN\0") && !writes(b"COMMIT\0") && !writes(b"SET\0"));
    }
}
