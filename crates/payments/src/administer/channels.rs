//! A channel is switched off and on, and its downtime announced. It concerns new attempts only: money that arrives is
//! taken, attempts that are open are asked about.

use super::{AdminError, By, Made};
use crate::context::Context;
use domain::codes::ChannelCode;
use jiff::Timestamp;
use storage::channels::{self, Downtime, Switch};
use storage::ids::mint;
use storage::{Db, StorageError, Tx, profiles};
use uuid::Uuid;

/// A channel with what stands in its way.
#[derive(Debug, Clone)]
pub struct Shown {
    pub code: String,
    /// None where no contract of this process names it.
    pub name: Option<&'static str>,
    pub kind: Option<&'static str>,
    pub profiles: Vec<String>,
    /// The last word about it; None: nobody has switched it yet.
    pub switch: Option<Switch>,
    /// Not over, the next one first.
    pub downtimes: Vec<Downtime>,
}

impl Shown {
    /// Why it takes no attempt at this instant.
    pub fn reason(&self, now: Timestamp) -> Option<&str> {
        let off = self.switch.as_ref().filter(|s| s.off_since.is_some()).map(|s| s.reason.as_str());
        let away = self.downtimes.iter().find(|d| d.starts_at <= now && now < d.ends_at);
        off.or(away.map(|d| d.reason.as_str()))
    }
}

/// Every channel that a contract names, and counters once somebody closed them: cash is taken without any contract.
pub async fn list(db: &Db, ctx: Option<&Context>) -> Result<Vec<Shown>, StorageError> {
    let contracts = profiles::list(db).await?;
    let mut codes: Vec<String> = contracts.iter().map(|p| p.channel.clone()).collect();
    let (switches, downtimes) = (channels::switches(db).await?, channels::downtimes(db).await?);
    codes.extend(switches.iter().map(|s| &s.channel).chain(downtimes.iter().map(|d| &d.channel)).cloned());
    codes.sort_unstable();
    codes.dedup();
    let shown = |code: String| {
        let provider = ctx.and_then(|ctx| ctx.providers.iter().find(|p| p.channel.as_str() == code));
        Shown {
            name: provider.as_ref().map(|p| p.names.vi),
            kind: provider.as_ref().map(|p| p.kind.as_str()),
            profiles: contracts.iter().filter(|p| p.channel == code).map(|p| p.code.clone()).collect(),
            switch: switches.iter().find(|s| s.channel == code).cloned(),
            downtimes: downtimes.iter().filter(|d| d.channel == code).cloned().collect(),
            code,
        }
    };
    Ok(codes.into_iter().map(shown).collect())
}

/// Switches it off with a reason that payers read, or on.
pub async fn switch(
    tx: &Tx,
    by: &By,
    channel: &ChannelCode,
    off: bool,
    reason: &str,
) -> Result<Made<Switch>, AdminError> {
    by.of_all()?;
    known(tx, channel).await?;
    let switch = Switch {
        channel: channel.to_string(),
        off_since: off.then_some(by.now),
        reason: reason.to_owned(),
        changed_by: by.actor.clone(),
        changed_at: by.now,
    };
    channels::put_switch(tx, &switch).await?;
    let action = if off { "channel_switched_off" } else { "channel_switched_on" };
    Ok(Made::of(switch, action, channel).to(reason))
}

/// A downtime as it is announced.
#[derive(Debug, Clone)]
pub struct Announcement {
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    pub reason: String,
}

pub async fn announce(
    tx: &Tx,
    by: &By,
    channel: &ChannelCode,
    told: &Announcement,
) -> Result<Made<Downtime>, AdminError> {
    by.of_all()?;
    known(tx, channel).await?;
    let downtime = Downtime {
        id: mint(by.now),
        channel: channel.to_string(),
        starts_at: told.starts_at,
        ends_at: told.ends_at,
        reason: told.reason.clone(),
        announced_by: by.actor.clone(),
        announced_at: by.now,
    };
    channels::announce(tx, &downtime).await?;
    let detail = format!("{}..{} {}", told.starts_at, told.ends_at, told.reason);
    Ok(Made::of(downtime, "channel_downtime_announced", channel).to(detail))
}

/// The channel is there after all, or again.
pub async fn withdraw(tx: &Tx, by: &By, channel: &ChannelCode, id: Uuid) -> Result<Made<Downtime>, AdminError> {
    by.of_all()?;
    let downtime = channels::withdraw(tx, channel.as_str(), id).await?.ok_or(AdminError::Absent)?;
    let detail = format!("{}..{}", downtime.starts_at, downtime.ends_at);
    Ok(Made::of(downtime, "channel_downtime_withdrawn", channel).to(detail))
}

async fn known(tx: &Tx, channel: &ChannelCode) -> Result<(), AdminError> {
    let is_known = codes(tx).await?.iter().any(|code| code == channel.as_str());
    if is_known { Ok(()) } else { Err(AdminError::Absent) }
}

/// The channels by which money comes: those of contracts, and counters, since cash is taken without any contract.
pub async fn codes(db: &Db) -> Result<Vec<String>, StorageError> {
    let contracts = profiles::list(db).await?.into_iter().map(|p| p.channel);
    Ok(contracts.chain([domain::counter::CHANNEL.to_owned()]).collect())
}
