//! A stand-in for Flickr on loopback: the API with its quirks, faults on request, and a gallery page.
//!
//! It keeps one account, verifies every signature, and stores originals byte for byte.
//! Nothing here is shared with the client in `crate::flickr`: two readings of one protocol,
//! so that a mistake in one of them shows.
//!
//! * Flickr's own addresses: `/services/rest`, `/services/upload/`, `/services/oauth/...`.
//! * For tests: `/sandbox/state`, `/sandbox/calls`, `/sandbox/faults`, `/sandbox/account`.
//! * For people: `/`, the gallery.

mod api;
mod connection;
mod control;
mod credentials;
mod error;
mod faults;
mod host_check;
mod pages;
mod params;
mod response;
mod router;
mod security_headers;
mod state;

#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use self::connection::{Connection, Tcp};
pub use self::credentials::Credentials;
pub use self::error::Error;
pub use self::faults::fault::{Fault, FaultKind};
use self::router::router;
use self::state::State;
use self::state::home::Home;

/// How long `stop` waits for requests in flight.
const STOP_WAIT: Duration = Duration::from_secs(3);

/// How a sandbox is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// The address to listen on: loopback only; port 0 takes any free port.
    pub listen: SocketAddr,
    /// The folder that keeps everything across restarts; without one, everything is gone at the end.
    pub dir: Option<PathBuf>,
    /// What goes wrong from the start.
    pub faults: Vec<Fault>,
    /// How far the clock of a signed request may be off; by default five minutes.
    pub clock_tolerance: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            dir: None,
            faults: Vec::new(),
            clock_tolerance: Duration::from_secs(300),
        }
    }
}

/// A running sandbox; it ends when this value is dropped.
#[derive(Debug)]
pub struct Sandbox {
    base_url: String,
    credentials: Credentials,
    server: Option<JoinHandle<()>>,
    writer: JoinHandle<()>,
    stopping: CancellationToken,
    _stop_on_drop: DropGuard,
}

/// Starts a sandbox; `Ok` means that it answers.
pub async fn start(options: Options) -> Result<Sandbox, Error> {
    let address = options.listen;
    if !address.ip().is_loopback() {
        return Err(Error::NotLoopback { address });
    }
    let home = Home::open(options.dir.as_deref())?;
    let account = home.load()?;
    let (journal, writer) = home.journal().await?;
    let listen = |source| Error::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(listen)?;
    let base_url = format!("http://{}", listener.local_addr().map_err(listen)?);
    let state = State::new(
        home,
        account,
        journal,
        base_url.clone(),
        options.clock_tolerance,
    );
    state.script.replace(options.faults);
    let credentials = state.credentials.clone();
    let stopping = CancellationToken::new();
    let server = serve(listener, router(Arc::new(state)), stopping.clone());
    Ok(Sandbox {
        base_url,
        credentials,
        server: Some(server),
        writer,
        _stop_on_drop: stopping.clone().drop_guard(),
        stopping,
    })
}

fn serve(listener: TcpListener, router: Router, stopping: CancellationToken) -> JoinHandle<()> {
    let service = router.into_make_service_with_connect_info::<Connection>();
    let serving = axum::serve(Tcp(listener), service);
    tokio::spawn(async move {
        if let Err(error) = serving
            .with_graceful_shutdown(stopping.cancelled_owned())
            .await
        {
            tracing::error!(%error, "the sandbox's server ended");
        }
    })
}

impl Sandbox {
    /// Where it answers, without a slash at the end.
    pub fn base_url(&self) -> String {
        self.base_url.clone()
    }

    /// What to sign with.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// The variables that point a client here.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let keys = &self.credentials;
        vec![
            ("FLICKR_ENDPOINT_URL", self.base_url.clone()),
            ("FLICKR_API_KEY", keys.api_key.clone()),
            ("FLICKR_API_SECRET", keys.api_secret.clone()),
            ("FLICKR_OAUTH_TOKEN", keys.token.clone()),
            ("FLICKR_OAUTH_TOKEN_SECRET", keys.token_secret.clone()),
        ]
    }

    /// Returns when the server ended by itself, which only a failure of the machine brings about.
    pub async fn finished(&mut self) {
        if let Some(server) = &mut self.server {
            let _ = server.await;
            self.server = None;
        }
    }

    /// Takes no more requests, gives those in flight three seconds to end, and saves everything.
    pub async fn stop(mut self) {
        self.stopping.cancel();
        if let Some(mut server) = self.server.take()
            && tokio::time::timeout(STOP_WAIT, &mut server).await.is_err()
        {
            server.abort();
        }
        // The writer ends when the last request has let go of the journal.
        let _ = tokio::time::timeout(STOP_WAIT, self.writer).await;
    }
}
