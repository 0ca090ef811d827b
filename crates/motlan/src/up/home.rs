//! The demonstration's directory: its configuration and keys, made once; `run.json` and `settings.json`, written at each start. Test secrets
//! all of them, and readable by their owner only all the same.

use super::neighbours::SIMULATORS;
use super::{DATA_DIR, demo_config};
use crate::config::Sources;
use crate::failed::Failed;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Whoever is simulated keeps a log of this name beside the others'.
const LOGS: &str = ".log.jsonl";

pub struct Home {
    dir: PathBuf,
}

/// A key as `key create` gave it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Key {
    pub id: String,
    pub key: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Keys {
    pub client: Key,
    pub staff: Key,
    pub approver: Key,
    pub officer: Key,
}

impl Home {
    /// Makes the directory and its configuration when they are missing.
    pub fn open(dir: &Path) -> Result<Self, Failed> {
        // open enough for the account that root steps down to for the database; what is secret has its own mode
        match DirBuilder::new().recursive(true).mode(0o711).create(dir) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error.into()),
            _ => {}
        }
        let home = Self { dir: dir.canonicalize()? };
        if !home.config_file().exists() {
            home.write("demo.toml", &demo_config::text())?;
        }
        Ok(home)
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    pub fn config_file(&self) -> PathBuf {
        self.dir.join("demo.toml")
    }

    pub fn postgres(&self) -> PathBuf {
        self.dir.join("postgres")
    }

    pub fn redis(&self) -> PathBuf {
        self.dir.join("redis")
    }

    pub fn run_file(&self) -> PathBuf {
        self.dir.join("run.json")
    }

    /// What its own commands need to know of an instance that runs: paths and values beside the configuration.
    fn settings_file(&self) -> PathBuf {
        self.dir.join("settings.json")
    }

    /// Of the simulator that `run.json` calls so.
    pub fn log(&self, simulator: &str) -> PathBuf {
        self.dir.join(format!("{simulator}{LOGS}"))
    }

    fn unpaid_file(&self) -> PathBuf {
        self.dir.join("unpaid.json")
    }

    /// The keys of an earlier start, when there was one.
    pub fn keys(&self) -> Option<Keys> {
        serde_json::from_slice(&fs::read(self.dir.join("keys.json")).ok()?).ok()
    }

    pub fn keep_keys(&self, keys: &Keys) -> Result<(), Failed> {
        self.write("keys.json", &serde_json::to_string_pretty(keys)?)
    }

    /// What [`Self::remember_unpaid`] kept, when it did.
    pub fn unpaid(&self) -> Option<Value> {
        serde_json::from_slice(&fs::read(self.unpaid_file()).ok()?).ok()
    }

    /// The payment that is open for whoever pays by hand.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn remember_unpaid(&self, intent: &Value) -> Result<(), Failed> {
        self.write("unpaid.json", &format!("{intent:#}\n"))
    }

    /// What others may know, and what commands of `--instance` need.
    pub fn write_run_files(&self, run: &Value, settings: &[(String, String)]) -> Result<(), Failed> {
        self.write("settings.json", &serde_json::to_string_pretty(settings)?)?;
        self.write("run.json", &format!("{run:#}\n"))
    }

    /// No more an instance that others could talk to.
    pub fn remove_run_files(&self) {
        for file in [self.run_file(), self.settings_file()] {
            let _ = fs::remove_file(file);
        }
    }

    /// The configuration of the instance that runs in this directory.
    ///
    /// # Errors
    /// When none does.
    pub fn sources_of(dir: &Path) -> Result<Sources, Failed> {
        let home = Self { dir: dir.to_owned() };
        let text = fs::read(home.settings_file())
            .map_err(|e| format!("nothing is running in {}: {e} (`make run` starts it)", dir.display()))?;
        let sources = Sources::of_process(Some(&home.config_file()));
        Ok(Sources { computed: serde_json::from_slice(&text)?, ..sources })
    }

    /// Whole or not at all, and never readable by others.
    fn write(&self, name: &str, text: &str) -> Result<(), Failed> {
        let half_made = self.dir.join(format!("{name}.new"));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&half_made)?;
        file.set_permissions(Permissions::from_mode(0o600))?;
        file.write_all(text.as_bytes())?;
        fs::rename(&half_made, self.dir.join(name))?;
        Ok(())
    }

    /// Deletes what a demonstration made, and the directory when nothing else is in it.
    pub fn delete(dir: &Path) -> Result<(), Failed> {
        if !dir.exists() {
            return Ok(());
        }
        let home = Self { dir: dir.canonicalize()? };
        embedded::remove(&home.postgres())?;
        // left only by one that was killed
        let _ = fs::remove_dir_all(home.redis());
        let own =
            [home.config_file(), home.run_file(), home.settings_file(), home.unpaid_file(), home.dir.join("keys.json")];
        let files: Vec<PathBuf> = own.into_iter().chain(SIMULATORS.iter().map(|name| home.log(name))).collect();
        for file in files {
            match fs::remove_file(&file) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        // refused while something of others is in it
        let _ = fs::remove_dir(&home.dir);
        Ok(())
    }
}

/// How the command that undoes all this is typed.
pub fn reset_line(dir: &Path) -> String {
    let data = if dir.ends_with(DATA_DIR) { String::new() } else { format!(" --data {}", dir.display()) };
    format!("motlan up --reset{data}")
}
