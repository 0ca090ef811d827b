//! One `Ntry` and its transactions, and how they become lines.
//!
//! The sign is the entry's `CdtDbtInd`, also with `RvslInd`: DBIT and `true` is a credit that is taken back. The parties
//! of a reversal are those of the movement that it reverses.

use super::Ccy;
use super::field::{Remittance, amount, count, date, first, flag, is_credit, once};
use crate::error::Reason;
use crate::limits::MAX_TRANSACTIONS;
use crate::money::Money;
use crate::statement::{Batch, Counterparty, Line};
use crate::tie;
use jiff::civil::Date;

/// What banks write where the payer gave no reference.
const NO_REFERENCE: [&str; 2] = ["NOTPROVIDED", "NONREF"];

#[derive(Default)]
pub(super) struct Entry {
    amount: Option<Money>,
    credit: Option<bool>,
    reversal: Option<bool>,
    status: Option<String>,
    booking: Option<Date>,
    value: Option<Date>,
    bank_ref: Option<String>,
    info: Option<String>,
    code: Code,
    transactions: Vec<Transaction>,
    /// What the `Btch` elements say: how many, and each total.
    batch_count: Option<usize>,
    batch_totals: Vec<Money>,
}

#[derive(Default)]
struct Code {
    domain: Option<String>,
    family: Option<String>,
    sub_family: Option<String>,
    proprietary: Option<String>,
}

#[derive(Default)]
struct Transaction {
    amount: Option<Money>,
    /// `AmtDtls/TxAmt`, where version 2 has no `Amt`.
    detailed: Option<Money>,
    credit: Option<bool>,
    bank_ref: Option<String>,
    instruction: Option<String>,
    end_to_end: Option<String>,
    debtor: Counterparty,
    creditor: Counterparty,
    remittance: Remittance,
    structured: Remittance,
    info: Option<String>,
}

impl Entry {
    pub fn open(&mut self, path: &str) {
        if path == "NtryDtls/TxDtls" {
            self.transactions.push(Transaction::default());
        }
    }

    pub fn transactions(&self) -> usize {
        self.transactions.len()
    }

    pub fn leaf(&mut self, path: &str, text: &str, currency: Ccy) -> Result<(), Reason> {
        if let Some(path) = path.strip_prefix("NtryDtls/TxDtls/") {
            return self.transactions.last_mut().map_or(Ok(()), |t| t.leaf(path, text, currency));
        }
        match path {
            "Amt" => return once(&mut self.amount, amount(text, currency)?, "Amt"),
            "CdtDbtInd" => return once(&mut self.credit, is_credit(text)?, path),
            "RvslInd" => return once(&mut self.reversal, flag(text, path)?, path),
            "Sts" | "Sts/Cd" | "Sts/Prtry" => return once(&mut self.status, text.trim().to_owned(), "Sts"),
            "BookgDt/Dt" | "BookgDt/DtTm" => return once(&mut self.booking, date(text, "BookgDt")?, "BookgDt"),
            "ValDt/Dt" | "ValDt/DtTm" => return once(&mut self.value, date(text, "ValDt")?, "ValDt"),
            "AcctSvcrRef" => first(&mut self.bank_ref, text),
            "AddtlNtryInf" => first(&mut self.info, text),
            "BkTxCd/Domn/Cd" => first(&mut self.code.domain, text),
            "BkTxCd/Domn/Fmly/Cd" => first(&mut self.code.family, text),
            "BkTxCd/Domn/Fmly/SubFmlyCd" => first(&mut self.code.sub_family, text),
            "BkTxCd/Prtry/Cd" => first(&mut self.code.proprietary, text),
            "NtryDtls/Btch/NbOfTxs" => {
                let more = count(text, "NbOfTxs")?;
                self.batch_count = Some(self.batch_count.unwrap_or_default().saturating_add(more));
            }
            "NtryDtls/Btch/TtlAmt" if self.batch_totals.len() >= MAX_TRANSACTIONS => {
                return Err(Reason::Limit("transactions of an entry"));
            }
            "NtryDtls/Btch/TtlAmt" => self.batch_totals.push(amount(text, currency)?),
            _ => {}
        }
        Ok(())
    }

    pub fn signed(&self) -> Result<Money, Reason> {
        let amount = self.amount.ok_or_else(|| Reason::Missing("Ntry/Amt".to_owned()))?;
        let credit = self.credit.ok_or_else(|| Reason::Missing("Ntry/CdtDbtInd".to_owned()))?;
        Ok(signed(amount, credit))
    }

    pub fn is_credit(&self) -> bool {
        self.credit == Some(true)
    }

    /// Any other status, or none, moved no money.
    pub fn is_booked(&self) -> bool {
        self.status.as_deref() == Some("BOOK")
    }

    /// They get their numbers when they are handed over.
    pub fn into_lines(self) -> Result<Vec<Line>, Reason> {
        let whole = self.signed()?;
        let of = self.transactions.len();
        if let Some(amounts) = self.parts(whole)? {
            let parts = self.transactions.iter().zip(amounts).enumerate();
            return Ok(parts.map(|(i, (t, a))| self.part(t, a, Batch::Part { no: i + 1, of })).collect());
        }
        let mut line = self.alone(whole);
        if of > 1 {
            line.batch = Batch::Unsplit { of };
        } else if let Some(transaction) = self.transactions.first() {
            line = self.part(transaction, whole, Batch::No);
            line.bank_ref = self.bank_ref.clone().or(line.bank_ref);
            if line.text.is_empty() {
                line.text = self.info.unwrap_or_default();
            }
        }
        Ok(vec![line])
    }

