//! Payments that a settlement file names and that we had not heard of.

use super::originals;
use crate::context::{Caller, Context};
use crate::receive_report::{self, ReportError, Sighted};
use crate::refund;
use domain::SettlementId;
use domain::codes::{BadCode, ChannelCode, OrderRef, ProfileCode};
use domain::payment::{Capture, News, Report};
use jiff::Timestamp;
use storage::StorageError;
use storage::settlements::{self, Unheard};

/// Records the payments that files name and that we had not heard of, and what they say of refunds; how many.
pub async fn hear(ctx: &Context, of: Option<SettlementId>, now: Timestamp) -> Result<usize, ReportError> {
    let unheard = {
        let db = ctx.pool.get().await?;
        settlements::unheard(&db, of).await?
    };
    let mut refused = None;
    for line in &unheard {
        match hear_line(ctx, line, now).await {
            Ok(()) => {
                let db = ctx.pool.get().await?;
                settlements::heard(&db, line.settlement_id, line.line_no).await?;
            }
            Err(e @ ReportError::Storage(StorageError::Unavailable(_))) => return Err(e),
            // one line that cannot be booked does not keep others from it
            Err(e) => refused = refused.or(Some(e)),
        }
    }
    let named = originals::find(ctx, now).await?;
    let sent = refund::settled(ctx, now).await?;
    let back = refund::returned(ctx, now).await?;
    refused.map_or(Ok(unheard.len() + named + sent + back), Err)
}

async fn hear_line(ctx: &Context, line: &Unheard, now: Timestamp) -> Result<(), ReportError> {
    let unreadable = |e: String| ReportError::Storage(StorageError::Unreadable(e));
    let profile = ProfileCode::new(line.profile.clone()).map_err(|e| unreadable(e.to_string()))?;
    let channel = match ctx.providers.by_profile(&profile) {
        Some(provider) => provider.channel.clone(),
        None => ChannelCode::new("provider").map_err(|e| unreadable(e.to_string()))?,
    };
    let report = Report {
        source_key: format!("{}/{}", line.settlement_id, line.line_no),
        order_ref: order_of(line).map_err(|e| unreadable(e.to_string()))?,
        news: News::Captured(Capture {
            provider_txn_id: line.provider_txn_id.clone(),
            bank_txn_id: None,
            amount: line.amount,
            paid_at: line.paid_at,
        }),
    };
    let evidence = format!("{}:{}", line.sha256, line.line_no);
    let sighted = Sighted {
        source: format!("settlement:{profile}"),
        channel: &channel,
        profile: &profile,
        report: &report,
        evidence: evidence.as_bytes(),
        now,
    };
    receive_report::receive(ctx, &sighted, &Caller::system()).await?;
    Ok(())
}

/// The order that a line names. What cannot be an order of ours names none: the line stands for itself.
fn order_of(line: &Unheard) -> Result<OrderRef, BadCode> {
    let named = line.order_ref.as_deref().unwrap_or(&line.provider_txn_id);
    OrderRef::new(named).or_else(|_| OrderRef::new(format!("{}-{}", line.settlement_id, line.line_no)))
}
