//! One batch of open credits in one transaction: decided together, booked together, a handful of statements whatever
//! their number.

use super::waiting::may_be_known;
use super::{ByIntent, Cover, Covers, Ground, PER_BATCH, cover, is_covered, lent};
use crate::context::{Caller, Context};
use crate::facts::{self, Facts};
use crate::receive_account_report::{terms, unwatch_served};
use crate::receive_report::ReportError;
use crate::record_money::{self, Recording, Seen};
use crate::refund;
use domain::bank_reference::BankReference;
use domain::business_day::{WorkingCalendar, business_date};
use domain::case::CaseKind;
use domain::cause::Cause;
use domain::changes::{NewCase, step};
use domain::matching::{self, APART, Rule, Told, What};
use domain::money::MAX_AMOUNT;
use domain::payment::{Identity, Payment, SightingState};
use domain::refund::RefundStatus;
use domain::{CaseId, IntentId, MovementId, ObligationId, PaymentId, RefundId, SightingId, Vnd};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan, tz};
use std::collections::{BTreeMap, BTreeSet};
use storage::account_money::{self, NamedIntent, Waiting, turn};
use storage::lent::{Moved, Retold};
use storage::movements::{self, Claimant, NewClaim, OpenCredit};
use storage::payments::NewPayment;
use storage::unit::Unit;
use storage::{StorageError, Tx, payments, refunds, unit};

/// What a batch came to.
pub struct Batch {
    pub matched: usize,
    /// The last credit that it looked at; None when there was none.
    pub last: Option<MovementId>,
}

pub async fn match_once(
    ctx: &Context,
    ground: &Ground,
    after: MovementId,
    now: Timestamp,
) -> Result<Batch, ReportError> {
    let tx = ctx.pool.tx().await?;
    let outcome = matched(&tx, ground, after, now).await;
    tx.close(outcome).await
}

async fn matched(tx: &Tx, ground: &Ground, after: MovementId, now: Timestamp) -> Result<Batch, ReportError> {
    tx.begin().await?;
    movements::begin_batch(tx, &ground.account).await?;
    let open = movements::open_credits(tx, &ground.account, after, PER_BATCH).await?;
    let Some(last) = open.last().map(|c| c.id) else { return Ok(Batch { matched: 0, last: None }) };
    let turns: BTreeSet<String> = open.iter().map(|c| turn(&ground.account, c.amount)).collect();
    account_money::take_turns(tx, &turns.into_iter().collect::<Vec<_>>()).await?;
    let mut named = named_by(tx, ground, &open).await?;
    let waiting = account_money::waiting(tx, &ground.account).await?;
    let (told, doubted) = told_of(tx, ground, &open, &waiting).await?;
    let partly = partly(tx, ground, &open).await?;
    let returns = returns(tx, ground, &open, &named).await?;
    let takes_back = |c: &OpenCredit| c.takes_back || returns.contains_key(&c.id);
    let credits: Vec<_> = open.iter().map(|c| credit(c, named.get(&c.id), takes_back(c))).collect();
    let claims = matching::decide(&credits, &told, &ground.calendar, &partly);
    name_by_reports(tx, ground, &open, &claims, &waiting, &mut named).await?;

    let own_lines = lent::own_lines(tx, ground, &credits, &claims).await?;

    let references: Vec<String> = open.iter().filter_map(|c| c.references.first()).map(ToString::to_string).collect();
    let taken = account_money::taken(tx, &ground.account, &references).await?;
    let mut work = Work::new(ground, now, &waiting, taken);
    let fresh: Vec<&NamedIntent> = open
        .iter()
        .zip(&claims)
        .filter(|(_, claim)| !matches!(claim, Some((What::Payment(_), _))))
        .filter_map(|(c, claim)| payers(c, claim, &named))
        .collect();
    let facts = lock_facts(tx, &fresh).await?;
    let mut early = matching::early(&credits, &claims, &told, &ground.calendar);
    let mut known = Covers::new();
    for credit in open.iter().filter(|credit| returns.contains_key(&credit.id)) {
        if !is_covered(tx, ground, credit.booking_date, &mut known).await? {
            early.insert(credit.id);
        }
    }
    for (credit, claim) in open.iter().zip(&claims).filter(|(credit, _)| !early.contains(&credit.id)) {
        match claim {
            Some((What::Payment(payment), rule)) => {
                work.known(credit, *payment, *rule);
                if *rule == Rule::OnlyOne && doubted.contains(payment) {
                    work.doubt(credit, *payment);
                }
            }
            Some((What::Sighting(id), rule)) => {
                let waiting = waiting.iter().find(|w| w.sighting_id == *id);
                work.new_money(credit, payers(credit, claim, &named), &facts, waiting.map(|w| (w, *rule)))?;
            }
            None => match own_lines.get(&credit.id) {
                Some(back) => work.give_back(credit, back)?,
                None => work.new_money(credit, payers(credit, claim, &named), &facts, None)?,
            },
        }
    }
    let matched = work.claims.len();
    work.returns = work.claims.iter().filter_map(|c| Some((c.movement_id, *returns.get(&c.movement_id)?))).collect();
    work.write(tx).await?;
    Ok(Batch { matched, last: Some(last) })
}

