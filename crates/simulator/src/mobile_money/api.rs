//! The paths of the document. A request that was taken up is written down before it is answered; what has its
//! `X-CorrelationID` already is a duplicate, whatever became of the first.

use actix_web::{HttpRequest, HttpResponse, web};
use jiff::SignedDuration;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::book::{Code, End, Kind, Request, is_uuid, uuid};
use super::errors::{Category, Fault, fault};
use super::token::{admit, header};
use super::{Action, Shop, callback};
use crate::clock;
use crate::server::{self, Answer, to_its_end};

/// A POST as it came, in terms of the document.
pub(super) struct Posted {
    pub kind: Kind,
    pub fields: Map<String, Value>,
    pub order_ref: Option<String>,
    pub amount: i64,
    pub payer: Option<String>,
    pub original: Option<String>,
    pub code: Option<String>,
    pub client_id: Option<String>,
    pub callback: Option<String>,
}

pub(super) async fn create(
    shop: web::Data<Shop>,
    request: HttpRequest,
    kind: web::Path<String>,
    body: web::Bytes,
) -> Answer {
    let kind = match kind.as_str() {
        "merchantpay" => Kind::Merchantpay,
        "adjustment" => Kind::Adjustment,
        _ => return refuse(&shop, &fault(Category::BusinessRule, "transactionTypeError")).await,
    };
    let posted = admit(&shop, &request).and_then(|()| read(&request, kind, &body, None));
    take(shop, request, posted).await
}

/// Answers, or does what a rule says; goes on when the caller hangs up.
pub(super) async fn take(shop: web::Data<Shop>, request: HttpRequest, posted: Result<Posted, Fault>) -> Answer {
    let posted = match posted {
        Ok(posted) => posted,
        Err(fault) => return refuse(&shop, &fault).await,
    };
    let order = rule_name(&shop, &posted);
    let actions = shop.actions(posted.kind, order.as_deref(), posted.amount, Action::is_about_request);
    if actions.iter().any(|a| matches!(a, Action::LoseRequest(_))) {
        shop.log.write("lost", json!({"order_ref": posted.order_ref})).await?;
        return Ok(server::cut(&request));
    }
    if let Some(Action::Refuse(fault)) = actions.iter().find(|a| matches!(a, Action::Refuse(_))) {
        return refuse(&shop, fault).await;
    }
    let known = posted.client_id.as_deref().is_some_and(|id| shop.book().by_client_id(id).is_some());
    if known {
        return refuse(&shop, &fault(Category::BusinessRule, "duplicateRequest")).await;
    }
    let kept = shop.clone();
    let (id, done) = to_its_end({
        let actions = actions.clone();
        async move { keep(&kept, posted, &actions).await }
    })
    .await?;
    for action in &actions {
        match action {
            Action::Hang(ms) => tokio::time::sleep(std::time::Duration::from_millis(*ms)).await,
            Action::LoseAnswer(_) => return Ok(server::cut(&request)),
            Action::FailAfterAccept(_) => return Ok(fault(Category::Internal, "genericError").answer()),
            _ => {}
        }
    }
    let book = shop.book();
    let Some(at) = book.at(&id) else { return Ok(HttpResponse::InternalServerError().finish()) };
    let answer = match (&book.requests[at].end, done) {
        (Some(End::Done { reference }), true) => {
            HttpResponse::Created().json(book.transactions.get(reference).unwrap_or(&Value::Null))
        }
        _ => HttpResponse::Accepted().json(book.requests[at].state()),
    };
    Ok(answer)
}

/// Whose rules apply: a reversal has those of its payment.
fn rule_name(shop: &Shop, posted: &Posted) -> Option<String> {
    let Some(original) = &posted.original else { return posted.order_ref.clone() };
    let book = shop.book();
    let named = book.transactions.get(original)?["requestingOrganisationTransactionReference"].as_str();
    named.map(str::to_owned)
}

