//! `/v1/score-rules` and `/v1/score-imports`: how the online-payment score is reckoned from which day on, and the files of other
//! systems that it counts by. Both are added to; nothing of them is changed.

use super::date_of;
use crate::State;
use crate::auth;
use crate::body::{self, Fields};
use crate::door::RawBody;
use crate::files;
use crate::obligations::{absent, id_of};
use crate::problem::{Code, Problem};
use crate::views::{self, Page};
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::web::{Data, Path, Payload, Query};
use actix_web::{HttpRequest, HttpResponse};
use domain::ScoreImportId;
use domain::score::{Denominator, Part, Rule, Target};
use jiff::Timestamp;
use jiff::civil::Date;
use payments::administer::channels;
use payments::administer::score::{self, Kind};
use payments::administer::{self, Kept};
use serde::{Deserialize, Serialize};
use storage::Tx;
use storage::score::{Import, SetRule};
use utoipa::{IntoParams, ToSchema};

const CHANNELS_AT_MOST: usize = 50;

/// What full marks of a part take, and what they are.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetBody {
    #[schema(minimum = 1, maximum = 100)]
    percent: u8,
    /// Points.
    #[schema(minimum = 0, maximum = 100)]
    maximum: u8,
}

impl TargetBody {
    fn read(&self, f: &mut Fields, part: Part) -> Target {
        if !(1..=100).contains(&self.percent) {
            f.wrong(&format!("/{part}/percent"), "range", "is 1 to 100");
        }
        if self.maximum > 100 {
            f.wrong(&format!("/{part}/maximum"), "range", "is 0 to 100");
        }
        Target { percent: self.percent, maximum: self.maximum }
    }

    const fn of(target: Target) -> Self {
        Self { percent: target.percent, maximum: target.maximum }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleBody {
    /// From this day on, until the next rule. Of two of one day the later one holds.
    #[schema(value_type = String, format = Date)]
    valid_from: String,
    dossiers_paid_online: TargetBody,
    procedures_with_online_payment: TargetBody,
    procedures_provided: TargetBody,
    /// Of which procedures those with an online payment are a share: `fee_procedures_with_dossiers` | `fee_procedures`.
    #[schema(example = "fee_procedures_with_dossiers")]
    denominator: String,
    /// Channels whose money is no online payment; every other one's is.
    #[schema(example = json!(["counter"]))]
    offline_channels: Vec<String>,
    /// Whether a dossier whose debts are all let off is one that owes.
    #[serde(default)]
    counts_exempt: bool,
    /// Why: the document that says so.
    #[serde(default)]
    note: String,
}

#[derive(Serialize, ToSchema)]
pub struct RuleView {
    #[schema(value_type = String, format = Date)]
    valid_from: Date,
    dossiers_paid_online: TargetBody,
    procedures_with_online_payment: TargetBody,
    procedures_provided: TargetBody,
    /// fee_procedures_with_dossiers | fee_procedures
    denominator: &'static str,
    offline_channels: Vec<String>,
    counts_exempt: bool,
    note: String,
    set_by: String,
    #[schema(value_type = String, format = DateTime)]
    set_at: Timestamp,
    #[serde(skip)]
    cursor: String,
}

impl RuleView {
    /// With its number, where the list is read on from it.
    fn listed((id, set): &(i64, SetRule)) -> Self {
        Self { cursor: format!("{}.{id}", set.rule.valid_from), ..Self::new(set) }
    }

    fn new(set: &SetRule) -> Self {
        let rule = &set.rule;
        Self {
            valid_from: rule.valid_from,
            dossiers_paid_online: TargetBody::of(rule.dossiers),
            procedures_with_online_payment: TargetBody::of(rule.used),
            procedures_provided: TargetBody::of(rule.provided),
            denominator: rule.used_of.as_str(),
            offline_channels: rule.offline_channels.clone(),
            counts_exempt: rule.counts_exempt,
            note: set.note.clone(),
            set_by: set.set_by.clone(),
            set_at: set.set_at,
            cursor: String::new(),
        }
    }
}

/// The place after a rule.
struct AfterRule(Date, i64);

impl std::str::FromStr for AfterRule {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let (day, id) = text.split_once('.').ok_or(())?;
        Ok(Self(date_of(day).map_err(|_| ())?, id.parse().map_err(|_| ())?))
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// 1 to 200, 50 unless told.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    after: Option<String>,
}

/// Rules that were ever set, by the day from which they hold; those that others stand in place of too.
#[utoipa::path(get, path = "/v1/score-rules", tag = "administration", params(PageQuery),
    responses((status = 200, body = Page<RuleView>)))]
