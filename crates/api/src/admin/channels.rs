//! `/v1/channels`: ways to pay, switched off and on, their downtimes announced. All processes obey at once. Money that
//! arrives on a channel that is off is taken all the same.

use super::CodesQuery;
use crate::State;
use crate::auth;
use crate::body::{self, Fields};
use crate::door::{RawBody, now};
use crate::obligations::{absent, instant};
use crate::problem::{Code, Problem};
use crate::views::{self, Page};
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use domain::codes::ChannelCode;
use domain::principal::Scope;
use jiff::Timestamp;
use payments::administer::channels::{self, Announcement, Shown};
use payments::administer::{self, Kept};
use serde::{Deserialize, Serialize};
use storage::Tx;
use storage::channels::{Downtime, Switch};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReasonBody {
    /// In words for payers, who read it.
    reason: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DowntimeBody {
    #[schema(value_type = String, format = DateTime)]
    from: String,
    /// From this instant on it is there again.
    #[schema(value_type = String, format = DateTime)]
    to: String,
    /// In words for payers, who read it.
    reason: String,
}

#[derive(Serialize, ToSchema)]
pub struct SwitchView {
    channel: String,
    on: bool,
    #[schema(value_type = Option<String>, format = DateTime)]
    off_since: Option<Timestamp>,
    /// Why it was switched last.
    reason: String,
    changed_by: String,
    #[schema(value_type = String, format = DateTime)]
    changed_at: Timestamp,
}

impl SwitchView {
    fn new(s: &Switch) -> Self {
        Self {
            channel: s.channel.clone(),
            on: s.off_since.is_none(),
            off_since: s.off_since,
            reason: s.reason.clone(),
            changed_by: s.changed_by.clone(),
            changed_at: s.changed_at,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct DowntimeView {
    id: String,
    channel: String,
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    to: Timestamp,
    reason: String,
    announced_by: String,
}

impl DowntimeView {
    fn new(d: &Downtime) -> Self {
        Self {
            id: d.id.simple().to_string(),
            channel: d.channel.clone(),
            from: d.starts_at,
            to: d.ends_at,
            reason: d.reason.clone(),
            announced_by: d.announced_by.clone(),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct ChannelStateView {
    code: String,
    /// Null where this process has no contract of it.
    name: Option<&'static str>,
    /// gateway | bank | wallet | mobile_money | national
    kind: Option<&'static str>,
    profiles: Vec<String>,
    /// Takes attempts now.
    available: bool,
    /// Why not.
    reason: Option<String>,
    /// Null: nobody has switched it yet.
    switch: Option<SwitchView>,
    /// Not over, the next one first.
    downtimes: Vec<DowntimeView>,
}

impl ChannelStateView {
    fn new(c: &Shown, now: Timestamp) -> Self {
        let reason = c.reason(now);
        Self {
            code: c.code.clone(),
            name: c.name,
            kind: c.kind,
            profiles: c.profiles.clone(),
            available: reason.is_none(),
            reason: reason.map(str::to_owned),
            switch: c.switch.as_ref().map(SwitchView::new),
            downtimes: c.downtimes.iter().map(DowntimeView::new).collect(),
        }
    }
}

/// Channels by code, with what stands in their way.
#[utoipa::path(get, path = "/v1/channels", tag = "administration", params(CodesQuery),
    responses((status = 200, body = Page<ChannelStateView>)))]
pub async fn list(req: HttpRequest, state: Data<State>, query: Query<CodesQuery>) -> Result<HttpResponse, Problem> {
    auth::staff(&req, &state, &[Scope::Admin, Scope::ReportsRead]).await?;
    let db = state.ctx.pool.get().await?;
    let (found, now) = (channels::list(&db, Some(&state.ctx)).await?, now());
    let all = found.iter().map(|c| ChannelStateView::new(c, now)).collect();
    Ok(HttpResponse::Ok().json(query.page(all, |v: &ChannelStateView| v.code.clone())?))
}

/// No new attempt by it from now on.
#[utoipa::path(post, path = "/v1/channels/{code}/off", tag = "administration", request_body = ReasonBody,
    params(("code" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = SwitchView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn off(
    req: HttpRequest,
    state: Data<State>,
    code: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    switch(&req, &state, &code, &raw, true).await
}

/// It takes attempts again, unless a downtime is announced.
#[utoipa::path(post, path = "/v1/channels/{code}/on", tag = "administration", request_body = ReasonBody,
    params(("code" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = SwitchView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn on(
    req: HttpRequest,
    state: Data<State>,
    code: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    switch(&req, &state, &code, &raw, false).await
}

async fn switch(
    req: &HttpRequest,
    state: &State,
    code: &str,
    raw: &RawBody,
    off: bool,
) -> Result<HttpResponse, Problem> {
    let (by, who) = auth::administrator(req, state).await?;
    let request = body::idempotency(req, who, &raw.0)?;
    let sent: ReasonBody = body::json(req, &raw.0)?;
    let mut f = Fields::default();
    f.text("/reason", &sent.reason, 1, 200);
    f.end()?;
    let channel = ChannelCode::new(code).map_err(|_| absent())?;
    let render = |s: &Switch| (200, views::json(&SwitchView::new(s)));
    let work = async |tx: &Tx| channels::switch(tx, &by, &channel, off, &sent.reason).await;
    Ok(body::reply(administer::answered(&state.ctx, &by, &request, Kept::Plain, render, work).await?))
}

/// Announces that a channel will take no attempt for a time.
#[utoipa::path(post, path = "/v1/channels/{code}/downtimes", tag = "administration", request_body = DowntimeBody,
    params(("code" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 201, body = DowntimeView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn announce(
    req: HttpRequest,
    state: Data<State>,
    code: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (by, who) = auth::administrator(&req, &state).await?;
    let request = body::idempotency(&req, who, &raw.0)?;
    let sent: DowntimeBody = body::json(&req, &raw.0)?;
    let mut f = Fields::default();
    f.text("/reason", &sent.reason, 1, 200);
    let (from, to) = (f.check("/from", "format", instant(&sent.from)), f.check("/to", "format", instant(&sent.to)));
    if to.is_some_and(|to| to <= by.now || from.is_some_and(|from| to <= from)) {
        f.wrong("/to", "range", "is after from, and not past");
    }
    f.end()?;
    let (starts_at, ends_at) = from.zip(to).ok_or_else(|| Problem::new(Code::ValidationFailed))?;
    let told = Announcement { starts_at, ends_at, reason: sent.reason };
    let channel = ChannelCode::new(code.as_str()).map_err(|_| absent())?;
    let render = |d: &Downtime| (201, views::json(&DowntimeView::new(d)));
    let work = async |tx: &Tx| channels::announce(tx, &by, &channel, &told).await;
    Ok(body::reply(administer::answered(&state.ctx, &by, &request, Kept::Plain, render, work).await?))
}

/// The channel is there after all, or again.
#[utoipa::path(post, path = "/v1/channels/{code}/downtimes/{id}/withdraw", tag = "administration",
    params(("code" = String, Path), ("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = DowntimeView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn withdraw(
    req: HttpRequest,
    state: Data<State>,
    path: Path<(String, String)>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (by, who) = auth::administrator(&req, &state).await?;
    let request = body::idempotency(&req, who, &raw.0)?;
    body::nothing(&req, &raw.0)?;
    let (code, id) = path.into_inner();
    let channel = ChannelCode::new(code).map_err(|_| absent())?;
    let id = Uuid::try_parse(&id).map_err(|_| absent())?;
    let render = |d: &Downtime| (200, views::json(&DowntimeView::new(d)));
    let work = async |tx: &Tx| channels::withdraw(tx, &by, &channel, id).await;
    Ok(body::reply(administer::answered(&state.ctx, &by, &request, Kept::Plain, render, work).await?))
}
