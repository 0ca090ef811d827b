//! Preparing: what the books say of a period becomes instructions that wait for a second person.

use super::{KIND, RemitError, Whole};
use crate::context::{Caller, Context};
use crate::proposal::{self, Draft};
use crate::reply::Reply;
use crate::retry::retrying;
use domain::business_day::{WorkingCalendar, business_date};
use domain::cause::Cause;
use domain::changes::Changes;
use domain::codes::BeneficiaryCode;
use domain::mode::Mode;
use domain::reference::Reference;
use domain::remittance::{self, Period, RemittanceStatus, Share, Standing};
use domain::transition::Entity;
use domain::{RemittanceId, Vnd};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use rand::Rng;
use serde::Serialize;
use std::collections::BTreeMap;
use storage::ids::mint;
use storage::remittances::rules::{self, Rule};
use storage::remittances::{self, Filter, Stored, Sums, Way};
use storage::unit::{Birth, Unit};
use storage::{StorageError, Tx, beneficiaries, days, idempotency, unit};

#[derive(Debug, Clone)]
pub struct Preparation {
    pub beneficiary: BeneficiaryCode,
    pub period: Period,
    /// Any day of the period.
    pub day: Date,
    pub note: String,
    /// Whose money the person sees; None: all.
    pub beneficiaries: Option<Vec<String>>,
    pub caller: Caller,
    pub idempotency: idempotency::Request,
    pub now: Timestamp,
}

/// Gives the answer from what was prepared.
type Render<'r> = &'r (dyn Fn(&[Whole]) -> String + Send + Sync);

/// Prepares the remittances of a period, one for each treasury account that its fees go to.
///
/// # Errors
/// When the period is not over, was prepared, is not shown by statements to its end or is being matched, and when nothing is to
/// be remitted: nothing is written then, and its lines wait for the next period.
pub async fn prepare(ctx: &Context, p: &Preparation, render: Render<'_>) -> Result<Reply, RemitError> {
    seen(p)?;
    await_bookings(ctx, &p.beneficiary).await?;
    retrying(|| async {
        let tx = ctx.pool.tx().await?;
        let outcome = prepared(ctx, &tx, p, render).await;
        tx.close(outcome).await
    })
    .await
}

/// What would be prepared now: prepared as ever, in a transaction that is never committed. It has another reference each time.
///
/// # Errors
/// As [`prepare`].
pub async fn preview(ctx: &Context, p: &Preparation) -> Result<Vec<Whole>, RemitError> {
    seen(p)?;
    await_bookings(ctx, &p.beneficiary).await?;
    retrying(|| async {
        let tx = ctx.pool.tx().await?;
        let outcome = async {
            tx.begin().await?;
            put(ctx, &tx, p).await
        }
        .await;
        tx.close(outcome).await
    })
    .await
}

fn seen(p: &Preparation) -> Result<(), RemitError> {
    let is_theirs = p.beneficiaries.as_ref().is_none_or(|own| own.iter().any(|code| code == p.beneficiary.as_str()));
    if is_theirs { Ok(()) } else { Err(RemitError::Absent) }
}

/// Whoever is booking on a day of the beneficiary's money when this begins has committed when it ends. One scope at a time, and
/// each let go at once: nobody's money waits for a remittance.
async fn await_bookings(ctx: &Context, beneficiary: &BeneficiaryCode) -> Result<(), StorageError> {
    let scopes = {
        let db = ctx.pool.get().await?;
        remittances::scopes(&db, beneficiary).await?
    };
    for scope in scopes {
        let tx = ctx.pool.tx().await?;
        let outcome = async {
            tx.begin().await?;
            days::hold(&tx, &scope).await?;
            tx.commit().await
        }
        .await;
        tx.close(outcome).await?;
    }
    Ok(())
}

async fn prepared(ctx: &Context, tx: &Tx, p: &Preparation, render: Render<'_>) -> Result<Reply, RemitError> {
    if let Some(reply) = proposal::begin::<RemitError>(tx, &p.idempotency).await? {
        return Ok(reply);
    }
    let wholes = put(ctx, tx, p).await?;
    let body = render(&wholes);
    let first = wholes.first().map(|whole| whole.stored.id.to_string()).unwrap_or_default();
    idempotency::keep(tx, &p.idempotency, &first, Some((201, &body)), None).await?;
    tx.commit().await?;
    Ok(Reply::fresh(201, body))
}

