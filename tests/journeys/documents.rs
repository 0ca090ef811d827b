//! What the documents say of the tests is so.

use std::collections::BTreeSet;
use std::path::Path;

fn text(path: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// `file.rs: name`, as docs/security.md names a test.
fn tests_in(line: &str) -> Vec<(&str, &str)> {
    let spans = line.split('`').skip(1).step_by(2);
    spans.filter_map(|span| span.split_once(": ")).filter(|(file, _)| file.ends_with(".rs")).collect()
}

/// Whether a function of this name stands there with the mark of a test before it.
fn is_test(source: &str, name: &str) -> bool {
    let Some(at) = source.find(&format!("fn {name}(")) else { return false };
    let before: Vec<&str> = source[..at].lines().rev().take(8).collect();
    before
        .iter()
        .take_while(|line| !line.starts_with('}'))
        .any(|line| line.contains("test]") || line.contains("::test("))
}

#[test]
fn each_security_requirement_says_what_shows_it_and_every_test_that_is_named_is_there() {
    let page = text("docs/security.md");
    let mut stated = BTreeSet::new();
    let mut named = 0;
    for line in page.lines().filter(|line| line.starts_with("| S")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [id, what, state, shown] = cells[..] else { panic!("not four cells: {line}") };
        assert!(stated.insert(id.to_owned()), "{id} stands twice");
        assert!(!what.is_empty());
        let tests = tests_in(shown);
        match state {
            "met" => assert!(!tests.is_empty(), "{id} is met and nothing shows it"),
            "in part" | "not met" => assert!(shown.len() > 20, "{id} does not say what is missing"),
            other => panic!("{id}: {other}"),
        }
        for (file, name) in tests {
            assert!(is_test(&text(file), name), "{id}: {file} has no test {name}");
            named += 1;
        }
    }
    let asked: BTreeSet<String> = (1..=45).map(|n| format!("S{n:02}")).collect();
    assert_eq!(stated, asked);
    assert!(named > 60, "{named}");
}

#[test]
fn a_name_that_is_no_test_is_found() {
    let source = "#[test]\nfn one() {\n}\n\nfn two() {}\n";
    assert!(is_test(source, "one") && !is_test(source, "two") && !is_test(source, "three"));
    assert_eq!(tests_in("| `a/b.rs: c` and `docs/x.md` | `d.rs: e`"), [("a/b.rs", "c"), ("d.rs", "e")]);
}