/// Whose money a credit is that is booked now. What comes back is not what was paid, whatever it names, unless somebody told of it.
fn payers<'n>(
    credit: &OpenCredit,
    claim: &matching::Claim,
    named: &'n BTreeMap<MovementId, NamedIntent>,
) -> Option<&'n NamedIntent> {
    named.get(&credit.id).filter(|_| claim.is_some() || !credit.reversal)
}

/// The one intent that each credit's text names.
async fn named_by(
    tx: &Tx,
    ground: &Ground,
    open: &[OpenCredit],
) -> Result<BTreeMap<MovementId, NamedIntent>, StorageError> {
    let codes: BTreeSet<&str> = open.iter().flat_map(|c| &c.codes).map(String::as_str).collect();
    let codes: Vec<&str> = codes.into_iter().collect();
    let known = account_money::intents_named(tx, &codes, &ground.account).await?;
    let by_code = by_code(&known);
    Ok(open.iter().filter_map(|c| Some((c.id, only_named(&c.codes, &by_code)?.clone()))).collect())
}

pub(crate) fn by_code(known: &[NamedIntent]) -> BTreeMap<&str, &NamedIntent> {
    known.iter().map(|named| (named.reference.as_str(), named)).collect()
}

/// The one of these intents that the codes of a text name; of two, neither.
pub(crate) fn only_named<'n>(codes: &[String], by_code: &BTreeMap<&str, &'n NamedIntent>) -> Option<&'n NamedIntent> {
    let mut ours = codes.iter().filter_map(|code| by_code.get(code.as_str()).copied());
    match (ours.next(), ours.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}

/// Credits that bring a transfer back whose debit no statement has shown: each has its code and its amount, and names no
/// intent and no other transfer, nor another's debit.
async fn returns(
    tx: &Tx,
    ground: &Ground,
    open: &[OpenCredit],
    named: &BTreeMap<MovementId, NamedIntent>,
) -> Result<BTreeMap<MovementId, RefundId>, StorageError> {
    let codes: Vec<String> = open.iter().flat_map(|c| c.codes.iter().cloned()).collect();
    let known = refunds::by_codes(tx, &codes).await?;
    if known.is_empty() {
        return Ok(BTreeMap::new());
    }
    let at_odds = refund::at_odds(tx, ground).await?;
    let brings_back = |c: &OpenCredit| {
        let mut of = known.iter().filter(|refund| c.codes.contains(&refund.reference));
        let (Some(refund), None) = (of.next(), of.next()) else { return None };
        let given_out = [RefundStatus::Approved, RefundStatus::AwaitingStatement, RefundStatus::Succeeded];
        let is_its = refund.state.amount() == c.amount && given_out.contains(&refund.state.status);
        let names_another = at_odds.contains(&c.id) || !c.reversal && named.contains_key(&c.id);
        (is_its && !names_another).then_some((c.id, refund.state.id))
    };
    Ok(open.iter().filter_map(brings_back).collect())
}

