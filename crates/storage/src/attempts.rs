//! Attempts, and when each is asked about next.

use crate::error::StorageError;
use crate::pool::{Db, prepared};
use crate::rows::{unreadable, word};
use domain::attempt::{Attempt, HeldWord};
use domain::codes::{ChannelCode, OrderRef, ProfileCode};
use domain::{AttemptId, IntentId, Vnd};
use jiff::{SignedDuration, Timestamp};
use tokio_postgres::Row;
use uuid::Uuid;

pub(crate) const HOT: &[&str] = &[BY_ORDER, OF_INTENTS, UNWATCH, WATCH];

/// An attempt with what the payer was given.
#[derive(Debug, Clone)]
pub struct Stored {
    pub attempt: Attempt,
    pub number: i32,
    pub action: Option<serde_json::Value>,
    /// The provider's own handle of the request, where it gave one.
    pub handle: Option<String>,
    pub return_url: Option<String>,
    /// Why it failed, in a word of the provider port; None where nobody said.
    pub failure: Option<String>,
    /// The trace in which its intent was opened.
    pub traceparent: Option<String>,
}

fn from_row(row: &Row) -> Result<Stored, StorageError> {
    Ok(Stored {
        attempt: Attempt {
            id: row.get::<_, Uuid>("id").into(),
            intent_id: row.get::<_, Uuid>("intent_id").into(),
            channel: ChannelCode::new(row.get::<_, String>("channel")).map_err(unreadable)?,
            profile: ProfileCode::new(row.get::<_, String>("profile")).map_err(unreadable)?,
            order_ref: OrderRef::new(row.get::<_, String>("order_ref")).map_err(unreadable)?,
            amount: Vnd::new(row.get("amount")),
            status: word(row, "status")?,
            version: row.get("version"),
            ordered_at: row.get("ordered_at"),
            expires_at: row.get("expires_at"),
        },
        number: row.get("number"),
        action: row.get("action"),
        handle: row.get("provider_handle"),
        return_url: row.get("return_url"),
        failure: row.get("failure"),
        traceparent: row.get("traceparent"),
    })
}

const INSERT: &str =
    "insert into attempt (id, intent_id, number, channel, profile, order_ref, amount, status, ordered_at,
    expires_at, return_url, updated_at, traceparent)
    values ($1, $2, $3, $4, $5, $6, $7, 'started', $8, $9, $10, $8, (select traceparent from intent where id = $2))";

/// Its trace is its intent's, whatever `stored` says.
pub async fn insert(db: &Db, stored: &Stored) -> Result<(), StorageError> {
    let a = &stored.attempt;
    let statement = db.prepare_cached(INSERT).await?;
    db.execute(
        &statement,
        &[
            &a.id.uuid(),
            &a.intent_id.uuid(),
            &stored.number,
            &a.channel.as_str(),
            &a.profile.as_str(),
            &a.order_ref.as_str(),
            &a.amount.dong(),
            &a.ordered_at,
            &a.expires_at,
            &stored.return_url,
        ],
    )
    .await?;
    Ok(())
}

const SET_ACTION: &str =
    "update attempt set action = $2, provider_handle = coalesce($3, provider_handle) where id = $1";

/// What the payer acts on, and the provider's handle where it gave one.
pub async fn set_action(
    db: &Db,
    id: AttemptId,
    action: &serde_json::Value,
    handle: Option<&str>,
) -> Result<(), StorageError> {
    let statement = db.prepare_cached(SET_ACTION).await?;
    db.execute(&statement, &[&id.uuid(), action, &handle]).await?;
    Ok(())
}

const SET_FAILURE: &str = "update attempt set failure = $2 where id = $1";

/// Why it failed, in the transaction that says so.
pub async fn set_failure(db: &Db, id: AttemptId, failure: &str) -> Result<(), StorageError> {
    let statement = db.prepare_cached(SET_FAILURE).await?;
    db.execute(&statement, &[&id.uuid(), &failure]).await?;
    Ok(())
}

const BY_ORDER: &str = "select a.* from attempt a where a.profile = $1 and a.order_ref = $2";

/// The attempt behind a provider's order id.
pub async fn by_order(db: &Db, profile: &str, order_ref: &str) -> Result<Option<Stored>, StorageError> {
    db.query_opt(&prepared(db, BY_ORDER)?, &[&profile, &order_ref]).await?.map(|row| from_row(&row)).transpose()
}

