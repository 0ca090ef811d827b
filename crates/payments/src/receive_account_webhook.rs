//! Somebody tells us of rows on an account of ours. Each row is kept and concluded from on its own; the call is
//! acknowledged when all of them are, and told again otherwise.

use crate::context::{Caller, Context};
use crate::drive_parked::Calling;
use crate::receive_account_report::{self, Told, Way};
use crate::receive_report::{self, Outcome, Parked};
use crate::receive_webhook::Verdict;
use jiff::Timestamp;
use provider::{Acknowledgement, Answer, Provider, Refusal, Request};

/// The parts of a webhook's path.
#[derive(Debug, Clone, Copy)]
pub struct Path<'a> {
    pub channel: &'a str,
    pub teller: &'a str,
    pub profile: &'a str,
}

/// None when no contract of ours has this teller.
pub async fn receive(
    ctx: &Context,
    path: Path<'_>,
    request: &Request<'_>,
    request_id: &str,
    now: Timestamp,
) -> Option<(Answer, Verdict)> {
    let (provider, webhook) = ctx.providers.account_webhook(path.channel, path.teller, path.profile)?;
    let forged = request.method != webhook.method();
    let verified = if forged { Err(Refusal::Forged("method")) } else { webhook.verify(request, now) };
    let (said, verdict) = match verified {
        Err(Refusal::Forged(reason)) => {
            tracing::warn!(
                channel = path.channel,
                teller = path.teller,
                profile = path.profile,
                reason,
                "webhook refused"
            );
            (Acknowledgement::Forged, Verdict::Forged)
        }
        // a row of an account is told or it is not: there is nobody to ask about a hint
        Err(Refusal::Hint(_)) => (Acknowledgement::Forged, Verdict::Forged),
        Err(Refusal::Unreadable(reason)) => park(ctx, (&provider, path.teller), request, &reason, now).await,
        Ok(rows) => {
            let mut verdict = Verdict::Known;
            for report in &rows {
                let call = Some(Calling { request, teller: Some(path.teller) });
                let evidence = request.evidence();
                let told = Told { way: Way::Webhook, provider: &provider, report, evidence, call, now };
                let caller = Caller { request_id: request_id.to_owned(), ..Caller::system() };
                match receive_account_report::receive(ctx, &told, &caller).await {
                    Ok(Outcome::Known) => {}
                    Ok(_) => verdict = Verdict::Recorded,
                    Err(error) => {
                        tracing::error!(
                            teller = path.teller,
                            profile = path.profile,
                            error = &error as &dyn std::error::Error,
                            "account row not recorded"
                        );
                        verdict = Verdict::Unavailable;
                        break;
                    }
                }
            }
            (acknowledgement(verdict), verdict)
        }
    };
    Some((webhook.acknowledge(said), verdict))
}

const fn acknowledgement(verdict: Verdict) -> Acknowledgement {
    match verdict {
        Verdict::Unavailable => Acknowledgement::Unavailable,
        Verdict::Known => Acknowledgement::Known,
        _ => Acknowledgement::Recorded,
    }
}

async fn park(
    ctx: &Context,
    (provider, teller): (&Provider, &str),
    request: &Request<'_>,
    reason: &str,
    now: Timestamp,
) -> (Acknowledgement, Verdict) {
    tracing::warn!(channel = %provider.channel, profile = %provider.profile, reason, "webhook signed but not understood");
    let (channel, profile, evidence) = (&provider.channel, &provider.profile, request.evidence());
    let call = Some(Calling { request, teller: Some(teller) });
    let parked = Parked { channel, profile, evidence, call, reason };
    match receive_report::park(ctx, &parked, now).await {
        Ok(_) => (Acknowledgement::Recorded, Verdict::Parked),
        Err(error) => {
            tracing::error!(profile = %provider.profile, error = &error as &dyn std::error::Error, "webhook not parked");
            (Acknowledgement::Unavailable, Verdict::Unavailable)
        }
    }
}
