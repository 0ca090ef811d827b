//! EMVCo's data objects: two digits of name, two of length, the value; and the checksum over them.

/// One object. Every value that is made is ASCII and, by the limits of its parts, below 100 characters.
pub fn field(id: &str, value: &str) -> String {
    format!("{id}{:02}{value}", value.len())
}

/// The objects of a text in their order. A length counts characters, not bytes. None where a name or a length is not
/// two digits, a length is zero or goes past the end.
pub fn fields(text: &str) -> Option<Vec<(u8, &str)>> {
    let (mut rest, mut found) = (text, Vec::new());
    while !rest.is_empty() {
        let (id, after) = two_digits(rest)?;
        let (len, after) = two_digits(after)?;
        let end = after.char_indices().map(|(at, _)| at).chain([after.len()]).nth(usize::from(len))?;
        if len == 0 {
            return None;
        }
        found.push((id, &after[..end]));
        rest = &after[end..];
    }
    Some(found)
}

fn two_digits(text: &str) -> Option<(u8, &str)> {
    let (digits, rest) = text.split_at_checked(2)?;
    let number = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok());
    Some((number.flatten()?, rest))
}

/// CRC-16/CCITT-FALSE: polynomial 0x1021, begun with 0xFFFF, nothing reflected, nothing added.
pub fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |sum, byte| {
        (0..8).fold(
            sum ^ (u16::from(*byte) << 8),
            |sum, _| {
                if sum & 0x8000 == 0 { sum << 1 } else { (sum << 1) ^ 0x1021 }
            },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_has_its_published_check_value() {
        assert_eq!(crc(b"123456789"), 0x29B1);
        assert_eq!(crc(b""), 0xFFFF);
    }

    #[test]
    fn lengths_count_characters_and_never_pass_the_end() {
        assert_eq!(fields("0002lệ0101x"), Some(vec![(0, "lệ"), (1, "x")]));
        assert_eq!(fields(""), Some(vec![]));
        for ill in ["0", "00", "000", "0005lệ", "0000", "0X01x", "00+1x", "0001", "ệ001"] {
            assert_eq!(fields(ill), None, "{ill}");
        }
    }
}
