//! Checksums, times and constants as they are on the wire (Bills, section 2.6).

use domain::business_day::HANOI;
use jiff::Timestamp;
use jiff::civil::DateTime;
use md5::{Digest, Md5};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

/// `type` of a bill, as the public integrations have it.
pub const TYPE: &str = "1";
/// One line on a payer's screen.
pub const REMARK_MAX: usize = 100;

/// `md5hex(secret + fields…)` under any of the secrets. A prefix secret under MD5 is weak: it says that the fields were not
/// mangled, and the token and the agreed addresses say who calls.
pub fn checksum_fits<'a>(secrets: impl Iterator<Item = &'a SecretString>, fields: &[&str], claimed: &str) -> bool {
    let mut bytes = [0_u8; 16];
    if hex::decode_to_slice(claimed, &mut bytes).is_err() {
        return false;
    }
    let fits = |secret: &SecretString| bool::from(checksum(secret, fields).ct_eq(&bytes));
    // all are tried, whichever fits
    secrets.fold(false, |any, secret| any | fits(secret))
}

fn checksum(secret: &SecretString, fields: &[&str]) -> [u8; 16] {
    let mut digest = Md5::new();
    digest.update(secret.expose_secret());
    fields.iter().for_each(|field| digest.update(field));
    digest.finalize().into()
}

/// `trans_date`. Its form is in no public source: what reads as one of the two usual ones is taken, anything else says
/// nothing.
pub fn instant(text: &str) -> Option<Timestamp> {
    let forms = ["%Y%m%d%H%M%S", "%Y-%m-%d %H:%M:%S"];
    let at = forms.iter().find_map(|form| DateTime::strptime(form, text).ok())?;
    HANOI.to_timestamp(at).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_over_the_secret_and_the_fields_as_they_stood() {
        let secret = SecretString::from("secret");
        // printf 'secretQLNVH38.17-261124-0001' | md5sum
        let known = "d30e54ae86eacce5c6cfbd6ff3163b22";
        let fields = ["QLNV", "H38.17-261124-0001"];
        assert_eq!(hex::encode(checksum(&secret, &fields)), known);
        let fits = |claimed: &str| checksum_fits([&secret].into_iter(), &fields, claimed);
        assert!(fits(known) && fits(&known.to_uppercase()));
        assert!(!fits("") && !fits(&known[1..]) && !fits(&known.replace('3', "4")));
        let other = SecretString::from("other");
        assert!(checksum_fits([&other, &secret].into_iter(), &fields, known), "either secret");
    }

    #[test]
    fn a_time_in_hanoi_is_read_and_anything_else_says_nothing() {
        let at = "2026-11-24T07:02:37Z".parse().ok();
        assert_eq!(instant("20261124140237"), at);
        assert_eq!(instant("2026-11-24 14:02:37"), at);
        for ill in ["", "24/11/2026 14:02", "20261324140237", "2026-11-24T14:02:37Z"] {
            assert_eq!(instant(ill), None, "{ill}");
        }
    }
}
