//! A Flickr account as a target: the one place between a store's ideas and the client of Flickr.
//!
//! A file is a photo with machine tags of ours, by which it is found again. Before a photo is
//! uploaded that may be there already, the account is searched (`prior_uploads`); Flickr is always
//! asked to refuse bytes that it has (`duplicate`).

mod duplicate;
mod errors;
mod preflight;
mod prior_uploads;
mod write;

use std::time::Duration;

use async_trait::async_trait;

use self::errors::from_flickr;
pub use self::preflight::shortage;
use self::prior_uploads::PriorUploads;
use self::write::Upload;
use super::{Content, Error, Owner, PriorAttempt, Put, Slot, Write};
use crate::flickr::Client;
pub(super) use crate::flickr::Permit;
use crate::model::breaker::Proof;
use crate::model::flickr::privacy::Privacy;
use crate::model::outage::Service;

/// How to write to an account.
#[derive(Clone)]
pub struct FlickrOptions {
    /// The account.
    pub client: Client,
    /// Who may see the photos.
    pub privacy: Privacy,
    /// How long Flickr may need to know of a photo that it took, or to forget one.
    pub lag: Duration,
}

/// An account that photos are written to.
pub(super) struct Flickr {
    client: Client,
    privacy: Privacy,
    lag: Duration,
    /// What listings of the account showed.
    uploads: PriorUploads,
}

impl Flickr {
    pub(super) fn new(options: FlickrOptions) -> Flickr {
        Flickr {
            uploads: PriorUploads::new(&options.client),
            client: options.client,
            privacy: options.privacy,
            lag: options.lag,
        }
    }

    /// Waits for the call that an upload costs.
    async fn permit(&self) -> Result<Permit, Error> {
        let permit = self.client.budget().take_upload().await;
        permit.map_err(from_flickr)
    }
}

#[async_trait]
impl Write for Flickr {
    async fn owner(&self) -> Result<Owner, Error> {
        let user = self.client.user().await.map_err(from_flickr)?;
        Ok(Owner {
            id: user.nsid.clone(),
            name: user.name.clone(),
        })
    }

    async fn has_files(&self) -> Result<bool, Error> {
        preflight::has_photos(&self.client).await
    }

    async fn preflight(&self, queued: u64) -> Result<Vec<String>, Error> {
        preflight::preflight(&self.client, self.privacy, queued).await
    }

    async fn slot(&self) -> Result<Slot, Error> {
        self.permit().await.map(Slot::from_flickr)
    }

    async fn put(
        &self,
        slot: Option<Slot>,
        content: &Content,
        prior: Option<PriorAttempt>,
    ) -> Result<Put, Error> {
        let permit = slot.and_then(Slot::into_flickr);
        Upload::new(self, content, prior).run(permit).await
    }

    async fn answers(&self, service: &Service, proof: Proof) -> bool {
        match (service, proof) {
            (Service::Uploads, Proof::SameDoor) => {
                self.client.probe_uploads().await.unwrap_or(false)
            }
            (Service::Uploads | Service::Calls, _) => self.client.whoami().await.is_ok(),
            (Service::Source(_) | Service::Queue(_), _) => false,
        }
    }

    fn paused_for(&self) -> Option<Duration> {
        self.client.budget().paused_for()
    }

    fn seconds_ahead(&self) -> i64 {
        self.client.seconds_ahead()
    }

    fn now(&self) -> i64 {
        self.client.now()
    }
}
