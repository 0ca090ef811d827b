//! Listings of accounts: which one is due, until when each was listed, and when its teller may be called again.

use crate::error::StorageError;
use crate::pool::Db;
use crate::receiving_accounts::{self, ReceivingAccount};
use domain::codes::{AccountCode, BeneficiaryCode, ProfileCode};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// A contract whose accounts are listed.
#[derive(Debug, Clone, Copy)]
pub struct Contract<'a> {
    pub profile: &'a ProfileCode,
    pub beneficiaries: &'a [BeneficiaryCode],
    /// From one listing of an account to the next while a transfer to it may come.
    pub every: SignedDuration,
    /// From one to the next of all others.
    pub idle_every: SignedDuration,
}

impl Contract<'_> {
    fn codes(&self) -> Vec<&str> {
        self.beneficiaries.iter().map(BeneficiaryCode::as_str).collect()
    }

    /// What an account waits longer while no transfer to it is expected.
    fn idle_s(&self) -> i64 {
        (self.idle_every - self.every).as_secs().max(0)
    }
}

// an attempt is watched until its window is over and was listed, whatever the payer does meanwhile, unless its money has come. A
// look without news writes nothing but that it was taken
const LOOK: &str = "with due as (
        insert into listing_turn as t (profile, next_at, looked_at) values ($1, now(), now())
        on conflict (profile) do update set looked_at = now()
            where $5 or t.looked_at <= now() - $4::bigint * interval '1 millisecond'
        returning 1),
    open as materialized (
        select i.beneficiary_code, min(a.ordered_at) as since
        from attempt_watch w join attempt a on a.id = w.attempt_id join intent i on i.id = a.intent_id
        where a.profile = $1 and exists (select from due) group by i.beneficiary_code),
    paid_into as (
        select distinct b.bank_bin, b.account_number from open o
        join beneficiary_account b on b.beneficiary_code = o.beneficiary_code and b.in_force_from <= now()
        where not exists (select from beneficiary_account later where later.beneficiary_code = b.beneficiary_code
            and later.in_force_from > b.in_force_from and later.in_force_from <= o.since))
    insert into account_sweep (profile, account_code, listed_until, next_at, watched)
    select $1, r.code, now() - $3::bigint * interval '1 second', now() - $6::bigint * interval '1 second',
           p.account_number is not null
    from receiving_account r
    left join paid_into p on p.bank_bin = r.bank_bin and p.account_number = r.account_number
    left join account_sweep s on s.profile = $1 and s.account_code = r.code
    where exists (select from due)
      and exists (select from account_beneficiary b where b.account_code = r.code and b.beneficiary_code = any($2))
      and s.watched is distinct from (p.account_number is not null)
    on conflict (profile, account_code) do update set watched = excluded.watched";

/// Notes which accounts the open attempts of a contract pay into; an account that is new begins `first_back` ago and is due at
/// once. Nothing is done where that was noted less than a twelfth of the period ago, unless `now_in_any_case`.
pub async fn look(
    db: &Db,
    contract: Contract<'_>,
    first_back: SignedDuration,
    now_in_any_case: bool,
) -> Result<(), StorageError> {
    let statement = db.prepare_cached(LOOK).await?;
    let seldom_ms = contract.every.as_secs().saturating_mul(1_000) / 12;
    db.execute(
        &statement,
        &[
            &contract.profile.as_str(),
            &contract.codes(),
            &first_back.as_secs(),
            &seldom_ms,
            &now_in_any_case,
            &contract.idle_s(),
        ],
    )
    .await?;
    Ok(())
}

/// A listing that is owed, leased to the caller.
#[derive(Debug, Clone)]
pub struct Sweep {
    pub account: ReceivingAccount,
    pub listed_until: Timestamp,
}

const CLAIM: &str = "update account_sweep s set lease_until = now() + $3::bigint * interval '1 second'
    from receiving_account r
    where s.profile = $1 and r.code = s.account_code and s.account_code = (
        select c.account_code from account_sweep c,
            lateral (select c.next_at + case when c.watched then interval '0'
                                             else $4::bigint * interval '1 second' end as at) due
        where c.profile = $1 and (c.lease_until is null or c.lease_until < now()) and c.account_code <> all($5)
          and ($6 or due.at <= now())
          and exists (select from account_beneficiary b
                      where b.account_code = c.account_code and b.beneficiary_code = any($2))
        order by due.at, c.account_code limit 1 for update of c skip locked)
    returning r.*, s.listed_until";

