//! What callers were told, one JSON object a line, on disk before anybody goes on: the callers' side of the truth.

use serde_json::Value;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Clone)]
pub struct Diary(Arc<Inner>);

struct Inner {
    path: PathBuf,
    file: File,
    written: Mutex<u64>,
    /// Lines that are on disk: who waits here shares one fsync.
    synced: Mutex<u64>,
}

impl Diary {
    pub fn open(path: &Path) -> Self {
        let file = OpenOptions::new().create(true).append(true).open(path).unwrap();
        let (written, synced) = (Mutex::new(0), Mutex::new(0));
        Self(Arc::new(Inner { path: path.to_owned(), file, written, synced }))
    }

    /// Returns when the line is on disk.
    pub async fn write(&self, line: Value) {
        let inner = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || inner.write(&line)).await.unwrap();
    }

    pub fn path(&self) -> &Path {
        &self.0.path
    }
}

impl Inner {
    fn write(&self, line: &Value) {
        let number = {
            let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
            (&self.file).write_all(format!("{line}\n").as_bytes()).unwrap();
            *written += 1;
            *written
        };
        let mut synced = self.synced.lock().unwrap_or_else(PoisonError::into_inner);
        if *synced < number {
            let upto = *self.written.lock().unwrap_or_else(PoisonError::into_inner);
            self.file.sync_data().unwrap();
            *synced = upto;
        }
    }
}