/// What a report named that a line has lost.
async fn name_by_reports(
    tx: &Tx,
    ground: &Ground,
    open: &[OpenCredit],
    claims: &[matching::Claim],
    waiting: &[Waiting],
    named: &mut BTreeMap<MovementId, NamedIntent>,
) -> Result<(), StorageError> {
    let mut lost: Vec<(MovementId, IntentId)> = Vec::new();
    for (credit, claim) in open.iter().zip(claims).filter(|(credit, _)| !named.contains_key(&credit.id)) {
        let Some((What::Sighting(id), _)) = claim else { continue };
        let report = waiting.iter().find(|w| w.sighting_id == *id);
        lost.extend(report.and_then(|w| w.intent_id).map(|intent| (credit.id, intent)));
    }
    let ids: Vec<IntentId> = lost.iter().map(|(_, intent)| *intent).collect();
    for known in account_money::intents_by_id(tx, &ids, &ground.account).await? {
        let credits = lost.iter().filter(|(_, intent)| *intent == known.id);
        named.extend(credits.map(|(credit, _)| (*credit, known.clone())));
    }
    Ok(())
}

/// Amounts of which there are more open credits than this batch holds.
async fn partly(tx: &Tx, ground: &Ground, open: &[OpenCredit]) -> Result<BTreeSet<Vnd>, StorageError> {
    let mut here: BTreeMap<Vnd, i64> = BTreeMap::new();
    for credit in open {
        *here.entry(credit.amount).or_default() += 1;
    }
    let amounts: Vec<i64> = here.keys().map(|amount| amount.dong()).collect();
    let all = movements::open_by_amount(tx, &ground.account, &amounts).await?;
    Ok(all.into_iter().filter(|(amount, count)| here.get(amount) != Some(count)).map(|(amount, _)| amount).collect())
}

/// Unclaimed payments and waiting reports of these amounts; and the payments that name an intent and whose own line may have
/// come for all that statements show.
async fn told_of(
    tx: &Tx,
    ground: &Ground,
    open: &[OpenCredit],
    waiting: &[Waiting],
) -> Result<(Vec<Told>, BTreeSet<PaymentId>), StorageError> {
    let amounts: BTreeSet<i64> = open.iter().map(|c| c.amount.dong()).collect();
    let amounts: Vec<i64> = amounts.into_iter().collect();
    let days = open.iter().map(|c| c.booking_date);
    let (Some(first), Some(last)) = (days.clone().min(), days.max()) else { return Ok(Default::default()) };
    let around = (first_instant(&ground.calendar, first), last_instant(&ground.calendar, last));
    let awaited = account_money::awaited(tx, &ground.account, &amounts, around).await?;
    let payments = awaited.into_iter().map(|c| Told {
        what: What::Payment(c.payment.id),
        amount: c.payment.amount,
        day: business_date(c.payment.paid_at),
        references: c.references,
        intent: c.payment.intent_id,
        is_covered: false,
        may_be_known: false,
    });
    let of_these: Vec<&Waiting> = waiting.iter().filter(|w| amounts.contains(&w.amount.dong())).collect();
    let may_be_known = may_be_known(tx, ground, &of_these).await?;
    let sightings = of_these.iter().map(|w| Told {
        what: What::Sighting(w.sighting_id),
        amount: w.amount,
        day: business_date(w.stated_at),
        references: w.bank_ref.iter().cloned().collect(),
        intent: w.intent_id,
        is_covered: false,
        may_be_known: may_be_known.contains(&w.sighting_id),
    });
    let mut told: Vec<Told> = payments.chain(sightings).collect();
    let (mut known, mut doubted) = (Covers::new(), BTreeSet::new());
    for t in &mut told {
        let cover = cover(tx, ground, t.day, &mut known).await?;
        t.is_covered = cover != Cover::No;
        if let (What::Payment(payment), Cover::Waited, Some(_)) = (t.what, cover, t.intent) {
            doubted.insert(payment);
        }
    }
    Ok((told, doubted))
}

fn credit(c: &OpenCredit, named: Option<&NamedIntent>, takes_back: bool) -> matching::OpenCredit {
    matching::OpenCredit {
        id: c.id,
        amount: c.amount,
        booking_date: c.booking_date,
        references: c.references.clone(),
        intent: named.map(|n| n.id),
        is_marked: c.reversal,
        takes_back,
    }
}