    /// The amount of each transaction, where there are several and each says one in the entry's currency; `None`: the entry
    /// is one line. Such amounts must sum to the entry, and to what `Btch` says (protocols 3.1): whom a part of the
    /// money is for is not guessed.
    fn parts(&self, whole: Money) -> Result<Option<Vec<Money>>, Reason> {
        let same = |amount: &Money| amount.currency == whole.currency;
        let amounts: Option<Vec<Money>> =
            self.transactions.iter().map(|t| t.signed(self.is_credit()).filter(same)).collect();
        let Some(amounts) = amounts.filter(|amounts| amounts.len() > 1) else { return Ok(None) };
        if tie::sum(&amounts)? != whole.minor {
            return Err(Reason::Total("NtryDtls/TxDtls"));
        }
        if self.batch_count.is_some_and(|stated| stated != amounts.len()) {
            return Err(Reason::Total("NtryDtls/Btch/NbOfTxs"));
        }
        let total = tie::sum(&self.batch_totals)?;
        let agrees = self.batch_totals.iter().all(same) && total == whole.minor.abs();
        if agrees || self.batch_totals.is_empty() {
            Ok(Some(amounts))
        } else {
            Err(Reason::Total("NtryDtls/Btch/TtlAmt"))
        }
    }

    fn alone(&self, amount: Money) -> Line {
        Line {
            line_no: 0,
            booking_date: self.booking,
            value_date: self.value,
            amount,
            bank_ref: self.bank_ref.clone(),
            owner_ref: None,
            end_to_end: None,
            counterparty: Counterparty::default(),
            text: self.info.clone().unwrap_or_default(),
            details: None,
            code: self.code.joined(),
            reversal: self.reversal == Some(true),
            batch: Batch::No,
            entry_ref: None,
        }
    }

    fn part(&self, transaction: &Transaction, amount: Money, batch: Batch) -> Line {
        let credit = if amount.minor == 0 { self.is_credit() } else { amount.minor > 0 };
        let came_in = credit != (self.reversal == Some(true));
        Line {
            bank_ref: transaction.bank_ref.clone().or_else(|| self.bank_ref.clone()),
            owner_ref: transaction.instruction.clone(),
            end_to_end: transaction.end_to_end.clone(),
            counterparty: if came_in { transaction.debtor.clone() } else { transaction.creditor.clone() },
            text: transaction.text(),
            batch,
            entry_ref: self.bank_ref.clone().filter(|_| batch != Batch::No),
            ..self.alone(amount)
        }
    }
}

impl Transaction {
    fn leaf(&mut self, path: &str, text: &str, currency: Ccy) -> Result<(), Reason> {
        match path {
            "Amt" => return once(&mut self.amount, amount(text, currency)?, "TxDtls/Amt"),
            "AmtDtls/TxAmt/Amt" => return once(&mut self.detailed, amount(text, currency)?, "TxAmt/Amt"),
            "CdtDbtInd" => return once(&mut self.credit, is_credit(text)?, "TxDtls/CdtDbtInd"),
            "Refs/AcctSvcrRef" => first(&mut self.bank_ref, text),
            "Refs/InstrId" => reference(&mut self.instruction, text),
            "Refs/EndToEndId" => reference(&mut self.end_to_end, text),
            "RmtInf/Ustrd" => return self.remittance.push(text),
            "RmtInf/Strd/CdtrRefInf/Ref" => return self.structured.push(text),
            "AddtlTxInf" => first(&mut self.info, text),
            _ => self.party(path, text),
        }
        Ok(())
    }

    /// From version 8 on a party is a choice of `Pty` and `Agt`, and `BIC` is called `BICFI`.
    fn party(&mut self, path: &str, text: &str) {
        let Some((group, rest)) = path.split_once('/') else { return };
        let Some((role, field)) = rest.split_once('/') else { return };
        let (party, role) = match (role.strip_prefix("Dbtr"), role.strip_prefix("Cdtr")) {
            (Some(role), _) => (&mut self.debtor, role),
            (_, Some(role)) => (&mut self.creditor, role),
            _ => return,
        };
        match (group, role, field) {
            ("RltdPties", "", "Nm" | "Pty/Nm" | "Agt/FinInstnId/Nm") => first(&mut party.name, text),
            ("RltdPties", "Acct", "Id/IBAN" | "Id/Othr/Id") => first(&mut party.account, text),
            ("RltdAgts", "Agt", "FinInstnId/BIC" | "FinInstnId/BICFI" | "FinInstnId/ClrSysMmbId/MmbId") => {
                first(&mut party.bank, text);
            }
            _ => {}
        }
    }

    fn signed(&self, entry_is_credit: bool) -> Option<Money> {
        let amount = self.amount.or(self.detailed)?;
        Some(signed(amount, self.credit.unwrap_or(entry_is_credit)))
    }

    /// The payer's words and the structured references; only where there are none, what the bank adds.
    fn text(&self) -> String {
        match (self.remittance.text(), self.structured.text()) {
            ("", "") => self.info.clone().unwrap_or_default(),
            ("", references) => references.to_owned(),
            (words, "") => words.to_owned(),
            (words, references) => format!("{words} {references}"),
        }
    }
}

impl Code {
    fn joined(&self) -> Option<String> {
        let parts = [&self.domain, &self.family, &self.sub_family];
        let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
        if parts.is_empty() { self.proprietary.clone() } else { Some(parts.join("/")) }
    }
}

fn reference(place: &mut Option<String>, text: &str) {
    if !NO_REFERENCE.contains(&text.trim()) {
        first(place, text);
    }
}

fn signed(amount: Money, credit: bool) -> Money {
    Money { minor: if credit { amount.minor } else { -amount.minor }, ..amount }
}