const BY_ID: &str = "select a.* from attempt a where a.id = $1";

pub async fn by_id(db: &Db, id: AttemptId) -> Result<Option<Stored>, StorageError> {
    let statement = db.prepare_cached(BY_ID).await?;
    db.query_opt(&statement, &[&id.uuid()]).await?.map(|row| from_row(&row)).transpose()
}

const OF_INTENTS: &str = "select a.* from attempt a where a.intent_id = any($1) order by a.intent_id, a.number";

/// All attempts of these intents, those of one oldest first.
pub async fn of_intents(db: &Db, intents: &[Uuid]) -> Result<Vec<Stored>, StorageError> {
    let rows = db.query(&prepared(db, OF_INTENTS)?, &[&intents]).await?;
    rows.iter().map(from_row).collect()
}

const WATCH: &str =
    "insert into attempt_watch (attempt_id, next_at, until) values ($1, $2, $3) on conflict (attempt_id) do nothing";

/// Asked about from now on, unless it is already.
pub async fn watch(db: &Db, id: AttemptId, next_at: Timestamp, until: Timestamp) -> Result<(), StorageError> {
    db.execute(&prepared(db, WATCH)?, &[&id.uuid(), &next_at, &until]).await?;
    Ok(())
}

const CLAIM: &str = "update attempt_watch w set lease_until = now() + $2::bigint * interval '1 second', asked = asked + 1,
        tried_at = now()
    from (select w.attempt_id from attempt_watch w join attempt a on a.id = w.attempt_id join intent i on i.id = a.intent_id
          where (w.lease_until is null or w.lease_until < now())
            and (w.next_at <= now()
                 -- whoever held it is gone
                 or w.lease_until < now()
                 -- once more before its intent expires; if that goes unanswered, by schedule again
                 or (i.status = 'open' and i.expires_at <= now() and a.status in ('started', 'offered', 'committed')
                     and (w.tried_at is null or w.tried_at < i.expires_at))
                 or ($3 and (a.status in ('started', 'offered', 'committed', 'unknown') or $5::uuid is not null)
                     and (w.tried_at is null or w.tried_at < $4)))
            and ($5::uuid is null or a.intent_id = $5)
          order by w.next_at limit $1 for update of w skip locked) due
    where w.attempt_id = due.attempt_id returning w.attempt_id, w.asked, w.until";

/// An attempt to ask about now, leased: no other worker asks before the lease ends.
#[derive(Debug, Clone)]
pub struct Claimed {
    pub attempt_id: AttemptId,
    /// How often it was asked about, this time included.
    pub asked: i32,
    pub until: Timestamp,
}

/// Which attempts a claim takes.
#[derive(Debug, Clone, Copy)]
pub struct Claim {
    pub limit: i64,
    pub lease: SignedDuration,
    /// Undecided attempts not asked about since this instant are due whatever their schedule says.
    pub all_not_asked_since: Option<Timestamp>,
    pub only_intent: Option<IntentId>,
}

pub async fn claim(db: &Db, claim: Claim) -> Result<Vec<Claimed>, StorageError> {
    let statement = db.prepare_cached(CLAIM).await?;
    let seconds = claim.lease.as_secs();
    let since = claim.all_not_asked_since.unwrap_or(Timestamp::UNIX_EPOCH);
    let all = claim.all_not_asked_since.is_some();
    let intent = claim.only_intent.map(IntentId::uuid);
    let rows = db.query(&statement, &[&claim.limit, &seconds, &all, &since, &intent]).await?;
    Ok(rows
        .iter()
        .map(|row| Claimed { attempt_id: row.get::<_, Uuid>(0).into(), asked: row.get(1), until: row.get(2) })
        .collect())
}

const IS_ASKED_ABOUT: &str = "select exists (select from attempt_watch w join attempt a on a.id = w.attempt_id
    where a.intent_id = $1 and w.lease_until > now())";

/// Whether somebody is asking about an attempt of the intent at this moment.
pub async fn is_asked_about(db: &Db, intent: IntentId) -> Result<bool, StorageError> {
    let statement = db.prepare_cached(IS_ASKED_ABOUT).await?;
    Ok(db.query_one(&statement, &[&intent.uuid()]).await?.get(0))
}

const UNASKED: &str = "select count(*) from attempt_watch w join attempt a on a.id = w.attempt_id
    where w.lease_until is not null
       or (a.status in ('started', 'offered', 'committed', 'unknown') and (w.tried_at is null or w.tried_at < $1))";

