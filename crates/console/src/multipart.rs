//! A form with a file, as browsers send it (RFC 7578): the fields that are named, and nothing of what a file says of itself.
//! What does not end as it began is refused whole.

/// One field. A file's name and kind are whatever its sender likes: they are not read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Part<'b> {
    pub name: &'b str,
    pub content: &'b [u8],
}

/// More fields than any form of ours has.
const PARTS_AT_MOST: usize = 16;
/// RFC 2046, section 5.1.1.
const LONGEST_BOUNDARY: usize = 70;

/// The boundary that a `Content-Type` names.
pub(crate) fn boundary(content_type: &str) -> Option<&str> {
    let (media, parameters) = content_type.split_once(';')?;
    if !media.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = parameters.split(';').find_map(|p| p.trim().strip_prefix("boundary="))?.trim_matches('"');
    (1..=LONGEST_BOUNDARY).contains(&boundary.len()).then_some(boundary)
}

/// The fields of a body, in the order in which they were sent.
pub(crate) fn parts<'b>(body: &'b [u8], boundary: &str) -> Option<Vec<Part<'b>>> {
    let delimiter = format!("\r\n--{boundary}");
    // the first one may stand at the very beginning, without the line before it
    let mut rest = body.strip_prefix(&delimiter.as_bytes()[2..])?;
    let mut parts = Vec::new();
    while !rest.starts_with(b"--") {
        rest = rest.strip_prefix(b"\r\n")?;
        let end = find(rest, delimiter.as_bytes())?;
        parts.push(part(&rest[..end])?);
        rest = &rest[end + delimiter.len()..];
        if parts.len() > PARTS_AT_MOST {
            return None;
        }
    }
    Some(parts)
}

fn part(whole: &[u8]) -> Option<Part<'_>> {
    let end = find(whole, b"\r\n\r\n")?;
    let head = std::str::from_utf8(&whole[..end]).ok()?;
    let name = head.split("\r\n").find_map(name_of)?;
    Some(Part { name, content: &whole[end + 4..] })
}

fn name_of(line: &str) -> Option<&str> {
    let (header, value) = line.split_once(':')?;
    if !header.eq_ignore_ascii_case("content-disposition") {
        return None;
    }
    let (_, after) = value.split_once("; name=\"").or_else(|| value.split_once(";name=\""))?;
    after.split('"').next()
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = haystack[from..].iter().position(|byte| *byte == needle[0]) {
        from += at;
        if haystack[from..].starts_with(needle) {
            return Some(from);
        }
        from += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"--x1\r\nContent-Disposition: form-data; name=\"form\"\r\n\r\ntoken\r\n\
        --x1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\r\n.sta\"\r\nContent-Type: text/plain\r\n\r\n\
        :20:A\r\n--x\r\n\xff\r\n\r\n--x1--\r\n";

    #[test]
    fn fields_and_a_file_are_read_as_they_were_sent() {
        let found = parts(BODY, "x1").unwrap();
        assert_eq!(found[0], Part { name: "form", content: b"token" });
        assert_eq!(found[1], Part { name: "file", content: b":20:A\r\n--x\r\n\xff\r\n" });
        assert_eq!(found.len(), 2);
        assert_eq!(parts(b"--x1--", "x1").unwrap().len(), 0);
    }

    #[test]
    fn what_does_not_end_as_it_began_is_refused_whole() {
        for cut in [0, 3, 4, 30, 60, BODY.len() - 9] {
            assert!(parts(&BODY[..cut], "x1").is_none(), "{cut}");
        }
        assert!(parts(BODY, "x2").is_none());
        let many = b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n".repeat(20);
        assert!(parts(&[&many[..], b"--x--"].concat(), "x").is_none(), "more than any form has");
    }

    #[test]
    fn the_boundary_is_that_of_a_form_only() {
        assert_eq!(boundary("multipart/form-data; boundary=----WebKit1"), Some("----WebKit1"));
        assert_eq!(boundary("multipart/form-data; charset=utf-8; boundary=\"a b\""), Some("a b"));
        for other in
            ["multipart/mixed; boundary=a", "multipart/form-data", "text/plain", "multipart/form-data; boundary="]
        {
            assert_eq!(boundary(other), None, "{other}");
        }
    }
}
