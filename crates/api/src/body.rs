//! Reading what a caller sends: JSON bodies with a pointer to each mistake, idempotency keys, cursors.

use crate::named::Named;
use crate::problem::{Code, FieldError, Problem};
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, HttpResponse};
use domain::codes::BadCode;
use payments::Reply;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use storage::idempotency;
use uuid::Uuid;

/// Parses a body into `T`; a wrong or unknown field is named by JSON pointer.
pub fn json<T: DeserializeOwned>(req: &HttpRequest, raw: &[u8]) -> Result<T, Problem> {
    let media = req.headers().get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let essence = media.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(Problem::new(Code::UnsupportedMediaType));
    }
    let mut de = serde_json::Deserializer::from_slice(raw);
    let value = serde_path_to_error::deserialize(Named(&mut de)).map_err(|e| mistake(&e))?;
    let ended = de.end();
    ended.map_err(|e| Problem::with(Code::BodyMalformed, format!("more follows the document at {}", place(&e))))?;
    Ok(value)
}

/// Where in the body.
fn place(error: &serde_json::Error) -> String {
    format!("line {} column {}", error.line(), error.column())
}

fn mistake(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let inner = error.inner();
    if inner.is_syntax() || inner.is_eof() || inner.is_io() {
        let how = if inner.is_eof() { "ends" } else { "is no JSON" };
        return Problem::with(Code::BodyMalformed, format!("the body {how} at {}", place(inner)));
    }
    let Mistake { code, field, detail } = told(&inner.to_string());
    let mut pointer = pointer(error.path());
    // the path of an unknown field already ends in it, that of a missing one does not
    if let Some(step) = field.map(|f| step(&f)).filter(|step| !pointer.ends_with(step)) {
        pointer.push_str(&step);
    }
    Problem::fields(vec![FieldError { pointer, code: code.to_owned(), detail: detail.to_owned() }])
}

struct Mistake {
    code: &'static str,
    field: Option<String>,
    detail: &'static str,
}

/// What serde found, in words for whoever calls: its own name types of ours, and quote the value, which may be a person's.
fn told(text: &str) -> Mistake {
    let named = |prefix: &str| text.strip_prefix(prefix).and_then(|t| t.split('`').next()).map(str::to_owned);
    let of = |code, field, detail| Mistake { code, field, detail };
    if let Some(field) = named("unknown field `") {
        of("unknown", Some(field), "there is no such field here")
    } else if let Some(field) = named("missing field `") {
        of("required", Some(field), "is missing")
    } else if let Some(field) = named("duplicate field `") {
        of("conflict", Some(field), "is given twice")
    } else if text.starts_with("unknown variant") {
        of("value", None, "is none of the words that may stand here")
    } else {
        of("type", None, wanted(text))
    }
}

/// What should have stood there.
fn wanted(text: &str) -> &'static str {
    let expected = text.rsplit_once(", expected ").map_or("", |(_, expected)| expected);
    let expected = expected.split(" at line ").next().unwrap_or_default();
    match expected {
        "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "usize" if text.starts_with("invalid value") => {
            "is a number outside what fits"
        }
        "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "usize" => "is not a whole number",
        "a string" | "string" | "a borrowed string" => "is not a text",
        "a boolean" => "is neither true nor false",
        "a sequence" => "is not a list",
        _ if expected.starts_with("struct ") || expected == "a map" => "is not an object",
        _ => "is not of the kind that stands here",
    }
}

