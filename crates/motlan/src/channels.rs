//! Channels and what is parked, from the command line: what an operator needs at night.

use crate::admin::{by, pool};
use crate::cli::{ChannelCommand, ParkedCommand};
use crate::config::Config;
use crate::failed::Failed;
use crate::renewal;
use crate::wiring;
use domain::codes::ChannelCode;
use jiff::Timestamp;
use payments::administer::channels::{self, Announcement, Shown};
use payments::administer::once;
use payments::drive_parked;
use serde_json::{Value, json};
use storage::channels::{Downtime, Switch};
use storage::{Tx, parked as rows, receipt_mail};
use uuid::Uuid;

pub async fn channel(config: &Config, command: ChannelCommand) -> Result<Value, Failed> {
    let (pool, by) = (pool(config)?, by());
    let switched = async |code: String, off: bool, reason: String| -> Result<Value, Failed> {
        let (code, reason) = (ChannelCode::new(code)?, for_payers(reason)?);
        let work = async |tx: &Tx| channels::switch(tx, &by, &code, off, &reason).await;
        Ok(switch_shown(&once(&pool, &by, work).await?))
    };
    match command {
        ChannelCommand::List => {
            let found = channels::list(&*pool.get().await?, None).await?;
            Ok(found.iter().map(|c| shown(c, by.now)).collect())
        }
        ChannelCommand::Off { code, reason } => switched(code, true, reason).await,
        ChannelCommand::On { code, reason } => switched(code, false, reason).await,
        ChannelCommand::Downtime { code, from, to, reason } => {
            if to <= from || to <= by.now {
                return Err("--to is after --from, and not past".into());
            }
            let (code, reason) = (ChannelCode::new(code)?, for_payers(reason)?);
            let told = Announcement { starts_at: from, ends_at: to, reason };
            let work = async |tx: &Tx| channels::announce(tx, &by, &code, &told).await;
            Ok(downtime_shown(&once(&pool, &by, work).await?))
        }
        ChannelCommand::Withdraw { code, id } => {
            let (code, id) = (ChannelCode::new(code)?, Uuid::try_parse(&id)?);
            let work = async |tx: &Tx| channels::withdraw(tx, &by, &code, id).await;
            Ok(downtime_shown(&once(&pool, &by, work).await?))
        }
    }
}

/// A reason, fit to stand on a page.
fn for_payers(reason: String) -> Result<String, Failed> {
    let fits = (1..=200).contains(&reason.chars().count()) && !reason.chars().any(char::is_control);
    if fits && !reason.trim().is_empty() { Ok(reason) } else { Err("a reason has 1 to 200 characters".into()) }
}

fn shown(c: &Shown, now: Timestamp) -> Value {
    let reason = c.reason(now);
    json!({"code": c.code, "profiles": c.profiles, "available": reason.is_none(), "reason": reason,
        "switch": c.switch.as_ref().map(switch_shown),
        "downtimes": c.downtimes.iter().map(downtime_shown).collect::<Vec<_>>()})
}

fn switch_shown(s: &Switch) -> Value {
    json!({"channel": s.channel, "on": s.off_since.is_none(), "reason": s.reason, "changed_by": s.changed_by,
        "changed_at": s.changed_at})
}

fn downtime_shown(d: &Downtime) -> Value {
    json!({"id": d.id.simple().to_string(), "channel": d.channel, "from": d.starts_at, "to": d.ends_at,
        "reason": d.reason})
}

pub async fn parked(config: &Config, command: ParkedCommand) -> Result<Value, Failed> {
    let ids = match command {
        ParkedCommand::List { kind, limit } => return listed(config, &kind, limit).await,
        ParkedCommand::Retry { ids } => ids,
    };
    // a report is verified with the contract's secrets, as when it came
    let (ctx, by) = (wiring::context(config, "")?, by());
    renewal::look(&ctx).await?;
    let mut driven = Vec::with_capacity(ids.len());
    for id in &ids {
        let which = id.parse().map_err(|_| format!("{id} is no id of something parked"))?;
        let done = drive_parked::drive(&ctx, &by, which).await.map_err(|why| format!("{id}: {why}"))?;
        driven.push(json!({"id": done.id, "deliveries": done.deliveries}));
    }
    Ok(Value::Array(driven))
}

async fn listed(config: &Config, kind: &str, limit: i64) -> Result<Value, Failed> {
    let pool = pool(config)?;
    let db = pool.get().await?;
    match kind {
        "inbox" => {
            let found = rows::reports(&db, None, limit).await?;
            let shown = found.iter().map(|r| {
                json!({"id": r.id, "at": r.received_at, "source": r.source, "profile": r.profile, "reason": r.reason})
            });
            Ok(shown.collect())
        }
        "deliveries" => {
            let found = rows::deliveries(&db, None, limit).await?;
            let shown = found.iter().map(|d| {
                json!({"id": d.event_id, "at": d.updated_at, "client": d.client, "type": d.event_type,
                    "endpoint_id": d.endpoint_id, "endpoint_active": d.endpoint_active, "reason": d.last_result})
            });
            Ok(shown.collect())
        }
        "refunds" => {
            let found = rows::refunds(&db, None, limit).await?;
            let shown = found.iter().map(|r| {
                json!({"id": r.id, "at": r.updated_at, "payment_id": r.payment_id, "channel": r.channel, "profile": r.profile,
                    "amount": r.amount, "status": r.status.as_str(), "attempts": r.calls, "case_id": r.case_id})
            });
            Ok(shown.collect())
        }
        "mails" => {
            let found = receipt_mail::parked(&db, None, limit).await?;
            let shown = found.iter().map(|m| {
                json!({"id": m.id, "at": m.updated_at, "receipt_id": m.receipt, "says": m.says.as_str(),
                    "attempts": m.attempts, "reason": m.said})
            });
            Ok(shown.collect())
        }
        _ => Err("kind is inbox, deliveries, refunds or mails".into()),
    }
}
