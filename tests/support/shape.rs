//! Whether an answer has the shape that the API's own description gives it: required members, types, no others.

use serde_json::Value;
use std::collections::BTreeSet;

/// The description as it is served.
pub struct Described(pub Value);

impl Described {
    /// Every mistake of `value` against a schema of `components`, each with its place.
    pub fn mistakes(&self, schema: &str, value: &Value) -> Vec<String> {
        let schema = &self.0["components"]["schemas"][schema];
        assert!(schema.is_object(), "no such schema");
        let mut out = Vec::new();
        self.check(schema, value, "", &mut out);
        let mut members = BTreeSet::new();
        self.members(schema, &mut members);
        // a problem may carry what its code calls for
        if let (Some(object), false) = (value.as_object(), members.contains("request_id")) {
            let unknown = object.keys().filter(|k| !members.contains(*k));
            out.extend(unknown.map(|k| format!("/{k}: not in the description")));
        }
        out
    }

    /// The schema of an operation's answer: its name, or none where it has no body.
    pub fn answer(&self, method: &str, path: &str, status: u16) -> Option<String> {
        let content = &self.0["paths"][path][method]["responses"][status.to_string()]["content"];
        let schema = content.as_object()?.values().next()?;
        schema["schema"]["$ref"].as_str().and_then(|r| r.rsplit('/').next()).map(str::to_owned)
    }

    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(path) => self.0.pointer(path.trim_start_matches('#')).unwrap(),
            None => schema,
        }
    }

    fn members(&self, schema: &Value, out: &mut BTreeSet<String>) {
        let schema = self.resolve(schema);
        out.extend(schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone()));
        schema["allOf"].as_array().into_iter().flatten().for_each(|part| self.members(part, out));
    }

    fn check(&self, schema: &Value, value: &Value, at: &str, out: &mut Vec<String>) {
        let schema = self.resolve(schema);
        if let Some(parts) = schema["allOf"].as_array() {
            parts.iter().for_each(|part| self.check(part, value, at, out));
        }
        if let Some(choices) = schema["oneOf"].as_array() {
            let fits = choices.iter().any(|choice| {
                let mut mistakes = Vec::new();
                self.check(choice, value, at, &mut mistakes);
                mistakes.is_empty()
            });
            if !fits {
                out.push(format!("{at}: {value} is none of the choices"));
            }
        }
        let types: Vec<&str> = match &schema["type"] {
            Value::String(one) => vec![one],
            Value::Array(some) => some.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        if !types.is_empty() && !types.iter().any(|t| is(t, value)) {
            out.push(format!("{at}: {value} is no {types:?}"));
        }
        if schema["format"] == "date-time" && value.as_str().is_some_and(|t| !t.ends_with('Z')) {
            out.push(format!("{at}: {value} is no instant in UTC"));
        }
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if value.is_object() && value.get(name).is_none() {
                out.push(format!("{at}/{name}: missing"));
            }
        }
        for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
            if let Some(value) = value.get(name) {
                self.check(inner, value, &format!("{at}/{name}"), out);
            }
        }
        for (i, item) in value.as_array().into_iter().flatten().enumerate() {
            if schema["items"].is_object() {
                self.check(&schema["items"], item, &format!("{at}/{i}"), out);
            }
        }
    }
}

fn is(type_name: &str, value: &Value) -> bool {
    match type_name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => false,
    }
}
