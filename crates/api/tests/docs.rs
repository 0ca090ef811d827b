//! What is written about the API is what the API is.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Compares a file with what the code says now; `UPDATE_DOCS=1` writes it anew.
fn same(path: &str, now: &str) {
    let path = root().join(path);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, now).expect("the file can be written");
    }
    let written = std::fs::read_to_string(&path).expect("the file is there");
    assert!(written == now, "{} has drifted: run UPDATE_DOCS=1 cargo test -p api", path.display());
}

#[test]
fn the_error_codes_in_the_docs_are_those_of_the_code() {
    same("docs/errors.md", &api::problem::table());
}

#[test]
fn the_description_in_the_tree_is_the_one_that_is_served() {
    same("openapi/motlan.yaml", &api::openapi::yaml().expect("the description can be written"));
}

#[test]
fn every_route_is_described_and_every_description_is_a_route() {
    let source = std::fs::read_to_string(root().join("crates/api/src/routes.rs")).expect("routes.rs");
    let mut routes: BTreeSet<(String, String)> = BTreeSet::new();
    for chunk in source.split("at(\"").skip(1) {
        let (path, rest) = chunk.split_once('"').expect("a quoted path");
        let rest = rest.split("at(\"").next().expect("the first part");
        for method in ["get", "post", "put", "delete"] {
            if rest.contains(&format!("route({method}()")) {
                routes.insert((method.to_owned(), path.to_owned()));
            }
        }
        // a webhook takes whatever method the provider's document names, and is described by the usual one
        if rest.contains("route(to(webhooks::receive)") {
            routes.insert(("get".to_owned(), path.to_owned()));
        } else if rest.contains("route(to(webhooks::receive_of_account)") {
            routes.insert(("post".to_owned(), path.to_owned()));
        } else if rest.contains("route(to(bills::answer)") {
            // the rest of the path is one part of it, however many the document has
            routes.insert(("post".to_owned(), path.replace(":.*", "")));
        }
    }
    let described: serde_json::Value =
        serde_json::to_value(<api::openapi::Described as utoipa::OpenApi>::openapi()).expect("JSON");
    let mut told: BTreeSet<(String, String)> = BTreeSet::new();
    for (path, item) in described["paths"].as_object().expect("paths") {
        for method in item.as_object().expect("methods").keys() {
            told.insert((method.clone(), path.clone()));
        }
    }
    assert!(routes.len() > 20, "the routes were not found in the source");
    assert_eq!(routes, told);
}
