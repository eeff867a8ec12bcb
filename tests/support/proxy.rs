//! A TCP proxy on loopback that stands before a server and fails in chosen ways.
//!
//! It knows nothing of HTTP: a fault is told by bytes, and a client may send many requests over
//! one connection. The faults are those of real networks: a connection that is cut, reset,
//! silent or refused.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio_util::task::AbortOnDropHandle;

/// What becomes of one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing is done to it.
    Pass,
    /// The fault strikes after this number of bytes in this direction.
    Fail(Way, u64, Fault),
}

/// Which bytes of a connection are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Those that the server sends.
    ToClient,
    /// Those that the client sends.
    ToServer,
}

/// How a connection fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It ends as if all had been sent (FIN).
    Cut,
    /// It breaks (RST).
    Reset,
    /// No byte passes this way until [`Proxy::release`].
    Stall,
}

impl Action {
    /// The server's answer ends after `bytes`. 0: the server has the whole request, and the
    /// client hears nothing.
    pub fn cut_after(bytes: u64) -> Action {
        Action::Fail(Way::ToClient, bytes, Fault::Cut)
    }

    /// The connection is reset after `bytes` of the server's answer.
    pub fn reset_after(bytes: u64) -> Action {
        Action::Fail(Way::ToClient, bytes, Fault::Reset)
    }

    /// The server's answer is held up after `bytes`, until [`Proxy::release`].
    pub fn stall_after(bytes: u64) -> Action {
        Action::Fail(Way::ToClient, bytes, Fault::Stall)
    }
}

/// The bytes that have passed until now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections that were taken.
    pub connections: usize,
    /// Bytes that the server sent and the client was given.
    pub to_client_bytes: u64,
    /// Bytes that the client sent and the server was given.
    pub to_server_bytes: u64,
}

/// A proxy before one server. It ends, and all its connections with it, when it is dropped.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Mutex<Option<AbortOnDropHandle<()>>>,
}

impl Proxy {
    /// A proxy before `target`: `HOST:PORT`, or a URL of nothing but that.
    pub async fn start(target: &str) -> Proxy {
        let target = target.strip_prefix("http://").unwrap_or(target);
        let shared = Arc::new(Shared::new(target.trim_end_matches('/')));
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a port on loopback");
        let address = listener.local_addr().expect("the address just bound");
        let accepting = Mutex::new(Some(accept(listener, Arc::clone(&shared))));
        Proxy {
            address,
            shared,
            accepting,
        }
    }

    /// Where clients find it.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same as `http://HOST:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What becomes of the next connections, one action each, in the order in which they come.
    pub fn script(&self, actions: Vec<Action>) {
        self.shared.script.lock().extend(actions);
    }

    /// What becomes of the connections after the script; at first they pass.
    pub fn otherwise(&self, action: Action) {
        *self.shared.otherwise.lock() = action;
    }

    /// Lets stalled connections go on, and those that were taken but have not stalled yet.
    pub fn release(&self) {
        self.shared.released.send_modify(|times| *times += 1);
    }

    /// Resets every open connection now.
    pub fn sever(&self) {
        self.shared.severed.send_modify(|times| *times += 1);
    }

    /// Refuses new connections until [`Proxy::up`]; those that are open stay.
    pub async fn down(&self) {
        let accepting = self.accepting.lock().take();
        if let Some(task) = accepting {
            task.abort();
            // Its end closes the listener.
            let _ = task.await;
        }
    }

    /// Takes connections again, at the same address.
    pub async fn up(&self) {
        let listener = loop {
            match TcpListener::bind(self.address).await {
                Ok(listener) => break listener,
                // Some other socket of this machine has the port for a moment.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        };
        let task = accept(listener, Arc::clone(&self.shared));
        *self.accepting.lock() = Some(task);
    }

    /// The bytes that have passed until now.
    pub fn counts(&self) -> Counts {
        Counts {
            connections: self.shared.connections.load(Ordering::SeqCst),
            to_client_bytes: self.shared.to_client_bytes.load(Ordering::SeqCst),
            to_server_bytes: self.shared.to_server_bytes.load(Ordering::SeqCst),
        }
    }

    /// Waits until `condition` holds of the counts.
    pub async fn until(&self, condition: impl Fn(Counts) -> bool) {
        loop {
            let changed = self.shared.changed.notified();
            tokio::pin!(changed);
            // From here on a change is not missed.
            changed.as_mut().enable();
            if condition(self.counts()) {
                return;
            }
            changed.await;
        }
    }
}

/// What the connections of a proxy have in common.
struct Shared {
    target: String,
    script: Mutex<VecDeque<Action>>,
    otherwise: Mutex<Action>,
    released: watch::Sender<usize>,
    severed: watch::Sender<usize>,
    connections: AtomicUsize,
    to_client_bytes: AtomicU64,
    to_server_bytes: AtomicU64,
    changed: Notify,
}

impl Shared {
    fn new(target: &str) -> Shared {
        Shared {
            target: target.to_owned(),
            script: Mutex::default(),
            otherwise: Mutex::new(Action::Pass),
            released: watch::Sender::new(0),
            severed: watch::Sender::new(0),
            connections: AtomicUsize::new(0),
            to_client_bytes: AtomicU64::new(0),
            to_server_bytes: AtomicU64::new(0),
            changed: Notify::new(),
        }
    }

    /// The action of the connection that has just come.
    fn next_action(&self) -> Action {
        let scripted = self.script.lock().pop_front();
        scripted.unwrap_or_else(|| *self.otherwise.lock())
    }

    fn count(&self, way: Way, bytes: u64) {
        match way {
            Way::ToClient => self.to_client_bytes.fetch_add(bytes, Ordering::SeqCst),
            Way::ToServer => self.to_server_bytes.fetch_add(bytes, Ordering::SeqCst),
        };
        self.changed.notify_waiters();
    }
}

/// Takes connections until the task is aborted; those that were taken live on.
fn accept(listener: TcpListener, shared: Arc<Shared>) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            // Before it is counted, so that a test that saw the count can sever or release it.
            let signals = Signals {
                severed: shared.severed.subscribe(),
                released: shared.released.subscribe(),
            };
            let action = shared.next_action();
            shared.connections.fetch_add(1, Ordering::SeqCst);
            shared.changed.notify_waiters();
            tokio::spawn(relay(client, action, signals, Arc::clone(&shared)));
        }
    }))
}

