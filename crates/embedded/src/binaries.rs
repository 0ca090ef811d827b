//! Where the server programs are, and which version they are.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Context as _, Error};

pub(crate) const INSTALL_LINE: &str = if cfg!(target_os = "macos") {
    "brew install postgresql@17"
} else {
    "sudo apt-get install -y --no-install-recommends postgresql"
};

/// The directory that holds both `initdb` and `postgres`; Debian's client package puts other programs
/// beside where they would be, so both are looked for by name.
pub fn find_binaries() -> Result<PathBuf, Error> {
    if let Some(path) = std::env::var_os("PG_BINDIR").filter(|value| !value.is_empty()).map(PathBuf::from) {
        return if complete(&path) { Ok(path) } else { Err(Error::WrongBindir { path }) };
    }
    candidates().into_iter().find(|dir| complete(dir)).ok_or(Error::NotInstalled)
}

/// A cluster opens only with the major version that made it, so a newer server installed beside the old
/// one must not be taken.
pub(crate) fn find_binaries_of(major: u32, data_dir: &Path) -> Result<PathBuf, Error> {
    let first = find_binaries()?;
    let server = version(&first)?;
    if server == major {
        return Ok(first);
    }
    candidates()
        .into_iter()
        .filter(|dir| complete(dir))
        .find(|dir| version(dir).is_ok_and(|found| found == major))
        .ok_or_else(|| Error::OtherVersion { data_dir: data_dir.to_owned(), data: major, server })
}

pub(crate) fn version(bindir: &Path) -> Result<u32, Error> {
    let program = bindir.join("postgres");
    let output = Command::new(&program).arg("--version").stdin(Stdio::null()).output().at(&program)?;
    let text = String::from_utf8_lossy(&output.stdout);
    leading_number(text.split_whitespace().nth(2).unwrap_or_default()).ok_or_else(|| Error::Start {
        reason: format!("odd version: {text}"),
        log: program,
        tail: String::new(),
    })
}

/// `15.13` and `18beta1` are 15 and 18.
pub(crate) fn leading_number(text: &str) -> Option<u32> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.get(..end)?.parse().ok()
}

fn complete(dir: &Path) -> bool {
    ["initdb", "postgres"].iter().all(|name| dir.join(name).is_file())
}

fn candidates() -> Vec<PathBuf> {
    let mut found = numbered("/usr/lib/postgresql", "", "bin");
    if let Ok(output) = Command::new("pg_config").arg("--bindir").stdin(Stdio::null()).stderr(Stdio::null()).output() {
        let line = String::from_utf8_lossy(&output.stdout);
        if !line.trim().is_empty() {
            found.push(PathBuf::from(line.trim()));
        }
    }
    for homebrew in ["/opt/homebrew", "/usr/local", "/home/linuxbrew/.linuxbrew"] {
        found.extend(numbered(&format!("{homebrew}/opt"), "postgresql@", "bin"));
        found.push(PathBuf::from(format!("{homebrew}/bin")));
    }
    found
}

fn numbered(parent: &str, prefix: &str, below: &str) -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let number = entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((number, entry.path().join(below)))
        })
        .collect();
    found.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    found.into_iter().map(|(_, path)| path).collect()
}

#[cfg(test)]
mod tests {
    use super::leading_number;

    #[test]
    fn versions_are_read_as_postgresql_writes_them() {
        assert_eq!(leading_number("15.13"), Some(15));
        assert_eq!(leading_number("18beta1"), Some(18));
        assert_eq!(leading_number("devel"), None);
    }
}