/// Writes all of it; whoever asks commits.
async fn put(ctx: &Context, tx: &Tx, p: &Preparation) -> Result<Vec<Whole>, RemitError> {
    remittances::hold(tx, &p.beneficiary).await?;
    if beneficiaries::in_force(tx, Some(p.beneficiary.as_str())).await?.is_empty() {
        return Err(RemitError::Absent);
    }
    let (begins_on, ends_on) = p.period.around(p.day);
    let until = may_prepare(ctx.mode, tx, p, begins_on, ends_on).await?;
    let parts = parts(tx, p, ends_on).await?;
    if parts.is_empty() {
        return Err(RemitError::Nothing);
    }
    let calendar = beneficiaries::calendar(tx).await?;
    let mut ids: Vec<RemittanceId> = Vec::new();
    for Part { way, shares } in parts {
        if !remittances::is_shown(tx, &way.account, until).await? {
            return Err(RemitError::NotShown(way.account.to_string()));
        }
        let stored = head(ctx, p, (begins_on, ends_on), way, &shares, &calendar);
        remittances::insert(tx, &stored).await?;
        for (rule, share) in &shares {
            remittances::take(tx, stored.id, rule.id, share, (&p.beneficiary, ends_on)).await?;
        }
        born(tx, p, &stored).await?;
        propose(tx, p, &stored, &shares).await?;
        ids.push(stored.id);
    }
    Ok(read(tx, &ids).await?)
}

/// Up to which day statements must show the money: the period's last.
async fn may_prepare(mode: Mode, tx: &Tx, p: &Preparation, begins_on: Date, ends_on: Date) -> Result<Date, RemitError> {
    let today = business_date(p.now);
    // a demonstration does not wait for the end of a month
    let is_over = ends_on < today || mode == Mode::Sandbox && begins_on <= today;
    if !is_over {
        return Err(RemitError::NotOver);
    }
    if let Some(last) = remittances::last_end(tx, &p.beneficiary, p.period).await?.filter(|last| *last >= ends_on) {
        return Err(RemitError::Prepared(last));
    }
    if remittances::is_being_matched(tx, &p.beneficiary, ends_on).await? {
        return Err(RemitError::BeingMatched);
    }
    Ok(ends_on.min(today.saturating_sub(1.days())))
}

type Shares = Vec<(Rule, Share)>;

/// What goes one way.
struct Part {
    way: Way,
    shares: Shares,
}

impl Part {
    /// Names may be spelt in several ways, accounts not.
    fn goes(&self, way: &Way) -> bool {
        let of = |w: &Way| (w.account.clone(), w.unit.clone(), w.bank_bin.clone(), w.account_number.clone());
        of(&self.way) == of(way)
    }
}

/// What goes which way, of the fees whose present rule is of this period. What a rule has had too much stands with the fee's first
/// share that goes anywhere.
async fn parts(tx: &Tx, p: &Preparation, until: Date) -> Result<Vec<Part>, StorageError> {
    let rules = rules::list(tx, Some(p.beneficiary.as_str())).await?;
    let sums: BTreeMap<_, Sums> =
        remittances::sums(tx, &p.beneficiary, until).await?.into_iter().map(|s| (s.rule, s)).collect();
    let mut parts: Vec<Part> = Vec::new();
    for of_fee in rules.chunk_by(|a, b| a.fee_code == b.fee_code) {
        let present = of_fee.iter().rfind(|rule| rule.valid_from <= until);
        if present.is_none_or(|rule| rule.period != p.period) {
            continue;
        }
        let standings: Vec<Standing> = of_fee.iter().map(|rule| standing(rule, sums.get(&rule.id))).collect();
        let Some(shares) = remittance::shares(&standings) else { continue };
        let Some(main) = of_fee.iter().zip(&shares).find(|(_, share)| share.amount.is_positive()) else { continue };
        for (rule, share) in of_fee.iter().zip(&shares) {
            let is_touched = share.amount.is_positive() || !share.collected.is_zero() || !share.carried.is_zero();
            let way = if share.amount.is_positive() { &rule.way } else { &main.0.way };
            if !is_touched {
                continue;
            }
            let line = (rule.clone(), *share);
            match parts.iter_mut().find(|part| part.goes(way)) {
                Some(part) => part.shares.push(line),
                None => parts.push(Part { way: way.clone(), shares: vec![line] }),
            }
        }
    }
    Ok(parts)
}

