//! One cluster in one directory: made, started, stopped.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::binaries::{find_binaries, find_binaries_of, leading_number};
use crate::place::{Place, make_base, make_private};
use crate::process::{PidFile, Server, WAYS_TO_STOP, as_account, end_leftover, tied_to_parent};
use crate::{Context as _, Error, SUPERUSER};

const START_LIMIT: Duration = Duration::from_secs(15);
const LARGEST_LOG: u64 = 10 * 1024 * 1024;
const LOG_TAIL: u64 = 4 * 1024;

pub struct Options {
    /// Made when missing. One process at a time runs a cluster in it.
    pub base_dir: PathBuf,
    /// Whether committed data outlives a power cut. A cluster for tests trades that for speed.
    pub durable: bool,
}

/// A running PostgreSQL; dropping it stops it.
pub struct Cluster {
    postmaster: Server,
    place: Place,
    // Last, so that nobody else starts on the directory before the server is gone.
    lock: File,
}

impl Cluster {
    pub fn start(options: Options) -> Result<Self, Error> {
        let base = make_base(&options.base_dir)?;
        let lock = take_lock(&base)?;
        let place = Place::of(&base)?;
        place.make()?;
        let data = place.data();
        let bindir = match fs::read_to_string(data.join("PG_VERSION")).ok().as_deref().and_then(leading_number) {
            Some(major) => find_binaries_of(major, &data)?,
            None => find_binaries()?,
        };
        if data.exists() {
            end_leftover(&data)?;
        } else {
            initdb(&bindir, &place, options.durable)?;
        }
        let postmaster = launch(&bindir, &place, options.durable)?;
        Ok(Self { postmaster, place, lock })
    }

    /// Understood by tokio-postgres and by libpq (psql, pg_dump).
    pub fn url(&self, database: &str, user: &str) -> String {
        url(&self.place.run, database, user)
    }

    /// Not always below the base directory: the account that root steps down to may not get there.
    pub fn data_dir(&self) -> PathBuf {
        self.place.data()
    }

    pub fn socket_dir(&self) -> &Path {
        &self.place.run
    }

    pub fn log_file(&self) -> PathBuf {
        self.place.log()
    }

    pub fn pid(&self) -> u32 {
        self.postmaster.pid
    }

    pub fn stop(self) -> Result<(), Error> {
        self.postmaster.stop(&WAYS_TO_STOP)
    }

    /// Stops it and deletes everything it kept.
    pub fn remove(self) -> Result<(), Error> {
        self.postmaster.stop(&WAYS_TO_STOP)?;
        delete(&self.place)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.postmaster.stop(&WAYS_TO_STOP);
        let _ = self.lock.unlock();
    }
}

/// Deletes the cluster of `base_dir`, wherever its directories are; refused while a process runs it.
/// Files in `base_dir` that are not the cluster's stay.
pub fn remove(base_dir: &Path) -> Result<(), Error> {
    if !base_dir.exists() {
        return Ok(());
    }
    let base = make_base(base_dir)?;
    let _lock = take_lock(&base)?;
    let place = Place::of(&base)?;
    end_leftover(&place.data())?;
    delete(&place)
}

/// The URL of a database of the cluster whose socket is in `socket_dir`.
pub fn url(socket_dir: &Path, database: &str, user: &str) -> String {
    let host = socket_dir.to_string_lossy();
    format!("postgresql:///{}?host={}&user={}", escaped(database), escaped(&host), escaped(user))
}

fn escaped(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

fn delete(place: &Place) -> Result<(), Error> {
    for dir in [place.data(), place.half_made(), place.run.clone()] {
        match fs::remove_dir_all(&dir) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error).at(&dir),
            _ => {}
        }
    }
    for file in [place.log(), place.old_log(), place.record(), lock_file(&place.base)] {
        let _ = fs::remove_file(file);
    }
    // Only when empty: the base directory may hold files of others.
    let _ = fs::remove_dir(&place.home);
    let _ = fs::remove_dir(&place.base);
    Ok(())
}

fn lock_file(base: &Path) -> PathBuf {
    base.join("lock")
}

/// The kernel drops this lock with the process, so a killed owner blocks nobody.
fn take_lock(base: &Path) -> Result<File, Error> {
    let path = lock_file(base);
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path).at(&path)?;
    match file.try_lock() {
        // The former owner may have deleted the file between our opening and locking it.
        Ok(()) if !same_file(&file, &path) => take_lock(base),
        Ok(()) => {
            file.set_len(0).at(&path)?;
            file.write_all(std::process::id().to_string().as_bytes()).at(&path)?;
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let owner = || fs::read_to_string(&path).ok()?.trim().parse().ok();
            let pid = owner().or_else(|| {
                thread::sleep(Duration::from_millis(50));
                owner()
            });
            Err(Error::AlreadyRunning { pid: pid.unwrap_or(0), base_dir: base.to_owned() })
        }
        Err(TryLockError::Error(error)) => Err(error).at(&path),
    }
}

fn same_file(file: &File, path: &Path) -> bool {
    let (Ok(open), Ok(named)) = (file.metadata(), fs::metadata(path)) else { return false };
    (open.dev(), open.ino()) == (named.dev(), named.ino())
}

