//! Cards that were voided at a counter, as the terminal's files show them: charged after all, or undone there as well. A
//! row that gives a card back is the void only where the money is untouched; otherwise people look at it.

use crate::move_money;
use domain::PaymentId;
use domain::changes::Changes;
use domain::codes::ProfileCode;
use domain::ledger::Account;
use domain::moving::{self, Scene};
use jiff::civil::Date;
use statement::settlement::{Kind, Row, Status};
use std::collections::{BTreeMap, BTreeSet};
use storage::settlements::Known;
use storage::{StorageError, Tx, payments, refunds, scenes};

pub(super) struct Voided {
    source: Account,
    date: Date,
    /// Of those that an earlier file has shown: what is in the books, under lock.
    waiting: Vec<Scene>,
    /// Those that this file shows and gives back itself.
    here: BTreeSet<PaymentId>,
    /// Those that a row has given back.
    given_back: BTreeSet<PaymentId>,
    charged: Vec<PaymentId>,
    undone: Vec<PaymentId>,
}

impl Voided {
    /// Locks what a file says anything of. Nobody voids a card of the contract meanwhile: who does holds it as this does.
    pub(super) async fn lock(
        tx: &Tx,
        (profile, date): (&ProfileCode, Date),
        known: &BTreeMap<String, Known>,
        named: &BTreeSet<(String, String)>,
        rows: &[Row],
    ) -> Result<Self, StorageError> {
        let source = Account::Clearing(profile.clone());
        let ids = |wanted: fn(&&Known) -> bool| known.values().filter(wanted).map(|k| k.id).collect::<Vec<_>>();
        let of_file = ids(|k| k.is_reversed || k.is_charged_after_all);
        refunds::lock_payments(tx, &of_file).await?;
        let charged = ids(|k| k.is_charged_after_all);
        let mut waiting = Vec::new();
        if !charged.is_empty() {
            let gone = refunds::unexplained_of(tx, &charged).await?;
            let cases = scenes::lock_cases(tx, &charged).await?;
            for id in charged {
                let parts = scenes::parts(tx, id, &[]).await?;
                let (gone, cases) = (gone.clone(), cases.clone());
                waiting.push(Scene { parts, gone, cases, ..Scene::of_nothing(id, source.clone(), date) });
            }
        }
        let here = known.iter().filter(|(txn, k)| k.is_reversed && is_given_back(txn, k, named, rows));
        let here = here.map(|(_, k)| k.id).collect();
        let (given_back, charged, undone) = (BTreeSet::new(), Vec::new(), Vec::new());
        Ok(Self { source, date, waiting, here, given_back, charged, undone })
    }

    /// A row shows one that was reversed. None: the file gives it back itself.
    pub(super) fn shown(&mut self, known: Known) -> Result<Option<Changes>, StorageError> {
        if self.here.contains(&known.id) {
            return Ok(None);
        }
        let scene = Scene::of_nothing(known.id, self.source.clone(), self.date);
        let changes = moving::charged_after_all(&scene, known.amount).map_err(|e| move_money::unreadable(&e))?;
        self.charged.push(known.id);
        Ok(Some(changes))
    }

    /// Whether giving this back is the void at the terminal.
    pub(super) fn is_undone_by(&self, row: &Row, known: Known) -> bool {
        let waits = || self.waiting.iter().any(|s| s.payment_id == known.id && moving::undone_after_all(s).is_ok());
        row.gross == -known.amount.dong()
            && !self.given_back.contains(&known.id)
            && (self.here.contains(&known.id) || waits())
    }

    /// A row gives one back.
    pub(super) fn gives_back(&mut self, known: Known) -> Result<Option<Changes>, StorageError> {
        self.given_back.insert(known.id);
        let Some(scene) = self.waiting.iter().find(|s| s.payment_id == known.id) else { return Ok(None) };
        let changes = moving::undone_after_all(scene).map_err(|e| move_money::unreadable(&e))?;
        self.undone.push(known.id);
        Ok(Some(changes))
    }

    /// Writes which payments stand again, and which are reversed again; what the audit trail says of them.
    pub(super) async fn write(&self, tx: &Tx) -> Result<Vec<(&'static str, PaymentId)>, StorageError> {
        for id in &self.charged {
            if !payments::stands_again(tx, *id).await? {
                return Err(StorageError::Retry(None));
            }
        }
        for id in &self.undone {
            if !payments::set_reversed(tx, *id).await? {
                return Err(StorageError::Retry(None));
            }
        }
        let charged = self.charged.iter().map(|id| ("charged_after_void", *id));
        Ok(charged.chain(self.undone.iter().map(|id| ("void_shown", *id))).collect())
    }
}

/// A file has both rows of a payment, for the first time, once and whole.
fn is_given_back(txn: &str, known: &Known, named: &BTreeSet<(String, String)>, rows: &[Row]) -> bool {
    let done = || rows.iter().filter(|r| r.status == Status::Success);
    let once = |row: &&Row| done().filter(|r| r.kind == row.kind && r.provider_txn == row.provider_txn).count() == 1;
    let is_new = |kind: &str, r: &Row| !named.contains(&(kind.to_owned(), r.provider_txn.clone()));
    let amount = known.amount.dong();
    let shows = |r: &Row| r.provider_txn == txn && r.gross == amount && is_new("payment", r);
    let gives_back = |r: &Row| r.original.as_deref() == Some(txn) && r.gross == -amount && is_new("refund", r);
    done().filter(once).any(|r| r.kind == Kind::Payment && shows(r))
        && done().filter(once).any(|r| r.kind == Kind::Refund && gives_back(r))
}
