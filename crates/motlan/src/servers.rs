//! The three listeners: public, staff, operators. Each is bound before anything else starts, so that a port that is
//! taken stops the start, and port 0 is known before anyone is told an address.

use crate::config::Config;
use crate::connections::{self, attend};
use crate::proxies::{Proxies, see_through};
use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::web::{Data, ServiceConfig};
use actix_web::{App, HttpServer};
use domain::mode::Mode;
use futures_util::future::join_all;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;
use tokio::task::JoinHandle;

/// A client that does not send its request's head by then is cut off.
const HEAD_LIMIT: Duration = Duration::from_secs(5);
/// Requests under way at the end get this long.
const FINISH_LIMIT_S: u64 = 5;

#[derive(Debug, thiserror::Error)]
#[error("{key} = {listen} cannot be listened on")]
pub struct BindError {
    key: &'static str,
    listen: String,
    #[source]
    source: io::Error,
}

/// # Errors
/// When the address is none, or taken.
pub fn bind(key: &'static str, listen: &str) -> Result<TcpListener, BindError> {
    TcpListener::bind(listen).map_err(|source| BindError { key, listen: listen.to_owned(), source })
}

/// The listeners of one process, bound and not yet served. A worker has the operators' only.
pub struct Bound {
    pub public: Option<TcpListener>,
    pub staff: Option<TcpListener>,
    pub ops: TcpListener,
}

impl Bound {
    pub fn all(config: &Config) -> Result<Self, BindError> {
        Ok(Self {
            public: Some(bind("http.listen", &config.http.listen)?),
            staff: Some(bind("staff.listen", &config.staff.listen)?),
            ops: bind("ops.listen", &config.ops.listen)?,
        })
    }

    /// Beside a gateway on the same machine the configured port is taken; a worker then takes a free one, and says so
    /// in its ready line.
    pub fn ops_only(config: &Config) -> Result<Self, BindError> {
        let ops = bind("ops.listen", &config.ops.listen).or_else(|taken| {
            let host = config.ops.listen.rsplit_once(':').map_or("127.0.0.1", |(host, _)| host);
            bind("ops.listen", &format!("{host}:0")).map_err(|_| taken)
        })?;
        Ok(Self { public: None, staff: None, ops })
    }

    pub fn addresses(&self) -> io::Result<Addresses> {
        let of = |listener: &Option<TcpListener>| listener.as_ref().map(TcpListener::local_addr).transpose();
        Ok(Addresses { public: of(&self.public)?, staff: of(&self.staff)?, ops: self.ops.local_addr()? })
    }
}

/// Where this process listens.
#[derive(Debug, Clone, Copy)]
pub struct Addresses {
    pub public: Option<SocketAddr>,
    pub staff: Option<SocketAddr>,
    pub ops: SocketAddr,
}

impl Addresses {
    /// The line by which whoever started the process learns that it is ready (contract, "Operating").
    pub fn ready_line(&self) -> String {
        let text = |address: Option<SocketAddr>| address.map(|a| a.to_string());
        serde_json::json!({"event": "ready", "http": text(self.public), "staff": text(self.staff),
            "ops": self.ops.to_string(), "pid": std::process::id()})
        .to_string()
    }
}

/// An address as a local client reaches it: what listens everywhere is reached at the loopback.
pub fn local_url(address: SocketAddr) -> String {
    let mut address = address;
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() { [127, 0, 0, 1].into() } else { std::net::Ipv6Addr::LOCALHOST.into() });
    }
    format!("http://{address}")
}

/// Listeners that are served.
pub struct Servers(Vec<(ServerHandle, JoinHandle<io::Result<()>>)>);

impl Servers {
    /// Serves on the present tokio runtime.
    ///
    /// # Errors
    /// When a listener cannot be served.
    pub fn start(
        bound: Bound,
        config: &Config,
        ctx: &payments::Context,
        (state, page, console): (&api::State, &web::Page, &console::Console),
    ) -> io::Result<Self> {
        let workers = config.http.workers;
        let mut servers = Vec::new();
        if let Some(public) = bound.public {
            let (ctx, sandbox) = (Data::new(ctx.clone()), config.mode == Mode::Sandbox);
            let page = Data::new(page.clone());
            let proxies = Data::new(Proxies::read(&config.http.trusted_proxies).unwrap_or_default());
            let routes = move |cfg: &mut ServiceConfig| {
                cfg.app_data(proxies.clone()).app_data(ctx.clone()).app_data(page.clone());
                cfg.configure(api::public).configure(web::pages);
                if sandbox {
                    cfg.configure(api::reference);
                }
            };
            servers.push(serve(public, workers, state, routes)?);
        }
        if let Some(staff) = bound.staff {
            let (ctx, console) = (Data::new(ctx.clone()), Data::new(console.clone()));
            let proxies = Data::new(Proxies::read(&config.http.trusted_proxies).unwrap_or_default());
            let routes = move |cfg: &mut ServiceConfig| {
                cfg.app_data(proxies.clone()).app_data(ctx.clone()).app_data(console.clone());
                cfg.configure(api::staff).configure(api::reference).configure(console::pages);
            };
            servers.push(serve(staff, workers, state, routes)?);
        }
        servers.push(serve(bound.ops, 1, state, api::ops)?);
        Ok(Self(servers))
    }

    /// Stops accepting and finishes the requests under way, within a limit.
    pub async fn stop(self) {
        let (handles, ends): (Vec<_>, Vec<_>) = self.0.into_iter().unzip();
        join_all(handles.iter().map(|handle| handle.stop(true))).await;
        for end in join_all(ends).await {
            if let Ok(Err(error)) = end {
                tracing::warn!(error = &error as &dyn std::error::Error, "a listener ended badly");
            }
        }
    }
}

fn serve(
    listener: TcpListener,
    workers: usize,
    state: &api::State,
    routes: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> io::Result<(ServerHandle, JoinHandle<io::Result<()>>)> {
    let state = Data::new(state.clone());
    let server = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .wrap(from_fn(see_through))
            .wrap(from_fn(api::door::door))
            .wrap(from_fn(attend))
            .configure(routes.clone())
    })
    .on_connect(connections::watch(connections::Limits::default()))
    .workers(workers)
    .client_request_timeout(HEAD_LIMIT)
    .shutdown_timeout(FINISH_LIMIT_S)
    .disable_signals()
    .listen(listener)?
    .run();
    let handle = server.handle();
    Ok((handle, tokio::spawn(server)))
}