/// What is wrong with a query, in words for whoever calls.
pub fn query_mistake(error: &actix_web::error::QueryPayloadError) -> Problem {
    let text = error.to_string();
    let text = text.split_once(": ").map_or("", |(_, text)| text);
    let Mistake { code, field, .. } = told(text);
    let plain = field.filter(|name| name.len() <= 64 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
    let name = plain.as_deref().unwrap_or("a parameter");
    let detail = match code {
        "unknown" => format!("{name} is no parameter here"),
        "required" => format!("{name} is missing"),
        "conflict" => format!("{name} is given twice"),
        _ => "a parameter has a value that cannot stand there".to_owned(),
    };
    Problem::with(Code::QueryInvalid, detail)
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter().fold(String::new(), |mut out, segment| {
        match segment {
            Segment::Seq { index } => out.push_str(&format!("/{index}")),
            Segment::Map { key } | Segment::Enum { variant: key } => out.push_str(&step(key)),
            Segment::Unknown => {}
        }
        out
    })
}

/// One step of a pointer (RFC 6901).
fn step(key: &str) -> String {
    format!("/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// serde quotes the value that it did not like, a text in `"`, a number in backticks; that value may be a person's.
fn without_values(text: &str) -> String {
    let text = text.rsplit_once(" at line ").map_or(text, |(text, _)| text);
    let quote = if text.contains('"') || !text.starts_with("invalid ") { '"' } else { '`' };
    match (text.find(quote), text.rfind(quote)) {
        (Some(from), Some(to)) if from < to => format!("{}…{}", &text[..=from], &text[to..]),
        _ => text.to_owned(),
    }
}

/// Embeddings, overrides and isolates: they make a page show another text than the one that is stored.
fn turns_text(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Collects every mistake of a body instead of stopping at the first.
#[derive(Default)]
pub struct Fields(Vec<FieldError>);

impl Fields {
    pub fn wrong(&mut self, pointer: &str, code: &str, detail: impl ToString) {
        let detail = without_values(&detail.to_string());
        self.0.push(FieldError { pointer: pointer.to_owned(), code: code.to_owned(), detail });
    }

    pub fn names(&self, pointer: &str) -> bool {
        self.0.iter().any(|error| error.pointer == pointer)
    }

    /// The value, or its mistake noted.
    pub fn check<T, E: ToString>(&mut self, pointer: &str, code: &str, value: Result<T, E>) -> Option<T> {
        value.map_err(|e| self.wrong(pointer, code, e)).ok()
    }

    /// A text of `min..=max` characters without control characters.
    pub fn text(&mut self, pointer: &str, value: &str, min: usize, max: usize) -> Option<String> {
        let length = value.chars().count();
        if !(min..=max).contains(&length) {
            self.wrong(pointer, "length", format!("must have {min} to {max} characters"));
        } else if value.chars().any(|c| c.is_control() || turns_text(c)) {
            self.wrong(
                pointer,
                "format",
                "must not hold control characters, nor characters that turn the text's direction",
            );
        } else if value.trim().is_empty() {
            self.wrong(pointer, "format", "must not be blank");
        } else if value.contains(char::REPLACEMENT_CHARACTER) {
            self.wrong(pointer, "format", "is not UTF-8");
        } else {
            return Some(value.to_owned());
        }
        None
    }

    pub fn optional_text(&mut self, pointer: &str, value: Option<&str>, max: usize) -> Option<String> {
        value.and_then(|v| self.text(pointer, v, 1, max))
    }

    pub fn code<T>(&mut self, pointer: &str, made: Result<T, BadCode>) -> Option<T> {
        self.check(pointer, "format", made)
    }

    pub fn end(self) -> Result<(), Problem> {
        if self.0.is_empty() { Ok(()) } else { Err(Problem::fields(self.0)) }
    }
}

/// The idempotency key of a POST: scope is principal, method, path and key; the fingerprint is the raw body's.
pub fn idempotency(req: &HttpRequest, principal: Uuid, raw: &[u8]) -> Result<idempotency::Request, Problem> {
    Ok(idempotency::Request {
        principal,
        scope: format!("{} {}", req.method(), req.path()),
        key_hash: Sha256::digest(idempotency_key(req)?).to_vec(),
        fingerprint: fingerprint(req.query_string(), raw),
    })
}

/// The key as sent; asked for by itself where a long body would be read in vain.
pub fn idempotency_key(req: &HttpRequest) -> Result<&[u8], Problem> {
    let mut sent = req.headers().get_all("idempotency-key");
    let key = sent.next().ok_or_else(|| Problem::new(Code::IdempotencyKeyMissing))?.as_bytes();
    let printable = (1..=255).contains(&key.len()) && key.iter().all(|b| (0x20..0x7f).contains(b));
    if !printable || sent.next().is_some() {
        return Err(Problem::new(Code::IdempotencyKeyMalformed));
    }
    Ok(key)
}

/// What a key stands for: the body, and what the query says about it.
fn fingerprint(query: &str, raw: &[u8]) -> Vec<u8> {
    if query.is_empty() {
        return Sha256::digest(raw).to_vec();
    }
    Sha256::new().chain_update(query).chain_update("\n").chain_update(raw).finalize().to_vec()
}

/// `?limit=&after=` of a list.
pub fn limit(asked: Option<i64>) -> Result<i64, Problem> {
    match asked {
        None => Ok(50),
        Some(n) if (1..=200).contains(&n) => Ok(n),
        Some(_) => Err(Problem::with(Code::QueryInvalid, "limit is 1 to 200")),
    }
}

/// The value of a filter. Control characters stand nowhere in the books, and PostgreSQL takes no NUL at all.
pub fn filter(asked: &Option<String>) -> Result<Option<String>, Problem> {
    match asked {
        Some(text) if text.chars().any(char::is_control) => {
            Err(Problem::with(Code::QueryInvalid, "a filter must not hold control characters"))
        }
        _ => Ok(asked.clone()),
    }
}

/// `YYYY-MM-DD` and nothing else that a date might be read from.
pub fn civil_date(text: &str) -> Option<jiff::civil::Date> {
    text.parse::<jiff::civil::Date>().ok().filter(|date| date.to_string() == text)
}

/// A parameter that must be there. Read as if it might be absent, so that who is not known is told nothing about it.
pub fn needed<'q>(name: &str, asked: &'q Option<String>) -> Result<&'q str, Problem> {
    asked.as_deref().ok_or_else(|| Problem::with(Code::QueryInvalid, format!("{name} is missing")))
}

/// Whether a text in it holds NUL, which PostgreSQL's JSON cannot keep.
pub fn holds_nul(value: &serde_json::Value) -> bool {
    use serde_json::Value;
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(members) => members.iter().any(|(name, value)| name.contains('\0') || holds_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A cursor is the id after which the next page begins; opaque to callers.
pub fn after<T: std::str::FromStr>(cursor: Option<&str>) -> Result<Option<T>, Problem> {
    cursor
        .map(|text| text.parse().map_err(|_| Problem::with(Code::QueryInvalid, "after is not a cursor of this list")))
        .transpose()
}

/// A POST that takes no fields: no body, or `{}`.
pub fn nothing(req: &HttpRequest, raw: &[u8]) -> Result<(), Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}
    if raw.is_empty() { Ok(()) } else { json::<Nothing>(req, raw).map(drop) }
}

/// The answer of a use case, the same bytes at each repeat.
pub fn reply(reply: Reply) -> HttpResponse {
    let status = actix_web::http::StatusCode::from_u16(reply.status).unwrap_or_default();
    let mut response = HttpResponse::build(status);
    response.content_type("application/json");
    if reply.replayed {
        response.insert_header(("Idempotency-Replayed", "true"));
    }
    response.body(reply.body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether it is read counts")]
    struct Inner {
        flag: bool,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether it is read counts")]
    struct Outer {
        amount: i64,
        #[serde(default)]
        code: String,
        #[serde(default)]
        list: Vec<String>,
        inner: Option<Inner>,
        #[serde(default)]
        inners: Vec<Inner>,
    }

    fn refused(text: &str) -> (String, String, String) {
        let mut de = serde_json::Deserializer::from_slice(text.as_bytes());
        let error = serde_path_to_error::deserialize::<_, Outer>(Named(&mut de)).expect_err(text);
        let mut problem = mistake(&error);
        let field = problem.errors.pop();
        field.map_or((String::new(), problem.code.to_owned(), problem.detail), |f| (f.pointer, f.code, f.detail))
    }

    #[test]
    fn each_mistake_is_told_in_words_for_whoever_calls() {
        for (body, pointer, code, detail) in [
            (r#"{"amount": "Nguyen"}"#, "/amount", "type", "is not a whole number"),
            (r#"{"amount": 1.5}"#, "/amount", "type", "is not a whole number"),
            (r#"{"amount": 99999999999999999999}"#, "/amount", "type", "is not a whole number"),
            (r#"{"amount": 1, "code": 7}"#, "/code", "type", "is not a text"),
            (r#"{"amount": 1, "list": {}}"#, "/list", "type", "is not a list"),
            (r#"{"amount": 1, "list": ["a", 1]}"#, "/list/1", "type", "is not a text"),
            (r#"{"amount": 1, "inner": []}"#, "/inner", "type", "is not an object"),
            (r#"{"amount": 1, "inner": 3}"#, "/inner", "type", "is not an object"),
            (r#"{"amount": 1, "inner": {"flag": "x"}}"#, "/inner/flag", "type", "is neither true nor false"),
            (r#"{"amount": 1, "inner": {}}"#, "/inner/flag", "required", "is missing"),
            (r#"{"code": "x"}"#, "/amount", "required", "is missing"),
            (r#"{"amount": 1, "amount": 2}"#, "/amount", "conflict", "is given twice"),
            (r#"{"amount": 1, "surprise": 2}"#, "/surprise", "unknown", "there is no such field here"),
            ("[]", "", "type", "is not an object"),
            ("[1]", "", "type", "is not an object"),
            (r#"{"amount": 1, "inner": [true]}"#, "/inner", "type", "is not an object"),
            (r#"{"amount": 1, "inners": [[true]]}"#, "/inners/0", "type", "is not an object"),
            (r#"{"amount": 1"#, "", "body_malformed", "the body ends at line 1 column 12"),
            ("{'a': 1}", "", "body_malformed", "the body is no JSON at line 1 column 2"),
        ] {
            let told = refused(body);
            assert_eq!((told.0.as_str(), told.1.as_str(), told.2.as_str()), (pointer, code, detail), "{body}");
        }
    }

    #[test]
    fn a_query_is_refused_by_the_name_of_its_parameter() {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[expect(dead_code, reason = "only whether it is read counts")]
        struct Asked {
            limit: Option<i64>,
            report: String,
        }
        for (query, detail) in [
            ("report=x&limit=abc", "a parameter has a value that cannot stand there"),
            ("report=x&surprise=1", "surprise is no parameter here"),
            ("report=x&report=y", "report is given twice"),
            ("limit=1", "report is missing"),
            ("report=x&%3Cb%3E=1", "a parameter is no parameter here"),
        ] {
            let error = actix_web::web::Query::<Asked>::from_query(query).expect_err(query);
            assert_eq!(query_mistake(&error).detail, detail, "{query}");
        }
    }
}
