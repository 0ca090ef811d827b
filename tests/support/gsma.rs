//! The GSMA's own files, read where they lie and never copied: the OpenAPI 1.2.0 as a judge of bodies, and the scenarios
//! of its interoperability test platform. `MOTLAN_VECTORS` names the folder that has them.

use regex::Regex;
use serde_json::Value;
use std::path::PathBuf;

/// The folder, or a plain word that nothing is shown without it.
pub fn folder() -> Option<PathBuf> {
    let named = std::env::var_os("MOTLAN_VECTORS").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/vectors")));
    let gsma = folder.join("gsma");
    if !gsma.is_dir() {
        println!("NOT SHOWN: {} is not there; MOTLAN_VECTORS names the folder with the GSMA's files", gsma.display());
        return None;
    }
    Some(gsma)
}

pub fn yaml(path: &std::path::Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    merged(yaml_serde::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// With YAML's merge keys (`<<`) taken in: what stands beside one goes before what it names.
fn merged(value: Value) -> Value {
    match value {
        Value::Array(all) => all.into_iter().map(merged).collect(),
        Value::Object(mut fields) => {
            if let Some(Value::Object(named)) = fields.remove("<<") {
                for (name, value) in named {
                    fields.entry(name).or_insert(value);
                }
            }
            fields.into_iter().map(|(name, value)| (name, merged(value))).collect()
        }
        other => other,
    }
}

/// An OpenAPI 3.0 document whose schemas judge bodies.
pub struct OpenApi(Value);

impl OpenApi {
    pub fn master(gsma: &std::path::Path) -> Self {
        Self(yaml(&gsma.join("mobile-money-api-specification-1.2.0-master_0.yaml")))
    }

    pub fn bills(gsma: &std::path::Path) -> Self {
        Self(yaml(&gsma.join("mobile-money-api-specification-1.2.0-bill-payments.yaml")))
    }

    /// What is wrong with `body`, by the schema of this name; empty when nothing is.
    pub fn faults(&self, schema: &str, body: &Value) -> Vec<String> {
        let known = &self.0["components"]["schemas"][schema];
        assert!(known.is_object(), "no schema {schema}");
        let mut faults = Vec::new();
        self.judge(known, body, "", &mut faults);
        faults
    }

    fn judge(&self, schema: &Value, body: &Value, at: &str, faults: &mut Vec<String>) {
        let mut fault = |what: String| faults.push(format!("{at}: {what}"));
        if let Some(name) = schema["$ref"].as_str() {
            let name = name.rsplit('/').next().unwrap();
            return self.judge(&self.0["components"]["schemas"][name], body, at, faults);
        }
        let fits = match schema["type"].as_str() {
            None => true,
            Some("object") => body.is_object(),
            Some("array") => body.is_array(),
            Some("string") => body.is_string(),
            Some("number") => body.is_number(),
            Some("integer") => body.is_i64(),
            Some("boolean") => body.is_boolean(),
            Some(other) => panic!("a type {other}"),
        };
        if !fits {
            fault(format!("not of type {}", schema["type"]));
        }
        if schema["enum"].as_array().is_some_and(|known| !known.contains(body)) {
            fault(format!("{body} is not in the list"));
        }
        if let Some(text) = body.as_str() {
            let length = u64::try_from(text.chars().count()).unwrap();
            if schema["minLength"].as_u64().is_some_and(|least| length < least) {
                fault("too short".to_owned());
            }
            if schema["maxLength"].as_u64().is_some_and(|most| length > most) {
                fault("too long".to_owned());
            }
            if schema["pattern"].as_str().is_some_and(|pattern| !Regex::new(pattern).unwrap().is_match(text)) {
                fault(format!("{text} does not match {}", schema["pattern"]));
            }
            if schema["format"] == "date-time" && text.parse::<jiff::Timestamp>().is_err() {
                fault(format!("{text} is no date-time"));
            }
        }
        for name in schema["required"].as_array().into_iter().flatten() {
            if body.get(name.as_str().unwrap()).is_none() {
                fault(format!("{name} is missing"));
            }
        }
        if let Some(items) = body.as_array() {
            let count = u64::try_from(items.len()).unwrap();
            if schema["minItems"].as_u64().is_some_and(|least| count < least)
                || schema["maxItems"].as_u64().is_some_and(|most| count > most)
            {
                fault("another number of items".to_owned());
            }
            for (n, item) in items.iter().enumerate().filter(|_| schema["items"].is_object()) {
                self.judge(&schema["items"], item, &format!("{at}/{n}"), faults);
            }
        }
        for (name, part) in schema["properties"].as_object().into_iter().flatten() {
            if let Some(value) = body.get(name) {
                self.judge(part, value, &format!("{at}/{name}"), faults);
            }
        }
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.judge(part, body, at, faults);
        }
        if let Some(ways) = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array()) {
            let fits = |way: &Value| {
                let mut own = Vec::new();
                self.judge(way, body, at, &mut own);
                own.is_empty()
            };
            if !ways.iter().any(fits) {
                faults.push(format!("{at}: none of the ways fits"));
            }
        }
    }
}
