//! A teller's row beside money in the books that it may be another sight of: what `domain::matching::sights` decides from, and
//! what follows where it says so.

use crate::context::Caller;
use crate::learn;
use crate::match_movements::batch::{first_instant, last_instant};
use crate::receive_report::ReportError;
use domain::bank_reference::BankReference;
use domain::business_day::{WorkingCalendar, business_date};
use domain::codes::{AccountCode, ChannelCode};
use domain::matching::sights::{Alike, Report};
use domain::payment::Payment;
use domain::{IntentId, PaymentId, SightingId, Vnd};
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::BTreeMap;
use storage::account_money::{self, NamedIntent};
use storage::alike::{self, Asked};
use storage::payments::Part;
use storage::unit::Unit;
use storage::{StorageError, Tx, payments, statements};

/// A credit as its teller told of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    pub account: &'a AccountCode,
    pub sighting_id: SightingId,
    pub channel: &'a ChannelCode,
    /// What every key of its teller's rows begins with.
    pub teller: &'a str,
    pub amount: Vnd,
    pub stated_at: Timestamp,
    pub intent: Option<IntentId>,
    pub reference: Option<&'a BankReference>,
}

impl Row<'_> {
    pub fn report(&self, is_covered: bool) -> Report {
        Report { day: business_date(self.stated_at), intent: self.intent, is_covered }
    }
}

/// What the row may be another sight of. Whoever asks has the turn of its account and amount.
pub(crate) async fn alike_to(tx: &Tx, row: &Row<'_>, calendar: &WorkingCalendar) -> Result<Vec<Alike>, StorageError> {
    let day = business_date(row.stated_at);
    let asked = Asked {
        account: row.account,
        amount: row.amount,
        intent: row.intent,
        paid: (first_instant(calendar, day), last_instant(calendar, day)),
        day,
        reference: row.reference,
        teller: row.teller,
    };
    let found = alike::alike(tx, &asked).await?;
    let unnamed: Vec<_> = found.iter().filter(|p| p.intent.is_none() && row.intent.is_some()).collect();
    let unnamed: Vec<_> = unnamed.iter().map(|p| p.payment.uuid()).collect();
    let mut parts: BTreeMap<PaymentId, Vec<Part>> = BTreeMap::new();
    if !unnamed.is_empty() {
        for part in payments::parts(tx, &unnamed).await? {
            parts.entry(part.payment_id).or_default().push(part);
        }
    }
    let is_later = |p: &&alike::Like| p.intent.is_none() && p.shown_on.is_some_and(|on| on > day);
    let shown_until = match found.iter().any(|p| is_later(&p)) {
        true => statements::covered_until(tx, row.account, day).await?,
        false => None,
    };
    let is_next = |on: Date| on <= day || on.yesterday().is_ok_and(|before| shown_until >= Some(before));
    let like = |p: &alike::Like| Alike {
        payment: p.payment,
        intent: p.intent,
        paid_on: business_date(p.paid_at),
        shown_on: p.shown_on,
        is_told: p.is_told,
        is_free: parts.get(&p.payment).is_some_and(|parts| learn::waits_whole(row.amount, parts)),
        is_next: p.shown_on.is_none_or(is_next),
    };
    Ok(found.iter().map(like).collect())
}

/// The row is another sight of this payment, which is locked: it gives the name that the payment lacks. Where they name the same,
/// the payment is known by the row's reference too.
pub(crate) async fn another_sight(
    tx: &Tx,
    row: &Row<'_>,
    named: Option<&NamedIntent>,
    payment: &Payment,
    caller: &Caller,
    now: Timestamp,
) -> Result<Unit, ReportError> {
    let mut unit = Unit::new(caller.actor(), now);
    let mut name = payment.intent_id;
    if let (None, Some(named)) = (name, named) {
        unit.append(learn::place(tx, payment, named, row.channel, row.sighting_id, caller, now).await?);
        name = payments::by_id(tx, payment.id).await?.and_then(|placed| placed.intent_id);
        if name.is_some() {
            alike::gave_name(tx, payment.id).await?;
        }
    }
    if let (Some(reference), true) = (row.reference, name.is_some() && name == row.intent) {
        account_money::learn(tx, row.account, &[(reference.to_string(), payment.id)]).await?;
    }
    Ok(unit)
}
