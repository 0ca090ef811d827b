//! An agency's receiving account: where the money of an obligation ends.

use crate::codes::BeneficiaryCode;
use crate::states::words;

words! {
    /// Treasury (Kho bạc Nhà nước) or commercial bank.
    AccountKind { Treasury = "treasury", Bank = "bank" }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beneficiary {
    pub code: BeneficiaryCode,
    pub agency_code: String,
    pub name: String,
    pub account_kind: AccountKind,
    pub bank_bin: String,
    pub account_number: String,
    pub account_name: String,
}
