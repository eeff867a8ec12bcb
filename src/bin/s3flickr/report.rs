//! What an operation's result looks like: as a JSON document, and as text for a person.

mod populated;

use std::borrow::Cow;

use s3flickr::model::flickr::set_plan::Plan;
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
    let mut lines = if dry_run {
        summary.plan.lines()
    } else {
        vec![format!(
            "{} created, {} updated, {} added, with {} to Flickr",
            counted(summary.sets_created, "album"),
            summary.sets_updated,
            counted(summary.photos_added, "photo"),
            counted(summary.calls, "call"),
        )]
    };
    if summary.from_titles > 0 {
        let photos = counted(summary.from_titles, "photo");
        lines.push(format!("{photos} recognised by title alone"));
    }
    lines.extend(copies(summary));
    match summary.plan.shared_titles.len() {
        0 => {}
        1 => lines.push(
            "1 album exists more than once; run `s3flickr merge-sets` to merge it".to_owned(),
        ),
        n => lines.push(format!(
            "{n} albums exist more than once; run `s3flickr merge-sets` to merge them"
        )),
    }
    lines.extend(left_alone(summary, dry_run));
    (document, printable_text(&lines))
}

/// The later copies of files, and what became of them.
fn copies(summary: &SetsSummary) -> Vec<String> {
    let mut lines = Vec::new();
    for duplicate in &summary.plan.duplicates {
        let later = duplicate.later.join(", ");
        lines.push(format!(
            "duplicate: {} is photo {}; later copies: {later}",
            duplicate.key, duplicate.keep
        ));
    }
    match summary.duplicates_deleted {
        0 if !lines.is_empty() => {
            lines.push("to delete the later copies, add --delete-duplicates".to_owned());
        }
        0 => {}
        1 => lines.push("1 later copy deleted".to_owned()),
        n => lines.push(format!("{n} later copies deleted")),
    }
    lines
}

/// Says in a document that nothing was done.
fn mark_dry_run(document: &mut Value, dry_run: bool) {
    if dry_run {
        document["dry_run"] = json!(true);
    }
}

/// `1 album`, `2 albums`.
fn counted(n: u64, what: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{n} {what}{plural}")
}

/// A plan as a person reads it.
pub fn plan(plan: &Plan) -> String {
    printable_text(&plan.lines())
}

/// One line each. Titles and keys are other people's words, and may hold line ends.
fn printable_text(lines: &[String]) -> String {
    let lines: Vec<_> = lines.iter().map(|line| printable(line)).collect();
    lines.join("\n")
}

/// The albums that were not made or not changed, one a line (a plan tells them itself), and whether the run
/// came to its end.
fn left_alone(summary: &SetsSummary, dry_run: bool) -> Vec<String> {
    let mut lines = Vec::new();
    let told: &[_] = if dry_run { &[] } else { &summary.refused };
    if !told.is_empty() {
        lines.push(format!("{} refused:", told.len()));
    }
    for left in told {
        lines.push(format!("  {:?}: {}", left.title, left.why));
    }
    for title in &summary.plan.kept_apart {
        lines.push(format!(
            "several folders have an album titled {title:?}: these are kept apart"
        ));
    }
    if summary.stopped {
        lines.push("stopped; run it again for the rest".to_owned());
    }
    lines
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
    let mut lines = if dry_run {
        summary.plan.lines()
    } else {
        vec![format!(
            "{} merged, {} deleted, {} moved, with {} to Flickr",
            counted(summary.titles_merged, "title"),
            counted(summary.sets_deleted, "album"),
            counted(summary.photos_added, "photo"),
            counted(summary.calls, "call"),
        )]
    };
    lines.extend(left_alone(summary, dry_run));
    (document, printable_text(&lines))
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