async fn lock_facts(tx: &Tx, named: &[&NamedIntent]) -> Result<ByIntent<Facts>, StorageError> {
    let ids: BTreeSet<_> = named.iter().map(|n| n.id).collect();
    let ids: Vec<_> = ids.into_iter().collect();
    if ids.is_empty() {
        return Ok(ByIntent::new());
    }
    Ok(ids.iter().copied().zip(facts::lock_many(tx, &ids).await?).collect())
}

/// Since when money may be what a line of this day shows.
pub(crate) fn first_instant(calendar: &WorkingCalendar, day: Date) -> Timestamp {
    midnight(calendar.reach(day, APART).0)
}

/// Until when.
pub(crate) fn last_instant(calendar: &WorkingCalendar, day: Date) -> Timestamp {
    midnight(calendar.reach(day, APART).1.saturating_add(1.day()))
}

/// The beginning of a day in Hanoi.
pub(super) fn midnight(day: Date) -> Timestamp {
    let at = day.to_zoned(tz::TimeZone::fixed(domain::business_day::HANOI));
    at.map_or(Timestamp::UNIX_EPOCH, |zoned| zoned.timestamp())
}

/// What the batch writes.
pub(super) struct Work<'g> {
    pub(super) ground: &'g Ground,
    pub(super) now: Timestamp,
    pub(super) caller: Caller,
    pub(super) unit: Unit,
    pub(super) payments: Vec<NewPayment>,
    claims: Vec<NewClaim>,
    names: Vec<(String, PaymentId)>,
    pub(super) outcomes: Vec<(SightingId, SightingState, PaymentId)>,
    /// Reports that waited, and the payment that each of them is.
    decided: Vec<(SightingId, PaymentId)>,
    pub(super) explained: Vec<CaseId>,
    /// Lines that new payments have in place of those that had them.
    pub(super) moved: Vec<Moved>,
    /// Reports that wait again, and for which payment.
    pub(super) again: Vec<(Retold, Payment)>,
    /// Those of the claimed credits that may yet be what brings a refund back.
    returns: Vec<(MovementId, RefundId)>,
    touched: BTreeSet<ObligationId>,
    /// Reports that wait on the account.
    waiting: &'g [Waiting],
    /// References that payments have already, and whether movements have claimed these.
    taken: BTreeMap<String, bool>,
}

impl<'g> Work<'g> {
    fn new(ground: &'g Ground, now: Timestamp, waiting: &'g [Waiting], taken: BTreeMap<String, bool>) -> Self {
        let caller = Caller::system();
        Self {
            ground,
            now,
            unit: Unit::new(caller.actor(), now),
            caller,
            payments: Vec::new(),
            claims: Vec::new(),
            names: Vec::new(),
            outcomes: Vec::new(),
            decided: Vec::new(),
            explained: Vec::new(),
            moved: Vec::new(),
            again: Vec::new(),
            returns: Vec::new(),
            touched: BTreeSet::new(),
            waiting,
            taken,
        }
    }

    pub(super) fn claim(&mut self, credit: &OpenCredit, payment: PaymentId, rule: Rule) {
        let claimant = Claimant::Payment(payment);
        self.claims.push(NewClaim { movement_id: credit.id, claimant, amount: credit.amount, rule });
        self.names.extend(credit.references.iter().map(|r| (r.to_string(), payment)));
        for w in self.waiting {
            let same = |own: &BankReference| credit.references.iter().any(|r| r.same(own));
            if w.amount == credit.amount && w.bank_ref.as_ref().is_some_and(same) {
                self.decide(w, SightingState::Repeated, payment);
            }
        }
    }

    /// A report waits no more. What was decided first stands.
    fn decide(&mut self, w: &Waiting, state: SightingState, payment: PaymentId) {
        if self.decided.iter().all(|(id, _)| *id != w.sighting_id) {
            self.outcomes.push((w.sighting_id, state, payment));
            self.decided.push((w.sighting_id, payment));
            self.explained.push(w.case_id);
        }
    }

    fn known(&mut self, credit: &OpenCredit, payment: PaymentId, rule: Rule) {
        self.claim(credit, payment, rule);
        self.outcomes.push((credit.sighting_id, SightingState::Repeated, payment));
    }