/// Takes the listing that has been due the longest, but for those `done`; with `now_in_any_case` one that is not due, too.
/// None: there is none, or other workers have them.
pub async fn claim(
    db: &Db,
    contract: Contract<'_>,
    lease: SignedDuration,
    done: &[AccountCode],
    now_in_any_case: bool,
) -> Result<Option<Sweep>, StorageError> {
    let statement = db.prepare_cached(CLAIM).await?;
    let done: Vec<&str> = done.iter().map(AccountCode::as_str).collect();
    let row = db
        .query_opt(
            &statement,
            &[
                &contract.profile.as_str(),
                &contract.codes(),
                &lease.as_secs(),
                &contract.idle_s(),
                &done,
                &now_in_any_case,
            ],
        )
        .await?;
    let sweep = |row| Ok(Sweep { account: receiving_accounts::from_row(row)?, listed_until: row.get("listed_until") });
    row.as_ref().map(sweep).transpose()
}

const SWEPT: &str = "update account_sweep set listed_until = greatest(listed_until, coalesce($3, listed_until)),
        next_at = now() + $4::bigint * interval '1 second', lease_until = null
    where profile = $1 and account_code = $2";

/// The listing came to an end. `until`: what it covered; None where it failed. The next is due `after`.
pub async fn swept(
    db: &Db,
    profile: &ProfileCode,
    account: &AccountCode,
    until: Option<Timestamp>,
    after: SignedDuration,
) -> Result<(), StorageError> {
    let statement = db.prepare_cached(SWEPT).await?;
    db.execute(&statement, &[&profile.as_str(), &account.as_str(), &until, &after.as_secs()]).await?;
    Ok(())
}

const LEFT: &str = "update account_sweep set lease_until = null where profile = $1 and account_code = $2";

/// The teller was not asked, or gave no answer since it was asked too often: the account keeps its place.
pub async fn left(db: &Db, profile: &ProfileCode, account: &AccountCode) -> Result<(), StorageError> {
    let statement = db.prepare_cached(LEFT).await?;
    db.execute(&statement, &[&profile.as_str(), &account.as_str()]).await?;
    Ok(())
}

const LISTED_UNTIL: &str = "select s.listed_until from attempt a join intent i on i.id = a.intent_id
    join lateral (select bank_bin, account_number from beneficiary_account b
                  where b.beneficiary_code = i.beneficiary_code and b.in_force_from <= a.ordered_at
                  order by b.in_force_from desc limit 1) b on true
    join receiving_account r on r.bank_bin = b.bank_bin and r.account_number = b.account_number
    join account_sweep s on s.account_code = r.code and s.profile = a.profile where a.id = $1";

/// Until when the account that an attempt pays into was listed: the one that was in force when it began, which its code names.
pub async fn listed_until(db: &Db, attempt: domain::AttemptId) -> Result<Option<Timestamp>, StorageError> {
    let statement = db.prepare_cached(LISTED_UNTIL).await?;
    Ok(db.query_opt(&statement, &[&attempt.uuid()]).await?.map(|row| row.get(0)))
}

const TURN: &str = "insert into listing_turn as t (profile, next_at, looked_at)
    values ($1, now() + $2::bigint * interval '1 millisecond', '-infinity')
    on conflict (profile) do update set next_at = excluded.next_at where t.next_at <= now()";

/// Takes the turn to call a contract's teller once, where it has come; the next comes `pace` later, for every process.
pub async fn take_turn(db: &Db, profile: &ProfileCode, pace: Duration) -> Result<bool, StorageError> {
    let statement = db.prepare_cached(TURN).await?;
    let pace = i64::try_from(pace.as_millis()).unwrap_or(i64::MAX);
    Ok(db.execute(&statement, &[&profile.as_str(), &pace]).await? == 1)
}

const UNTIL_TURN: &str = "select ceil(extract(epoch from next_at - now()) * 1000)::bigint from listing_turn
    where profile = $1 and next_at > now()";

/// How long it is until the next turn.
pub async fn until_turn(db: &Db, profile: &ProfileCode) -> Result<Duration, StorageError> {
    let statement = db.prepare_cached(UNTIL_TURN).await?;
    let row = db.query_opt(&statement, &[&profile.as_str()]).await?;
    Ok(row.map_or(Duration::ZERO, |row| Duration::from_millis(u64::try_from(row.get::<_, i64>(0)).unwrap_or(0))))
}

const NOT_BEFORE: &str = "update listing_turn
    set next_at = greatest(next_at, now() + $2::bigint * interval '1 millisecond') where profile = $1";

/// The teller wants to be left alone so long, by every process.
pub async fn no_turn_for(db: &Db, profile: &ProfileCode, wait: Duration) -> Result<(), StorageError> {
    let statement = db.prepare_cached(NOT_BEFORE).await?;
    let wait = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
    db.execute(&statement, &[&profile.as_str(), &wait]).await?;
    Ok(())
}
