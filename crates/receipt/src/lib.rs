//! The electronic receipt as a document: its XML, the signature in it, and the page to print. Pure: what stands on a receipt
//! is given, the signature comes through [`signing::Signer`], and nothing is read or kept here.
//!
//! It carries what Decree 254/2026 Art. 23(2) asks for and no word about the payer, whom the Article does not ask for: the
//! address of a receipt is passed on, and a signed document cannot forget a name
//! (docs/adr/0015-a-receipt-names-no-payer.md).

mod canonical;
mod document;
mod letter;
mod page;
pub mod signing;

pub use document::{Draft, Named};
pub use letter::{Letter, letter};
pub use page::{Print, page};

use domain::Vnd;
use domain::obligation::ObligationKind;
use domain::receipt::Template;
use jiff::civil::Date;

/// What stands on a receipt, fixed when its number is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    pub template: Template,
    pub serial: String,
    pub number: i32,
    pub issued_on: Date,
    pub collector: Collector,
    pub kind: ObligationKind,
    /// Of what fee or charge.
    pub description: String,
    pub dossier_code: Option<String>,
    pub amount: Vnd,
    /// The receipt whose place it takes.
    pub replaces: Option<Named>,
}

/// The agency that collects (tổ chức thu).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collector {
    pub name: String,
    pub tax_code: String,
    pub address: String,
}

impl Content {
    /// Its name on paper, as the Article's first item.
    pub fn title(&self) -> &'static str {
        match self.kind {
            ObligationKind::Charge => "Biên lai thu lệ phí",
            _ => "Biên lai thu phí",
        }
    }

    /// Eight digits: `00000012`.
    pub fn padded_number(&self) -> String {
        format!("{:08}", self.number)
    }

    pub(crate) fn words(&self) -> String {
        domain::words::of(self.amount).unwrap_or_default()
    }
}
