//! The demonstration's directory: its configuration and keys, made once; `run.json`, written at each start. Test secrets
//! all of them, and readable by their owner only all the same.

use super::DATA_DIR;
use crate::failed::Failed;
use crate::sample;
use rand::Rng;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The demonstration's contract with the simulated provider.
pub const PROFILE: &str = "vnpay_main";
/// The demonstration's contract with those who tell of an account, and whose account that is.
pub const BANK_PROFILE: &str = "vietqr_kb";
pub const BANK_BENEFICIARY: &str = "H38.17-KB";
pub const TMN_CODE: &str = "MOTLAN01";

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
            home.write("demo.toml", &demo_config())?;
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

    pub fn run_file(&self) -> PathBuf {
        self.dir.join("run.json")
    }

    pub fn vnpay_log(&self) -> PathBuf {
        self.dir.join("vnpay.log.jsonl")
    }

    pub fn bank_log(&self) -> PathBuf {
        self.dir.join("bank.log.jsonl")
    }

    pub fn dossier_log(&self) -> PathBuf {
        self.dir.join("dossier.log.jsonl")
    }

    /// The keys of an earlier start, when there was one.
    pub fn keys(&self) -> Option<Keys> {
        serde_json::from_slice(&fs::read(self.dir.join("keys.json")).ok()?).ok()
    }

    pub fn keep_keys(&self, keys: &Keys) -> Result<(), Failed> {
        self.write("keys.json", &serde_json::to_string_pretty(keys)?)
    }

    pub fn write_run_file(&self, run: &Value) -> Result<(), Failed> {
        self.write("run.json", &format!("{run:#}\n"))
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
        let files = [
            home.config_file(),
            home.run_file(),
            home.vnpay_log(),
            home.bank_log(),
            home.dossier_log(),
            home.dir.join("keys.json"),
        ];
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

/// Short waits, so that the demonstration shows in seconds what production does in minutes.
fn demo_config() -> String {
    format!(
        "# Made by `motlan up` for demonstrations on this machine; test secrets only. `make demo-reset` makes another.\n\
         # Addresses of the database, the listeners and the simulators are found anew at each start.\n\
         mode = \"sandbox\"\n\n\
         [keys]\npii = \"{}\"\napi = \"{}\"\n\n\
         [log]\nfilter = \"warn\"\nformat = \"text\"\n\n\
         [intents]\nmin_expires_in_s = 2\n\n\
         [poll]\nschedule_s = [1, 2, 3, 5, 10, 30, 60, 300]\nlist_every_s = 2\n\n\
         [delivery]\nschedule_s = [0, 1, 2, 3, 5, 10, 30, 60]\n\n\
         [dossier]\nallow_http = true\nallow_private = true\n\n\
         [profiles.{PROFILE}]\nchannel = \"vnpay\"\nbeneficiaries = [{}]\ntmn_code = \"{TMN_CODE}\"\n\
         hash_secret = \"TEST-{}\"\n\n\
         [profiles.{BANK_PROFILE}]\nchannel = \"vietqr\"\nbeneficiaries = [\"{BANK_BENEFICIARY}\"]\n\
         sepay_hmac_secret = \"TEST-{}\"\ncasso_checksum_key = \"TEST-{}\"\n\
         listing = \"sepay\"\nlisting_token = \"TEST-{}\"\n",
        random_hex(32),
        random_hex(32),
        sample::BENEFICIARIES.split(',').map(|code| format!("{code:?}")).collect::<Vec<_>>().join(", "),
        random_hex(16),
        random_hex(16),
        random_hex(16),
        random_hex(16),
    )
}

fn random_hex(bytes: usize) -> String {
    let mut random = vec![0_u8; bytes];
    rand::rng().fill_bytes(&mut random);
    hex::encode(random)
}

/// How the command that undoes all this is typed.
pub fn reset_line(dir: &Path) -> String {
    let data = if dir.ends_with(DATA_DIR) { String::new() } else { format!(" --data {}", dir.display()) };
    format!("motlan up --reset{data}")
}
