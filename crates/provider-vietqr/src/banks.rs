//! How the tellers call the bank of an account, as its number (BIN; Bank transfer, section 1.2): by its brand, as SePay and
//! Casso write it, or by its abbreviation. A name that is not here says nothing.

/// In lower case, letters and digits only.
const BANKS: &[(&str, &[&str])] = &[
    ("970400", &["saigonbank", "sgb", "sgicb"]),
    ("970403", &["sacombank", "stb"]),
    ("970405", &["agribank", "vba", "agb"]),
    ("970406", &["vikki", "vikkibank", "dongabank", "dab"]),
    ("970407", &["techcombank", "tcb"]),
    ("970408", &["gpbank", "gpb"]),
    ("970409", &["bacabank", "bab"]),
    ("970410", &["standardchartered", "scvn"]),
    ("970412", &["pvcombank", "pvcb"]),
    ("970414", &["mbv", "oceanbank"]),
    ("970415", &["vietinbank", "ctg", "icb"]),
    ("970416", &["acb"]),
    ("970418", &["bidv"]),
    ("970419", &["ncb"]),
    ("970421", &["vrb"]),
    ("970422", &["mb", "mbb", "mbbank"]),
    ("970423", &["tpbank", "tpb"]),
    ("970424", &["shinhan", "shinhanbank", "shbvn"]),
    ("970425", &["abbank", "abb"]),
    ("970426", &["msb"]),
    ("970427", &["vietabank", "vab"]),
    ("970428", &["namabank", "nab"]),
    ("970429", &["scb"]),
    ("970430", &["pgbank", "pgb"]),
    ("970431", &["eximbank", "eib"]),
    ("970432", &["vpbank", "vpb"]),
    ("970433", &["vietbank"]),
    ("970434", &["indovina", "indovinabank", "ivb"]),
    ("970436", &["vietcombank", "vcb"]),
    ("970437", &["hdbank", "hdb"]),
    ("970438", &["baoviet", "baovietbank", "bvb"]),
    ("970439", &["publicbank", "pbvn"]),
    ("970440", &["seabank", "seab"]),
    ("970441", &["vib"]),
    ("970443", &["shb"]),
    ("970446", &["coopbank"]),
    ("970448", &["ocb"]),
    ("970449", &["lpbank", "lienvietpostbank", "lpb"]),
    ("970452", &["kienlong", "kienlongbank", "klb"]),
    ("970454", &["bvbank", "banviet", "vccb"]),
    ("970457", &["woori", "wooribank"]),
    ("970458", &["uob"]),
];

/// The number of the bank that the first known of these names means.
pub fn bin(names: &[Option<&str>]) -> Option<&'static str> {
    names.iter().flatten().copied().find_map(|name| {
        // Casso's codes have how it reads the bank behind the bank: `acb_digi`
        let (head, _) = name.split_once('_').unwrap_or((name, ""));
        let plain = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
        named(&plain(name)).or_else(|| named(&plain(head)))
    })
}

fn named(plain: &str) -> Option<&'static str> {
    BANKS.iter().find(|(_, names)| names.contains(&plain)).map(|(bin, _)| *bin)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_bank_is_known_by_brand_and_abbreviation_however_they_are_written() {
        for name in ["Vietcombank", "VCB", "VietcomBank", "vietcombank", "vcb_digibank"] {
            assert_eq!(bin(&[Some(name)]), Some("970436"), "{name}");
        }
        assert_eq!(bin(&[Some("MB Bank")]), Some("970422"));
        assert_eq!(bin(&[Some("acb_digi")]), Some("970416"));
        assert_eq!(bin(&[None, Some("?"), Some("VPBank")]), Some("970432"));
        // a text that is longer than a name is not one
        for other in ["", "_", "Ngân hàng", "Vietcombank Lào Cai", "970436x"] {
            assert_eq!(bin(&[Some(other)]), None, "{other}");
        }
        assert_eq!(bin(&[]), None);
    }

    #[test]
    fn a_name_means_one_bank() {
        let names: Vec<&str> = BANKS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
        assert!(BANKS.is_sorted());
        let plain = |name: &&str| name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        assert!(names.iter().all(plain) && BANKS.iter().all(|(bin, _)| bin.len() == 6));
    }
}
