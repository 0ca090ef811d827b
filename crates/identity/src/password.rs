//! Passwords, as they are kept and as they are refused.
//!
//! Kept: Argon2id (RFC 9106) with m = 19 MiB, t = 2, p = 1, the first choice of the OWASP Password Storage Cheat Sheet for
//! a server that has other things to do; the text of each (PHC string) names its own parameters, so later ones can differ.
//!
//! | refused | |
//! |---|---|
//! | fewer than 8 characters | never alone: a code is asked for besides (ASVS 6.2.1, NIST SP 800-63B-4 3.1.1.2) |
//! | more than 128 | nobody types it, and hashing it costs |
//! | one of the list of usual ones, in any case | it is tried first (ASVS 6.2.4) |
//! | what names its holder | the same |
//!
//! No rule says which kinds of characters it has, and nobody must change it on a day (ASVS 6.2.5, 6.2.10).

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use unicode_normalization::UnicodeNormalization;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

const SHORTEST: usize = 8;
const LONGEST: usize = 128;
/// A shorter code of a person is in too many words to be a hint.
const SHORTEST_NAME: usize = 4;

/// Usual passwords of eight characters or more, in small letters.
const USUAL: &str = include_str!("usual.txt");

pub type Salt = [u8; 16];

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    #[error("it has fewer than {SHORTEST} characters")]
    Short,
    #[error("it has more than {LONGEST} characters")]
    Long,
    #[error("it is one of those that everybody tries first")]
    Usual,
    #[error("it names its holder")]
    NamesHolder,
}

#[derive(Debug, thiserror::Error)]
#[error("the password could not be hashed: {0}")]
pub struct NotHashed(argon2::password_hash::Error);

/// Whether somebody of this code may have this password.
///
/// # Errors
/// Why they may not.
pub fn check(password: &str, holder: &str) -> Result<(), Weak> {
    let plain = normal(password).to_lowercase();
    match plain.chars().count() {
        ..SHORTEST => return Err(Weak::Short),
        SHORTEST..=LONGEST => {}
        _ => return Err(Weak::Long),
    }
    let holder = holder.to_lowercase();
    if holder.chars().count() >= SHORTEST_NAME && plain.contains(&holder) {
        return Err(Weak::NamesHolder);
    }
    let mut letters = plain.chars();
    let first = letters.next();
    if USUAL.lines().any(|usual| usual == plain) || letters.all(|letter| Some(letter) == first) {
        return Err(Weak::Usual);
    }
    Ok(())
}

/// The text that is kept of it.
///
/// # Errors
/// When there is no memory for it.
pub fn hash(password: &str, salt: &Salt) -> Result<String, NotHashed> {
    let made: PasswordHash = argon2().hash_password_with_salt(normal(password).as_bytes(), salt).map_err(NotHashed)?;
    Ok(made.to_string())
}

/// Whether it is the password of this text; takes as long for a wrong one.
pub fn fits(password: &str, kept: &str) -> bool {
    let plain = normal(password);
    PasswordHash::new(kept).is_ok_and(|kept| argon2().verify_password(plain.as_bytes(), &kept).is_ok())
}

/// Takes as long as [`fits`], for somebody whom nobody knows.
pub fn fits_nobody(password: &str) {
    let _ = hash(password, &[0; 16]);
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the constants are within Argon2's limits");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// One word is typed with composed or with single letters, as the keyboard has it (RFC 8265, section 4.2.2).
fn normal(password: &str) -> String {
    password.nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_fits_what_was_kept_of_it_and_nothing_else_does() {
        let kept = hash("sông Hồng chảy đỏ", &[7; 16]).unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert!(fits("sông Hồng chảy đỏ", &kept));
        let decomposed: String = "sông Hồng chảy đỏ".nfd().collect();
        assert!(fits(&decomposed, &kept), "typed with single letters");
        for wrong in ["sông Hồng chảy đo", "Sông Hồng chảy đỏ", "", "sông Hồng chảy đỏ "] {
            assert!(!fits(wrong, &kept), "{wrong:?}");
        }
        assert!(!fits("sông Hồng chảy đỏ", "not a kept password"));
        assert_ne!(kept, hash("sông Hồng chảy đỏ", &[8; 16]).unwrap());
    }

    #[test]
    fn a_password_that_everybody_tries_first_is_refused() {
        assert_eq!(check("matkhau123", "ke-toan"), Err(Weak::Usual));
        assert_eq!(check("PASSWORD123", "ke-toan"), Err(Weak::Usual));
        assert_eq!(check("aaaaaaaaaa", "ke-toan"), Err(Weak::Usual));
        assert_eq!(check("1234567", "ke-toan"), Err(Weak::Short));
        assert_eq!(check("Ke-Toan-2026", "ke-toan"), Err(Weak::NamesHolder));
        assert_eq!(check(&"dài".repeat(43), "ke-toan"), Err(Weak::Long));
        assert_eq!(check("mưa ơi!!", "ke-toan"), Ok(()), "eight characters, not bytes");
        assert_eq!(check("con trâu gặm cỏ", "an"), Ok(()));
        assert!(USUAL.lines().all(|usual| usual.chars().count() >= SHORTEST && usual == usual.to_lowercase()));
    }
}