/// Written down; and finished at once where it is answered in the same call.
async fn keep(shop: &web::Data<Shop>, posted: Posted, actions: &[Action]) -> Result<(String, bool), server::Refused> {
    let now = clock::now();
    let lasts = SignedDuration::from_millis(i64::try_from(shop.config.payer_ms).unwrap_or(300_000));
    let request = Request {
        server_id: uuid(),
        client_id: posted.client_id,
        kind: posted.kind,
        order_ref: posted.order_ref,
        amount: posted.amount,
        payer: posted.payer,
        original: posted.original,
        fields: posted.fields,
        callback: posted.callback,
        created_at: now,
        expires_at: now + lasts,
        end: None,
        calls: Vec::new(),
    };
    let id = request.server_id.clone();
    let line = json!({"order_ref": request.order_ref, "kind_of": request.kind, "amount": request.amount, "id": id,
        "client_id": request.client_id, "original": request.original, "body": request.fields});
    shop.log.write("taken_up", line).await?;
    shop.book().requests.push(request);
    let plan = Plan::of(shop, posted.kind, posted.code.as_deref(), &id, actions);
    if actions.iter().any(|a| matches!(a, Action::Sync(_))) {
        callback::finish(shop, &id, plan.end, false).await?;
        return Ok((id, true));
    }
    let (later, server_id) = (shop.clone().into_inner(), id.clone());
    shop.tasks.spawn(async move {
        tokio::time::sleep(std::time::Duration::from_millis(plan.after_ms)).await;
        let outcome = callback::finish(&later, &server_id, plan.end, true).await;
        if let Err(error) = outcome {
            tracing::warn!(%error, "a request was not finished");
        }
    });
    Ok((id, false))
}

/// When a request ends by itself, and how.
struct Plan {
    after_ms: u64,
    end: Result<(), Fault>,
}

impl Plan {
    fn of(shop: &Shop, kind: Kind, code: Option<&str>, id: &str, actions: &[Action]) -> Self {
        for action in actions {
            match action {
                Action::Fail(fault) => return Self { after_ms: shop.config.code_ms, end: Err(fault.clone()) },
                Action::Sync(_) => return Self { after_ms: 0, end: Ok(()) },
                Action::ApproveMs(ms) => return Self { after_ms: *ms, end: Ok(()) },
                _ => {}
            }
        }
        let declined = || Err(fault(Category::Authorisation, "requestDeclined"));
        match (kind, code) {
            (Kind::Adjustment | Kind::Reversal, _) => Self { after_ms: shop.config.reversal_ms, end: Ok(()) },
            // a wrong, used or expired code has no code of its own in the document
            (Kind::Merchantpay, Some(code)) => {
                let mut book = shop.book();
                let at = book.at(id).map(|at| (book.requests[at].payer.clone(), book.requests[at].amount));
                let good = book.codes.get_mut(code).is_some_and(|known| {
                    let fits = at.as_ref().is_some_and(|(payer, amount)| {
                        payer.as_deref() == Some(&known.payer) && known.amount.is_none_or(|most| *amount <= most)
                    });
                    let good = fits && !known.used && clock::now() < known.until;
                    known.used |= good;
                    good
                });
                Self { after_ms: shop.config.code_ms, end: if good { Ok(()) } else { declined() } }
            }
            // nobody confirmed
            (Kind::Merchantpay, None) => Self { after_ms: shop.config.payer_ms, end: declined() },
        }
    }
}

pub(super) async fn refuse(shop: &Shop, fault: &Fault) -> Answer {
    shop.log.write("refused", json!({"code": fault.code})).await?;
    Ok(fault.answer())
}

