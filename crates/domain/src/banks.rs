//! Which bank a file names as the keeper of an account: by its BIC, or by its number (BIN). A BIC that is not here says
//! nothing.
//!
//! Source: the list of banks of VietQR (NAPAS), `GET https://api.vietqr.io/v2/banks`, fields `bin` and `swift_code`. Left out
//! is what it gives no code for, and what is no code of Viet Nam.

/// The number of each bank, and its BIC (ISO 9362) without a branch.
const BANKS: &[(&str, &str)] = &[
    ("970400", "SBITVNVX"),
    ("970403", "SGTTVNVX"),
    ("970405", "VBAAVNVX"),
    ("970406", "EACBVNVX"),
    ("970407", "VTCBVNVX"),
    ("970408", "GBNKVNVX"),
    ("970409", "NASCVNVX"),
    ("970410", "SCBLVNVX"),
    ("970412", "WBVNVNVX"),
    ("970415", "ICBVVNVX"),
    ("970416", "ASCBVNVX"),
    ("970418", "BIDVVNVX"),
    ("970419", "NVBAVNVX"),
    ("970422", "MSCBVNVX"),
    ("970423", "TPBVVNVX"),
    ("970424", "SHBKVNVX"),
    ("970425", "ABBKVNVX"),
    ("970426", "MCOBVNVX"),
    ("970427", "VNACVNVX"),
    ("970428", "NAMAVNVX"),
    ("970429", "SACLVNVX"),
    ("970430", "PGBLVNVX"),
    ("970431", "EBVIVNVX"),
    ("970432", "VPBKVNVX"),
    ("970433", "VNTTVNVX"),
    ("970436", "BFTVVNVX"),
    ("970437", "HDBCVNVX"),
    ("970438", "BVBVVNVX"),
    ("970439", "VIDPVNVX"),
    ("970440", "SEAVVNVX"),
    ("970441", "VNIBVNVX"),
    ("970443", "SHBAVNVX"),
    ("970448", "ORCOVNVX"),
    ("970449", "LVBKVNVX"),
    ("970452", "KLBKVNVX"),
    ("970454", "VCBCVNVX"),
];

/// The bank and its country, without place and branch: a bank may write any of its places.
const INSTITUTION: usize = 6;

/// Under what all numbers of banks begin that NAPAS gives out (`9704xx`).
const NAPAS: &str = "9704";

/// Numbers of banks outside that range (Bank transfer, section 1.2), whose BIC nobody lists.
const ELSEWHERE: &[&str] = &["422589", "458761", "546034", "546035", "796500", "963388", "971025"];

/// The number of the bank that has this BIC, in letters of either case, or this number.
pub fn bin_of(name: &str) -> Option<&'static str> {
    let head = matches!(name.len(), 8 | 11).then(|| name.get(..INSTITUTION)).flatten();
    let is_meant = |(bin, bic): &&(&str, &str)| {
        name == *bin
            || head.is_some_and(|head| bic.get(..INSTITUTION).is_some_and(|own| own.eq_ignore_ascii_case(head)))
    };
    BANKS.iter().find(is_meant).map(|(bin, _)| *bin)
}

/// Whether this names another bank than that with the number `bin`. What is neither a BIC nor a bank's number, as a branch,
/// names none.
pub fn is_another(name: &str, bin: &str) -> bool {
    match bin_of(name) {
        Some(known) => known != bin,
        None => is_number(name) && name != bin,
    }
}

/// Whether it is the number of a bank, also of one without a BIC here.
fn is_number(name: &str) -> bool {
    let of_napas = name.len() == 6 && name.starts_with(NAPAS) && name.bytes().all(|b| b.is_ascii_digit());
    of_napas || ELSEWHERE.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_bank_is_known_by_its_number_and_by_its_bic_with_any_place_and_branch() {
        for name in ["BIDVVNVX", "BIDVVNVXXXX", "BIDVVNVX120", "970418", "bidvvnvx", "BidvVnvx120"] {
            assert_eq!(bin_of(name), Some("970418"), "{name}");
        }
        for other in ["", "BIDV", "BIDVVN", "BIDVKHPP", "bidvkhpp", "DEUTVNVX", "970499", "9704180"] {
            assert_eq!(bin_of(other), None, "{other}");
        }
    }

    #[test]
    fn another_bank_is_named_by_its_bic_or_a_banks_number_and_by_no_branch() {
        for other in ["BIDVVNVX", "bidvvnvx", "970418", "970411", "546034"] {
            assert!(is_another(other, "970436"), "{other}");
        }
        for own in ["970436", "BFTVVNVX", "bftvvnvx034", "999999", "001", "", "DEUTVNVX", "9704180", "97041a"] {
            assert!(!is_another(own, "970436"), "{own}");
        }
        assert!(!is_another("546034", "546034"));
    }

    #[test]
    fn each_bank_is_there_once() {
        assert!(BANKS.is_sorted_by(|a, b| a.0 < b.0));
        let heads: BTreeSet<&str> = BANKS.iter().map(|(_, bic)| &bic[..INSTITUTION]).collect();
        assert_eq!(heads.len(), BANKS.len());
        let fits = |(bin, bic): &(&str, &str)| {
            bin.starts_with(NAPAS) && bin.len() == 6 && bic.len() == 8 && bic[4..6] == *"VN"
        };
        assert!(BANKS.iter().all(fits) && ELSEWHERE.iter().all(|bin| bin.len() == 6 && !bin.starts_with(NAPAS)));
    }
}
