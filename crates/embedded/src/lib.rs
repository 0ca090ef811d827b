//! A private PostgreSQL cluster, and a private Redis, beside the program, so that one command runs on a fresh machine.
//!
//! The cluster has no TCP port and trusts whoever reaches its Unix socket; the socket's directory is
//! open to its owner alone. It ends with the process that started it, even when that one is killed.

mod binaries;
mod cluster;
mod place;
mod process;
mod redis;

use std::io;
use std::path::{Path, PathBuf};

pub use binaries::find_binaries;
pub use cluster::{Cluster, Options, remove, url};
pub use redis::{Redis, find_redis};

/// The role that `initdb` creates. Ours alone: a name that no connection string of a real server uses.
pub const SUPERUSER: &str = "motlan_superuser";

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("PostgreSQL's server programs (initdb, postgres) are not installed; type:\n  {}", binaries::INSTALL_LINE)]
    NotInstalled,
    #[error("PG_BINDIR is {}, which does not hold both initdb and postgres", .path.display())]
    WrongBindir { path: PathBuf },
    /// `pid` is 0 when the owner has not written its number yet.
    #[error("process {pid} already runs the database in {}", .base_dir.display())]
    AlreadyRunning { pid: u32, base_dir: PathBuf },
    #[error("{} was made by PostgreSQL {data}, but the installed server is {server}: install postgresql-{data}, or move the directory away", .data_dir.display())]
    OtherVersion { data_dir: PathBuf, data: u32, server: u32 },
    #[error("running as root, but neither user postgres nor nobody exists to own the database")]
    NoAccount,
    #[error("{} exists and belongs to another user", .path.display())]
    NotOurs { path: PathBuf },
    #[error("initdb failed:\n{output}")]
    Initdb { output: String },
    #[error("PostgreSQL did not start: {reason}; the end of {}:\n{tail}", .log.display())]
    Start { reason: String, log: PathBuf, tail: String },
    #[error("{} did not start", .program.display())]
    RedisStart { program: PathBuf },
    #[error("process {pid} does not stop")]
    Stop { pid: u32 },
    #[error("{what}: {source}")]
    Io { what: String, source: io::Error },
}

pub(crate) trait Context<T> {
    fn at(self, path: &Path) -> Result<T, Error>;
    fn doing(self, what: &str) -> Result<T, Error>;
}

impl<T> Context<T> for io::Result<T> {
    fn at(self, path: &Path) -> Result<T, Error> {
        self.map_err(|source| Error::Io { what: path.display().to_string(), source })
    }
    fn doing(self, what: &str) -> Result<T, Error> {
        self.map_err(|source| Error::Io { what: what.to_owned(), source })
    }
}
