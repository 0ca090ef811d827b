//! Vietnamese without its marks. Refuses nothing: other letters stay as they are.

/// Vietnamese letters to the ASCII ones that banks put in their place.
pub(super) fn without_accents(text: &str) -> String {
    text.chars().filter_map(plain).collect()
}

/// None for a combining mark.
fn plain(letter: char) -> Option<char> {
    const BASES: [(char, &str); 7] = [
        ('a', "àáảãạăằắẳẵặâầấẩẫậ"),
        ('e', "èéẻẽẹêềếểễệ"),
        ('i', "ìíỉĩị"),
        ('o', "òóỏõọôồốổỗộơờớởỡợ"),
        ('u', "ùúủũụưừứửữự"),
        ('y', "ỳýỷỹỵ"),
        ('d', "đ"),
    ];
    if letter.is_ascii() {
        return Some(letter);
    }
    if ('\u{300}'..='\u{36f}').contains(&letter) {
        return None;
    }
    let small = letter.to_lowercase().next().unwrap_or(letter);
    let base = BASES.iter().find(|(_, letters)| letters.contains(small)).map(|(base, _)| *base);
    Some(match base {
        Some(base) if small == letter => base,
        Some(base) => base.to_ascii_uppercase(),
        None => letter,
    })
}

#[cfg(test)]
mod tests {
    use super::without_accents;

    #[test]
    fn accents_fall_composed_or_not() {
        assert_eq!(without_accents("Đường Nguyễn Huệ, ừ Ỵ"), "Duong Nguyen Hue, u Y");
        assert_eq!(without_accents("e\u{302}\u{301}"), "e");
    }
}
