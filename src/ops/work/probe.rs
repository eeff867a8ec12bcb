//! Whether a service that fails for one photo answers another request: then the photo is to blame.

use std::time::Duration;

use futures_util::StreamExt;

use crate::model::breaker::Proof;
use crate::model::outage::Service;
use crate::model::{Job, Scheme};
use crate::store::{self, Globs, Source, Target};

/// A folder that does not answer for so long is away: a network disk, say.
const DISK: Duration = Duration::from_secs(10);

/// Whether the service gives the proof. Costs one call to the target, or one request to S3.
pub(super) async fn answers(
    service: &Service,
    proof: Proof,
    target: &Target,
    source: &Source,
    job: &Job,
) -> bool {
    match (service, proof) {
        (Service::Uploads | Service::Calls, _) => target.answers(service, proof).await,
        (Service::Source(_), _) => reads(source, job).await,
        (Service::Queue(_), _) => false,
    }
}

async fn reads(source: &Source, job: &Job) -> bool {
    if source.location().scheme() == Scheme::File {
        let root = tokio::fs::metadata(source.location().root());
        return matches!(tokio::time::timeout(DISK, root).await, Ok(Ok(_)));
    }
    // A listing of what begins with the key: one key, or none.
    let page = source
        .list(job.key.as_str(), &Globs::default())
        .next()
        .await;
    // Those who may read a bucket need not be allowed to list it, and a list that cannot be
    // trusted is an answer too.
    use store::Error;
    matches!(
        page,
        Some(Ok(_) | Err(Error::Denied { .. } | Error::Listing { .. }))
    )
}
