//! Profiles that come with the program, as data: the TOML that a configuration would hold.

/// Each with its name. Those whose names end in `-settlement` are for [`crate::SettlementProfile`], the others for
/// [`crate::Profile`].
pub const BUILT_IN: &[(&str, &str)] = &[
    ("mobile_money-settlement", include_str!("../profiles/mobile_money-settlement.toml")),
    ("momo-settlement", include_str!("../profiles/momo-settlement.toml")),
    ("national-settlement", include_str!("../profiles/national-settlement.toml")),
    ("synthetic-bank", include_str!("../profiles/synthetic-bank.toml")),
    ("vnpay-settlement", include_str!("../profiles/vnpay-settlement.toml")),
    ("zalopay-settlement", include_str!("../profiles/zalopay-settlement.toml")),
];