    /// The line names nobody, and nothing shows that the payment's own does not come yet.
    fn doubt(&mut self, credit: &OpenCredit, payment: PaymentId) {
        let account = &self.ground.account;
        self.unit.changes.cases_opened.push(NewCase {
            movement_id: Some(credit.id),
            payment_id: Some(payment),
            day: Some((format!("bank:{account}"), credit.booking_date)),
            ..NewCase::new(CaseKind::PossibleSameMovement, credit.amount, account.to_string())
        });
    }

    /// By what a new payment is known. The parts of a batch may share the bank's reference: the first one has it.
    /// None: a payment that has it came meanwhile, and claims the movement yet (`storage::statements::claim_known`). Not one that
    /// is marked as a reversal: what was told of it has claimed it by now, and this reference is that of its debit.
    fn reference(&mut self, credit: &OpenCredit) -> Option<String> {
        let Some(reference) = credit.references.first().map(ToString::to_string) else {
            return Some(format!("line:{}", credit.id));
        };
        match self.taken.get(&reference) {
            Some(false) if !credit.reversal => None,
            Some(_) => Some(format!("{reference}/{}", credit.id)),
            None => {
                self.taken.insert(reference.clone(), true);
                Some(reference)
            }
        }
    }

    /// Books a credit that no payment of ours is. One whose obligations this batch has touched is left for the next.
    fn new_money(
        &mut self,
        credit: &OpenCredit,
        named: Option<&NamedIntent>,
        facts: &ByIntent<Facts>,
        waited: Option<(&Waiting, Rule)>,
    ) -> Result<(), ReportError> {
        // more than anything that we ask for: a person says what it is
        let named = named.filter(|_| credit.amount.dong() <= MAX_AMOUNT);
        let facts = named.and_then(|n| facts.get(&n.id).map(|f| (n, f)));
        if facts.is_some_and(|(_, facts)| facts.obligations.iter().any(|o| self.touched.contains(&o.id))) {
            return Ok(());
        }
        let Some(reference) = self.reference(credit) else { return Ok(()) };
        if let Some((_, facts)) = facts {
            self.touched.extend(facts.obligations.iter().map(|o| o.id));
        }
        let channel = self.ground.channel.clone();
        let (sighting_id, paid_at) = match waited {
            Some((w, _)) => (w.sighting_id, w.stated_at),
            None => (credit.sighting_id, midnight(credit.booking_date)),
        };
        let seen = Seen {
            sighting_id,
            channel: &channel,
            identity: Identity::Account { account: self.ground.account.clone(), reference },
            order_ref: None,
            amount: credit.amount,
            paid_at: Some(paid_at),
            now: self.now,
        };
        let typed = facts.map(|(named, facts)| (facts, facts.typed(terms(named), &channel)));
        let Recording { new, unit } = record_money::record(&seen, typed, &self.caller)?;
        let payment = new.payment.id;
        self.unit.append(unit);
        self.payments.push(new);
        match waited {
            None => self.outcomes.push((credit.sighting_id, SightingState::Applied, payment)),
            Some((w, _)) => {
                self.decide(w, SightingState::Applied, payment);
                self.outcomes.push((credit.sighting_id, SightingState::Repeated, payment));
                self.names.extend(w.bank_ref.iter().map(|r| (r.to_string(), payment)));
            }
        }
        self.claim(credit, payment, waited.map_or(Rule::Line, |(_, rule)| rule));
        Ok(())
    }

    async fn write(mut self, tx: &Tx) -> Result<(), ReportError> {
        for case in movements::open_cases(tx, &self.explained).await? {
            let closed = step(case.id, case.version, case.status, Cause::Explained);
            self.unit.changes.cases_closed.push(closed.map_err(|e| StorageError::Unreadable(e.to_string()))?.0);
        }
        if !self.payments.is_empty() {
            payments::insert(tx, &self.payments, self.now).await?;
        }
        storage::lent::moved(tx, &self.moved).await?;
        account_money::learn(tx, &self.ground.account, &self.names).await?;
        unit::write(tx, &self.unit).await?;
        unwatch_served(tx, &self.unit).await?;
        movements::claim(tx, &self.claims).await?;
        storage::returns::note(tx, &self.returns).await?;
        movements::outcomes(tx, &self.outcomes).await?;
        account_money::decided(tx, &self.decided).await?;
        self.write_again(tx).await?;
        Ok(tx.commit().await?)
    }
}
