//! `TxsSummry`: what the bank counted must be what we counted.

use super::field::{count, is_credit, number, once};
use crate::error::Reason;
use crate::money::Currency;
use crate::tie;

/// `TxsSummry`: what the bank counted.
#[derive(Default)]
pub(super) struct Totals {
    entries: Option<usize>,
    sum: Option<String>,
    credits: Option<usize>,
    credit_sum: Option<String>,
    debits: Option<usize>,
    debit_sum: Option<String>,
    net: Option<String>,
    net_credit: Option<bool>,
}

/// What we counted. Sizes, not signs.
#[derive(Default)]
pub(super) struct Seen {
    credits: usize,
    credit_sum: i64,
    debits: usize,
    debit_sum: i64,
}

impl Totals {
    /// Version 2 writes `TtlNetNtryAmt` and `CdtDbtInd`, later ones `TtlNetNtry/Amt` and `TtlNetNtry/CdtDbtInd`.
    pub fn leaf(&mut self, path: &str, text: &str) -> Result<(), Reason> {
        let own = || text.trim().to_owned();
        match path {
            "TtlNtries/NbOfNtries" => once(&mut self.entries, count(text, path)?, path),
            "TtlNtries/Sum" => once(&mut self.sum, own(), path),
            "TtlNtries/TtlNetNtryAmt" | "TtlNtries/TtlNetNtry/Amt" => once(&mut self.net, own(), path),
            "TtlNtries/CdtDbtInd" | "TtlNtries/TtlNetNtry/CdtDbtInd" => {
                once(&mut self.net_credit, is_credit(text)?, path)
            }
            "TtlCdtNtries/NbOfNtries" => once(&mut self.credits, count(text, path)?, path),
            "TtlCdtNtries/Sum" => once(&mut self.credit_sum, own(), path),
            "TtlDbtNtries/NbOfNtries" => once(&mut self.debits, count(text, path)?, path),
            "TtlDbtNtries/Sum" => once(&mut self.debit_sum, own(), path),
            _ => Ok(()),
        }
    }

    pub fn agree(&self, seen: &Seen, currency: Currency) -> Result<(), Reason> {
        let sum = seen.credit_sum.checked_add(seen.debit_sum).ok_or(Reason::Overflow)?;
        let net = seen.credit_sum - seen.debit_sum;
        let counts = [
            (self.entries, seen.credits + seen.debits, "TtlNtries/NbOfNtries"),
            (self.credits, seen.credits, "TtlCdtNtries/NbOfNtries"),
            (self.debits, seen.debits, "TtlDbtNtries/NbOfNtries"),
        ];
        let sums = [
            (&self.sum, sum, "TtlNtries/Sum"),
            (&self.credit_sum, seen.credit_sum, "TtlCdtNtries/Sum"),
            (&self.debit_sum, seen.debit_sum, "TtlDbtNtries/Sum"),
            (&self.net, net.abs(), "TtlNtries/TtlNetNtry"),
        ];
        for (stated, counted, name) in counts {
            if stated.is_some_and(|n| n != counted) {
                return Err(Reason::Total(name));
            }
        }
        for (stated, counted, name) in sums {
            if let Some(text) = stated
                && number(text, currency, name)? != counted
            {
                return Err(Reason::Total(name));
            }
        }
        if net != 0 && self.net_credit.is_some_and(|credit| credit != (net > 0)) {
            return Err(Reason::Total("TtlNtries/CdtDbtInd"));
        }
        Ok(())
    }
}

impl Seen {
    pub fn count(&mut self, signed: i64, credit: bool) -> Result<(), Reason> {
        let (count, sum) = match credit {
            true => (&mut self.credits, &mut self.credit_sum),
            false => (&mut self.debits, &mut self.debit_sum),
        };
        *count += 1;
        tie::add(sum, signed.abs())
    }
}
