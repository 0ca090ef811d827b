//! JSON with its literals kept, for a signature over a form that is written anew must find each number as it was sent.
//! It refuses a name given twice in one object, nesting deeper than any provider's, and what is not JSON.

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt::{self, Write};

/// What is known nests three levels at most.
const MAX_DEPTH: u32 = 8;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    Null,
    Bool(bool),
    /// The literal as it stood.
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(Object),
}

/// Names and values, sorted by name as JavaScript sorts: by UTF-16 units.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Object(Vec<(String, Json)>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadJson {
    #[error("not JSON")]
    Syntax,
    #[error("a name is given twice")]
    Twice,
    #[error("nested too deep")]
    Depth,
    #[error("not a JSON object")]
    NoObject,
}

impl Json {
    pub fn parse(text: &str) -> Result<Self, BadJson> {
        read(serde_json::from_str(text).map_err(|_| BadJson::Syntax)?, 0)
    }

    pub fn object(text: &str) -> Result<Object, BadJson> {
        match Self::parse(text)? {
            Self::Object(object) => Ok(object),
            _ => Err(BadJson::NoObject),
        }
    }

    /// As JavaScript's `JSON.stringify` writes it after the names were sorted at every level: no blanks, UTF-8 as it
    /// is, `/` bare.
    pub fn canonical(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(literal) => out.push_str(literal),
            Self::Text(text) => write_text(text, out),
            Self::List(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    out.push_str(if i == 0 { "" } else { "," });
                    item.write(out);
                }
                out.push(']');
            }
            Self::Object(object) => {
                out.push('{');
                for (i, (name, value)) in object.0.iter().enumerate() {
                    out.push_str(if i == 0 { "" } else { "," });
                    write_text(name, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

impl Object {
    /// # Errors
    /// When a name is given twice.
    pub fn new(mut pairs: Vec<(String, Json)>) -> Result<Self, BadJson> {
        pairs.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
        if pairs.windows(2).any(|two| two[0].0 == two[1].0) { Err(BadJson::Twice) } else { Ok(Self(pairs)) }
    }

    pub fn get(&self, name: &str) -> Option<&Json> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// A text or a number's literal, without blanks around; absent, null and empty are the same.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Json::Text(text) | Json::Number(text) => Some(text.trim()).filter(|t| !t.is_empty()),
            _ => None,
        }
    }

    /// The same as it stood, blanks and all; absent where it is neither a text nor a number.
    pub fn literal(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Json::Text(text) | Json::Number(text) => Some(text),
            _ => None,
        }
    }

    pub fn inner(&self, name: &str) -> Option<&Object> {
        match self.get(name)? {
            Json::Object(object) => Some(object),
            _ => None,
        }
    }
}

fn read(raw: &RawValue, depth: u32) -> Result<Json, BadJson> {
    if depth > MAX_DEPTH {
        return Err(BadJson::Depth);
    }
    let text = raw.get();
    let syntax = |_| BadJson::Syntax;
    Ok(match text.as_bytes().first() {
        Some(b'{') => {
            let pairs: Pairs<'_> = serde_json::from_str(text).map_err(syntax)?;
            let read = |(name, value)| Ok((name, read(value, depth + 1)?));
            Json::Object(Object::new(pairs.0.into_iter().map(read).collect::<Result<_, _>>()?)?)
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text).map_err(syntax)?;
            Json::List(items.into_iter().map(|item| read(item, depth + 1)).collect::<Result<_, _>>()?)
        }
        Some(b'"') => Json::Text(serde_json::from_str(text).map_err(syntax)?),
        Some(b't') => Json::Bool(true),
        Some(b'f') => Json::Bool(false),
        Some(b'n') => Json::Null,
        _ => Json::Number(text.to_owned()),
    })
}

/// The pairs of an object as they stood, also those that repeat a name.
struct Pairs<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Vec<(String, &'de RawValue)>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(pairs)
            }
        }
        deserializer.deserialize_map(Collect).map(Self)
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn canonical(text: &str) -> Result<String, BadJson> {
        Json::parse(text).map(|json| json.canonical())
    }

    #[test]
    fn names_are_sorted_at_every_level_and_literals_survive() {
        let text = r#" {"b": [ {"z":1.50, "a":-0}, null ], "a":1E+2,"B":123456789012345678901234567890,"é":true} "#;
        let sorted = r#"{"B":123456789012345678901234567890,"a":1E+2,"b":[{"a":-0,"z":1.50},null],"é":true}"#;
        assert_eq!(canonical(text).as_deref(), Ok(sorted));
    }

    #[test]
    fn texts_are_written_as_javascript_writes_them() {
        let text = r#"["\u1ec4 \/ \" \\ \b\f\n\r\t\u0001\u007f\u2028 \ud83d\ude00"]"#;
        let written = "[\"\u{1ec4} / \\\" \\\\ \\b\\f\\n\\r\\t\\u0001\u{7f}\u{2028} \u{1f600}\"]";
        assert_eq!(canonical(text).as_deref(), Ok(written));
    }

    #[test]
    fn what_is_ambiguous_or_not_json_is_refused() {
        for twice in [r#"{"a":1,"a":1}"#, r#"{"a":1,"\u0061":2}"#, r#"{"x":{"a":1,"b":2,"a":3}}"#] {
            assert_eq!(canonical(twice), Err(BadJson::Twice), "{twice}");
        }
        for ill in ["", "{", "{}x", r#"{"a":01}"#, r#"{"a":NaN}"#, r#"["\ud83d"]"#, "{'a':1}", r#"{"a":1,}"#] {
            assert_eq!(canonical(ill), Err(BadJson::Syntax), "{ill}");
        }
        assert_eq!(canonical(&("[".repeat(10) + &"]".repeat(10))), Err(BadJson::Depth));
        assert_eq!(canonical(&("[".repeat(100_000) + &"]".repeat(100_000))), Err(BadJson::Depth));
        assert_eq!(Json::object("[]"), Err(BadJson::NoObject));
    }

    proptest! {
        #[test]
        fn the_canonical_form_is_its_own_canonical_form(names in prop::collection::btree_set(any::<String>(), 0..6), text: String) {
            let pairs = names.into_iter().rev().map(|n| (n, Json::Text(text.clone()))).collect();
            let json = Json::Object(Object::new(pairs).expect("names differ"));
            prop_assert_eq!(Json::parse(&json.canonical()), Ok(json));
        }

        #[test]
        fn foreign_text_never_panics(text: String) {
            let _ = Json::parse(&text).is_ok();
        }
    }
}
