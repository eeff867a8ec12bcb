//! The transfer of ONE photo: from its store to Flickr, looking first where it may be there.

use std::sync::Arc;
use std::time::Duration;

use super::body::{Verdict, checked, taken};
use super::content::{self, Content};
use super::duplicate::{Meaning, Twin, meaning};
use super::lane_stats::Activity;
use super::outage;
use super::prior_uploads::{Look, Prior, Uploads};
use super::throttle::Bandwidth;
use crate::flickr::{self, Client, Permit, Rights, Upload, Visibility};
use crate::model::flickr::name::title;
use crate::model::flickr::tags::{Origin, checksum_tag};
use crate::model::outcome::{Class, Outcome};
use crate::model::{Job, Key};
use crate::store::{self, Store};

/// How one attempt ended, and what it learned.
#[derive(Debug)]
pub struct Attempt {
    /// How it ended.
    pub outcome: Outcome,
    /// The job, with the size and version that the file has now.
    pub job: Job,
    /// When the upload began, in seconds since 1970 by Flickr's clock; `None` where nothing was
    /// sent, or Flickr said that it took nothing.
    pub began: Option<i64>,
}

/// The services that a transfer uses.
#[derive(Clone, Copy)]
pub struct Services<'a> {
    /// The account.
    pub flickr: &'a Client,
    /// What listings of it showed.
    pub uploads: &'a Uploads,
    /// Who may see the photos.
    pub visibility: Visibility,
    /// How fast their bytes may pass.
    pub bandwidth: &'a Bandwidth,
    /// Where those are counted.
    pub activity: &'a Arc<Activity>,
    /// How long Flickr may need to know of a photo that it took, or to forget one.
    pub lag: Duration,
}

/// Copies a job's file to Flickr. Takes the permit only when it uploads.
///
/// With a `look`, an earlier attempt may have succeeded: the account is searched first. Flickr is
/// always asked to refuse bytes that it has: a queue may hand one message to two workers at the
/// same time, and neither can know. That costs no call unless the bytes are there.
pub async fn transfer(
    source: &Store,
    to: Services<'_>,
    job: Job,
    look: Option<Look>,
    permit: &mut Option<Permit>,
) -> Attempt {
    let mut attempt = Attempt {
        outcome: Outcome::Abandoned,
        job,
        began: None,
    };
    let (listed_size, listed_etag) = (attempt.job.size, attempt.job.etag.clone());
    attempt.outcome = match attempt.run(source, to, look, permit).await {
        Ok(outcome) | Err(outcome) => outcome,
    };
    // An answer whose bytes did not all arrive may have lied about the file: the next attempt must
    // not hold the truth against it.
    if !attempt.outcome.may_be_on_flickr() {
        (attempt.job.size, attempt.job.etag) = (listed_size, listed_etag);
    }
    attempt
}

impl Attempt {
    /// An `Err` is an outcome too: one that leaves the path early.
    async fn run(
        &mut self,
        source: &Store,
        to: Services<'_>,
        look: Option<Look>,
        permit: &mut Option<Permit>,
    ) -> Result<Outcome, Outcome> {
        if look.is_some() {
            // A look may have to wait, and its listing needs a call itself: another lane may have this one.
            drop(permit.take());
        }
        let prior = find(to, &Origin::of_job(&self.job), look).await?;
        if let Prior::Photo(photo) = prior {
            return Ok(Outcome::AlreadyThere(photo));
        }
        let (content, origin) = self.open(source).await?;
        if matches!(prior, Prior::Unsure(_))
            && let Prior::Photo(photo) = find(to, &origin, look).await?
        {
            return Ok(Outcome::AlreadyThere(photo));
        }
        let twin = match self.upload(to, (content, &origin), true, permit).await? {
            Answer::Photo(photo) => return Ok(Outcome::Uploaded(photo)),
            Answer::Duplicate(twin) => twin,
        };
        match meaning(to, &origin, twin, self.job.attempts == 0).await? {
            Meaning::There(photo) => Ok(Outcome::AlreadyThere(photo)),
            // Another file has the same bytes: two files are two photos.
            Meaning::Missing => {
                // The wait for it may be long, and no reading outlasts that.
                *permit = Some(to.flickr.budget().take_upload().await.map_err(of_flickr)?);
                let (content, origin) = self.open(source).await?;
                match self.upload(to, (content, &origin), false, permit).await? {
                    Answer::Photo(photo) => Ok(Outcome::Uploaded(photo)),
                    Answer::Duplicate(_) => Err(Outcome::Failed(
                        Class::Transient,
                        "Flickr refused a duplicate that it was not asked about".to_owned(),
                    )),
                }
            }
        }
    }

    /// Opens the file. It is taken as it is now; its tags say which version that is.
    async fn open(&mut self, source: &Store) -> Result<(Content, Origin), Outcome> {
        let content = content::open(source, &self.job).await.map_err(of_store)?;
        if content.size == 0 {
            return Err(Outcome::Failed(
                Class::Refused,
                "the file is empty".to_owned(),
            ));
        }
        self.job.size = content.size;
        self.job.etag.clone_from(&content.etag);
        let origin = Origin {
            checksum: content
                .digest
                .as_ref()
                .and_then(checksum_tag)
                .unwrap_or_default(),
            ..Origin::of_job(&self.job)
        };
        Ok((content, origin))
    }

