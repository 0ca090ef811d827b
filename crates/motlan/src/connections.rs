//! A connection that costs us something and brings nothing is ended. actix-web limits the time for the first head of a
//! connection only, and none for the reading of an answer: who was served once could dribble a second head, or leave
//! its answer unread, for as long as it likes.
//!
//! Not bounded here: actix-web answers all that it has read of a connection, 128 KiB of pipelined requests, before it looks
//! whether anybody reads the answers. A proxy in front does not pass such a breath on.
//!
//! A watch holds a second handle of each connection's socket, so a connection takes two file descriptors.

use actix_web::Error;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Extensions, ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::rt::net::TcpStream;
use actix_web::web::Bytes;
use std::any::Any;
use std::io;
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// How long a connection may stand still.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From the end of an answer to the end of the next head. What is wholly idle was given up before (keep-alive).
    pub head: Duration,
    /// From one part of an answer that was taken to the next, and to the end of what is on its way.
    pub answer: Duration,
    /// How often each connection is looked at.
    pub look_every: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { head: Duration::from_secs(10), answer: Duration::from_secs(120), look_every: Duration::from_secs(1) }
    }
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    /// A handler works; its own limits hold.
    Working,
    /// A part of the answer was asked for then.
    Answering(Instant),
    /// No request is known of since then.
    Waiting(Instant),
}

struct Connection {
    socket: std::net::TcpStream,
    phase: Mutex<Phase>,
}

impl Connection {
    fn of(stream: &TcpStream) -> io::Result<Self> {
        let socket = std::net::TcpStream::from(stream.as_fd().try_clone_to_owned()?);
        Ok(Self { socket, phase: Mutex::new(Phase::Waiting(Instant::now())) })
    }

    fn is_in(&self, phase: Phase) {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = phase;
    }

    /// What is to be shut, if anything.
    fn overdue(&self, limits: Limits) -> Option<Shutdown> {
        let phase = *self.phase.lock().unwrap_or_else(PoisonError::into_inner);
        match phase {
            Phase::Answering(at) | Phase::Waiting(at) if at.elapsed() >= limits.answer => Some(Shutdown::Both),
            // what is still on its way to a slow reader arrives all the same
            Phase::Waiting(at) if at.elapsed() >= limits.head => Some(Shutdown::Read),
            _ => None,
        }
    }
}

/// For `HttpServer::on_connect`: sets a watch on each connection.
pub fn watch(limits: Limits) -> impl Fn(&dyn Any, &mut Extensions) + Clone + Send + Sync + 'static {
    move |io, kept| {
        let Some(stream) = io.downcast_ref::<TcpStream>() else { return };
        match Connection::of(stream) {
            Ok(connection) => {
                let connection = Arc::new(connection);
                actix_web::rt::spawn(look_after(Arc::downgrade(&connection), limits));
                kept.insert(connection);
            }
            Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "a connection is not watched"),
        }
    }
}

/// Until the connection is gone.
async fn look_after(connection: Weak<Connection>, limits: Limits) {
    loop {
        actix_web::rt::time::sleep(limits.look_every).await;
        let Some(connection) = connection.upgrade() else { return };
        if let Some(part) = connection.overdue(limits) {
            // that it is shut already is no harm
            let _ = connection.socket.shutdown(part);
        }
    }
}

/// Tells the watch of a request, from its head to the end of its answer.
pub async fn attend(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let turn = req.conn_data::<Arc<Connection>>().cloned().map(Turn::begin);
    let res = next.call(req).await?;
    Ok(res.map_body(|_, body| Attended { body: body.boxed(), turn: turn.inspect(Turn::answering) }))
}

/// A request that is being answered; over when it is dropped, also half way.
struct Turn(Arc<Connection>);

impl Turn {
    fn begin(connection: Arc<Connection>) -> Self {
        connection.is_in(Phase::Working);
        Self(connection)
    }

    fn answering(&self) {
        self.0.is_in(Phase::Answering(Instant::now()));
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.is_in(Phase::Waiting(Instant::now()));
    }
}

struct Attended {
    body: BoxBody,
    turn: Option<Turn>,
}

impl MessageBody for Attended {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        if let Some(turn) = &this.turn {
            turn.answering();
        }
        Pin::new(&mut this.body).poll_next(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::middleware::from_fn;
    use actix_web::{App, HttpServer, web};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream as Client;

    const HEAD: Duration = Duration::from_millis(300);
    /// More than both ends of a socket take.
    const LARGE: usize = 32 * 1_024 * 1_024;

    async fn served(answer: Duration) -> std::net::SocketAddr {
        let limits = Limits { head: HEAD, answer, look_every: Duration::from_millis(50) };
        let server = HttpServer::new(|| {
            App::new()
                .wrap(from_fn(attend))
                .route("/small", web::get().to(async || "small"))
                .route("/large", web::get().to(async || vec![b'x'; LARGE]))
                .route(
                    "/slow",
                    web::get().to(async || {
                        actix_web::rt::time::sleep(HEAD * 4).await;
                        "slow"
                    }),
                )
        })
        .workers(1)
        .on_connect(watch(limits))
        .disable_signals()
        .bind("127.0.0.1:0")
        .expect("a port");
        let address = server.addrs()[0];
        tokio::spawn(server.run());
        address
    }

    async fn asked(address: std::net::SocketAddr, path: &str) -> Client {
        let mut client = Client::connect(address).await.expect("a connection");
        let head = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
        client.write_all(head.as_bytes()).await.expect("sent");
        client
    }

    /// How many bytes came until the end, or until the time was over.
    async fn heard(client: &mut Client, at_most: Duration) -> (usize, bool) {
        let mut count = 0;
        let read = tokio::time::timeout(at_most, async {
            let mut part = vec![0; 65_536];
            while let Ok(n @ 1..) = client.read(&mut part).await {
                count += n;
            }
        });
        let ended = read.await.is_ok();
        (count, ended)
    }

    #[actix_web::test]
    async fn a_second_head_that_does_not_end_is_cut_and_a_slow_handler_is_not() {
        let address = served(HEAD * 2).await;
        let mut dribbling = asked(address, "/small").await;
        let mut slow = asked(address, "/slow").await;
        assert!(!heard(&mut dribbling, Duration::from_millis(100)).await.1);
        let begun = Instant::now();
        while dribbling.write_all(b"G").await.is_ok() && begun.elapsed() < Duration::from_secs(5) {
            if heard(&mut dribbling, Duration::from_millis(40)).await.1 {
                break;
            }
        }
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        let (count, _) = heard(&mut slow, HEAD * 10).await;
        assert!(count > 0, "a handler at work was cut");
    }

    #[actix_web::test]
    async fn a_slow_reader_gets_the_whole_answer() {
        let mut slow = asked(served(HEAD * 100).await, "/large").await;
        let (mut count, mut part) = (0, vec![0; LARGE / 16]);
        while let Ok(n @ 1..) = slow.read(&mut part).await {
            count += n;
            // longer than a head may take, in all
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        assert!(count > LARGE, "a slow reader got {count} bytes");
    }

    #[actix_web::test]
    async fn an_answer_that_nobody_reads_is_given_up() {
        let mut deaf = asked(served(HEAD * 2).await, "/large").await;
        tokio::time::sleep(HEAD * 5).await;
        let (count, ended) = heard(&mut deaf, Duration::from_secs(2)).await;
        assert!(ended && count < LARGE, "{count} bytes were kept for who does not read");
    }
}
