//! Outages: each service that the workers speak to is away for a while, one after the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::super::proxy::Proxy;

/// How long all is well before the first outage and between two, as a part of an outage.
const BETWEEN: u32 = 2;

/// Whether some service is away now.
#[derive(Clone, Debug, Default)]
pub struct Away(Arc<AtomicBool>);

impl Away {
    /// Whether some service is away now.
    pub fn is_now(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Takes each service away once for this long; connections that are open break.
    pub async fn take_turns(self, services: Vec<Arc<Proxy>>, length: Duration) {
        for service in services {
            tokio::time::sleep(length / BETWEEN).await;
            self.0.store(true, Ordering::SeqCst);
            service.down().await;
            service.sever();
            tokio::time::sleep(length).await;
            service.up().await;
            self.0.store(false, Ordering::SeqCst);
        }
    }
}
