//! What lies under `deploy/`, as far as no container engine is needed to know it: the files parse, the program accepts
//! every setting in them, and what they name is there. `make lint` runs these.

use motlan::config::{Config, Sources};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use yaml_serde::Value;

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub fn yaml(path: &str) -> Value {
    let mut value: Value = yaml_serde::from_str(&text(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    value.apply_merge().unwrap_or_else(|error| panic!("{path}: {error}"));
    value
}

/// Files below a directory with one of these endings, by their path from the top.
pub fn files(dir: &str, endings: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root().join(dir)).unwrap().map(Result::unwrap) {
        let path = format!("{dir}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            found.extend(files(&path, endings));
        } else if endings.iter().any(|ending| path.ends_with(ending)) {
            found.push(path);
        }
    }
    found.sort();
    found
}

struct Service {
    name: String,
    value: Value,
}

impl Service {
    fn is_ours(&self) -> bool {
        self.value["image"].as_str().is_some_and(|image| image.starts_with("motlan:"))
    }

    fn environment(&self) -> BTreeMap<String, String> {
        let Some(all) = self.value["environment"].as_mapping() else { return BTreeMap::new() };
        let word =
            |v: &Value| v.as_str().unwrap_or_else(|| panic!("{}: a value that is no text", self.name)).to_owned();
        all.iter().map(|(name, value)| (word(name), word(value))).collect()
    }
}

fn services() -> Vec<Service> {
    let compose = yaml("docker-compose.yml");
    let all = compose["services"].as_mapping().unwrap();
    all.iter().map(|(name, value)| Service { name: name.as_str().unwrap().to_owned(), value: value.clone() }).collect()
}

/// `ENV` of the image: NAME=value, one a line.
fn of_image() -> Vec<(String, String)> {
    let dockerfile = text("deploy/Dockerfile");
    let (_, image) = dockerfile.rsplit_once("\nFROM ").unwrap();
    let words = image.lines().flat_map(|line| line.trim_start_matches("ENV ").split_whitespace());
    let set = words.filter_map(|word| word.split_once('='));
    set.filter(|(name, _)| name.starts_with("MOTLAN_")).map(|(n, v)| (n.to_owned(), v.to_owned())).collect()
}

/// `${NAME:?}` as the deployment fills it in; every name that was asked for.
fn filled_in(text: &str, asked: &mut BTreeSet<String>) -> String {
    let mut parts = text.split("${");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').unwrap_or_else(|| panic!("{text}"));
        let name = name.strip_suffix(":?").unwrap_or_else(|| panic!("{name} may be forgotten: it lacks `:?`"));
        out.push_str(if name.starts_with("KEYS_") { crate::HEX_KEY } else { "filled.example" });
        out.push_str(rest);
        asked.insert(name.to_owned());
    }
    out
}

#[test]
fn every_file_of_the_deployment_parses() {
    assert!(files("deploy", &[".yml", ".yaml"]).len() >= 5);
    files("deploy", &[".yml", ".yaml"]).iter().for_each(|path| drop(yaml(path)));
    for path in files("deploy", &[".json"]) {
        serde_json::from_str::<serde_json::Value>(&text(&path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    }
}

#[test]
fn the_program_accepts_every_setting_of_the_composition_and_the_image() {
    let (mut ours, mut asked) = (0, BTreeSet::new());
    for service in services() {
        let env = service.environment();
        let env: Vec<_> = env.iter().map(|(name, value)| (name.clone(), filled_in(value, &mut asked))).collect();
        if !service.is_ours() {
            assert!(!env.iter().any(|(name, _)| name.starts_with("MOTLAN_")), "{} is not ours", service.name);
            continue;
        }
        ours += 1;
        let whole = of_image().into_iter().chain(env).collect();
        let file = Some(root().join("deploy/motlan.example.toml"));
        let config = Config::load(&Sources { file, env: whole, ..Sources::default() });
        let config = config.unwrap_or_else(|error| panic!("{}: {error}", service.name));
        config.complete().unwrap_or_else(|error| panic!("{}: {error}", service.name));
        assert_eq!(config.mode.to_string(), "production");
        if service.value["command"][0] == "migrate" {
            config.secret("database.owner_url").unwrap();
        } else {
            assert!(config.secret("database.owner_url").is_err(), "{} may change the schema", service.name);
        }
    }
    assert_eq!(ours, 5, "migrate, two gateways, two workers");
    let example = text("deploy/compose.env.example");
    let given: BTreeSet<String> = example
        .lines()
        .filter_map(|line| Some(line.split_once('=')?.0.to_owned()))
        .filter(|n| !n.starts_with('#'))
        .collect();
    assert_eq!(given, asked, "deploy/compose.env.example and docker-compose.yml");
}

#[test]
fn what_the_composition_names_is_there_and_every_image_has_its_version() {
    let all = services();
    let names: BTreeSet<&str> = all.iter().map(|s| s.name.as_str()).collect();
    for service in &all {
        let image = service.value["image"].as_str().unwrap();
        let version = image.rsplit_once(':').map_or("", |(_, tag)| tag);
        assert!(version.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit()), "{image} has no version");
        for volume in service.value["volumes"].as_sequence().into_iter().flatten() {
            let source = volume.as_str().unwrap().split(':').next().unwrap();
            assert!(!source.starts_with('.') || root().join(source).exists(), "{}: no {source}", service.name);
        }
    }
    for line in text("deploy/Dockerfile").lines().filter(|line| line.starts_with("FROM ")) {
        assert!(line.contains(':') && !line.contains("latest"), "{line}");
    }
    assert!(text("deploy/Dockerfile").lines().any(|line| line.starts_with("USER 1")), "the image runs as root");
    let prometheus = yaml("deploy/prometheus/prometheus.yml");
    let groups = prometheus["scrape_configs"][0]["static_configs"].as_sequence().unwrap();
    let targets: Vec<&str> =
        groups.iter().flat_map(|g| g["targets"].as_sequence().unwrap()).map(|t| t.as_str().unwrap()).collect();
    assert_eq!(targets.len(), 4);
    for target in targets {
        assert!(target.strip_suffix(":8082").is_some_and(|host| names.contains(host)), "{target} is no service");
    }
}