pub async fn rules(req: HttpRequest, state: Data<State>, query: Query<PageQuery>) -> Result<HttpResponse, Problem> {
    auth::administrator(&req, &state).await?;
    let limit = body::limit(query.limit)?;
    let after = body::after::<AfterRule>(query.after.as_deref())?.map(|AfterRule(day, id)| (day, id));
    let db = state.ctx.pool.get().await?;
    let rules = storage::score::rules(&db, after, limit).await?.iter().map(RuleView::listed).collect();
    Ok(HttpResponse::Ok().json(Page::new(rules, limit, |v: &RuleView| v.cursor.clone())))
}

/// Sets how the score is reckoned from a day on.
#[utoipa::path(post, path = "/v1/score-rules", tag = "administration", request_body = RuleBody,
    params(("Idempotency-Key" = String, Header)), responses((status = 201, body = RuleView)))]
pub async fn set_rule(req: HttpRequest, state: Data<State>, raw: RawBody) -> Result<HttpResponse, Problem> {
    let (by, who) = auth::administrator(&req, &state).await?;
    let request = body::idempotency(&req, who, &raw.0)?;
    let sent: RuleBody = body::json(&req, &raw.0)?;
    let mut f = Fields::default();
    let known = channels::codes(&*state.ctx.pool.get().await?).await?;
    let rule = rule(&mut f, &sent, &known);
    f.end()?;
    let rule = rule.ok_or_else(|| Problem::new(Code::ValidationFailed))?;
    let render = |set: &SetRule| (201, views::json(&RuleView::new(set)));
    let work = async |tx: &Tx| score::set_rule(tx, &by, rule.clone(), sent.note.clone()).await;
    Ok(body::reply(administer::answered(&state.ctx, &by, &request, Kept::Plain, render, work).await?))
}

