//! The page's state arrives by itself: server-sent events (HTML, section 9.2) that say which state the page is in, by its
//! digest and nothing else. They are woken by what any process commits about the intent, through Redis, and look into the
//! database now and then anyway. So many listen at most; who is refused, or has listened for long, asks now and then.

use crate::answer;
use crate::load::{Asked, load};
use crate::page::digest;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use domain::intent::IntentStatus;
use futures_util::stream::{self, Stream};
use jiff::Timestamp;
use payments::Context;
use payments::payer_page::{self, PayerPage};
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use storage::payer_page::Told;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;
use uuid::Uuid;
use volatile::Change;

/// Of one process. A listener costs two file descriptors and a little memory, and a look each [`LOOK`].
const LISTENERS: usize = 500;
/// On one payment; who pays has a phone and perhaps a second one.
const OF_ONE: usize = 8;
/// Without news the database is looked at: what is not told (a deadline, a channel that is back), and what was lost.
const LOOK: Duration = Duration::from_secs(10);
/// The same while a dossier system's acknowledgement is awaited, of which nobody tells.
const LOOK_FOR_PROOF: Duration = Duration::from_secs(2);
/// The same where all is paid and acknowledged, or nobody listens: what may come still, people decide, and others tell of it.
const LOOK_SELDOM: Duration = Duration::from_secs(60);
/// Far enough apart that a busy intent costs a few looks a second.
const GAP: Duration = Duration::from_millis(200);
/// A forgotten page does not listen for ever.
const AT_MOST: Duration = Duration::from_secs(15 * 60);
/// Until the browser tries again.
const RETRY_MS: u32 = 5_000;

struct Listener {
    ctx: web::Data<Context>,
    asked: Asked,
    intent: Uuid,
    heard: Receiver<Change>,
    told: String,
    until: Instant,
    ended: bool,
    look: Duration,
    _place: Place,
}

/// Who listens to which payment in this process.
#[derive(Default)]
pub(crate) struct Places(Mutex<HashMap<Uuid, usize>>);

/// A listener's place, free again when it goes.
struct Place {
    places: Arc<Places>,
    intent: Uuid,
}

impl Places {
    fn take(self: &Arc<Self>, intent: Uuid) -> Option<Place> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (all, own) = (taken.values().sum::<usize>(), taken.get(&intent).copied().unwrap_or_default());
        if all >= LISTENERS || own >= OF_ONE {
            return None;
        }
        taken.insert(intent, own + 1);
        Some(Place { places: self.clone(), intent })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.0.lock().unwrap_or_else(PoisonError::into_inner);
        match taken.get(&self.intent) {
            Some(own @ 2..) => {
                let left = own - 1;
                taken.insert(self.intent, left);
            }
            _ => drop(taken.remove(&self.intent)),
        }
    }
}

pub(crate) async fn news(
    ctx: web::Data<Context>,
    shared: web::Data<crate::Page>,
    request: HttpRequest,
) -> HttpResponse {
    let asked = Asked::of(&request);
    // listens before it reads: nothing that happens between is missed
    let heard = shared.volatile.listen();
    let loaded = match load(&ctx, &asked).await {
        Ok(loaded) => loaded,
        Err(instead) => return instead,
    };
    let Some(place) = shared.places.take(loaded.view.intent.id.uuid()) else {
        return answer::out_of_order(StatusCode::SERVICE_UNAVAILABLE, asked.language);
    };
    let now = digest(&loaded, asked.returned, Timestamp::now());
    let first = format!("retry: {RETRY_MS}\n{}", event("state", &now));
    let listener = Listener {
        ctx,
        asked,
        intent: loaded.view.intent.id.uuid(),
        heard,
        told: now,
        until: Instant::now() + AT_MOST,
        ended: false,
        look: look(&loaded),
        _place: place,
    };
    HttpResponse::Ok()
        .content_type("text/event-stream; charset=utf-8")
        // a proxy that collects answers would hold the news back
        .insert_header((header::HeaderName::from_static("x-accel-buffering"), "no"))
        .streaming(messages(first, listener))
}

fn messages(first: String, listener: Listener) -> impl Stream<Item = Result<web::Bytes, Infallible>> {
    stream::unfold((Some(first), listener), |(first, mut listener)| async move {
        let text = match first {
            Some(first) => first,
            None if listener.ended => return None,
            None => listener.next().await,
        };
        Some((Ok(web::Bytes::from(text)), (None, listener)))
    })
}

fn look(loaded: &PayerPage) -> Duration {
    match (loaded.view.intent.status, loaded.told) {
        (IntentStatus::Paid, Some(Told::Awaited)) => LOOK_FOR_PROOF,
        (IntentStatus::Paid, _) => LOOK_SELDOM,
        _ => LOOK,
    }
}

fn event(name: &str, data: &str) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}

impl Listener {
    /// The next state; a comment where it is the same, which also finds out whether anybody still listens.
    async fn next(&mut self) -> String {
        if Instant::now() >= self.until {
            self.ended = true;
            return event("end", "");
        }
        let _ = tokio::time::timeout(self.look, self.news_of_ours()).await;
        tokio::time::sleep(GAP).await;
        match self.look().await {
            Some(now) if now != self.told => {
                self.told.clone_from(&now);
                event("state", &now)
            }
            _ => ":\n\n".to_owned(),
        }
    }

    async fn news_of_ours(&mut self) {
        loop {
            match self.heard.recv().await {
                Ok(Change::Intent(intent)) if intent == self.intent => return,
                Ok(Change::Intent(_) | Change::Work) => {}
                // some were missed: ours may have been among them
                Err(RecvError::Lagged(_)) => return,
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }

    /// None where it cannot be read now: the next look will.
    async fn look(&mut self) -> Option<String> {
        let now = Timestamp::now();
        let loaded = payer_page::by_token(&self.ctx, self.asked.token.as_deref()?, now).await.ok()??;
        self.look = look(&loaded);
        Some(digest(&loaded, self.asked.returned, now))
    }
}