/// Attempts that are being asked about now, or undecided and not tried since then.
pub async fn unasked(db: &Db, since: Timestamp) -> Result<i64, StorageError> {
    let statement = db.prepare_cached(UNASKED).await?;
    Ok(db.query_one(&statement, &[&since]).await?.get(0))
}

// a hint that came since the asking began is not answered by it
const ASKED: &str = "update attempt_watch set asked_at = case when $3 then now() else asked_at end, lease_until = null,
        next_at = case when hinted_at > tried_at then least($2, now() + interval '1 second') else $2 end
    where attempt_id = $1";

/// Ends a lease. `answered`: the provider gave a verified answer.
pub async fn asked(db: &Db, id: AttemptId, next_at: Timestamp, answered: bool) -> Result<(), StorageError> {
    let statement = db.prepare_cached(ASKED).await?;
    db.execute(&statement, &[&id.uuid(), &next_at, &answered]).await?;
    Ok(())
}

const HINT: &str = "insert into attempt_watch as w (attempt_id, next_at, until, hinted_at)
    select id, now(), now() + $3::bigint * interval '1 second', now() from attempt
    where profile = $1 and order_ref = $2 and status <> 'succeeded'
    on conflict (attempt_id) do update set hinted_at = now(),
        next_at = least(w.next_at, greatest(now(), w.tried_at + interval '1 second'))";

/// There may be news of the order: it is asked about now, once a second at most however often that is said, and watched
/// for `watch_s` where it no longer was. Nothing where it has succeeded, or is none of ours.
pub async fn hint(db: &Db, profile: &ProfileCode, order: &OrderRef, watch_s: i64) -> Result<(), StorageError> {
    let statement = db.prepare_cached(HINT).await?;
    db.execute(&statement, &[&profile.as_str(), &order.as_str(), &watch_s]).await?;
    Ok(())
}

const ASK_BY: &str = "update attempt_watch set next_at = least(next_at, $2) where attempt_id = $1";

/// Asked about at that time at the latest.
pub async fn ask_by(db: &Db, id: AttemptId, at: Timestamp) -> Result<(), StorageError> {
    let statement = db.prepare_cached(ASK_BY).await?;
    db.execute(&statement, &[&id.uuid(), &at]).await?;
    Ok(())
}

const ORDERED_AT: &str = "select ordered_at from attempt where profile = $1 and order_ref = $2";

/// When an order of ours was made.
pub async fn ordered_at(
    db: &Db,
    profile: &domain::codes::ProfileCode,
    order: &domain::codes::OrderRef,
) -> Result<Option<Timestamp>, StorageError> {
    Ok(db.query_opt(ORDERED_AT, &[&profile.as_str(), &order.as_str()]).await?.map(|row| row.get(0)))
}

const UNWATCH: &str = "delete from attempt_watch where attempt_id = $1";

/// Nothing more is to be heard of it.
pub async fn unwatch(db: &Db, id: AttemptId) -> Result<(), StorageError> {
    db.execute(&prepared(db, UNWATCH)?, &[&id.uuid()]).await?;
    Ok(())
}

const SAID_OF: &str =
    "select h.attempt_id, h.word from held_money h join attempt a on a.id = h.attempt_id where a.intent_id = $1";

/// Our words about money that waits or waited for one, of the attempts of an intent.
pub async fn said_of(db: &Db, intent: IntentId) -> Result<Vec<(AttemptId, HeldWord)>, StorageError> {
    let statement = db.prepare_cached(SAID_OF).await?;
    let rows = db.query(&statement, &[&intent.uuid()]).await?;
    rows.iter().map(|row| Ok((row.get::<_, Uuid>("attempt_id").into(), word(row, "word")?))).collect()
}

const SAY: &str = "insert into held_money (attempt_id, word, said_at) values ($1, $2, $3)
    on conflict (attempt_id) do update set word = excluded.word, said_at = excluded.said_at";

/// The provider is about to hear this word, for the first time or once more.
pub async fn say(db: &Db, id: AttemptId, held: HeldWord, at: Timestamp) -> Result<(), StorageError> {
    let statement = db.prepare_cached(SAY).await?;
    db.execute(&statement, &[&id.uuid(), &held.as_str(), &at]).await?;
    Ok(())
}
