//! `MaXacThuc`: SHA-256, in lower-case hex, over a message's values in a fixed order and the secret, joined by `|` (DVCQG
//! 1.0.6, section 3.1). A plain hash, no HMAC; the secret stands last, so that nobody can go on from a hash. It refuses to
//! sign with the second secret, and values that hold a `|`: under the same hash they could be cut up otherwise.

use crate::settings::Settings;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What parts the values.
pub const BAR: char = '|';

/// The bill is not among them.
pub const INIT: &[&str] = &[
    "LoaiBanTin",
    "PhienBan",
    "MaDoiTac",
    "MaThamChieu",
    "SoTien",
    "LoaiHinhThanhToan",
    "MaKenhThanhToan",
    "MaThietBi",
    "NgonNgu",
    "MaTienTe",
    "MaNganHang",
    "ThongTinGiaoDich",
    "ThoiGianGD",
    "Ip",
];
/// Of both questions.
pub const QUERY: &[&str] = &["LoaiBanTin", "PhienBan", "MaDoiTac", "MaThamChieu", "ThoiGianGD"];
/// One of the code bases has the last two the other way round, and does not verify; this is the order of the one that does.
pub const CONFIRM: &[&str] = &[
    "LoaiBanTin",
    "MaLoi",
    "MaDoiTac",
    "MaThamChieu",
    "SoTien",
    "MaTienTe",
    "MaGiaoDich",
    "MaNganHang",
    "ThoiGianGD",
    "ThongTinGiaoDich",
];

/// A partner's secrets: one to sign with, a second to accept while it is being changed.
pub struct Keys {
    current: SecretString,
    next: Option<SecretString>,
}

impl Keys {
    pub fn new(settings: &Settings) -> Self {
        Self { current: settings.secret_key.clone(), next: settings.secret_key_next.clone() }
    }

    /// Lower-case hex.
    pub fn sign(&self, text: &str) -> String {
        hex::encode(hash(&self.current, text))
    }

    /// Accepts upper and lower case: both are the same bytes.
    pub fn verify(&self, text: &str, hash_hex: &str) -> bool {
        let mut claimed = [0_u8; 32];
        if hex::decode_to_slice(hash_hex, &mut claimed).is_err() {
            return false;
        }
        // compared in constant time; both secrets are always tried, so time does not say which fits
        let current = hash(&self.current, text).ct_eq(&claimed);
        let next = self.next.as_ref().is_some_and(|key| hash(key, text).ct_eq(&claimed).into());
        bool::from(current) | next
    }
}

/// What is signed, without the secret; absent values leave their place empty.
pub fn text<'v>(names: &[&str], value: impl Fn(&str) -> &'v str) -> String {
    names.iter().map(|name| value(name)).collect::<Vec<_>>().join("|")
}

fn hash(secret: &SecretString, text: &str) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(text.as_bytes());
    hasher.update(b"|");
    hasher.update(secret.expose_secret().as_bytes());
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::tests::settings;

    fn keys(current: &str, next: Option<&str>) -> Keys {
        Keys::new(&Settings { secret_key: current.into(), secret_key_next: next.map(Into::into), ..settings() })
    }

    #[test]
    fn either_secret_is_accepted_and_only_the_first_signs() {
        let new = keys("new", None);
        assert!(keys("old", Some("new")).verify("text", &new.sign("text")));
        assert!(keys("old", Some("new")).verify("text", &keys("old", None).sign("text")));
        assert!(!keys("old", None).verify("text", &new.sign("text")));
        assert_eq!(keys("old", Some("new")).sign("text"), keys("old", None).sign("text"));
    }

    #[test]
    fn hex_of_either_case_is_accepted_and_any_other_length_is_not() {
        let hash = keys("old", None).sign("text");
        assert!(keys("old", None).verify("text", &hash.to_uppercase()));
        for ill in ["", "00", &hash[..62], &format!("{hash}00"), &hash.replacen(&hash[..1], "g", 1)] {
            assert!(!keys("old", None).verify("text", ill), "{ill}");
        }
    }

    #[test]
    fn an_absent_value_keeps_its_place() {
        let value = |name: &str| if name == "MaLoi" { "00" } else { "" };
        assert_eq!(text(CONFIRM, value), "|00||||||||");
    }
}
