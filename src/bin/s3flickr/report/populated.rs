//! The result of `populate`: what was queued, how long it will take, and what to type next.

use s3flickr::model::forecast::Forecast;
use s3flickr::ops::populate::Summary;
use s3flickr::queue::{Counts, Rate};
use serde_json::{Value, json};

use crate::progress::{about, bytes, number, things};

/// A run of `populate`, and what its report needs to know beside it.
pub struct Populated<'a> {
    /// What came of it.
    pub summary: &'a Summary,
    /// The queue, as it was named or found.
    pub queue: &'a str,
    /// Whether nothing was queued.
    pub dry_run: bool,
    /// How many calls will be made.
    pub rate: Rate,
    /// The command that copies what is queued.
    pub next: String,
}

impl Populated<'_> {
    /// What is to be copied, with what was waiting before.
    pub fn forecast(&self) -> Forecast {
        Forecast {
            photos: self.summary.queued + self.waiting(),
            albums: self.summary.albums,
            calls: self.rate.calls,
            per: self.rate.per,
        }
    }

    fn waiting(&self) -> u64 {
        let open = |found: &Counts| found.waiting + found.in_flight + found.delayed;
        self.summary.found.as_ref().map_or(0, open)
    }

    /// The document for a program: the summary, and the forecast.
    pub fn document(&self) -> Value {
        let forecast = self.forecast();
        let mut document = json!(self.summary);
        document["waiting"] = json!(self.waiting());
        document["calls"] = json!(forecast.photos + forecast.album_calls());
        document["seconds"] = json!(forecast.uploading().map(|time| time.as_secs()));
        super::mark_dry_run(&mut document, self.dry_run);
        document
    }

    /// The text for a person.
    pub fn text(&self) -> String {
        let summary = self.summary;
        let photos = things(summary.queued, "photo");
        let size = bytes(summary.bytes);
        let albums = match summary.albums {
            0 => String::new(),
            n => format!(" in {}", things(n, "album")),
        };
        let mut lines = vec![match self.dry_run {
            true => format!("would queue {photos} ({size}){albums} on {}", self.queue),
            false => format!("queued {photos} ({size}){albums} on {}", self.queue),
        }];
        for (reason, n) in &summary.skipped {
            lines.push(format!("passed over {}: {reason}", number(*n)));
        }
        if summary.stopped {
            let stopped = "stopped before the end; run the same populate again for the rest";
            lines.push(stopped.to_owned());
        }
        if summary.again {
            lines.push(
                "this queue was populated before: for what was queued now, the workers look on \
                 Flickr before they upload"
                    .to_owned(),
            );
        }
        lines.extend(self.already_there());
        lines.extend(self.time());
        lines.extend(self.next_step());
        lines.join("\n")
    }

    fn already_there(&self) -> Option<String> {
        let found = self.summary.found.as_ref()?;
        let waiting = match self.waiting() {
            0 => "nothing".to_owned(),
            n => things(n, "photo"),
        };
        let failed = match found.failed {
            0 => String::new(),
            n => format!(", and {} failed", number(n)),
        };
        (self.waiting() + found.failed > 0)
            .then(|| format!("on the queue before: {waiting} to copy{failed}"))
    }

    fn time(&self) -> Option<String> {
        let forecast = self.forecast();
        let photos = things(forecast.photos, "photo");
        let albums = match forecast.album_calls() {
            0 => String::new(),
            calls => format!("; the albums take {} more", things(calls, "call")),
        };
        match (forecast.photos, forecast.uploading()) {
            (0, _) => None,
            (_, Some(time)) => Some(format!(
                "{photos}: {} at {}{albums}",
                about(time),
                rate_text(&self.rate)
            )),
            (_, None) => Some(format!(
                "{photos}: as fast as they can be sent, for calls are not limited{albums}"
            )),
        }
    }

    fn next_step(&self) -> Option<String> {
        match self.dry_run {
            _ if self.forecast().photos == 0 => None,
            true => Some("next: the same command without --dry-run".to_owned()),
            false => Some(format!("next: {}", self.next)),
        }
    }

    /// What is to be said where SQS would drop messages before their turn comes.
    pub fn too_long_for_sqs(&self) -> Option<String> {
        let dropped = self.forecast().dropped_by_sqs();
        let time = self.forecast().uploading()?;
        (dropped > 0 && !self.queue.starts_with("sqlite:")).then(|| {
            format!(
                "SQS keeps a message for 14 days, and this takes {}: {} would be dropped before \
                 their turn; queue a part at a time (--prefix), or use a SQLite queue",
                about(time),
                things(dropped, "photo")
            )
        })
    }
}

/// `3,600 calls an hour`, `60 calls in 10 s`.
fn rate_text(rate: &Rate) -> String {
    let calls = things(rate.calls.into(), "call");
    match rate.per.as_secs() {
        3600 => format!("{calls} an hour"),
        seconds => format!("{calls} in {seconds} s"),
    }
}
