//! What an order is for, item by item, for a provider that makes a receipt of it. An adapter that does not ask for it never
//! sees it: it names the payer.

use domain::obligation::Terms;
use domain::party::Party;

/// The obligations that an order is to settle, and who pays. Nothing of it is stored with the order.
#[derive(Debug, Clone)]
pub struct OrderBill {
    /// Those that were due when the order was made, in the order of their registration.
    pub items: Vec<Terms>,
    /// By what name people know the agency of the first item; empty where it has none.
    pub agency_name: String,
    /// The payer whom the items name first; None where nobody is named, or the person was erased.
    pub payer: Option<Party>,
}
