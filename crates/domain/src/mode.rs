//! Sandbox or production: one setting, from which key prefix, reference prefix and allowed hosts follow.

use crate::states::words;

words! {
    /// The deployment's mode. Test money can never settle a real fee: references of the two never mix.
    Mode { Sandbox = "sandbox", Production = "production" }
}

impl Mode {
    /// `LC` in production, `LT` in sandbox (contract, "Conventions").
    pub const fn reference_prefix(self) -> &'static str {
        match self {
            Self::Sandbox => "LT",
            Self::Production => "LC",
        }
    }
}
