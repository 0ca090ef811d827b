//! One `Stmt` or `Ntfctn` while it is read.

use super::Ccy;
use super::balance::RawBalance;
use super::entry::Entry;
use super::field::{date, once};
use super::totals::{Seen, Totals};
use crate::error::Reason;
use crate::limits::MAX_TRANSACTIONS;
use crate::money::Currency;
use crate::out::Out;
use crate::sink::{Head, LineState};
use crate::statement::{Balance, Kind, Period};
use crate::tie;
use jiff::civil::Date;

/// Names of the bank that keeps the account: a BIC, a number of a clearing system, another one.
const MAX_BANKS: usize = 3;

#[derive(Default)]
pub(super) struct Draft {
    account: Option<String>,
    banks: Vec<String>,
    currency: Option<Currency>,
    id: Option<String>,
    sequence: Option<String>,
    copy: bool,
    from: Option<Date>,
    to: Option<Date>,
    balance: Option<RawBalance>,
    any_balance: bool,
    opening: Option<Balance>,
    previous_closing: Option<Balance>,
    closing: Option<Balance>,
    totals: Totals,
    entry: Option<Entry>,
    seen: Seen,
    /// Σ of the booked lines.
    booked: i64,
    /// The head was handed over.
    begun: bool,
}

impl Draft {
    pub fn open(&mut self, path: &str) -> Result<(), Reason> {
        match path {
            "Ntry" => self.entry = Some(Entry::default()),
            "Bal" => {
                self.balance = Some(RawBalance::default());
                self.any_balance = true;
            }
            _ => {
                if let (Some(entry), Some(path)) = (&mut self.entry, path.strip_prefix("Ntry/")) {
                    entry.open(path);
                    if entry.transactions() > MAX_TRANSACTIONS {
                        return Err(Reason::Limit("transactions of an entry"));
                    }
                }
            }
        }
        Ok(())
    }

    pub fn leaf(&mut self, path: &str, text: &str, currency: Ccy) -> Result<(), Reason> {
        if let Some(path) = path.strip_prefix("Ntry/") {
            return self.entry.as_mut().map_or(Ok(()), |entry| entry.leaf(path, text, currency));
        }
        if let Some(path) = path.strip_prefix("Bal/") {
            return self.balance.as_mut().map_or(Ok(()), |balance| balance.leaf(path, text, currency));
        }
        if let Some(path) = path.strip_prefix("TxsSummry/") {
            return self.totals.leaf(path, text);
        }
        if self.begun && is_head(path) {
            return Err(Reason::Unexpected(format!("{path} after an entry")));
        }
        match path {
            "Id" => once(&mut self.id, text.trim().to_owned(), "Id"),
            "ElctrncSeqNb" => once(&mut self.sequence, text.trim().to_owned(), "ElctrncSeqNb"),
            "CpyDplctInd" => {
                self.copy = true;
                Ok(())
            }
            "FrToDt/FrDtTm" | "FrToDt/FrDt" => once(&mut self.from, date(text, "FrToDt")?, "FrToDt"),
            "FrToDt/ToDtTm" | "FrToDt/ToDt" => once(&mut self.to, date(text, "FrToDt")?, "FrToDt"),
            "Acct/Id/IBAN" | "Acct/Id/Othr/Id" => once(&mut self.account, text.trim().to_owned(), "Acct/Id"),
            // a message has each of them once at most; more would be no message, and would fill the memory
            "Acct/Svcr/FinInstnId/BIC"
            | "Acct/Svcr/FinInstnId/BICFI"
            | "Acct/Svcr/FinInstnId/ClrSysMmbId/MmbId"
            | "Acct/Svcr/FinInstnId/Othr/Id"
                if self.banks.len() < MAX_BANKS =>
            {
                self.banks.push(text.trim().to_owned());
                Ok(())
            }
            "Acct/Ccy" => {
                self.in_currency(Currency::new(text.trim()).map_err(|_| Reason::Unfit("Acct/Ccy".to_owned()))?)
            }
            _ => Ok(()),
        }
    }

    pub fn close(&mut self, path: &str, out: &mut Out<'_>) -> Result<(), Reason> {
        match path {
            "Ntry" => self.close_entry(out),
            "Bal" => self.close_balance(),
            _ => Ok(()),
        }
    }

    /// The first amount names the currency of the statement; all others follow.
    fn in_currency(&mut self, currency: Currency) -> Result<(), Reason> {
        let ours = *self.currency.get_or_insert(currency);
        if ours == currency { Ok(()) } else { Err(Reason::OtherCurrency) }
    }

    fn close_entry(&mut self, out: &mut Out<'_>) -> Result<(), Reason> {
        let Some(entry) = self.entry.take() else { return Ok(()) };
        let signed = entry.signed()?;
        self.in_currency(signed.currency)?;
        self.seen.count(signed.minor, entry.is_credit())?;
        if !self.begun {
            out.begin(&self.head()?)?;
            self.begun = true;
        }
        let state = if entry.is_booked() { LineState::Booked } else { LineState::Pending };
        if state == LineState::Booked {
            tie::add(&mut self.booked, signed.minor)?;
        }
        entry.into_lines()?.into_iter().try_for_each(|line| out.line(line, state))
    }

    fn head(&self) -> Result<Head, Reason> {
        let missing = |name: &str| Reason::Missing(name.to_owned());
        let currency = self.currency.ok_or_else(|| missing("Ccy"))?;
        let named = |name: &Option<String>| name.clone().filter(|n| !n.is_empty());
        Ok(Head {
            account: named(&self.account).ok_or_else(|| missing("Acct/Id"))?,
            banks: self.banks.clone(),
            currency,
            id: named(&self.id).ok_or_else(|| missing("Id"))?,
            sequence: self.sequence.clone(),
            copy: self.copy,
            period: self.from.zip(self.to).map(|(from, to)| Period { from, to }),
            opening: self.opening.or(self.previous_closing),
        })
    }

    fn close_balance(&mut self) -> Result<(), Reason> {
        let Some(raw) = self.balance.take() else { return Ok(()) };
        match raw.code.as_deref() {
            Some("OPBD") => once(&mut self.opening, raw.read()?, "OPBD"),
            Some("PRCD") => once(&mut self.previous_closing, raw.read()?, "PRCD"),
            Some("CLBD") => once(&mut self.closing, raw.read()?, "CLBD"),
            _ => Ok(()),
        }
    }

    pub fn finish(mut self, kind: Kind, out: &mut Out<'_>) -> Result<(), Reason> {
        let missing = |name: &str| Reason::Missing(name.to_owned());
        if kind == Kind::Camt053 && self.any_balance {
            let opening = self.opening.or(self.previous_closing).ok_or_else(|| missing("OPBD"))?;
            let closing = self.closing.ok_or_else(|| missing("CLBD"))?;
            self.in_currency(opening.amount.currency)?;
            tie::balances(opening, self.booked, closing)?;
        }
        let currency = self.currency.ok_or_else(|| missing("Ccy"))?;
        self.totals.agree(&self.seen, currency)?;
        out.finish(self.head()?, self.closing)
    }
}

/// What stands above the entries by the schema. Were it to change after lines were handed over, they would be under the
/// wrong account.
fn is_head(path: &str) -> bool {
    matches!(path, "Id" | "ElctrncSeqNb" | "CpyDplctInd") || path.starts_with("Acct/") || path.starts_with("FrToDt/")
}
