//! The code that an authenticator application shows: TOTP (RFC 6238) over HOTP (RFC 4226), SHA-1, 30 seconds, six digits,
//! which is what every such application knows.
//!
//! | a code | |
//! |---|---|
//! | of now, or of the step before or after | taken: clocks differ, and people type slowly (RFC 6238, section 5.2) |
//! | of a step that was used, or one before it | refused: a code is used once |
//! | any other | refused |

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha1::Sha1;
use subtle::ConstantTimeEq;

const STEP_S: i64 = 30;
const DIGITS: usize = 6;
const APART: i64 = 1;
/// RFC 4226, section 4, R6: 128 bits at least, 160 recommended.
pub const SECRET_LEN: usize = 20;

pub type Secret = [u8; SECRET_LEN];

/// Which step of thirty seconds this is.
pub fn step(at: Timestamp) -> i64 {
    at.as_second().div_euclid(STEP_S)
}

/// What the application shows in this step.
pub fn code(secret: &[u8], step: i64) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).expect("HMAC takes a key of any length");
    mac.update(&step.to_be_bytes());
    let digest: [u8; 20] = mac.finalize().into_bytes().into();
    // RFC 4226, section 5.3: where to read is said by the last four bits
    let at = usize::from(digest[19] & 0x0f);
    let four = [digest[at] & 0x7f, digest[at + 1], digest[at + 2], digest[at + 3]];
    format!("{:0width$}", u32::from_be_bytes(four) % 10_u32.pow(6), width = DIGITS)
}

/// The step whose code was typed, if that is taken now; from then on no code up to it is.
pub fn accepted(secret: &[u8], typed: &str, now: Timestamp, last_used: Option<i64>) -> Option<i64> {
    let typed: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    let now = step(now);
    (now - APART..=now + APART)
        .filter(|step| last_used.is_none_or(|used| *step > used))
        // all of them are looked at, whichever fits
        .fold(None, |found, step| {
            let fits = bool::from(code(secret, step).as_bytes().ct_eq(typed.as_bytes()));
            if fits { found.or(Some(step)) } else { found }
        })
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The secret as people type it into an application (RFC 4648, section 6).
pub fn text(secret: &Secret) -> String {
    let bits = secret.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
    let bits: Vec<u8> = bits.collect();
    bits.chunks(5).map(|five| five.iter().fold(0_usize, |sum, bit| sum << 1 | usize::from(*bit))).map(letter).collect()
}

fn letter(value: usize) -> char {
    char::from(BASE32[value])
}

/// What the QR code says (Key Uri Format of the first such application). `holder` is a code of ours: it needs no escape.
pub fn address(secret: &Secret, holder: &str) -> String {
    format!("otpauth://totp/Motlan:{holder}?secret={}&issuer=Motlan&algorithm=SHA1&digits=6&period=30", text(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &Secret = b"12345678901234567890";

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn codes_are_those_of_rfc_6238_appendix_b_and_rfc_4226_appendix_d() {
        // eight digits there, of which an application shows the last six
        let of_6238 = [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ];
        for (second, eight) in of_6238 {
            assert_eq!(code(SECRET, step(at(second))), eight[2..], "{second}");
        }
        let of_4226 =
            ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];
        for (count, six) in (0..).zip(of_4226) {
            assert_eq!(code(SECRET, count), six);
        }
    }

    #[test]
    fn a_code_is_taken_within_a_step_and_never_twice() {
        let now = at(1_234_567_890);
        let this = step(now);
        let typed = |step| code(SECRET, step);
        for step in this - 1..=this + 1 {
            assert_eq!(accepted(SECRET, &typed(step), now, None), Some(step));
        }
        for step in [this - 2, this + 2] {
            assert_eq!(accepted(SECRET, &typed(step), now, None), None, "too far");
        }
        assert_eq!(accepted(SECRET, &typed(this), now, Some(this)), None, "used");
        assert_eq!(accepted(SECRET, &typed(this - 1), now, Some(this)), None, "before one that was used");
        assert_eq!(accepted(SECRET, &typed(this + 1), now, Some(this)), Some(this + 1));
        let spaced = format!(" {} {}", &typed(this)[..3], &typed(this)[3..]);
        assert_eq!(accepted(SECRET, &spaced, now, None), Some(this), "as applications show it");
        for wrong in ["", "00000", "0059240", "abcdef"] {
            assert_eq!(accepted(SECRET, wrong, now, None), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_secret_is_written_as_applications_read_it() {
        assert_eq!(text(SECRET), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert!(address(SECRET, "ke-toan").starts_with("otpauth://totp/Motlan:ke-toan?secret=GEZDGNBVGY3TQOJQ"));
    }
}
