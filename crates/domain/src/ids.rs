//! Identifiers of ours: opaque, prefixed, time-ordered (UUIDv7 inside).

use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// A text that is not an identifier of the wanted kind. Never says which part was wrong: ids are opaque.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier of this kind")]
pub struct NotAnId;

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident = $prefix:literal),+ $(,)?) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            pub const PREFIX: &'static str = $prefix;
            pub const fn uuid(self) -> Uuid { self.0 }
        }
        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self { Self(uuid) }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}_{}", $prefix, self.0.simple())
            }
        }
        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                let hex = text.strip_prefix(concat!($prefix, "_")).ok_or(NotAnId)?;
                let plain = hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
                if !plain { return Err(NotAnId); }
                Uuid::try_parse(hex).map(Self).map_err(|_| NotAnId)
            }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> { s.collect_str(self) }
        }
    )+};
}

ids! {
    ApprovalId = "apr",
    AttemptId = "att",
    CaseId = "cas",
    ClientId = "cli",
    DepositId = "dep",
    EndpointId = "ep",
    EventId = "evt",
    IntentId = "pi",
    JournalId = "jnl",
    KeyId = "key",
    MailId = "eml",
    MovementId = "mov",
    ObligationId = "obl",
    PaymentId = "pay",
    PersonId = "usr",
    ReceiptId = "rcp",
    RefundId = "rfd",
    RemittanceId = "rmt",
    RemittanceRuleId = "rmr",
    ScoreImportId = "sci",
    SettlementId = "stl",
    SightingId = "sgt",
    StatementId = "stm",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_and_refuses_other_kinds_and_spellings() {
        let id = ObligationId::from(Uuid::from_u128(0x0193_5c1e_7a2b_7c3d_8e4f_5a6b_7c8d_9e0f));
        assert_eq!(id.to_string().parse(), Ok(id));
        let text = id.to_string();
        for bad in
            [text.replace("obl_", "pi_"), text.to_uppercase(), format!("{text}0"), text.replace("_", ""), String::new()]
        {
            assert_eq!(bad.parse::<ObligationId>(), Err(NotAnId), "{bad}");
        }
    }
}
