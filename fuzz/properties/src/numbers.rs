//! Sums of amounts, wide enough for any.

/// As a wire writes a whole number: digits, perhaps a sign and a fraction of zeros.
pub fn whole(text: &str) -> Option<i128> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (digits, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = !digits.is_empty() && digits.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit());
    let zeros = fraction.bytes().all(|b| b == b'0');
    (plain && zeros).then(|| digits.parse::<i128>().ok()).flatten().map(|number| sign * number)
}

pub fn sum(parts: impl IntoIterator<Item = i64>) -> i128 {
    parts.into_iter().map(i128::from).sum()
}
