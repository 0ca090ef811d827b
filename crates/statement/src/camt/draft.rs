//! One `Stmt` or `Ntfctn` while it is read.

use super::entry::Entry;
use super::field::{amount, count, date, first, is_credit, number, once};
use crate::error::Reason;
use crate::limits::MAX_LINES;
use crate::money::{Currency, UnknownCurrency};
use crate::statement::{Balance, Kind, Line, Statement};
use crate::tie;
use jiff::civil::Date;

type Ccy = Option<Result<Currency, UnknownCurrency>>;

#[derive(Default)]
pub(super) struct Draft {
    account: Option<String>,
    currency: Option<Currency>,
    id: Option<String>,
    sequence: Option<String>,
    copy: bool,
    balance: Option<RawBalance>,
    any_balance: bool,
    opening: Option<Balance>,
    previous_closing: Option<Balance>,
    closing: Option<Balance>,
    totals: Totals,
    entry: Option<Entry>,
    seen: Seen,
    lines: Vec<Line>,
    pending: Vec<Line>,
}

/// A `Bal` of a type that we may not need: its amount is judged only if we do.
#[derive(Default)]
struct RawBalance {
    code: Option<String>,
    amount: Option<(String, Ccy)>,
    credit: Option<bool>,
    date: Option<Date>,
}

/// `TxsSummry`: what the bank counted.
#[derive(Default)]
struct Totals {
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
struct Seen {
    credits: usize,
    credit_sum: i64,
    debits: usize,
    debit_sum: i64,
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
                    if self.lines.len() + self.pending.len() + entry.transactions() > MAX_LINES {
                        return Err(Reason::Limit("lines"));
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
        match path {
            "Id" => once(&mut self.id, text.trim().to_owned(), "Id"),
            "ElctrncSeqNb" => once(&mut self.sequence, text.trim().to_owned(), "ElctrncSeqNb"),
            "CpyDplctInd" => {
                self.copy = true;
                Ok(())
            }
            "Acct/Id/IBAN" | "Acct/Id/Othr/Id" => once(&mut self.account, text.trim().to_owned(), "Acct/Id"),
            "Acct/Ccy" => {
                self.in_currency(Currency::new(text.trim()).map_err(|_| Reason::Unfit("Acct/Ccy".to_owned()))?)
            }
            _ => Ok(()),
        }
    }

    pub fn close(&mut self, path: &str) -> Result<(), Reason> {
        match path {
            "Ntry" => self.close_entry(),
            "Bal" => self.close_balance(),
            _ => Ok(()),
        }
    }

    /// The first amount names the currency of the statement; all others follow.
    fn in_currency(&mut self, currency: Currency) -> Result<(), Reason> {
        let ours = *self.currency.get_or_insert(currency);
        if ours == currency { Ok(()) } else { Err(Reason::OtherCurrency) }
    }

    fn close_entry(&mut self) -> Result<(), Reason> {
        let Some(entry) = self.entry.take() else { return Ok(()) };
        let signed = entry.signed()?;
        self.in_currency(signed.currency)?;
        self.seen.count(signed.minor, entry.is_credit())?;
        let before = self.lines.len() + self.pending.len();
        let booked = entry.is_booked();
        let lines = entry.into_lines(before)?;
        if booked {
            self.lines.extend(lines)
        } else {
            self.pending.extend(lines)
        }
        Ok(())
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

    pub fn finish(mut self, kind: Kind) -> Result<Statement, Reason> {
        let missing = |name: &str| Reason::Missing(name.to_owned());
        let opening = self.opening.or(self.previous_closing);
        if kind == Kind::Camt053 && self.any_balance {
            let opening = opening.ok_or_else(|| missing("OPBD"))?;
            let closing = self.closing.ok_or_else(|| missing("CLBD"))?;
            self.in_currency(opening.amount.currency)?;
            tie::balances(opening, &self.lines, closing)?;
        }
        let currency = self.currency.ok_or_else(|| missing("Ccy"))?;
        self.totals.agree(&self.seen, currency)?;
        Ok(Statement {
            account: self.account.filter(|a| !a.is_empty()).ok_or_else(|| missing("Acct/Id"))?,
            currency,
            id: self.id.filter(|id| !id.is_empty()).ok_or_else(|| missing("Id"))?,
            sequence: self.sequence,
            copy: self.copy,
            opening,
            closing: self.closing,
            lines: self.lines,
            pending: self.pending,
        })
    }
}

impl RawBalance {
    fn leaf(&mut self, path: &str, text: &str, currency: Ccy) -> Result<(), Reason> {
        match path {
            "Tp/CdOrPrtry/Cd" => first(&mut self.code, text),
            "Amt" => return once(&mut self.amount, (text.to_owned(), currency), "Bal/Amt"),
            "CdtDbtInd" => return once(&mut self.credit, is_credit(text)?, "Bal/CdtDbtInd"),
            "Dt/Dt" | "Dt/DtTm" => return once(&mut self.date, date(text, "Bal/Dt")?, "Bal/Dt"),
            _ => {}
        }
        Ok(())
    }

    fn read(self) -> Result<Balance, Reason> {
        let missing = |name: &str| Reason::Missing(name.to_owned());
        let (text, currency) = self.amount.ok_or_else(|| missing("Bal/Amt"))?;
        let mut amount = amount(&text, currency)?;
        if !self.credit.ok_or_else(|| missing("Bal/CdtDbtInd"))? {
            amount.minor = -amount.minor;
        }
        Ok(Balance { amount, date: self.date })
    }
}

impl Totals {
    /// Version 2 writes `TtlNetNtryAmt` and `CdtDbtInd`, later ones `TtlNetNtry/Amt` and `TtlNetNtry/CdtDbtInd`.
    fn leaf(&mut self, path: &str, text: &str) -> Result<(), Reason> {
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

    fn agree(&self, seen: &Seen, currency: Currency) -> Result<(), Reason> {
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
    fn count(&mut self, signed: i64, credit: bool) -> Result<(), Reason> {
        let (count, sum) = match credit {
            true => (&mut self.credits, &mut self.credit_sum),
            false => (&mut self.debits, &mut self.debit_sum),
        };
        *count += 1;
        *sum = sum.checked_add(signed.abs()).ok_or(Reason::Overflow)?;
        Ok(())
    }
}
