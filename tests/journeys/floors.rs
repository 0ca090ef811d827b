//! The house stands as ARCHITECTURE.md says: a crate uses only lower floors, SQL lies in `storage`, the clock is read
//! at the door, and a provider's name appears only in its crate, its simulator, the wiring and the configuration.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The floor of each crate; a new crate without one fails the test.
fn floor(name: &str) -> u32 {
    match name {
        "domain" | "embedded" | "identity" | "outgoing" | "paper" | "simulator" | "telemetry" => 0,
        "mail" | "provider" | "receipt" | "storage" => 1,
        "statement" | "volatile" => 1,
        "dossier" | "openid" | "report-files" => 2,
        name if name.starts_with("provider-") => 2,
        "payments" => 3,
        "api" | "console" | "web" | "worker" => 4,
        "motlan" => 5,
        "testkit" => 1,
        other => panic!("crate {other} has no floor: name it here and in ARCHITECTURE.md"),
    }
}

fn crates() -> BTreeMap<String, PathBuf> {
    let dir = std::fs::read_dir(root().join("crates")).unwrap();
    dir.map(|e| e.unwrap()).map(|e| (e.file_name().into_string().unwrap(), e.path())).collect()
}

fn own_dependencies(manifest: &str, names: &[String]) -> Vec<String> {
    let section = manifest.split("[dependencies]").nth(1).unwrap_or_default();
    let section = section.split("\n[").next().unwrap_or_default();
    section
        .lines()
        .filter_map(|line| line.split(['.', '=', ' ']).next())
        .filter(|name| names.iter().any(|n| n == name))
        .map(str::to_owned)
        .collect()
}

fn sources(dir: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(dir) else { return found };
    for entry in entries.map(|e| e.unwrap().path()) {
        if entry.is_dir() {
            found.extend(sources(&entry));
        } else if entry.extension().is_some_and(|e| e == "rs") && !entry.ends_with("tests.rs") {
            let text = std::fs::read_to_string(&entry).unwrap();
            let shipped = text.split("#[cfg(test)]").next().unwrap().to_owned();
            found.push((entry, shipped));
        }
    }
    found
}

/// Lines of code: comments say what they like.
fn code_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|l| !l.trim_start().starts_with("//"))
}

#[test]
fn a_crate_uses_only_lower_floors() {
    let crates = crates();
    let names: Vec<String> = crates.keys().cloned().collect();
    let mut edges = 0;
    for (name, path) in &crates {
        let manifest = std::fs::read_to_string(path.join("Cargo.toml")).unwrap();
        for dependency in own_dependencies(&manifest, &names) {
            edges += 1;
            assert!(floor(&dependency) < floor(name), "{name} (floor {}) uses {dependency}", floor(name));
            assert!(dependency != "testkit", "{name} ships the test kit");
        }
        if name == "simulator" {
            assert!(own_dependencies(&manifest, &names).is_empty(), "the simulator imports what it must contradict");
        }
        if name.starts_with("provider-") {
            assert!(!own_dependencies(&manifest, &names).contains(&"storage".to_owned()), "{name} sees storage");
        }
        if name == "payments" {
            let adapters =
                own_dependencies(&manifest, &names).into_iter().filter(|d| d.starts_with("provider-")).count();
            assert_eq!(adapters, 0, "payments knows an adapter");
        }
    }
    assert!(edges > 20, "the manifests were not read");
}

#[test]
fn the_clock_is_read_at_the_door_only() {
    for (name, path) in crates().into_iter().filter(|(name, _)| floor(name) < 4) {
        if ["simulator", "embedded", "testkit"].contains(&name.as_str()) {
            continue;
        }
        for (file, text) in sources(&path.join("src")) {
            for line in code_lines(&text) {
                let reads = line.contains("Timestamp::now()")
                    || line.contains("SystemTime::now()")
                    || line.contains("Zoned::now()");
                assert!(!reads, "{}: {line}", file.display());
            }
        }
    }
}

#[test]
fn sql_lies_in_storage_only() {
    // others keep none of the books, or speak to the database as the operator's own hand
    let inside = ["storage", "testkit", "embedded", "motlan", "simulator", "statement"];
    for name in crates().keys().filter(|name| !inside.contains(&name.as_str())) {
        for (file, text) in sources(&root().join("crates").join(name).join("src")) {
            for line in code_lines(&text) {
                let sql = ["\"select ", "\"insert into", "\"update ", "\"delete from"].iter().any(|s| line.contains(s));
                let probe = line.contains("\"select 1\"");
                assert!(!sql || probe, "{}: {line}", file.display());
            }
        }
    }
}

#[test]
fn a_providers_name_appears_only_where_it_may() {
    for name in [
        "domain",
        "outgoing",
        "telemetry",
        "provider",
        "volatile",
        "storage",
        "payments",
        "api",
        "web",
        "worker",
        "dossier",
    ] {
        // lists of banks name each of them
        let of_banks = ["banks", "bank_names"].map(|name| root().join(format!("crates/domain/src/{name}.rs")));
        for (file, text) in sources(&root().join("crates").join(name).join("src")) {
            for line in code_lines(&text).filter(|_| !of_banks.contains(&file)) {
                let line = line.to_lowercase();
                // "national" is the kind of a channel, too: its messages have names of their own
                let names = ["momo", "vnpay", "vietqr", "zalopay", "gsma", "bidv", "dvcqg", "maxacthuc", "mathamchieu"];
                assert!(!names.iter().any(|name| line.contains(name)), "{}: {line}", file.display());
            }
        }
    }
}

#[test]
fn only_the_unit_of_work_writes_states_and_entries() {
    let writers = [
        "insert into ledger_entry",
        "insert into allocation",
        "insert into journal",
        "insert into transition",
        "update intent i set status",
        "update attempt a set status",
        "update obligation o set status",
    ];
    for (file, text) in sources(&root().join("crates/storage/src")) {
        if file.ends_with("unit.rs") || file.parent().is_some_and(|parent| parent.ends_with("unit")) {
            continue;
        }
        for line in code_lines(&text) {
            assert!(!writers.iter().any(|w| line.contains(w)), "{}: {line}", file.display());
        }
    }
}
