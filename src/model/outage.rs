//! [`Outage`]: a failure that may strike every photo, because a service is away.

use std::fmt;

use serde::{Serialize, Serializer};

use super::failure_class::FailureClass;

/// A service that a photo passes through on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Service {
    /// Flickr's upload servers.
    Uploads,
    /// Flickr's API.
    Calls,
    /// A store, by its URL.
    Source(String),
    /// The queue, by its location.
    Queue(String),
}

impl Serialize for Service {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Service {
    /// Whether it is the queue, which hands the photos out and is not on their way.
    pub fn is_queue(&self) -> bool {
        matches!(self, Service::Queue(_))
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Service::Uploads | Service::Calls => f.write_str("Flickr"),
            Service::Source(url) => f.write_str(url),
            Service::Queue(location) => write!(f, "queue {location}"),
        }
    }
}

/// An attempt failed in a way that a service which is away would make every photo fail: no
/// connection, a 5xx, a page in place of an answer. The photo may be to blame all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    /// The service that failed.
    pub service: Service,
    /// The failure's class, if the photo turns out to be to blame.
    pub class: FailureClass,
    /// Whether the service answers and forbids it: waiting mends that only where somebody just
    /// allowed it, and the word of that is still on its way.
    pub is_denial: bool,
    /// What was seen, in a few words, such as `HTTP 503`.
    pub way: String,
    /// The whole message, for the failed queue.
    pub reason: String,
}

impl Outage {
    /// The same, of this store if it was a store that failed: an error does not name it.
    pub fn at_source(&mut self, source: Service) -> &Outage {
        if let Service::Source(_) = self.service {
            self.service = source;
        }
        self
    }
}
