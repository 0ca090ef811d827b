//! What somebody owes for a dossier: one fee, charge, tax, fine or price, with all that a receipt and the budget need.

use crate::codes::BeneficiaryCode;
use crate::dossier_code::DossierCode;
use crate::ids::{ClientId, ObligationId};
use crate::money::Vnd;
use crate::states::words;
use jiff::Timestamp;
use jiff::civil::Date;

words! {
    /// `due → paid|cancelled`, `due ⇄ exempt`, `paid → refunding|due`, `refunding → due|refunded|paid`.
    ObligationStatus {
        Due = "due", Exempt = "exempt", Paid = "paid", Refunding = "refunding", Refunded = "refunded",
        Cancelled = "cancelled",
    }
}

words! {
    /// Phí, lệ phí, thuế và tiền đất, phạt, giá dịch vụ.
    ObligationKind {
        Fee = "fee", Charge = "charge", TaxLand = "tax_land", Fine = "fine", ServicePrice = "service_price",
    }
}

words! {
    /// Public services first; the others know a customer instead of a dossier.
    Sector {
        PublicService = "public_service", Hospital = "hospital", School = "school", Electricity = "electricity",
        Water = "water", Sanitation = "sanitation", PostTelecom = "post_telecom",
    }
}

/// Where the money goes in the state budget (form C1-02/NS, Decree 347/2025 Annex I form 02).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Budget {
    pub chapter: Option<String>,
    pub sub_item: Option<String>,
    pub area: Option<String>,
    pub unit: Option<String>,
    pub treasury: Option<String>,
    pub revenue_account: Option<String>,
}

/// The decision or notice that the money is owed on (Circular 89/2026 Art. 36, 93).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Notice {
    pub number: Option<String>,
    pub date: Option<Date>,
    pub payable_id: Option<String>,
    pub period: Option<String>,
}

/// What the portal says is owed; who owes it is kept apart ([`crate::party::Party`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    pub dossier_code: Option<DossierCode>,
    pub customer_code: Option<String>,
    pub sector: Sector,
    pub agency_code: String,
    pub beneficiary_code: BeneficiaryCode,
    pub procedure_code: Option<String>,
    pub procedure_name: Option<String>,
    pub service_code: Option<String>,
    pub kind: ObligationKind,
    pub fee_code: String,
    pub instalment: i32,
    pub group_ref: Option<String>,
    pub description: String,
    pub gross_amount: Vnd,
    pub relief_amount: Vnd,
    pub relief_basis: Option<String>,
    pub budget: Budget,
    pub notice: Notice,
    pub due_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadTerms {
    #[error("relief is more than the gross amount")]
    ReliefAboveGross,
    #[error("relief needs its legal basis")]
    ReliefWithoutBasis,
    #[error("a public service names its dossier")]
    DossierMissing,
    #[error("without a dossier code a customer code is needed")]
    CustomerMissing,
}

impl Terms {
    /// What is owed: gross less relief.
    pub fn amount(&self) -> Vnd {
        self.gross_amount.less(self.relief_amount)
    }

    /// A net of nothing is never paid and never in an intent.
    pub fn birth_status(&self) -> ObligationStatus {
        if self.amount().is_zero() { ObligationStatus::Exempt } else { ObligationStatus::Due }
    }

    pub fn check(&self) -> Result<(), BadTerms> {
        if self.relief_amount > self.gross_amount {
            return Err(BadTerms::ReliefAboveGross);
        }
        if self.relief_amount.is_positive() && self.relief_basis.is_none() {
            return Err(BadTerms::ReliefWithoutBasis);
        }
        match (&self.dossier_code, &self.customer_code) {
            (None, None) if self.sector == Sector::PublicService => Err(BadTerms::DossierMissing),
            (None, None) => Err(BadTerms::CustomerMissing),
            (None, Some(_)) if self.sector == Sector::PublicService => Err(BadTerms::DossierMissing),
            _ => Ok(()),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obligation {
    pub id: ObligationId,
    pub client_id: ClientId,
    pub external_ref: String,
    pub terms: Terms,
    pub status: ObligationStatus,
    pub version: i32,
    pub paid_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Obligation {
    pub fn amount(&self) -> Vnd {
        self.terms.amount()
    }
}
