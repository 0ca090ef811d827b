//! A provider calls. Verified over its raw bytes before a connection is taken, kept, concluded from, and answered in the
//! provider's own words. Money is never refused.

use crate::context::{Caller, Context};
use crate::drive_parked::Calling;
use crate::receive_report::{self, Outcome, Parked, Sighted};
use domain::codes::{ChannelCode, ProfileCode};
use jiff::Timestamp;
use provider::{Acknowledgement, Answer, Hint, Provider, Refusal, Request, Webhook};
use storage::{attempts, refunds};

/// For counting: what became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Recorded,
    Known,
    AmountDiffers,
    UnknownOrder,
    Forged,
    Parked,
    /// Proves nothing: a reason to ask.
    Hint,
    Unavailable,
}

impl Verdict {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Known => "known",
            Self::AmountDiffers => "amount_differs",
            Self::UnknownOrder => "unknown_order",
            Self::Forged => "forged",
            Self::Parked => "parked",
            Self::Hint => "hint",
            Self::Unavailable => "unavailable",
        }
    }
}

/// None when no profile of this channel takes webhooks here.
pub async fn receive(
    ctx: &Context,
    channel: &str,
    profile: &str,
    request: &Request<'_>,
    request_id: &str,
    now: Timestamp,
) -> Option<(Answer, Verdict)> {
    let provider = ctx.providers.by_path(channel, profile)?;
    let webhook = provider.webhook.as_ref()?;
    let (said, verdict) = hear(ctx, &provider, webhook.as_ref(), request, request_id, now).await;
    Some((webhook.answer(request, said), verdict))
}

async fn hear(
    ctx: &Context,
    provider: &Provider,
    webhook: &dyn Webhook,
    request: &Request<'_>,
    request_id: &str,
    now: Timestamp,
) -> (Acknowledgement, Verdict) {
    let (channel, profile) = (&provider.channel, &provider.profile);
    if request.method != webhook.method() {
        return (Acknowledgement::Forged, Verdict::Forged);
    }
    match webhook.verify(request) {
        Err(Refusal::Forged(reason)) => {
            tracing::warn!(%channel, %profile, reason, "webhook refused");
            (Acknowledgement::Forged, Verdict::Forged)
        }
        Err(Refusal::Hint(hint)) => hinted(ctx, profile, &hint).await,
        Err(Refusal::Unreadable(reason)) => park(ctx, channel, profile, request, &reason, now).await,
        Ok(report) => {
            let source = format!("webhook:{channel}");
            let sighted = Sighted { source, channel, profile, report: &report, evidence: request.evidence(), now };
            let caller = Caller { request_id: request_id.to_owned(), ..Caller::system() };
            match receive_report::receive(ctx, &sighted, &caller).await {
                Ok(outcome) => acknowledgement(outcome),
                Err(error) => {
                    tracing::error!(%channel, %profile, order_ref = %report.order_ref, error = &error as &dyn std::error::Error, "webhook not recorded");
                    (Acknowledgement::Unavailable, Verdict::Unavailable)
                }
            }
        }
    }
}

fn acknowledgement(outcome: Outcome) -> (Acknowledgement, Verdict) {
    match outcome {
        Outcome::Recorded => (Acknowledgement::Recorded, Verdict::Recorded),
        Outcome::Known => (Acknowledgement::Known, Verdict::Known),
        Outcome::AmountDiffers => (Acknowledgement::AmountDiffers, Verdict::AmountDiffers),
        Outcome::UnknownOrder => (Acknowledgement::UnknownOrder, Verdict::UnknownOrder),
    }
}

/// Nothing of the call is kept or concluded from: whoever made it, the provider is asked.
async fn hinted(ctx: &Context, profile: &ProfileCode, hint: &Hint) -> (Acknowledgement, Verdict) {
    let noted = async {
        let db = ctx.pool.get().await?;
        match hint {
            Hint::Order(order) => attempts::hint(&db, profile, order, ctx.settings.poll.give_up_after_s).await,
            Hint::Refund(request_id) => refunds::hint(&db, profile.as_str(), request_id).await,
        }
    };
    match noted.await {
        Ok(()) => {
            ctx.wake.notify_one();
            (Acknowledgement::Recorded, Verdict::Hint)
        }
        Err(error) => {
            tracing::error!(%profile, error = &error as &dyn std::error::Error, "a hint is lost");
            (Acknowledgement::Unavailable, Verdict::Unavailable)
        }
    }
}

async fn park(
    ctx: &Context,
    channel: &ChannelCode,
    profile: &ProfileCode,
    request: &Request<'_>,
    reason: &str,
    now: Timestamp,
) -> (Acknowledgement, Verdict) {
    tracing::warn!(%channel, %profile, reason, "webhook signed but not understood");
    let call = Some(Calling { request, teller: None });
    let parked = Parked { channel, profile, evidence: request.evidence(), call, reason };
    match receive_report::park(ctx, &parked, now).await {
        Ok(Outcome::Known) => (Acknowledgement::Known, Verdict::Parked),
        Ok(_) => (Acknowledgement::Recorded, Verdict::Parked),
        Err(error) => {
            tracing::error!(%channel, %profile, error = &error as &dyn std::error::Error, "webhook not parked");
            (Acknowledgement::Unavailable, Verdict::Unavailable)
        }
    }
}
