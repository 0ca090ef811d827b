//! The rows of a settlement file, held against what we have: what each becomes, and what is booked for it.

use super::SettleError;
use super::voided::Voided;
use domain::business_day::business_date;
use domain::case::CaseKind;
use domain::cause::Cause;
use domain::changes::NewCase;
use domain::codes::{AccountCode, ProfileCode};
use domain::ledger::{Account, Journal, JournalKind, Leg};
use domain::payment::SuspenseReason;
use domain::{PaymentId, SettlementId, Vnd, fee};
use jiff::civil::Date;
use statement::settlement::{Kind, Row, Status};
use std::collections::{BTreeMap, BTreeSet};
use storage::StorageError;
use storage::settlements::{Known, NewLine, SettledRefund};
use storage::unit::Unit;

/// The rows of a file, held against what we have.
pub(super) struct Books<'i> {
    pub profile: &'i ProfileCode,
    pub date: Date,
    pub id: SettlementId,
    pub payments: BTreeMap<String, Known>,
    /// Kind and number of what a file has named: those before this one, then its own rows.
    pub named: BTreeSet<(String, String)>,
    /// Payments that have a case since a file called them undone.
    pub undone: BTreeSet<PaymentId>,
    /// What the file calls done: a try that failed before counts for nothing.
    pub done: BTreeSet<String>,
    pub unit: Unit,
    pub fee: i64,
    pub net: i64,
    /// Payments that this file is the first to settle, and the day of each.
    pub settled: Vec<(Vnd, Date)>,
    /// Fees that stand in rows of their own.
    pub fee_rows: i64,
    pub voided: Voided,
    pub lines: Vec<NewLine>,
    /// Refunds of ours that no file has named, the oldest first.
    pub refunds: Vec<SettledRefund>,
    /// Refunds of ours that were sent and that no file has brought back.
    pub returnable: Vec<SettledRefund>,
}

