//! A host on loopback that answers every call with the same bytes, for what is read off a provider's answer.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

type Body = Arc<Mutex<Vec<u8>>>;

pub struct Host {
    runtime: Runtime,
    body: Body,
    pub url: String,
    pub http: reqwest::Client,
}

impl Host {
    fn start() -> Self {
        // that another test of this process has installed it is no harm
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let body = Body::default();
        let answers = body.clone();
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, answers.clone()));
            }
        });
        Self { runtime, body, url, http: provider::http::client().expect("a client") }
    }

    /// What a call concludes that is answered with these bytes.
    pub fn answering<T>(&self, body: &[u8], call: impl Future<Output = T>) -> T {
        *self.body.lock().unwrap_or_else(PoisonError::into_inner) = body.to_vec();
        self.runtime.block_on(call)
    }
}

/// One host for each thread, with what was made for it.
pub struct PerThread<T>(RefCell<Option<(Host, T)>>);

impl<T> PerThread<T> {
    pub const fn new() -> Self {
        Self(RefCell::new(None))
    }

    pub fn with<R>(&self, make: impl FnOnce(&Host) -> T, work: impl FnOnce(&Host, &T) -> R) -> R {
        let mut slot = self.0.borrow_mut();
        let (host, made) = slot.get_or_insert_with(|| {
            let host = Host::start();
            let made = make(&host);
            (host, made)
        });
        work(host, made)
    }
}

/// Requests of one connection, one after the other, until the caller hangs up.
async fn serve(mut stream: TcpStream, body: Body) {
    let mut read = Vec::new();
    loop {
        let Some(end) = whole(&read) else {
            let mut part = [0; 4_096];
            match stream.read(&mut part).await {
                Ok(n @ 1..) => read.extend_from_slice(&part[..n]),
                _ => return,
            }
            continue;
        };
        read.drain(..end);
        let body = body.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
        if stream.write_all(&[head.as_bytes(), &body].concat()).await.is_err() {
            return;
        }
    }
}

/// Where the first request ends, once it has come whole.
fn whole(read: &[u8]) -> Option<usize> {
    let head = read.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&read[..head]).to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok()).unwrap_or(0);
    (read.len() >= head + length).then_some(head + length)
}