fn rule(f: &mut Fields, sent: &RuleBody, known: &[String]) -> Option<Rule> {
    let valid_from = date_of(&sent.valid_from).ok();
    if valid_from.is_none() {
        f.wrong("/valid_from", "format", "is a day, written as 2026-07-01");
    }
    let dossiers = sent.dossiers_paid_online.read(f, Part::DossiersPaidOnline);
    let used = sent.procedures_with_online_payment.read(f, Part::ProceduresWithOnlinePayment);
    let provided = sent.procedures_provided.read(f, Part::ProceduresProvided);
    let used_of = f.check("/denominator", "value", sent.denominator.parse::<Denominator>());
    for (n, channel) in sent.offline_channels.iter().enumerate() {
        if !known.contains(channel) {
            f.wrong(&format!("/offline_channels/{n}"), "value", "is no channel by which money comes here");
        }
    }
    if sent.offline_channels.len() > CHANNELS_AT_MOST {
        f.wrong("/offline_channels", "length", format!("has at most {CHANNELS_AT_MOST}"));
    }
    f.optional_text("/note", Some(sent.note.as_str()).filter(|note| !note.is_empty()), 500);
    let (offline_channels, counts_exempt) = (sent.offline_channels.clone(), sent.counts_exempt);
    Some(Rule { valid_from: valid_from?, dossiers, used, provided, used_of: used_of?, offline_channels, counts_exempt })
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ScoreImportQuery {
    /// procedures | dossiers
    #[param(required = true)]
    kind: Option<String>,
    /// From which day on a list of procedures holds.
    #[param(format = Date)]
    as_of: Option<String>,
}

impl ScoreImportQuery {
    fn kind(&self) -> Result<Kind, Problem> {
        let wrong = |why| Problem::with(Code::QueryInvalid, why);
        match (body::needed("kind", &self.kind)?, &self.as_of) {
            ("procedures", Some(day)) => {
                let as_of = date_of(day).map_err(|_| wrong("as_of is not a date"))?;
                Ok(Kind::Procedures { as_of })
            }
            ("procedures", None) => Err(wrong("as_of is needed")),
            ("dossiers", None) => Ok(Kind::Dossiers),
            ("dossiers", Some(_)) => Err(wrong("as_of is of procedures: each count says its month")),
            _ => Err(wrong("kind is procedures or dossiers")),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct ScoreImportView {
    id: String,
    /// procedures | dossiers
    kind: String,
    #[schema(value_type = Option<String>, format = Date)]
    as_of: Option<Date>,
    lines: i32,
    sha256: String,
    imported_by: String,
    #[schema(value_type = String, format = DateTime)]
    imported_at: Timestamp,
}

impl ScoreImportView {
    fn new(i: &Import) -> Self {
        Self {
            id: i.id.to_string(),
            kind: i.kind.clone(),
            as_of: i.as_of,
            lines: i.lines,
            sha256: i.sha256.clone(),
            imported_by: i.imported_by.clone(),
            imported_at: i.imported_at,
        }
    }
}

/// Files that were imported, the newest first.
#[utoipa::path(get, path = "/v1/score-imports", tag = "administration", params(PageQuery),
    responses((status = 200, body = Page<ScoreImportView>)))]
pub async fn imports(req: HttpRequest, state: Data<State>, query: Query<PageQuery>) -> Result<HttpResponse, Problem> {
    auth::administrator(&req, &state).await?;
    let limit = body::limit(query.limit)?;
    let after: Option<ScoreImportId> = body::after(query.after.as_deref())?;
    let db = state.ctx.pool.get().await?;
    let imports = storage::score::imports(&db, after, limit).await?.iter().map(ScoreImportView::new).collect();
    Ok(HttpResponse::Ok().json(Page::new(imports, limit, |v: &ScoreImportView| v.id.clone())))
}

/// Takes a list of procedures or counts of dossiers, as a JSON list or CSV: the whole file or nothing. What an earlier file
/// said of the same is on record and counts no more.
#[utoipa::path(post, path = "/v1/score-imports", tag = "administration",
    params(ScoreImportQuery, ("Idempotency-Key" = String, Header)),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = ScoreImportView), (status = 422, body = Problem, content_type = "application/problem+json")))]
pub async fn import(
    req: HttpRequest,
    state: Data<State>,
    query: Query<ScoreImportQuery>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let (by, who) = auth::administrator(&req, &state).await?;
    body::idempotency_key(&req)?;
    let kind = query.kind()?;
    let file = files::read(&req, &state, payload).await?;
    let request = body::idempotency(&req, who, &file)?;
    let render = |import: &Import| (201, views::json(&ScoreImportView::new(import)));
    let work = async |tx: &Tx| score::import(tx, &by, kind, &file).await;
    Ok(body::reply(administer::answered(&state.ctx, &by, &request, Kept::Plain, render, work).await?))
}

/// A file as it was sent.
#[utoipa::path(get, path = "/v1/score-imports/{id}/file", tag = "administration", params(("id" = String, Path)),
    responses((status = 200, content((Vec<u8> = "application/octet-stream"))),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn file(req: HttpRequest, state: Data<State>, id: Path<String>) -> Result<HttpResponse, Problem> {
    auth::administrator(&req, &state).await?;
    let id: ScoreImportId = id_of(&id)?;
    let db = state.ctx.pool.get().await?;
    let file = storage::score::file(&db, id).await?.ok_or_else(absent)?;
    let named = (CONTENT_DISPOSITION, format!("attachment; filename=\"{id}\""));
    Ok(HttpResponse::Ok().content_type("application/octet-stream").insert_header(named).body(file))
}
