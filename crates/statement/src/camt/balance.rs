//! One `Bal` while it is read.

use super::Ccy;
use super::field::{amount, date, first, is_credit, once};
use crate::error::Reason;
use crate::statement::Balance;
use jiff::civil::Date;

/// A `Bal` of a type that we may not need: its amount is judged only if we do.
#[derive(Default)]
pub(super) struct RawBalance {
    pub code: Option<String>,
    amount: Option<(String, Ccy)>,
    credit: Option<bool>,
    date: Option<Date>,
}

impl RawBalance {
    pub fn leaf(&mut self, path: &str, text: &str, currency: Ccy) -> Result<(), Reason> {
        match path {
            "Tp/CdOrPrtry/Cd" => first(&mut self.code, text),
            "Amt" => return once(&mut self.amount, (text.to_owned(), currency), "Bal/Amt"),
            "CdtDbtInd" => return once(&mut self.credit, is_credit(text)?, "Bal/CdtDbtInd"),
            "Dt/Dt" | "Dt/DtTm" => return once(&mut self.date, date(text, "Bal/Dt")?, "Bal/Dt"),
            _ => {}
        }
        Ok(())
    }

    pub fn read(self) -> Result<Balance, Reason> {
        let missing = |name: &str| Reason::Missing(name.to_owned());
        let (text, currency) = self.amount.ok_or_else(|| missing("Bal/Amt"))?;
        let mut amount = amount(&text, currency)?;
        if !self.credit.ok_or_else(|| missing("Bal/CdtDbtInd"))? {
            amount.minor = -amount.minor;
        }
        Ok(Balance { amount, date: self.date })
    }
}
