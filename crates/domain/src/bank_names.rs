//! How people call the banks that VietQR knows by number (NAPAS BINs, as VietQR.io lists them), in the order in which people
//! look for them. A number that is not here is shown as it is: the payer's bank knows it.

pub const BANKS: &[(&str, &str)] = &[
    ("970425", "ABBANK"),
    ("970416", "ACB"),
    ("970405", "Agribank"),
    ("970409", "Bac A Bank"),
    ("970438", "BaoViet Bank"),
    ("970418", "BIDV"),
    ("970454", "BVBank"),
    ("970446", "Co-opBank"),
    ("970431", "Eximbank"),
    ("970437", "HDBank"),
    ("970452", "KienlongBank"),
    ("970449", "LPBank"),
    ("970422", "MB Bank"),
    ("970426", "MSB"),
    ("970428", "Nam A Bank"),
    ("970419", "NCB"),
    ("970448", "OCB"),
    ("970430", "PGBank"),
    ("970412", "PVcomBank"),
    ("970403", "Sacombank"),
    ("970400", "SaigonBank"),
    ("970429", "SCB"),
    ("970440", "SeABank"),
    ("970443", "SHB"),
    ("970424", "Shinhan Bank"),
    ("970407", "Techcombank"),
    ("970423", "TPBank"),
    ("970441", "VIB"),
    ("970427", "VietABank"),
    ("970433", "VietBank"),
    ("970436", "Vietcombank"),
    ("970415", "VietinBank"),
    ("970432", "VPBank"),
];

pub fn name(bin: &str) -> String {
    let known = BANKS.iter().find(|(number, _)| *number == bin);
    known.map_or_else(|| bin.to_owned(), |(_, name)| format!("{name} ({bin})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bank_has_its_name_and_an_unknown_one_its_number() {
        assert_eq!((name("970436").as_str(), name("999999").as_str()), ("Vietcombank (970436)", "999999"));
        assert!(BANKS.iter().all(|(bin, _)| bin.len() == 6));
        assert!(BANKS.is_sorted_by_key(|(_, name)| name.to_lowercase()), "by their names");
    }
}
