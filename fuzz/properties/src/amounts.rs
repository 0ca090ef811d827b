//! Amounts as a request states them: a JSON integer, bounded at the door.

use domain::Vnd;
use domain::money::MAX_AMOUNT;
use serde_json::Value;

pub fn check(bytes: &[u8]) -> bool {
    let Ok(number) = serde_json::from_slice::<i64>(bytes) else { return false };
    let sent = String::from_utf8_lossy(bytes).trim().to_owned();
    let integer = sent.strip_prefix('-').unwrap_or(&sent).bytes().all(|b| b.is_ascii_digit());
    assert!(integer, "read as an integer: {sent}");
    let Ok(amount) = Vnd::amount(number) else {
        assert!(!(0..=MAX_AMOUNT).contains(&number), "{sent} was refused");
        return false;
    };
    let written = serde_json::to_value(amount).expect("an amount is a number");
    assert_eq!(written, Value::from(number));
    // `-0` is a spelling of nothing
    let again = if sent == "-0" { "0" } else { sent.as_str() };
    assert_eq!(written.to_string(), again);
    let shown = amount.to_string();
    let digits: String = shown.chars().filter(char::is_ascii_digit).collect();
    assert_eq!(digits, number.to_string(), "{shown}");
    let groups: Vec<_> = shown.trim_end_matches(" ₫").split('.').map(str::len).collect();
    assert!(groups[1..].iter().all(|len| *len == 3) && (1..=3).contains(&groups[0]), "{shown}");
    true
}