/// What one connection hears from the proxy's owner.
struct Signals {
    severed: watch::Receiver<usize>,
    released: watch::Receiver<usize>,
}

/// Carries one connection to its end.
async fn relay(mut client: TcpStream, action: Action, signals: Signals, shared: Arc<Shared>) {
    let Signals {
        mut severed,
        released,
    } = signals;
    let ended = tokio::select! {
        ended = both_ways(&mut client, action, released, &shared) => ended,
        _ = severed.changed() => Err(Fault::Reset),
    };
    if ended == Err(Fault::Cut) {
        // A socket closed with bytes unread is reset, not ended: read what the client still sends.
        let _ = client.shutdown().await;
        let mut unread = tokio::io::sink();
        tokio::select! {
            _ = tokio::io::copy(&mut client, &mut unread) => {}
            _ = severed.changed() => {}
        }
    } else if ended.is_err() {
        let _ = client.set_zero_linger();
    }
}

/// Passes bytes both ways until both ends are done or the connection fails.
async fn both_ways(
    client: &mut TcpStream,
    action: Action,
    released: watch::Receiver<usize>,
    shared: &Shared,
) -> Result<(), Fault> {
    let server = TcpStream::connect(&shared.target).await;
    let mut server = server.map_err(|_| Fault::Reset)?;
    let (client_read, client_write) = client.split();
    let (server_read, server_write) = server.split();
    let one_way = |way| Passage {
        way,
        limit: match action {
            Action::Fail(on, bytes, fault) if on == way => Some((bytes, fault)),
            _ => None,
        },
        released: released.clone(),
        shared,
    };
    tokio::try_join!(
        one_way(Way::ToServer).pass(client_read, server_write),
        one_way(Way::ToClient).pass(server_read, client_write),
    )?;
    Ok(())
}

/// One way of one connection.
struct Passage<'a> {
    way: Way,
    /// How many bytes may yet pass, and what happens when one more would.
    limit: Option<(u64, Fault)>,
    released: watch::Receiver<usize>,
    shared: &'a Shared,
}

impl Passage<'_> {
    async fn pass(mut self, mut from: ReadHalf<'_>, mut to: WriteHalf<'_>) -> Result<(), Fault> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = from.read(&mut buffer).await.map_err(|_| Fault::Reset)?;
            if read == 0 {
                return to.shutdown().await.map_err(|_| Fault::Reset);
            }
            let mut bytes = &buffer[..read];
            if let Some((left, fault)) = self.limit {
                let allowed = left.min(read as u64);
                let (before, after) = bytes.split_at(allowed as usize);
                self.write(&mut to, before).await?;
                self.limit = Some((left - allowed, fault));
                if after.is_empty() {
                    continue;
                }
                self.fail(fault).await?;
                bytes = after;
            }
            self.write(&mut to, bytes).await?;
        }
    }

    async fn write(&self, to: &mut WriteHalf<'_>, bytes: &[u8]) -> Result<(), Fault> {
        to.write_all(bytes).await.map_err(|_| Fault::Reset)?;
        self.shared.count(self.way, bytes.len() as u64);
        Ok(())
    }

    /// Ends the connection, or holds it until it is released.
    async fn fail(&mut self, fault: Fault) -> Result<(), Fault> {
        if fault != Fault::Stall {
            return Err(fault);
        }
        // Its sender lives as long as the proxy's connections do.
        let _ = self.released.changed().await;
        self.limit = None;
        Ok(())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.sever();
    }
}