impl Books<'_> {
    pub(super) fn row(&mut self, row: &Row) -> Result<(), SettleError> {
        let kind = kind_word(row.kind);
        let payment = self.payments.get(&row.provider_txn).copied();
        let refund = (row.kind == Kind::Refund && row.status == Status::Success)
            .then(|| self.refund_of(row))
            .flatten()
            .map(|at| (at, self.refunds[at].id));
        let returned = (row.kind == Kind::Adjustment && row.status == Status::Success)
            .then(|| self.returned_of(row))
            .flatten()
            .map(|at| (at, self.returnable[at].id));
        let undone = (row.status == Status::Success).then(|| self.undone_by(row)).flatten();
        let disposition = if row.status != Status::Success {
            self.unsuccessful(row, payment)
        } else if !self.named.insert((kind.to_owned(), row.provider_txn.clone())) {
            "duplicate"
        } else {
            self.fee += row.fee;
            self.net += row.net;
            if row.kind == Kind::Payment {
                let day = row.paid_at.map_or(self.date, business_date);
                self.settled.push((Vnd::new(row.gross), day));
            }
            self.successful(row, payment)?
        };
        self.lines.push(NewLine {
            line_no: i32::try_from(row.line_no).map_err(|_| SettleError::Unfit("the file has too many rows"))?,
            kind,
            provider_txn_id: row.provider_txn.clone(),
            order_ref: row.order_ref.clone(),
            original_txn_id: row.original.clone(),
            refund_id: refund.filter(|_| disposition == "matched").map(|(_, id)| id),
            returns: returned.filter(|_| disposition == "matched").map(|(_, id)| id),
            payment_id: (payment.filter(|_| row.kind == Kind::Payment))
                .or(undone.filter(|_| disposition == "matched"))
                .map(|known| known.id),
            amount: row.gross,
            fee: row.fee,
            net: row.net,
            paid_at: row.paid_at,
            status: status_word(row.status),
            disposition,
        });
        if let Some((at, _)) = refund.filter(|_| disposition == "matched") {
            let sent = self.refunds.remove(at);
            if self.returnable.iter().all(|known| known.id != sent.id) {
                self.returnable.push(sent);
            }
        }
        if let Some((at, _)) = returned.filter(|_| disposition == "matched") {
            self.returnable.remove(at);
        }
        Ok(())
    }

    fn unsuccessful(&mut self, row: &Row, payment: Option<Known>) -> &'static str {
        let only_undone = row.kind == Kind::Payment && !self.done.contains(&row.provider_txn);
        if let Some(known) = payment.filter(|known| only_undone && !known.is_reversed)
            && self.undone.insert(known.id)
        {
            self.case(CaseKind::StatusDiffers, known.amount, Some(known.id), known.id.to_string());
        }
        "ignored"
    }

    /// Rows of the file that were booked before are in what it pays out all the same.
    pub(super) fn tell_of_repeats(&mut self, net: i64) {
        let again = net - self.net;
        if again != 0 {
            self.case(CaseKind::AmountDiffers, Vnd::new(again), None, self.id.to_string());
        }
    }

    /// The provider kept another fee than its contract says. `expected`: None where it says nothing.
    pub(super) fn tell_of_fee(&mut self, expected: Option<Vnd>) {
        let kept = Vnd::new(self.fee);
        if let Some(expected) = expected.filter(|expected| *expected != kept) {
            self.case(CaseKind::AmountDiffers, kept - expected, None, fee::subject_of_fee(self.id));
        }
    }

    fn successful(&mut self, row: &Row, payment: Option<Known>) -> Result<&'static str, SettleError> {
        let gross = Vnd::new(row.gross);
        Ok(match (row.kind, payment) {
            (Kind::Payment, Some(known)) => self.payment(gross, known)?,
            (Kind::Payment, None) => "unmatched",
            (Kind::Fee, _) => {
                // a fee of its own row: what it takes is a fee, whichever column says so
                self.fee -= row.gross;
                self.fee_rows -= row.gross;
                "matched"
            }
            (Kind::Refund, _) if self.refund_of(row).is_some() => "matched",
            (Kind::Refund, _) if self.undone_by(row).is_some() => self.gives_back(row)?,
            (Kind::Refund, _) => {
                let original = row.original.as_ref().and_then(|txn| self.payments.get(txn)).map(|known| known.id);
                let kind = if original.is_some() { CaseKind::MissingInBooks } else { CaseKind::RefundWithoutPayment };
                self.unexplained(gross, kind, original, &row.provider_txn)?;
                "case"
            }
            (Kind::Adjustment, _) if self.returned_of(row).is_some() => "matched",
            (Kind::Adjustment, _) => {
                self.unexplained(gross, CaseKind::AmountDiffers, None, &row.provider_txn)?;
                "case"
            }
        })
    }

    fn payment(&mut self, gross: Vnd, known: Known) -> Result<&'static str, SettleError> {
        let changes = if known.is_reversed { self.voided.shown(known)? } else { None };
        if known.amount != gross {
            self.case(CaseKind::AmountDiffers, gross - known.amount, Some(known.id), known.id.to_string());
        }
        let is_told = changes.is_some() || known.amount != gross;
        self.unit.changes.append(changes.unwrap_or_default());
        Ok(if is_told { "case" } else { "matched" })
    }

    /// The refund of ours that a row is: by its number, or by its payment; and by its amount.
    fn refund_of(&self, row: &Row) -> Option<usize> {
        let original = row.original.as_ref().and_then(|txn| self.payments.get(txn)).map(|known| known.id);
        let fits = |r: &&SettledRefund| r.amount.dong() == -row.gross;
        let by_number = |r: &SettledRefund| r.provider_refund_id.as_deref() == Some(row.provider_txn.as_str());
        let by_payment = |r: &SettledRefund| r.provider_refund_id.is_none() && Some(r.payment_id) == original;
        let at = |wanted: &dyn Fn(&SettledRefund) -> bool| self.refunds.iter().position(|r| fits(&r) && wanted(r));
        at(&by_number).or_else(|| at(&by_payment))
    }

    fn gives_back(&mut self, row: &Row) -> Result<&'static str, SettleError> {
        if let Some(known) = self.undone_by(row) {
            let changes = self.voided.gives_back(known)?;
            self.unit.changes.append(changes.unwrap_or_default());
        }
        Ok("matched")
    }

    /// The payment that was voided here, and that a row gives back: the void at the terminal.
    fn undone_by(&self, row: &Row) -> Option<Known> {
        let is_refund = row.kind == Kind::Refund && self.refund_of(row).is_none();
        let known = row.original.as_ref().filter(|_| is_refund).and_then(|txn| self.payments.get(txn)).copied();
        known.filter(|known| self.voided.is_undone_by(row, *known))
    }

    /// The refund of ours that a correction brings back: its original is the refund's number, its amount all of it.
    fn returned_of(&self, row: &Row) -> Option<usize> {
        let original = row.original.as_deref()?;
        let is_it = |r: &SettledRefund| {
            r.provider_refund_id.as_deref() == Some(original) && r.amount.dong() == row.gross && row.fee == 0
        };
        self.returnable.iter().position(is_it)
    }

    /// What the provider took or gave for a reason that we do not know: suspense, and a case.
    fn unexplained(
        &mut self,
        amount: Vnd,
        kind: CaseKind,
        payment: Option<PaymentId>,
        txn: &str,
    ) -> Result<(), SettleError> {
        if !amount.is_zero() {
            let legs = vec![
                Leg::new(Account::Clearing(self.profile.clone()), amount).of_settlement(self.id),
                Leg::new(Account::Suspense(SuspenseReason::Unidentified), -amount).of_settlement(self.id),
            ];
            self.journal(JournalKind::UnexplainedRefund, legs)?;
        }
        self.case(kind, amount, payment, txn.to_owned());
        Ok(())
    }

    /// Fee and payout leave clearing, each on its own leg.
    pub(super) fn book_settlement(&mut self, account: &AccountCode) -> Result<(), SettleError> {
        let (fee, net) = (Vnd::new(self.fee), Vnd::new(self.net));
        let legs: Vec<Leg> = [
            (Account::Fee(self.profile.clone()), fee),
            (Account::InTransit(account.clone()), net),
            (Account::Clearing(self.profile.clone()), -(fee + net)),
        ]
        .into_iter()
        .filter(|(_, amount)| !amount.is_zero())
        .map(|(account, amount)| Leg::new(account, amount).of_settlement(self.id))
        .collect();
        if legs.is_empty() { Ok(()) } else { self.journal(JournalKind::Settlement, legs) }
    }

    fn journal(&mut self, kind: JournalKind, legs: Vec<Leg>) -> Result<(), SettleError> {
        let journal = Journal::new(kind, Cause::ProviderSettled, self.date, legs);
        self.unit.changes.journals.push(journal.map_err(|e| StorageError::Unreadable(e.to_string()))?);
        Ok(())
    }

    fn case(&mut self, kind: CaseKind, amount: Vnd, payment: Option<PaymentId>, subject: String) {
        self.unit.changes.cases_opened.push(NewCase {
            payment_id: payment,
            day: Some((format!("clearing:{}", self.profile), self.date)),
            ..NewCase::new(kind, amount, subject)
        });
    }
}

const fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Payment => "payment",
        Kind::Refund => "refund",
        Kind::Fee => "fee",
        Kind::Adjustment => "adjustment",
    }
}

const fn status_word(status: Status) -> &'static str {
    match status {
        Status::Success => "success",
        Status::Failed => "failed",
        Status::Pending => "pending",
    }
}