fn standing(rule: &Rule, sums: Option<&Sums>) -> Standing {
    let of = |part: fn(&Sums) -> Vnd| sums.map_or(Vnd::ZERO, part);
    let (before, fresh, instructed) = (of(|s| s.before), of(|s| s.fresh), of(|s| s.instructed));
    Standing { retention: rule.retention, before, fresh, instructed }
}

fn head(
    ctx: &Context,
    p: &Preparation,
    (begins_on, ends_on): (Date, Date),
    way: Way,
    shares: &Shares,
    calendar: &WorkingCalendar,
) -> Stored {
    let mut random = rand::rng();
    let due =
        shares.iter().filter(|(_, s)| s.amount.is_positive()).map(|(r, _)| r.due_by.of(ends_on, r.due_n, calendar));
    Stored {
        id: mint(p.now),
        beneficiary: p.beneficiary.clone(),
        period: p.period,
        begins_on,
        ends_on,
        due_on: due.min().unwrap_or(ends_on),
        way,
        amount: shares.iter().map(|(_, share)| share.amount).sum::<Vnd>(),
        reference: Reference::mint(ctx.mode, || random.next_u32()).to_string(),
        note: p.note.clone(),
        status: RemittanceStatus::Prepared,
        version: 1,
        prepared_by: p.caller.actor(),
        created_at: p.now,
        updated_at: p.now,
        movement_id: None,
    }
}

async fn born(tx: &Tx, p: &Preparation, stored: &Stored) -> Result<(), StorageError> {
    let mut unit = Unit::new(p.caller.actor(), p.now);
    let status = stored.status.as_str();
    unit.births.push(Birth { entity: Entity::Remittance, id: stored.id.uuid(), status, cause: Cause::Proposed });
    unit::write(tx, &unit).await
}

/// As whoever decides sees it: above all where it goes.
#[derive(Serialize)]
struct Payload<'a> {
    period: &'static str,
    ends_on: Date,
    due_on: Date,
    /// đồng.
    amount: i64,
    account: &'a str,
    unit: &'a str,
    treasury: &'a str,
    treasury_bank_bin: &'a str,
    treasury_account: &'a str,
    treasury_account_name: &'a str,
    items: Vec<PayloadItem<'a>>,
}

#[derive(Serialize)]
struct PayloadItem<'a> {
    fee_code: &'a str,
    chapter: &'a str,
    sub_item: &'a str,
    area: &'a str,
    collected: i64,
    retained: i64,
    carried: i64,
    amount: i64,
}

async fn propose(tx: &Tx, p: &Preparation, r: &Stored, shares: &Shares) -> Result<(), StorageError> {
    let items = shares.iter().map(|(rule, share)| PayloadItem {
        fee_code: &rule.fee_code,
        chapter: &rule.chapter,
        sub_item: &rule.sub_item,
        area: &rule.area,
        collected: share.collected.dong(),
        retained: share.retained.dong(),
        carried: share.carried.dong(),
        amount: share.amount.dong(),
    });
    let payload = Payload {
        period: r.period.as_str(),
        ends_on: r.ends_on,
        due_on: r.due_on,
        amount: r.amount.dong(),
        account: r.way.account.as_str(),
        unit: &r.way.unit,
        treasury: &r.way.treasury,
        treasury_bank_bin: &r.way.bank_bin,
        treasury_account: &r.way.account_number,
        treasury_account_name: &r.way.account_name,
        items: items.collect(),
    };
    let draft = Draft {
        kind: KIND,
        action: "remittance_prepared",
        subject: r.id.to_string(),
        beneficiaries: vec![r.beneficiary.to_string()],
        payload,
        changes: Changes::default(),
    };
    proposal::put(tx, &p.caller, (&p.note, p.now), draft).await.map(drop)
}

async fn read(tx: &Tx, ids: &[RemittanceId]) -> Result<Vec<Whole>, StorageError> {
    let items = remittances::items(tx, ids).await?;
    let mut wholes = Vec::new();
    for &id in ids {
        let stored = remittances::page(tx, &Filter { id: Some(id), ..Filter::default() }, None, 1).await?.pop();
        let own = items.iter().filter(|item| item.remittance == id).cloned().collect();
        wholes.extend(stored.map(|stored| Whole { stored, items: own }));
    }
    Ok(wholes)
}
