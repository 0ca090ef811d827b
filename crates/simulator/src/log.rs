//! Everything received and sent, one JSON object a line, synced before anybody is answered, so that a crash of any
//! side leaves the truth here. Refuses to go on after a failed write: the caller must not answer.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::clock;

#[derive(Clone)]
pub(crate) struct Log(Arc<Inner>);

struct Inner {
    written: Mutex<Written>,
    /// The number of lines known to be on disk: writers that queue here share one fsync.
    synced: Mutex<u64>,
    file: Option<(File, PathBuf)>,
}

struct Written {
    lines: u64,
    memory: Vec<u8>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A killed process may leave half a line, which must not swallow the next one.
fn end_half_line(file: &mut File) -> io::Result<()> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(());
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    if last == *b"\n" { Ok(()) } else { file.write_all(b"\n") }
}

impl Log {
    /// Appends to a file that is already there: a restarted simulator keeps what was said before.
    pub(crate) fn open(path: Option<&Path>) -> io::Result<Self> {
        let file = match path {
            Some(path) => {
                let mut file = OpenOptions::new().create(true).append(true).read(true).open(path)?;
                end_half_line(&mut file)?;
                Some((file, path.to_owned()))
            }
            None => None,
        };
        let written = Mutex::new(Written { lines: 0, memory: Vec::new() });
        Ok(Self(Arc::new(Inner { written, synced: Mutex::new(0), file })))
    }

    /// What an earlier process wrote of one kind; none where there is no file. A half line of one that was killed is
    /// nothing that anybody was told.
    pub(crate) fn earlier(path: &Path, kind: &str) -> io::Result<Vec<Value>> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let lines = bytes.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Value>(line).ok());
        Ok(lines.filter(|line| line["kind"].as_str() == Some(kind)).collect())
    }

    /// Returns when the line is on disk. Runs off the async threads, as an fsync may take long.
    pub(crate) async fn write(&self, kind: &'static str, what: Value) -> io::Result<()> {
        let inner = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || inner.write(kind, what)).await.map_err(io::Error::other)?
    }

    pub(crate) async fn read(&self) -> io::Result<Vec<u8>> {
        match &self.0.file {
            Some((_, path)) => tokio::fs::read(path).await,
            None => Ok(lock(&self.0.written).memory.clone()),
        }
    }
}

impl Inner {
    fn write(&self, kind: &'static str, what: Value) -> io::Result<()> {
        let number = {
            let mut written = lock(&self.written);
            let number = written.lines + 1;
            let mut line = json!({"n": number, "at": clock::now().to_string(), "kind": kind});
            if let (Some(line), Value::Object(what)) = (line.as_object_mut(), what) {
                line.extend(what);
            }
            let mut bytes = serde_json::to_vec(&line)?;
            bytes.push(b'\n');
            match &self.file {
                // One write call for the whole line: a killed process leaves no half line before a whole one.
                Some((file, _)) => (&mut &*file).write_all(&bytes)?,
                None => written.memory.extend_from_slice(&bytes),
            }
            written.lines = number;
            number
        };
        let Some((file, _)) = &self.file else { return Ok(()) };
        let mut synced = lock(&self.synced);
        if *synced < number {
            let upto = lock(&self.written).lines;
            file.sync_data()?;
            *synced = upto;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_are_numbered_and_in_order_with_and_without_a_file() {
        let path = std::env::temp_dir().join(format!("simulator-log-{}.jsonl", std::process::id()));
        let _ = std::fs::remove_file(&path);
        for log in [Log::open(None).unwrap(), Log::open(Some(&path)).unwrap()] {
            let writes = (0..20).map(|i| {
                let log = log.clone();
                tokio::spawn(async move { log.write("test", json!({"i": i})).await.unwrap() })
            });
            for write in writes.collect::<Vec<_>>() {
                write.await.unwrap();
            }
            let text = String::from_utf8(log.read().await.unwrap()).unwrap();
            let numbers: Vec<u64> =
                text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["n"].as_u64().unwrap()).collect();
            assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
        }
        std::fs::remove_file(&path).unwrap();
    }
}
