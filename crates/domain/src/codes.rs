//! Short names that people and configuration give: beneficiaries, merchant profiles, channels, order references.

use std::fmt;

/// A code that is empty, too long or holds a character outside `[A-Za-z0-9._-]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a code is 1 to 64 characters of A-Z a-z 0-9 . _ -")]
pub struct BadCode;

macro_rules! codes {
    ($($(#[$meta:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            pub fn new(text: impl Into<String>) -> Result<Self, BadCode> {
                let text = text.into();
                let fits = (1..=64).contains(&text.len());
                let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
                if fits && plain { Ok(Self(text)) } else { Err(BadCode) }
            }
            pub fn as_str(&self) -> &str { &self.0 }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> { s.serialize_str(&self.0) }
        }
    )+};
}

codes! {
    /// A bank account of ours, as statements and the ledger name it: `<bank bin>.<account number>` unless the province
    /// gave a name.
    AccountCode,
    /// Whatever else the province names: an agency, a client, a person, a fee, a layout.
    GivenCode,
    /// An agency's receiving account, as the province names it.
    BeneficiaryCode,
    /// One contract with one provider, as the configuration names it.
    ProfileCode,
    /// A desk at which an officer takes money.
    CounterCode,
    /// A way to pay: `vnpay`, `vietqr`, `momo`, `counter` …
    ChannelCode,
    /// The order id that we gave to a provider; final once committed.
    OrderRef,
}
