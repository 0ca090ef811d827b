//! A payer or a dossier's owner: two people, as one may pay for the other. Personal data: never logged, never an id.

use crate::states::words;
use std::fmt;

words! {
    IdentityKind { CitizenId = "citizen_id", TaxCode = "tax_code", Passport = "passport", None = "none" }
}

/// Personal data of one person or enterprise. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Party {
    pub name: String,
    pub identity_kind: IdentityKind,
    pub identity_number: Option<String>,
    pub address: Option<String>,
    pub phone: Option<String>,
    pub email: Option<String>,
}

impl fmt::Debug for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Party(redacted)")
    }
}
