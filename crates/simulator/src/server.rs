//! How a simulator listens, answers and ends. Refuses to outlive `stop`: background calls end with the server.

use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::{fmt, io};

use actix_web::dev::{Extensions, ServerHandle};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, HttpServer, ResponseError, web};
use askama::Template;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::task::{JoinHandle, JoinSet};

use crate::log::Log;

/// A simulator that is listening. Dropped without `stop`, it goes on until its runtime ends.
pub struct Running {
    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub url: String,
    server: ServerHandle,
    served: JoinHandle<io::Result<()>>,
    tasks: Tasks,
}

impl Running {
    /// Ends background calls at once and open requests within a second.
    pub async fn stop(self) {
        self.tasks.end();
        self.server.stop(true).await;
        if let Ok(Err(error)) = self.served.await {
            tracing::warn!(%error, "simulator ended badly");
        }
    }
}

/// Work that no request waits for. It runs on the runtime that started the simulator, not on the server's worker.
#[derive(Clone)]
pub(crate) struct Tasks(Arc<(Mutex<Option<JoinSet<()>>>, Handle)>);

impl Tasks {
    /// Only within a tokio runtime.
    pub(crate) fn new() -> Self {
        Self(Arc::new((Mutex::new(Some(JoinSet::new())), Handle::current())))
    }

    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let (set, runtime) = &*self.0;
        if let Some(set) = set.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            while set.try_join_next().is_some() {}
            set.spawn_on(work, runtime);
        }
    }

    fn end(&self) {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

pub(crate) fn run(
    listen: &str,
    tasks: Tasks,
    routes: impl Fn(&mut web::ServiceConfig) + Clone + Send + 'static,
) -> io::Result<Running> {
    let listener = TcpListener::bind(listen)?;
    let address = listener.local_addr()?;
    let host = if address.ip().is_unspecified() { "127.0.0.1".to_owned() } else { address.ip().to_string() };
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    let server = HttpServer::new(move || {
        actix_web::App::new()
            .app_data(web::PayloadConfig::new(1 << 20))
            .configure(routes.clone())
            .default_service(web::to(async || refused(StatusCode::NOT_FOUND, "no such path").error_response()))
    })
    .workers(1)
    .disable_signals()
    .shutdown_timeout(1)
    .on_connect(keep_wire)
    .listen(listener)?
    .run();
    let handle = server.handle();
    let served = tokio::spawn(server);
    Ok(Running { url: format!("http://{host}:{}", address.port()), server: handle, served, tasks })
}

/// A second handle on the connection's socket: the framework gives no way to close without an answer.
struct Wire(TcpStream);

fn keep_wire(connection: &dyn std::any::Any, data: &mut Extensions) {
    if let Some(stream) = connection.downcast_ref::<tokio::net::TcpStream>()
        && let Ok(socket) = stream.as_fd().try_clone_to_owned()
    {
        data.insert(Wire(TcpStream::from(socket)));
    }
}

/// Closes the connection, so that whatever is returned reaches nobody.
pub(crate) fn cut(request: &HttpRequest) -> HttpResponse {
    if let Some(Wire(socket)) = request.conn_data::<Wire>()
        && let Err(error) = socket.shutdown(Shutdown::Both)
    {
        tracing::warn!(%error, "the connection could not be cut");
    }
    HttpResponse::ServiceUnavailable().force_close().finish()
}

/// An answer that says no, as JSON `{"error": "…"}`.
#[derive(Debug)]
pub(crate) struct Refused {
    status: StatusCode,
    body: Value,
}

pub(crate) fn refused(status: StatusCode, why: impl fmt::Display) -> Refused {
    Refused { status, body: json!({"error": why.to_string()}) }
}

impl Refused {
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        if let Some(body) = self.body.as_object_mut() {
            body.insert(name.to_owned(), value.into());
        }
        self
    }

    pub(crate) fn field(&self, name: &str) -> Option<&Value> {
        self.body.get(name)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.body.fmt(f)
    }
}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status).json(&self.body)
    }
}

/// Without its line in the log nothing may be answered as if it had happened.
impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        tracing::error!(%error, "the simulator's log fails");
        refused(StatusCode::INTERNAL_SERVER_ERROR, format_args!("the log fails: {error}"))
    }
}

pub(crate) type Answer = Result<HttpResponse, Refused>;

/// Goes on when the caller hangs up: the framework drops the handler of a closed connection wherever it waits.
pub(crate) async fn to_its_end<T: 'static>(
    work: impl Future<Output = Result<T, Refused>> + 'static,
) -> Result<T, Refused> {
    actix_web::rt::spawn(work).await.map_err(|error| refused(StatusCode::INTERNAL_SERVER_ERROR, error))?
}

pub(crate) fn strict<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice(body).map_err(|error| refused(StatusCode::BAD_REQUEST, error))
}

pub(crate) fn html(status: StatusCode, page: &impl Template) -> Answer {
    let page = page.render().map_err(|error| refused(StatusCode::INTERNAL_SERVER_ERROR, error))?;
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(page))
}

pub(crate) async fn json_lines(log: &Log) -> Answer {
    Ok(HttpResponse::Ok().content_type("application/x-ndjson; charset=utf-8").body(log.read().await?))
}

/// 21000 → `21.000 ₫`, as amounts are written in Vietnamese.
pub(crate) fn dong(amount: i64) -> String {
    separated(amount, '.') + " ₫"
}

/// 1234567 → `1,234,567`, as files write it.
pub(crate) fn grouped(amount: i64) -> String {
    separated(amount, ',')
}

pub(crate) fn separated(amount: i64, separator: char) -> String {
    let digits = amount.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + 8);
    if amount < 0 {
        text.push('-');
    }
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{dong, grouped};

    #[test]
    fn amounts_read_as_in_vietnam() {
        assert_eq!(dong(21000), "21.000 ₫");
        assert_eq!(dong(500), "500 ₫");
        assert_eq!(dong(9_999_999_999), "9.999.999.999 ₫");
        assert_eq!(dong(-1000), "-1.000 ₫");
        assert_eq!((grouped(0).as_str(), grouped(-1_234_567).as_str()), ("0", "-1,234,567"));
    }
}
