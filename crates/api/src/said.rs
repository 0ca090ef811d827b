//! What a request says of itself before anybody reads it: whether its body is compressed, and what its sender reads.

use actix_web::http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap, TRANSFER_ENCODING};

/// Whether there is a body in any coding but its own. Nothing here unpacks one: a small body may become any length.
pub fn is_compressed(headers: &HeaderMap) -> bool {
    let is_empty = headers.get(CONTENT_LENGTH).is_some_and(|length| length == "0");
    let has_body = headers.contains_key(TRANSFER_ENCODING) || headers.contains_key(CONTENT_LENGTH) && !is_empty;
    let plain = |value: &str| value.split(',').all(|coding| matches!(coding.trim(), "" | "identity"));
    let mut codings = headers.get_all(CONTENT_ENCODING);
    has_body && !codings.all(|value| value.to_str().is_ok_and(|value| plain(&value.to_ascii_lowercase())))
}

/// Whether JSON is the first that is asked for; whoever reads everything may be a browser.
pub fn wants_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let best = accept.split(',').map(weighed).reduce(|best, next| if next.1 > best.1 { next } else { best });
    best.is_some_and(|(media, _)| media == "application/json" || media == "application/problem+json")
}

/// A media type and how much it is wanted, in thousandths (RFC 9110, section 12.4.2).
fn weighed(range: &str) -> (String, u16) {
    let mut parts = range.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default().to_ascii_lowercase();
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    (media, weight.map_or(1_000, thousandths))
}

fn thousandths(weight: &str) -> u16 {
    let (whole, rest) = weight.split_once('.').unwrap_or((weight, ""));
    let digits: String = rest.chars().chain("000".chars()).take(3).collect();
    let (whole, rest) = (whole.parse::<u16>().unwrap_or_default(), digits.parse::<u16>().unwrap_or_default());
    whole.min(1) * 1_000 + if whole == 0 { rest } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    fn headers(of: &[(HeaderName, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        of.iter().for_each(|(name, value)| headers.append(name.clone(), HeaderValue::from_static(value)));
        headers
    }

    #[test]
    fn a_body_is_compressed_where_any_coding_says_so() {
        for (codings, compressed) in [
            (vec![], false),
            (vec!["identity"], false),
            (vec![""], false),
            (vec!["gzip"], true),
            (vec!["Identity", "GZIP"], true),
            (vec!["identity, br"], true),
        ] {
            let mut said: Vec<_> = codings.iter().map(|coding| (CONTENT_ENCODING, *coding)).collect();
            said.push((CONTENT_LENGTH, "7"));
            assert_eq!(is_compressed(&headers(&said)), compressed, "{codings:?}");
        }
        assert!(!is_compressed(&headers(&[(CONTENT_ENCODING, "gzip")])));
        assert!(!is_compressed(&headers(&[(CONTENT_ENCODING, "gzip"), (CONTENT_LENGTH, "0")])));
        assert!(is_compressed(&headers(&[(CONTENT_ENCODING, "gzip"), (TRANSFER_ENCODING, "chunked")])));
    }

    #[test]
    fn json_is_wanted_where_nothing_is_wanted_more() {
        for (accept, wants) in [
            ("application/json", true),
            ("Application/Problem+JSON;q=1.0", true),
            ("text/html;q=0.5, application/json", true),
            ("text/html, application/json;q=0.999", false),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", false),
            ("*/*", false),
            ("", false),
        ] {
            assert_eq!(wants_json(&headers(&[(ACCEPT, accept)])), wants, "{accept}");
        }
        assert!(!wants_json(&HeaderMap::new()));
    }
}
