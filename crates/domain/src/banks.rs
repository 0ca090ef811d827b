//! Which bank a file names as the keeper of an account: by its BIC, or by its number (BIN). A name that is not here says
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

/// The number of the bank that has this BIC, or this number.
pub fn bin_of(name: &str) -> Option<&'static str> {
    let is_bic = matches!(name.len(), 8 | 11);
    let is_meant =
        |(bin, bic): &&(&str, &str)| name == *bin || is_bic && name.get(..INSTITUTION) == bic.get(..INSTITUTION);
    BANKS.iter().find(is_meant).map(|(bin, _)| *bin)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_bank_is_known_by_its_number_and_by_its_bic_with_any_place_and_branch() {
        for name in ["BIDVVNVX", "BIDVVNVXXXX", "BIDVVNVX120", "970418"] {
            assert_eq!(bin_of(name), Some("970418"), "{name}");
        }
        for other in ["", "BIDV", "BIDVVN", "BIDVKHPP", "bidvvnvx", "DEUTVNVX", "970499", "9704180"] {
            assert_eq!(bin_of(other), None, "{other}");
        }
    }

    #[test]
    fn each_bank_is_there_once() {
        assert!(BANKS.is_sorted_by(|a, b| a.0 < b.0));
        let heads: BTreeSet<&str> = BANKS.iter().map(|(_, bic)| &bic[..INSTITUTION]).collect();
        assert_eq!(heads.len(), BANKS.len());
        assert!(BANKS.iter().all(|(bin, bic)| bin.len() == 6 && bic.len() == 8 && bic[4..6] == *"VN"));
    }
}
