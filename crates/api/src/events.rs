//! `/v1/events`: the feed, oldest first and complete, and sending again.

use crate::State;
use crate::auth;
use crate::body::{self, Fields};
use crate::door::RawBody;
use crate::endpoints::{RedeliveredView, act};
use crate::obligations::id_of;
use crate::problem::Problem;
use crate::views::Page;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use domain::principal::Scope;
use payments::endpoints::Act;
use serde::{Deserialize, Serialize};
use storage::events::Placed;
use utoipa::{IntoParams, ToSchema};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FeedQuery {
    /// 1 to 200, 50 unless told.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    /// `next_cursor` of the page before; from the beginning unless told.
    after: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct EventView {
    id: String,
    #[serde(rename = "type")]
    event_type: String,
    #[schema(value_type = String, format = DateTime)]
    timestamp: jiff::Timestamp,
    /// Position in the feed: for `after` and for sending a range again.
    position: i64,
    /// The whole obligation or intent as it was, with `stream` and `sequence`.
    #[schema(value_type = Object)]
    data: serde_json::Value,
}

impl EventView {
    fn new(e: Placed) -> Self {
        let mut data = e.data;
        if let Some(map) = data.as_object_mut() {
            map.insert("stream".to_owned(), e.stream.into());
            map.insert("sequence".to_owned(), e.sequence.into());
        }
        Self { id: e.id.to_string(), event_type: e.event_type, timestamp: e.at, position: e.feed_position, data }
    }
}

/// The caller's events, oldest first. The cursor of the last page stays good: ask again with it.
#[utoipa::path(get, path = "/v1/events", tag = "events", params(FeedQuery),
    responses((status = 200, body = Page<EventView>)))]
pub async fn feed(req: HttpRequest, state: Data<State>, query: Query<FeedQuery>) -> Result<HttpResponse, Problem> {
    let (client, _) = auth::client(&req, &state, Scope::EventsRead).await?;
    let limit = body::limit(query.limit)?;
    let after: i64 = body::after(query.after.as_deref())?.unwrap_or(0);
    let db = state.ctx.pool.get().await?;
    let found = storage::events::feed(&db, client, after, limit).await?;
    let last = found.last().map(|e| e.feed_position.to_string());
    let next_cursor = last.or_else(|| query.after.clone());
    let data = found.into_iter().map(EventView::new).collect();
    Ok(HttpResponse::Ok().json(Page::<EventView> { data, next_cursor }))
}

/// Sends one event again, with its id, sequence and bytes, out of order.
#[utoipa::path(post, path = "/v1/events/{id}/redeliver", tag = "events",
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 202, body = RedeliveredView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn redeliver(
    req: HttpRequest,
    state: Data<State>,
    id: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let read = || body::nothing(&req, &raw.0).and_then(|()| Ok(Act::RedeliverOne(id_of(&id)?)));
    act(&req, &state, &raw.0, read, 202).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RangeBody {
    /// First feed position.
    from: i64,
    /// Last feed position, included; at most 10,000 after the first.
    to: i64,
}

/// Sends the events of a range of feed positions again.
#[utoipa::path(post, path = "/v1/events/redeliver", tag = "events", request_body = RangeBody,
    params(("Idempotency-Key" = String, Header)),
    responses((status = 202, body = RedeliveredView), (status = 422, body = Problem, content_type = "application/problem+json")))]
pub async fn redeliver_range(req: HttpRequest, state: Data<State>, raw: RawBody) -> Result<HttpResponse, Problem> {
    let read = || {
        let RangeBody { from, to } = body::json(&req, &raw.0)?;
        let mut f = Fields::default();
        if from < 1 || to < from || to - from > 10_000 {
            f.wrong("/to", "range", "from is at least 1, to at most 10,000 above it");
        }
        f.end()?;
        Ok(Act::RedeliverRange { from, to })
    };
    act(&req, &state, &raw.0, read, 202).await
}
