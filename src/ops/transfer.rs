//! The transfer of ONE photo: from its store to Flickr, looking first where it may be there.

use std::sync::Arc;
use std::time::SystemTime;

use super::activity::Activity;
use super::bandwidth::Bandwidth;
use super::body::{Verdict, checked, taken};
use super::content;
use super::looking::{Look, Uploads};
use super::outage;
use crate::flickr::{self, Client, Permit, Upload, Visibility};
use crate::model::name::{Origin, title};
use crate::model::retry::{Class, Outcome};
use crate::model::{Job, Key};
use crate::store::{self, Store};

/// How often a photo that Flickr names but does not know yet is asked for.
const ASKS_FOR_A_FRESH_PHOTO: u32 = 3;

/// How one attempt ended, and what it learned.
#[derive(Debug)]
pub struct Attempt {
    /// How it ended.
    pub outcome: Outcome,
    /// The job, with the size and version that the file has now.
    pub job: Job,
    /// When the upload began; `None` where nothing was sent.
    pub began: Option<SystemTime>,
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
    attempt.outcome = match attempt.run(source, to, look, permit).await {
        Ok(outcome) | Err(outcome) => outcome,
    };
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
        let origin = Origin::of_job(&self.job);
        if let Some(look) = look
            && let Some(photo) = to.uploads.find(&origin, look).await.map_err(of_flickr)?
        {
            return Ok(Outcome::AlreadyThere(photo));
        }
        match self.upload(source, to, true, permit).await? {
            Answer::Photo(photo) => Ok(Outcome::Uploaded(photo)),
            Answer::Duplicate(Some(photo))
                if is_copy_of(to.flickr, &photo, &self.job.key).await? =>
            {
                Ok(Outcome::AlreadyThere(photo))
            }
            // Another file has the same bytes: two files are two photos.
            Answer::Duplicate(_) => {
                *permit = Some(to.flickr.budget().take_upload().await.map_err(of_flickr)?);
                match self.upload(source, to, false, permit).await? {
                    Answer::Photo(photo) => Ok(Outcome::Uploaded(photo)),
                    Answer::Duplicate(_) => Err(Outcome::Failed(
                        Class::Transient,
                        "Flickr refused a duplicate that it was not asked about".to_owned(),
                    )),
                }
            }
        }
    }

    async fn upload(
        &mut self,
        source: &Store,
        to: Services<'_>,
        dedup_check: bool,
        permit: &mut Option<Permit>,
    ) -> Result<Answer, Outcome> {
        let content = content::open(source, &self.job).await.map_err(of_store)?;
        if content.size == 0 {
            return Err(Outcome::Failed(
                Class::Refused,
                "the file is empty".to_owned(),
            ));
        }
        // The file is taken as it is now; its tags say which version that is.
        self.job.size = content.size;
        self.job.etag.clone_from(&content.etag);
        let length = content.size;
        let (body, verdict) = checked(content, to.activity);
        let upload = Upload {
            title: title(&self.job.key),
            tags: Origin::of_job(&self.job).tags(),
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
        self.began = Some(SystemTime::now());
        match to.flickr.upload(permit, upload).await {
            Ok(photo) => Ok(Answer::Photo(photo)),
            Err(flickr::Error::Duplicate { photo_id }) => Ok(Answer::Duplicate(photo_id)),
            Err(error) => Err(of_upload(error, &verdict)),
        }
    }
}

enum Answer {
    Photo(String),
    Duplicate(Option<String>),
}

/// Flickr judges a file partly by its name's extension; the rest of the name is not kept, and
/// plain ASCII keeps every multipart reader happy.
fn file_name(key: &Key) -> String {
    let extension = key.extension().filter(|extension| extension.is_ascii());
    format!("photo.{}", extension.as_deref().unwrap_or("jpg"))
}

/// Whether the photo that Flickr says has the same bytes is a copy of the same file.
async fn is_copy_of(flickr: &Client, photo: &str, key: &Key) -> Result<bool, Outcome> {
    let mut asked = 0;
    loop {
        asked += 1;
        match flickr.photo(photo).await {
            Ok(found) => {
                return Ok(Origin::of_tags(&found.machine_tags).is_some_and(|o| o.key == *key));
            }
            // A fresh photo is unknown for a while.
            Err(flickr::Error::NotFound { .. }) if asked < ASKS_FOR_A_FRESH_PHOTO => {}
            Err(error) => return Err(of_flickr(error)),
        }
    }
}

fn of_store(error: store::Error) -> Outcome {
    use store::Error;
    let class = match &error {
        error if error.strikes_every_file() => return Outcome::StopEverything(error.to_string()),
        Error::NotFound(_) => Class::Gone,
        Error::Archived(_) | Error::Location(_) | Error::Inventory { .. } => Class::Refused,
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

fn of_flickr(error: flickr::Error) -> Outcome {
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