/// What the schemas demand (`requestTransactionType`, `requestReversal`), and that the hash fits the body.
pub(super) fn read(
    request: &HttpRequest,
    kind: Kind,
    body: &[u8],
    original: Option<(&str, i64)>,
) -> Result<Posted, Fault> {
    let validation = |code: &str| fault(Category::Validation, code);
    if let Some(hash) = header(request, "x-content-hash")
        && !hash.eq_ignore_ascii_case(&hex::encode(Sha256::digest(body)))
    {
        return Err(validation("formatError"));
    }
    let Ok(Value::Object(fields)) = serde_json::from_slice::<Value>(body) else {
        return Err(validation("formatError"));
    };
    let client_id = header(request, "x-correlationid");
    if client_id.as_deref().is_some_and(|id| !is_uuid(id)) {
        return Err(validation("formatError"));
    }
    let amount = match (fields.get("amount"), original) {
        (None, Some((_, whole))) => whole,
        (None, None) => return Err(validation("mandatoryValueNotSupplied")),
        (Some(Value::String(text)), _) if text.starts_with('-') => return Err(validation("negativeValue")),
        (Some(Value::String(text)), _) => dong(text).ok_or_else(|| validation("formatError"))?,
        (Some(_), _) => return Err(validation("formatError")),
    };
    match (fields.get("currency").and_then(Value::as_str), original) {
        (Some("VND"), _) => {}
        (Some(_), _) => return Err(validation("currencyNotSupported")),
        (None, Some(_)) if !fields.contains_key("amount") => {}
        (None, _) => return Err(validation("mandatoryValueNotSupplied")),
    }
    let order_ref = text(&fields, "requestingOrganisationTransactionReference");
    let (credit, debit) = (party(&fields, "creditParty")?, party(&fields, "debitParty")?);
    if original.is_none() && credit.is_none() && debit.is_none() {
        return Err(validation("mandatoryValueNotSupplied"));
    }
    let payer = debit.filter(|(key, _)| key == "msisdn").map(|(_, value)| value);
    if payer.as_deref().is_some_and(|msisdn| !is_msisdn(msisdn)) {
        return Err(validation("formatError"));
    }
    let code = text(&fields, "oneTimeCode");
    let original = original
        .map(|(reference, _)| reference.to_owned())
        .or_else(|| (kind == Kind::Adjustment).then(|| text(&fields, "originalTransactionReference")).flatten());
    let callback = header(request, "x-callback-url");
    Ok(Posted { kind, order_ref, amount, payer, original, code, client_id, callback, fields })
}

/// `^([0]|([1-9][0-9]{0,17}))([.][0-9]{0,3}[0-9])?$`, whole đồng.
fn dong(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |t: &str, most: usize| (1..=most).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_digit());
    let plain = digits(whole, 18) && digits(fraction, 4) && (whole == "0" || !whole.starts_with('0'));
    (plain && fraction.bytes().all(|b| b == b'0')).then(|| whole.parse().ok()).flatten()
}

fn is_msisdn(text: &str) -> bool {
    text.strip_prefix('+')
        .is_some_and(|rest| (8..=15).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_digit()))
}

fn text(fields: &Map<String, Value>, name: &str) -> Option<String> {
    fields.get(name).and_then(Value::as_str).filter(|t| !t.is_empty()).map(str::to_owned)
}

/// The first of one to ten key/value pairs.
fn party(fields: &Map<String, Value>, name: &str) -> Result<Option<(String, String)>, Fault> {
    let Some(value) = fields.get(name) else { return Ok(None) };
    let pairs = value.as_array().filter(|pairs| (1..=10).contains(&pairs.len()));
    let first =
        pairs.and_then(|pairs| Some((pairs[0]["key"].as_str()?.to_owned(), pairs[0]["value"].as_str()?.to_owned())));
    first.map(Some).ok_or_else(|| fault(Category::Validation, "formatError"))
}

pub(super) async fn transaction(shop: web::Data<Shop>, request: HttpRequest, reference: web::Path<String>) -> Answer {
    let found = admit(&shop, &request).and_then(|()| {
        let book = shop.book();
        book.transactions
            .get(reference.as_str())
            .cloned()
            .ok_or_else(|| fault(Category::Identification, "identifierError"))
    });
    told(&shop, "transaction", &reference, found).await
}

