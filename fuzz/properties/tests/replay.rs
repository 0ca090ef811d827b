//! The corpus of every fuzz target, with the properties that the fuzzer asserts: what was found once stays mended.

use properties::{TARGETS, check};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn names(dir: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(fuzz().join(dir)).expect("a folder");
    let stem = |path: PathBuf| path.file_stem().map(|name| name.to_string_lossy().into_owned());
    entries.filter_map(|entry| stem(entry.expect("an entry").path())).collect()
}

#[test]
fn every_target_has_a_program_and_a_corpus_and_there_are_no_others() {
    let ours: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(names("fuzz_targets"), ours);
    assert_eq!(names("corpus"), ours);
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).expect("the manifest");
    assert!(ours.iter().all(|name| manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\""))));
}

#[test]
fn every_input_of_the_corpus_keeps_its_property() {
    let (mut inputs, mut bytes) = (0, 0);
    for target in TARGETS {
        let mut outcomes = BTreeSet::new();
        let dir = fuzz().join("corpus").join(target.name);
        for entry in fs::read_dir(dir).expect("a corpus") {
            let input = fs::read(entry.expect("an entry").path()).expect("an input");
            outcomes.insert(check(target.name, &input));
            inputs += 1;
            bytes += input.len();
        }
        assert_eq!(outcomes.len(), 2, "{}: all inputs are taken, or none is", target.name);
    }
    assert!(inputs >= TARGETS.len() * 4, "{inputs} inputs");
    assert!(bytes < 1_000_000, "{bytes} bytes");
}
