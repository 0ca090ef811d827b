//! A payment that has its name from a report alone gets the line that has that name itself. The line that it had is new money, and
//! the report waits again: it is told of either.

use super::Ground;
use super::batch::{Work, midnight};
use crate::receive_report::ReportError;
use crate::record_money::{self, Recording, Seen};
use domain::business_day::business_date;
use domain::case::CaseKind;
use domain::changes::NewCase;
use domain::matching::{self, Claim, Rule, lent};
use domain::payment::{Identity, SightingState};
use domain::{IntentId, MovementId};
use std::collections::{BTreeMap, BTreeSet};
use storage::account_money::{self, NewWaiting};
use storage::lent::{Lent, Moved, Retold};
use storage::movements::OpenCredit;
use storage::{StorageError, Tx, sightings};

/// What a payment gives back for its own line.
pub struct GivenBack {
    lent: Lent,
    retold: Vec<Retold>,
}

/// Credits that are the own lines of such payments.
pub async fn own_lines(
    tx: &Tx,
    ground: &Ground,
    credits: &[matching::OpenCredit],
    claims: &[Claim],
) -> Result<BTreeMap<MovementId, GivenBack>, StorageError> {
    let unclaimed = credits.iter().zip(claims).filter(|(_, claim)| claim.is_none());
    let intents: BTreeSet<IntentId> = unclaimed.filter_map(|(credit, _)| credit.intent).collect();
    let known = storage::lent::lent(tx, &ground.account, &intents.into_iter().collect::<Vec<_>>()).await?;
    let facts: Vec<lent::Lent> = known.iter().filter_map(fact).collect();
    let mut own = BTreeMap::new();
    for (credit, payment) in lent::own_lines(credits, claims, &facts, &ground.calendar) {
        let Some(lent) = known.iter().find(|l| l.payment.id == payment).cloned() else { continue };
        let retold = storage::lent::retold(tx, payment).await?;
        own.insert(credit, GivenBack { lent, retold });
    }
    Ok(own)
}

fn fact(known: &Lent) -> Option<lent::Lent> {
    Some(lent::Lent {
        payment: known.payment.id,
        intent: known.payment.intent_id?,
        amount: known.payment.amount,
        line_day: known.line_day,
        references: known.references.clone(),
    })
}

impl Work<'_> {
    /// The credit is the payment's own line; the one that it had is money of nobody.
    pub(super) fn give_back(&mut self, credit: &OpenCredit, back: &GivenBack) -> Result<(), ReportError> {
        let (lent, payment) = (&back.lent, &back.lent.payment);
        let reference = format!("{}/{}", payment.identity.transaction(), credit.id);
        let seen = Seen {
            sighting_id: lent.line_sighting,
            channel: &self.ground.channel,
            identity: Identity::Account { account: self.ground.account.clone(), reference },
            order_ref: None,
            amount: payment.amount,
            paid_at: Some(midnight(lent.line_day)),
            now: self.now,
        };
        let Recording { new, unit } = record_money::record(&seen, None, &self.caller)?;
        let strangers = new.payment.id;
        self.unit.append(unit);
        self.payments.push(new);
        self.moved.push(Moved { line: lent.line, from: payment.id, to: strangers });
        self.explained.extend(&lent.doubts);
        self.outcomes.push((lent.line_sighting, SightingState::Applied, strangers));
        self.outcomes.push((credit.sighting_id, SightingState::Applied, payment.id));
        let (naming, nameless): (Vec<_>, Vec<_>) = back.retold.iter().partition(|row| row.intent.is_some());
        // a row that names nobody was told of the line
        self.outcomes.extend(nameless.iter().map(|row| (row.sighting_id, SightingState::Repeated, strangers)));
        self.claim(credit, payment.id, Rule::Reference);
        // one that has the reference of the payment's own line is of that
        let is_its = |row: &Retold| row.bank_ref.iter().any(|told| credit.references.iter().any(|own| own.same(told)));
        for row in naming.into_iter().filter(|row| !is_its(row)) {
            self.wait_again(row, lent);
        }
        Ok(())
    }

    fn wait_again(&mut self, row: &Retold, lent: &Lent) {
        let account = &self.ground.account;
        if self.again.iter().all(|(waits, _)| waits.source_key != row.source_key) {
            self.unit.changes.cases_opened.push(NewCase {
                payment_id: Some(lent.payment.id),
                sighting_id: Some(row.sighting_id),
                day: Some((format!("bank:{account}"), business_date(row.stated_at))),
                ..NewCase::new(CaseKind::PossibleSameMovement, lent.payment.amount, account.to_string())
            });
        }
        self.again.push((row.clone(), lent.payment.clone()));
    }

    /// Their cases must be there. A row that was told two ways waits once.
    pub(super) async fn write_again(&self, tx: &Tx) -> Result<(), StorageError> {
        let mut waits: BTreeSet<&str> = BTreeSet::new();
        for (row, payment) in &self.again {
            sightings::outcome(tx, row.sighting_id, SightingState::Waiting, None).await?;
            if let Some(reference) = &row.bank_ref {
                storage::lent::forget(tx, &self.ground.account, payment.id, reference).await?;
            }
            if !waits.insert(&row.source_key) {
                continue;
            }
            let waiting = NewWaiting {
                sighting_id: row.sighting_id,
                amount: payment.amount,
                intent_id: row.intent,
                bank_ref: row.bank_ref.as_ref(),
                channel: &row.channel,
                stated_at: row.stated_at,
                payment_id: payment.id,
            };
            account_money::wait(tx, &self.ground.account, &waiting).await?;
        }
        Ok(())
    }
}