pub(super) async fn request_state(shop: web::Data<Shop>, request: HttpRequest, id: web::Path<String>) -> Answer {
    let found = admit(&shop, &request).and_then(|()| {
        let book = shop.book();
        let at = book.at(&id).ok_or_else(|| fault(Category::Identification, "identifierError"))?;
        Ok(book.requests[at].state())
    });
    told(&shop, "request_state", &id, found).await
}

/// The document says what leads to a finished transaction. Of one that is pending or has failed we lead to its state.
pub(super) async fn response(shop: web::Data<Shop>, request: HttpRequest, id: web::Path<String>) -> Answer {
    let found = admit(&shop, &request).and_then(|()| {
        let book = shop.book();
        let unknown = || super::held(&shop.unknown).clone();
        let known = book.by_client_id(&id).ok_or_else(unknown)?;
        let (order, amount) = (known.order_ref.as_deref(), known.amount);
        let quiet = shop.holds(known.kind, order, amount, |a| matches!(a, Action::QuietResponses(_)));
        match &known.end {
            Some(End::Done { reference }) => Ok(json!({"link": format!("/transactions/{reference}")})),
            _ if quiet => Err(unknown()),
            _ => Ok(json!({"link": format!("/requeststates/{}", known.server_id)})),
        }
    });
    told(&shop, "response", &id, found).await
}

pub(super) async fn heartbeat(shop: web::Data<Shop>, request: HttpRequest) -> Answer {
    let found = admit(&shop, &request).map(|()| super::held(&shop.service).clone());
    told(&shop, "heartbeat", "", found).await
}

async fn told(shop: &Shop, what: &'static str, about: &str, found: Result<Value, Fault>) -> Answer {
    shop.log.write("asked", json!({"what": what, "about": about, "found": found.is_ok()})).await?;
    Ok(match found {
        Ok(body) => HttpResponse::Ok().insert_header(("X-Date", clock::now().to_string())).json(body),
        Err(fault) => fault.answer(),
    })
}

/// The payer's application asks for a code (`requestAuthorisationCode`); it comes by the callback.
pub(super) async fn authorisation_code(
    shop: web::Data<Shop>,
    request: HttpRequest,
    account: web::Path<(String, String)>,
    body: web::Bytes,
) -> Answer {
    let asked = admit(&shop, &request).and_then(|()| {
        let fields: Map<String, Value> =
            serde_json::from_slice(&body).map_err(|_| fault(Category::Validation, "formatError"))?;
        let amount =
            text(&fields, "amount").map(|t| dong(&t).ok_or_else(|| fault(Category::Validation, "formatError")));
        amount.transpose()
    });
    let amount = match asked {
        Ok(amount) => amount,
        Err(fault) => return refuse(&shop, &fault).await,
    };
    let order = None;
    let failed = shop.actions(Kind::Merchantpay, order, amount.unwrap_or(0), |a| matches!(a, Action::Fail(_)));
    let (_, payer) = account.into_inner();
    let payer = if payer.starts_with('+') { payer } else { format!("+{}", payer.trim()) };
    let told = match failed.first() {
        Some(Action::Fail(fault)) => fault.body(),
        _ => {
            let code = uuid()[..8].to_owned();
            let until = clock::now() + SignedDuration::from_mins(5);
            shop.book().codes.insert(code.clone(), Code { payer, amount, until, used: false });
            json!({"authorisationCode": code, "codeState": "active"})
        }
    };
    let callback = header(&request, "x-callback-url");
    let method = if callback.is_some() { "callback" } else { "polling" };
    let id = uuid();
    if let Some(url) = callback {
        let (later, call) = (shop.clone().into_inner(), callback::Call::of(&id, "authorisation_code"));
        shop.tasks.spawn(async move {
            tokio::time::sleep(std::time::Duration::from_millis(later.config.code_ms)).await;
            let _ = callback::put(&later, &call, &url, None, &told).await;
        });
    }
    let state = json!({"serverCorrelationId": id, "status": "pending", "notificationMethod": method});
    Ok(HttpResponse::Accepted().json(state))
}
