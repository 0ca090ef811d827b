//! Which directories a cluster uses and which account owns it.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, Permissions};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Context as _, Error};

/// A socket's path has room for 107 bytes; `/.s.PGSQL.5432` takes 14 of them.
const LONGEST_RUN_DIR: usize = 85;

/// Whom root steps down to: PostgreSQL refuses to run as root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub uid: u32,
    pub gid: u32,
}

pub(crate) struct Place {
    pub base: PathBuf,
    /// `base`, or the directory that stands in for it where the account cannot get there.
    pub home: PathBuf,
    pub run: PathBuf,
    pub account: Option<Account>,
}

impl Place {
    pub fn data(&self) -> PathBuf {
        self.home.join("data")
    }
    pub fn half_made(&self) -> PathBuf {
        self.home.join("data.new")
    }
    pub fn log(&self) -> PathBuf {
        self.base.join("postgres.log")
    }
    pub fn old_log(&self) -> PathBuf {
        self.base.join("postgres.log.1")
    }
    pub fn record(&self) -> PathBuf {
        self.base.join("where.txt")
    }

    /// `base` is absolute, without links, and exists.
    pub fn of(base: &Path) -> Result<Self, Error> {
        let uid = current_uid()?;
        let hash = fnv1a(base.as_os_str().as_bytes());
        let (home, account) = if uid == 0 {
            let account = service_account()?;
            if reachable(base, account)? {
                (base.to_owned(), Some(account))
            } else {
                (PathBuf::from(format!("/var/lib/motlan/{hash:016x}")), Some(account))
            }
        } else {
            (base.to_owned(), None)
        };
        // A directory made for another account (nobody before PostgreSQL's package came) stays with it.
        let account = account.map(|account| match fs::metadata(home.join("data")) {
            Ok(data) if data.uid() != 0 => Account { uid: data.uid(), gid: data.gid() },
            _ => account,
        });
        let run = run_dir(&home, uid, hash);
        Ok(Self { base: base.to_owned(), home, run, account })
    }

    pub fn make(&self) -> Result<(), Error> {
        self.make_run()?;
        let text =
            format!("data={}\nrun={}\nlog={}\n", self.data().display(), self.run.display(), self.log().display());
        fs::write(self.record(), text).at(&self.record())
    }

    /// Where the sockets are, and what must be passed through to get there.
    pub fn make_run(&self) -> Result<(), Error> {
        if self.home != self.base {
            if let Some(parent) = self.home.parent() {
                make_traversable(parent)?;
            }
            make_traversable(&self.home)?;
        }
        make_private(&self.run, self.account)
    }
}

/// Makes `base_dir` when it is missing, open enough for the account that root steps down to.
pub(crate) fn make_base(base_dir: &Path) -> Result<PathBuf, Error> {
    if !base_dir.exists() {
        fs::create_dir_all(base_dir).at(base_dir)?;
        if current_uid()? == 0 {
            fs::set_permissions(base_dir, Permissions::from_mode(0o711)).at(base_dir)?;
        }
    }
    base_dir.canonicalize().at(base_dir)
}

fn make_traversable(path: &Path) -> Result<(), Error> {
    if !path.is_dir() {
        fs::create_dir_all(path).at(path)?;
        fs::set_permissions(path, Permissions::from_mode(0o711)).at(path)?;
    }
    Ok(())
}

/// Whoever owns this directory is superuser in the database: one that somebody else put there first,
/// or a link, is refused.
pub(crate) fn make_private(path: &Path, account: Option<Account>) -> Result<(), Error> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error).at(path),
        _ => {}
    }
    let found = fs::symlink_metadata(path).at(path)?;
    let me = current_uid()?;
    let ours = found.is_dir() && (found.uid() == me || account.is_some_and(|account| found.uid() == account.uid));
    if !ours {
        return Err(Error::NotOurs { path: path.to_owned() });
    }
    if let Some(Account { uid, gid }) = account {
        chown(path, Some(uid), Some(gid)).at(path)?;
    }
    fs::set_permissions(path, Permissions::from_mode(0o700)).at(path)
}

fn run_dir(home: &Path, uid: u32, hash: u64) -> PathBuf {
    let below = home.join("run");
    if fits(&below) {
        return below;
    }
    if uid == 0 {
        let parent = if Path::new("/run").is_dir() { "/run" } else { "/tmp" };
        return PathBuf::from(format!("{parent}/motlan-{hash:016x}"));
    }
    std::env::var_os("XDG_RUNTIME_DIR")
        .map(|parent| Path::new(&parent).join(format!("motlan-{hash:016x}")))
        .filter(|path| path.is_absolute() && path.parent().is_some_and(Path::is_dir) && fits(path))
        .unwrap_or_else(|| PathBuf::from(format!("/tmp/motlan-{uid}-{hash:016x}")))
}

/// PostgreSQL splits its list of socket directories at commas and a URL has its own special characters:
/// a plain path needs no quoting anywhere.
fn fits(path: &Path) -> bool {
    let bytes = path.as_os_str().as_bytes();
    bytes.len() <= LONGEST_RUN_DIR && bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"/._-".contains(b))
}

pub(crate) fn current_uid() -> Result<u32, Error> {
    id(&["-u"])
        .ok_or(())
        .or_else(|()| fs::metadata("/proc/self").map(|process| process.uid()).doing("finding the current user (id -u)"))
}

fn service_account() -> Result<Account, Error> {
    ["postgres", "nobody"]
        .iter()
        .find_map(|name| Some(Account { uid: id(&["-u", name])?, gid: id(&["-g", name])? }))
        .ok_or(Error::NoAccount)
}

fn id(args: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(args).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    if !output.status.success() {
        return None;
    }
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}

/// Asked by trying: mode bits alone say nothing of access lists or of a container's mounts.
fn reachable(dir: &Path, Account { uid, gid }: Account) -> Result<bool, Error> {
    Command::new("/bin/sh")
        .args([OsStr::new("-c"), OsStr::new("cd \"$1\""), OsStr::new("sh"), dir.as_os_str()])
        .current_dir("/")
        .uid(uid)
        .gid(gid)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map(|status| status.success())
        .doing("stepping down from root")
}

/// Written out because a directory's name must be the same after a compiler update, which the standard
/// library's hasher does not promise.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_published_one() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
    }

    #[test]
    fn a_deep_or_odd_directory_gets_a_short_socket_directory() {
        assert_eq!(run_dir(Path::new("/srv/motlan"), 0, 1), Path::new("/srv/motlan/run"));
        for odd in [format!("/srv/{}", "x".repeat(90)), "/srv/a,b".to_owned(), "/srv/nguyễn".to_owned()] {
            let run = run_dir(Path::new(&odd), 0, 1);
            assert!(fits(&run) && !run.starts_with("/srv"), "{}", run.display());
        }
    }
}