    async fn upload(
        &mut self,
        to: Services<'_>,
        (content, origin): (Content, &Origin),
        dedup_check: bool,
        permit: &mut Option<Permit>,
    ) -> Result<Answer, Outcome> {
        let length = content.size;
        let (body, verdict) = checked(content, to.activity);
        let upload = Upload {
            title: title(&self.job.key),
            tags: origin.tags(),
            visibility: to.visibility,
            file_name: file_name(&self.job.key),
            dedup_check,
            length,
            body: to.bandwidth.pace(body),
        };
        let permit = match permit.take().filter(Permit::is_fresh) {
            Some(permit) => permit,
            None => to.flickr.budget().take_upload().await.map_err(of_flickr)?,
        };
        self.began = Some(to.flickr.now());
        match to.flickr.upload(permit, upload).await {
            Ok(photo) => Ok(Answer::Photo(photo)),
            Err(flickr::Error::Duplicate { photo_id, deleted }) => {
                Ok(Answer::Duplicate(Twin { photo_id, deleted }))
            }
            Err(error) => {
                if matches!(
                    &error,
                    flickr::Error::Throttled {
                        may_be_done: false,
                        ..
                    }
                ) {
                    self.began = None;
                }
                Err(of_refusal(to.flickr, error, &verdict).await)
            }
        }
    }
}

/// The photo that an earlier attempt left, where one has to be looked for.
async fn find(to: Services<'_>, origin: &Origin, look: Option<Look>) -> Result<Prior, Outcome> {
    match look {
        Some(look) => to.uploads.find(origin, look).await.map_err(of_flickr),
        None => Ok(Prior::Missing),
    }
}

enum Answer {
    Photo(String),
    Duplicate(Twin),
}

/// Flickr judges a file partly by its name's extension; the rest of the name is not kept, and
/// plain ASCII keeps every multipart reader happy.
fn file_name(key: &Key) -> String {
    let extension = key.extension().filter(|extension| extension.is_ascii());
    format!("photo.{}", extension.as_deref().unwrap_or("jpg"))
}

/// What an upload's failure means. What blames the key, the token or the secret may be about this
/// one call: an odd title spoils a signature. All of them end only where a plain call is refused too.
async fn of_refusal(flickr: &Client, error: flickr::Error, verdict: &Verdict) -> Outcome {
    use flickr::Error;
    let (plain, what) = match &error {
        Error::Signature => (flickr.login().await.map(drop), "signature_invalid"),
        Error::TokenRevoked { message } | Error::KeyDisabled { message } => {
            (flickr.login().await.map(drop), message.as_str())
        }
        Error::Rights { message } => match flickr.rights().await {
            Ok(rights) if rights < Rights::Write => return of_flickr(error),
            rights => (rights.map(drop), message.as_str()),
        },
        _ => return of_upload(error, verdict),
    };
    match plain {
        Ok(()) => Outcome::Failed(
            Class::Transient,
            format!(
                "Flickr refuses this upload ({what}) though it takes other calls: the file's name may be why"
            ),
        ),
        Err(refused) => of_flickr(refused),
    }
}

fn of_store(error: store::Error) -> Outcome {
    use store::Error;
    let class = match &error {
        error if error.strikes_every_file() => return Outcome::StopEverything(error.to_string()),
        Error::NotFound(_) => Class::Gone,
        Error::Archived(_)
        | Error::Location(_)
        | Error::Inventory { .. }
        | Error::Listing { .. }
        | Error::NotAFile(_) => Class::Refused,
        Error::Outside(_) => Class::Forbidden,
        Error::Changed(_) => Class::Transient,
        // S3 denies one object, or all of them; a disk or a network fails once, or for a while.
        _ => return outage::of_store(&error),
    };
    Outcome::Failed(class, error.to_string())
}

fn of_upload(error: flickr::Error, verdict: &Verdict) -> Outcome {
    match (error, taken(verdict)) {
        (flickr::Error::Source { .. }, Some(cause)) => of_store(cause),
        (error, _) => outage::at_upload(of_flickr(error)),
    }
}

pub(super) fn of_flickr(error: flickr::Error) -> Outcome {
    use flickr::Error;
    match error {
        Error::Throttled { .. } => Outcome::Throttled,
        Error::Draining => Outcome::Abandoned,
        Error::Refused { .. } => Outcome::Failed(Class::Refused, told(&error)),
        Error::NotSafe => Outcome::StopEverything(told(&error)),
        error if error.stops_everything() => Outcome::StopEverything(told(&error)),
        error => outage::of_flickr(&error, told(&error)),
    }
}

/// The message with its causes, as a person reads it on the failed queue.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_name_is_plain_but_for_the_true_extension() {
        let name = |path: &str| file_name(&Key::new(path).unwrap());
        assert_eq!(name("Café, été/IMG \"1\".JPeG"), "photo.jpeg");
        assert_eq!(name("a.m2ts"), "photo.m2ts");
    }
}
