//! What an operation's result looks like: as a JSON document, and as text for a person.

mod populated;

use std::borrow::Cow;

use s3flickr::ops::sets::SetsSummary;
use s3flickr::ops::work::StopReason;
use s3flickr::ops::{failed, work};
use s3flickr::printable::printable;
use serde::Serialize;
use serde_json::{Value, json};

pub use self::populated::Populated;
use crate::progress::{bytes, span};

/// The result of `work`.
pub fn worked(summary: &work::Summary) -> String {
    let tally = &summary.tally;
    let mut text = format!(
        "uploaded {} photos ({}) in {}",
        tally.uploaded,
        bytes(tally.bytes),
        span(summary.elapsed)
    );
    let others = [
        (
            tally.videos,
            "of them are videos, which Flickr still processes: it may refuse one yet, so look at them there",
        ),
        (tally.already_there, "were on Flickr already"),
        (tally.retried, "attempts failed and were put back"),
        (tally.failed, "photos failed: see `s3flickr failed list`"),
    ];
    for (n, what) in others.iter().filter(|(n, _)| *n > 0) {
        text.push_str(&format!("\n{n} {what}"));
    }
    text.push_str(match &summary.stopped {
        StopReason::Drained => "\nthe queue is empty",
        StopReason::Signal => "\nstopped; start it again to go on",
        StopReason::Fatal(_) => "\nstopped before the end; nothing is lost",
    });
    text
}

/// The result of `assign-sets`.
pub fn assigned(summary: &SetsSummary, dry_run: bool) -> (Value, String) {
    let duplicates: usize = summary.plan.duplicates.iter().map(|d| d.later.len()).sum();
    let mut document = json!({
        "sets_created": summary.sets_created,
        "sets_updated": summary.sets_updated,
        "photos_added": summary.photos_added,
        "calls": summary.calls,
        "duplicates": duplicates,
        "refused": summary.refused.len(),
        "from_titles": summary.from_titles,
        "ordered": summary.ordered,
    });
    mark_dry_run(&mut document, dry_run);
    let mut text = if dry_run {
        summary.plan.to_string()
    } else {
        format!(
            "{} albums created, {} updated, {} photos added, with {} calls to Flickr",
            summary.sets_created, summary.sets_updated, summary.photos_added, summary.calls
        )
    };
    if summary.from_titles > 0 {
        let photos = summary.from_titles;
        text.push_str(&format!(
            "\n{photos} photos were recognised by their titles alone"
        ));
    }
    for duplicate in &summary.plan.duplicates {
        let later = duplicate.later.join(", ");
        text.push_str(&format!(
            "\nduplicate: {} is photo {}; later copies: {later}",
            printable(duplicate.key.as_str()),
            duplicate.keep
        ));
    }
    match summary.duplicates_deleted {
        0 if duplicates > 0 => {
            text.push_str("\nto delete the later copies, add --delete-duplicates")
        }
        0 => {}
        n => text.push_str(&format!("\n{n} later copies deleted")),
    }
    if !summary.plan.shared_titles.is_empty() {
        text.push_str(&format!(
            "\n{} albums exist more than once; run `s3flickr merge-sets` to merge them",
            summary.plan.shared_titles.len()
        ));
    }
    text.push_str(&left_alone(summary, dry_run));
    (document, text)
}

/// Says in a document that nothing was done.
fn mark_dry_run(document: &mut Value, dry_run: bool) {
    if dry_run {
        document["dry_run"] = json!(true);
    }
}

/// The sets that were not made or not changed, one a line (a plan tells them itself), and whether it came
/// to its end.
fn left_alone(summary: &SetsSummary, dry_run: bool) -> String {
    let mut text = String::new();
    let told: &[_] = if dry_run { &[] } else { &summary.refused };
    if !told.is_empty() {
        text.push_str(&format!("\n{} refused:", told.len()));
    }
    for left in told {
        text.push_str(&format!("\n  {:?}: {}", left.title, printable(&left.why)));
    }
    for title in &summary.plan.kept_apart {
        text.push_str(&format!(
            "\nseveral folders have an album titled {title:?}: these are kept apart"
        ));
    }
    if summary.stopped {
        text.push_str("\nstopped; run it again for the rest");
    }
    text
}

/// The result of `merge-sets`.
pub fn merged(summary: &SetsSummary, dry_run: bool) -> (Value, String) {
    let mut document = json!({
        "titles_merged": summary.titles_merged,
        "sets_deleted": summary.sets_deleted,
        "photos_moved": summary.photos_added,
        "calls": summary.calls,
        "refused": summary.refused.len(),
    });
    mark_dry_run(&mut document, dry_run);
    let mut text = if dry_run {
        summary.plan.to_string()
    } else {
        format!(
            "{} titles merged, {} albums deleted, {} photos moved, with {} calls to Flickr",
            summary.titles_merged, summary.sets_deleted, summary.photos_added, summary.calls
        )
    };
    text.push_str(&left_alone(summary, dry_run));
    (document, text)
}

/// The failed jobs as a table for a person.
pub fn failures(entries: &[failed::Entry]) -> String {
    if entries.is_empty() {
        return "nothing failed".to_owned();
    }
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["url", "class", "attempts", "reason"]);
    for entry in entries {
        let (class, attempts) = (entry.class.name(), entry.attempts.to_string());
        let cells = [&entry.url, class, &attempts, &entry.reason];
        table.add_row(cells.map(|cell| printable(cell).into_owned()));
    }
    table.trim_fmt()
}

/// The failed jobs as CSV.
pub fn failures_csv(entries: &[failed::Entry]) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["url", "class", "attempts", "reason"])?;
    for entry in entries {
        let attempts = entry.attempts.to_string();
        let cells = [&entry.url, entry.class.name(), &attempts, &entry.reason];
        writer.write_record(cells.map(|cell| inert(cell).into_owned()))?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?
        .trim_end()
        .to_owned())
}

/// A cell that no spreadsheet takes for a formula: keys and reasons are other people's words. A
/// quote before it makes it text, as OWASP says ("CSV Injection").
fn inert(cell: &str) -> Cow<'_, str> {
    const BEGIN: [char; 11] = [
        '=', '+', '-', '@', '\t', '\r', '\n', '\u{FF1D}', '\u{FF0B}', '\u{FF0D}', '\u{FF20}',
    ];
    match cell.starts_with(BEGIN) {
        true => format!("'{cell}").into(),
        false => cell.into(),
    }
}

/// The counts of a queue as a table for a person.
pub fn status(status: &s3flickr::ops::status::Status) -> String {
    let rows = [
        ("total", status.total),
        ("done", status.done),
        ("waiting", status.waiting),
        ("in flight", status.in_flight),
        ("delayed", status.delayed),
        ("failed", status.failed),
        ("missing", status.missing),
    ];
    let mut text = status.queue.clone();
    if let Some(nsid) = &status.account {
        let name = status.account_name.as_deref().unwrap_or_default();
        text.push_str(&format!("\nfor the Flickr account {name} ({nsid})"));
    }
    for (name, n) in rows {
        text.push_str(&format!("\n{name:<10}{n:>10}"));
    }
    for line in status.advice() {
        text.push_str(&format!("\n{line}"));
    }
    text
}

/// A result that is its own document.
pub fn document(value: &impl Serialize) -> anyhow::Result<Value> {
    Ok(serde_json::to_value(value)?)
}
