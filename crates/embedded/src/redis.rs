//! A private Redis beside the program: no TCP port, no persistence, a Unix socket in a directory that is open to its
//! owner alone. It ends with the process that started it, and keeps nothing.

use std::env;
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::place::{Account, Place, make_base};
use crate::process::{Server, tied_to_parent};
use crate::{Context as _, Error};

const START_LIMIT: Duration = Duration::from_secs(10);
const ANSWER_LIMIT: Duration = Duration::from_millis(500);
/// There is nothing to save, so the hard way loses nothing; a stopped process hears only it.
const WAYS_TO_STOP: [(&str, Duration); 2] = [("TERM", Duration::from_secs(2)), ("KILL", Duration::from_secs(2))];
/// Where package managers put it, besides the search path.
const USUAL_DIRS: [&str; 4] = ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin", "/home/linuxbrew/.linuxbrew/bin"];

/// A running Redis; dropping it stops it.
pub struct Redis {
    server: Server,
    program: PathBuf,
    dir: PathBuf,
    account: Option<Account>,
}

/// `redis-server`, where it is installed.
pub fn find_redis() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let dirs = env::split_paths(&path).chain(USUAL_DIRS.iter().map(PathBuf::from));
    dirs.map(|dir| dir.join("redis-server")).find(|program| program.is_file())
}

impl Redis {
    /// Starts `program` for `base_dir`, which is made when it is missing and says where the socket is. Both go with it.
    ///
    /// # Errors
    /// When a directory cannot be made, or the server does not answer in time.
    pub fn start(program: &Path, base_dir: &Path) -> Result<Self, Error> {
        let place = Place::of(&make_base(base_dir)?)?;
        place.make_run()?;
        let Place { run, account, .. } = place;
        let socket = run.join("redis.sock");
        // one that outlived its parent, where the kernel does not end it with the parent
        let _ = ask(&socket, "SHUTDOWN NOSAVE");
        Self::launch(program, run, account)
    }

    fn launch(program: &Path, dir: PathBuf, account: Option<Account>) -> Result<Self, Error> {
        let socket = dir.join("redis.sock");
        let mut command = tied_to_parent(program, account);
        command.args(["--port", "0", "--unixsocketperm", "700", "--save", "", "--appendonly", "no"]);
        command.args(["--daemonize", "no", "--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru"]);
        command.arg("--unixsocket").arg(&socket).arg("--dir").arg(&dir);
        // it says what it does to its standard output, which is the caller's
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let redis = Self { server: Server::spawn(command, "redis-server")?, program: program.to_owned(), dir, account };
        let deadline = Instant::now() + START_LIMIT;
        while ask(&socket, "PING").as_deref() != Some("+PONG") {
            if redis.server.exited().is_some() || Instant::now() > deadline {
                return Err(Error::RedisStart { program: program.to_owned() });
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(redis)
    }

    /// Understood by the `redis` crate.
    pub fn url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    pub fn socket(&self) -> PathBuf {
        self.dir.join("redis.sock")
    }

    pub fn pid(&self) -> u32 {
        self.server.pid
    }

    /// A successor at the same address, after this one was ended from outside.
    ///
    /// # Errors
    /// As [`Redis::start`].
    pub fn again(&self) -> Result<Self, Error> {
        Self::launch(&self.program, self.dir.clone(), self.account)
    }

    /// # Errors
    /// When it does not end, even when killed.
    pub fn stop(self) -> Result<(), Error> {
        self.server.stop(&WAYS_TO_STOP)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.server.stop(&WAYS_TO_STOP);
        let _ = fs::remove_file(self.socket());
        // refused while something of others is in them
        for dir in self.dir.ancestors().take(2) {
            let _ = fs::remove_dir(dir);
        }
    }
}

/// One command, and the first line of the answer.
fn ask(socket: &Path, command: &str) -> Option<String> {
    let mut stream = UnixStream::connect(socket).ok()?;
    stream.set_read_timeout(Some(ANSWER_LIMIT)).ok()?;
    stream.write_all(format!("{command}\r\n").as_bytes()).ok()?;
    let mut answer = [0; 64];
    let n = stream.read(&mut answer).doing("reading").ok()?;
    String::from_utf8_lossy(answer.get(..n)?).lines().next().map(str::to_owned)
}