/// Under another name until it is whole: a kill half way leaves nothing that looks like a cluster.
fn initdb(bindir: &Path, place: &Place, durable: bool) -> Result<(), Error> {
    let fresh = place.half_made();
    let mut refused = String::new();
    // The C library of macOS lacks C.UTF-8.
    for locale in ["C.UTF-8", "C"] {
        if fresh.exists() {
            fs::remove_dir_all(&fresh).at(&fresh)?;
        }
        make_private(&fresh, place.account)?;
        let mut command = as_account(&bindir.join("initdb"), place.account);
        command.arg("-D").arg(&fresh).args(["-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--no-instructions"]);
        command.arg(format!("--locale={locale}"));
        command.arg(if durable { "--data-checksums" } else { "--no-sync" });
        let output = command.output().doing("starting initdb")?;
        if output.status.success() {
            return finish_initdb(bindir, place, durable);
        }
        refused = String::from_utf8_lossy(&output.stderr).into_owned();
        if !refused.contains("locale") {
            break;
        }
    }
    Err(Error::Initdb { output: refused })
}

fn finish_initdb(bindir: &Path, place: &Place, durable: bool) -> Result<(), Error> {
    let (fresh, data) = (place.half_made(), place.data());
    // Whether lz4 is there was decided when the server was compiled: asked of the server itself.
    let mut asked = as_account(&bindir.join("postgres"), place.account);
    asked.args(["-C", "wal_compression", "-c", "wal_compression=lz4", "-D"]).arg(&fresh);
    if asked.output().is_ok_and(|output| output.status.success()) {
        let conf = fresh.join("postgresql.conf");
        let mut file = OpenOptions::new().append(true).open(&conf).at(&conf)?;
        file.write_all(b"\nwal_compression = lz4\n").at(&conf)?;
        if durable {
            file.sync_all().at(&conf)?;
        }
    }
    fs::rename(&fresh, &data).at(&data)?;
    if durable {
        File::open(&place.home).and_then(|home| home.sync_all()).at(&place.home)?;
    }
    Ok(())
}

fn settings(place: &Place, durable: bool) -> Vec<String> {
    let common = [
        "listen_addresses=",
        "port=5432",
        "max_connections=200",
        "timezone=UTC",
        "log_timezone=UTC",
        "log_destination=stderr",
        "logging_collector=off",
    ];
    let lasting: &[&str] = if durable {
        &["fsync=on", "full_page_writes=on", "synchronous_commit=on"]
    } else {
        // Autovacuum would visit a template database at the moment it is copied.
        &[
            "fsync=off",
            "full_page_writes=off",
            "synchronous_commit=off",
            "autovacuum=off",
            "wal_level=minimal",
            "max_wal_senders=0",
            "min_wal_size=32MB",
        ]
    };
    let mut all: Vec<String> = common.iter().chain(lasting).map(|setting| (*setting).to_owned()).collect();
    all.push(format!("unix_socket_directories={}", place.run.display()));
    all
}

fn server(bindir: &Path, place: &Place, durable: bool, log: &File) -> Result<Command, Error> {
    let mut command = tied_to_parent(&bindir.join("postgres"), place.account);
    command.arg("-D").arg(place.data());
    for setting in settings(place, durable) {
        command.arg("-c").arg(setting);
    }
    command.stdout(log.try_clone().at(&place.log())?).stderr(log.try_clone().at(&place.log())?);
    Ok(command)
}

fn launch(bindir: &Path, place: &Place, durable: bool) -> Result<Server, Error> {
    let path = place.log();
    if fs::metadata(&path).is_ok_and(|log| log.len() > LARGEST_LOG) {
        fs::rename(&path, place.old_log()).at(&path)?;
    }
    let mut log = OpenOptions::new().create(true).read(true).append(true).mode(0o600).open(&path).at(&path)?;
    let deadline = Instant::now() + START_LIMIT;
    loop {
        let before = log.metadata().at(&path)?.len();
        let postmaster = Server::spawn(server(bindir, place, durable, &log)?, "postgres")?;
        let reason = match until_ready(&postmaster, &place.data(), deadline) {
            Ok(()) => return Ok(postmaster),
            Err(reason) => reason,
        };
        let _ = postmaster.stop(&WAYS_TO_STOP);
        let tail = tail(&mut log, before);
        // Backends of a killed postmaster need a moment to notice.
        if tail.contains("pre-existing shared memory block") && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(100));
            continue;
        }
        return Err(Error::Start { reason, log: path, tail });
    }
}

fn until_ready(postmaster: &Server, data: &Path, deadline: Instant) -> Result<(), String> {
    loop {
        if let Some(status) = postmaster.exited() {
            return Err(format!("it ended with {status}"));
        }
        if PidFile::read(data).is_some_and(|file| file.pid == postmaster.pid && file.ready) {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(format!("not ready after {} s", START_LIMIT.as_secs()));
        }
        thread::sleep(Duration::from_millis(5));
    }
}

fn tail(log: &mut File, before: u64) -> String {
    let end = log.metadata().map_or(before, |log| log.len());
    let mut bytes = Vec::new();
    let _ = log.seek(SeekFrom::Start(before.max(end.saturating_sub(LOG_TAIL))));
    let _ = log.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_carries_any_name() {
        let text = url(Path::new("/run/motlan-1"), "motlan", "motlan_app");
        assert_eq!(text, "postgresql:///motlan?host=/run/motlan-1&user=motlan_app");
        assert!(url(Path::new("/run/x"), "a&b", "u").starts_with("postgresql:///a%26b?"));
    }
}
