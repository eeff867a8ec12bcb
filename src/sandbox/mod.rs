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
mod faults;
mod pages;
mod params;
mod state;

#[cfg(test)]
mod tests;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::HeaderValue;
use axum::http::header::DATE;
use axum::middleware::map_response_with_state;
use axum::response::Response;
use axum::routing::{any, get, post};
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use self::api::{login, originals, rest, upload};
pub use self::faults::{Fault, Kind as FaultKind};
use self::state::{Core, journal};

/// How long `stop` waits for requests in flight.
const STOP_WAIT: Duration = Duration::from_secs(3);

/// How a sandbox is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where it listens: loopback only; port 0 takes any free one.
    pub listen: SocketAddr,
    /// The folder that keeps everything across restarts; without one all is gone at the end.
    pub dir: Option<PathBuf>,
    /// What goes wrong from the start.
    pub faults: Vec<Fault>,
    /// How far the clock of a signed request may be off; five minutes unless told.
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

/// Why a sandbox did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It trusts whoever can reach it, so that nobody else must.
    #[error("the sandbox listens on loopback only, not on {address}")]
    NotLoopback {
        /// What was asked for.
        address: SocketAddr,
    },
    /// Mostly: the port is taken.
    #[error("cannot listen on {address}")]
    Listen {
        /// What was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Two sandboxes on one folder would spoil each other's journal.
    #[error("the folder \"{}\" is in use by another sandbox", path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// The folder or a file in it cannot be made, read or written.
    #[error("cannot use \"{}\"", path.display())]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line of the journal that this version does not understand.
    #[error("line {line} of \"{}\" is not the sandbox's", path.display())]
    Journal {
        /// The journal.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// The well-known credentials of the sandbox's one user; they protect nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// 32 hex digits.
    pub api_key: String,
    /// 16 hex digits.
    pub api_secret: String,
    /// An access token with all rights.
    pub token: String,
    /// 16 hex digits.
    pub token_secret: String,
}

impl Default for Credentials {
    fn default() -> Self {
        Credentials {
            api_key: "5a0db0c5a0db0c5a0db0c5a0db0c5a0d".to_owned(),
            api_secret: "5ec2e75a0db0c001".to_owned(),
            token: "72157720000000001-5a0db0c5a0db0c01".to_owned(),
            token_secret: "5ec2e75a0db0c002".to_owned(),
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
    let home = journal::Home::open(options.dir.as_deref())?;
    let account = home.load()?;
    let (journal, writer) = home.journal().await?;
    let listen = |source| Error::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(listen)?;
    let base_url = format!("http://{}", listener.local_addr().map_err(listen)?);
    let core = Core::new(
        home,
        account,
        journal,
        base_url.clone(),
        options.clock_tolerance,
    );
    core.script.replace(options.faults);
    let credentials = core.credentials.clone();
    let stopping = CancellationToken::new();
    let server = serve(listener, router(Arc::new(core)), stopping.clone());
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
    let service = router.into_make_service_with_connect_info::<connection::Wire>();
    let serving = axum::serve(connection::Tcp(listener), service);
    tokio::spawn(async move {
        if let Err(error) = serving
            .with_graceful_shutdown(stopping.cancelled_owned())
            .await
        {
            tracing::error!(%error, "the sandbox's server ended");
        }
    })
}

fn router(core: Arc<Core>) -> Router {
    Router::new()
        .route("/services/rest", any(rest::rest))
        .route("/services/rest/", any(rest::rest))
        .route("/services/upload", post(upload::upload))
        .route("/services/upload/", post(upload::upload))
        .route("/services/oauth/request_token", any(login::request_token))
        .route(
            "/services/oauth/authorize",
            get(login::ask).post(login::grant),
        )
        .route("/services/oauth/access_token", any(login::access_token))
        .route("/static/{server}/{file}", get(originals::size))
        .route(
            "/static/video/{id}/{secret}/orig.mp4",
            get(originals::video),
        )
        .route(
            "/photos/{nsid}/{id}/play/orig/{secret}/",
            get(originals::play),
        )
        .route("/photos/{nsid}/sets/{id}/", get(pages::set_alias))
        .route("/photos/{nsid}/{id}/", get(pages::photo_alias))
        .route("/sandbox/state", get(control::state))
        .route("/sandbox/calls", get(control::calls))
        .route(
            "/sandbox/account",
            get(control::account).post(control::set_account),
        )
        .route(
            "/sandbox/faults",
            get(control::faults)
                .post(control::set_faults)
                .delete(control::clear_faults),
        )
        .route("/", get(pages::stream))
        .route("/sets", get(pages::sets))
        .route("/sets/{id}", get(pages::set))
        .route("/photos/{id}", get(pages::photo))
        .route("/calls", get(pages::calls))
        .fallback(pages::nothing_here)
        // Uploads are as large as a video; each handler bounds what it keeps in memory.
        .layer(DefaultBodyLimit::disable())
        .layer(map_response_with_state(Arc::clone(&core), dated))
        .with_state(core)
}

/// An answer with the time by Flickr's clock.
async fn dated(State(core): State<Arc<Core>>, mut response: Response) -> Response {
    let now = Timestamp::from_second(core.now()).unwrap_or_default();
    let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(date) = HeaderValue::try_from(date) {
        response.headers_mut().insert(DATE, date);
    }
    response
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

    /// Comes back when the server ended by itself, which only a fault of the machine brings about.
    pub async fn finished(&mut self) {
        if let Some(server) = &mut self.server {
            let _ = server.await;
            self.server = None;
        }
    }

    /// Takes no more requests, lets those in flight end (for some seconds), and saves all.
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
