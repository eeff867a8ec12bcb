//! `assign-sets` and `merge-sets`.

use std::io::{IsTerminal, stdin};

use anyhow::{Result, bail};
use s3flickr::model::flickr::set_plan::{Edit, Plan};
use s3flickr::model::flickr::set_title::SetName;
use s3flickr::ops::sets::{self, AssignOptions, SetsSummary};
use s3flickr::stop::Stop;

use super::sets_lock::SetsLock;
use crate::connect::Connector;
use crate::console::Console;
use crate::exit::{Exit, WrongUsage};
use crate::progress::{SetsProgress, reporting, things};
use crate::question::confirm;
use crate::signals::stop_on_signals;
use crate::{parse, report};

/// `assign-sets`
#[derive(Debug, clap::Args)]
pub struct AssignSets {
    /// What a set is named after: the whole folder, or its last part
    #[arg(long, value_name = "NAME", default_value = "path", value_parser = parse::set_name())]
    pub set_name: SetName,
    /// Print the plan, and change nothing
    #[arg(short = 'n', long, visible_alias = "dryrun")]
    pub dry_run: bool,
    /// Read every set, instead of trusting one that has the right number of photos
    #[arg(long)]
    pub read_all: bool,
    /// Delete the later copies of files that are in the account more than once; needs `login --allow-delete`
    #[arg(long)]
    pub delete_duplicates: bool,
    /// Also take photos without the tags of s3flickr whose title is the path of a photo, such as
    /// 2012/Paris/IMG_0001.JPG
    #[arg(long)]
    pub from_titles: bool,
    /// Leave the albums in the order that they are in, in place of the order of their names
    #[arg(long)]
    pub keep_order: bool,
    /// The queue of the fleet whose budget the calls come out of [default: this machine's own pace]
    #[arg(long, value_name = "QUEUE")]
    pub queue: Option<String>,
    /// Calls to Flickr an hour; 0 for no limit
    #[arg(long, value_name = "N", default_value_t = 3600)]
    pub calls_per_hour: u32,
}

impl AssignSets {
    /// Makes and fills the sets, or prints the plan.
    pub async fn run(self, connector: &Connector, console: &Console) -> Result<Exit> {
        let stop = stop_on_signals(console);
        let queue = self.queue.as_deref();
        let _alone = SetsLock::take(connector.folders())?;
        let flickr = connector.client(queue, self.calls_per_hour, &stop).await?;
        let options = AssignOptions {
            naming: self.set_name,
            dry_run: self.dry_run,
            read_all: self.read_all,
            delete_duplicates: self.delete_duplicates,
            from_titles: self.from_titles,
            keep_order: self.keep_order,
        };
        let progress = SetsProgress::new(console);
        let assigned = sets::assign_sets(&flickr, options, &stop, &progress);
        let summary = reporting(&progress, console, assigned).await?;
        let (document, text) = report::assigned(&summary, self.dry_run);
        console.result(&document, &text);
        Ok(exit(&summary))
    }
}

/// `merge-sets`
#[derive(Debug, clap::Args)]
pub struct MergeSets {
    /// Delete the albums that are merged into others without asking; needed where nobody can be asked
    #[arg(short, long)]
    pub yes: bool,
    /// Print the plan, and change nothing
    #[arg(short = 'n', long, visible_alias = "dryrun")]
    pub dry_run: bool,
    /// The queue of the fleet whose budget the calls come out of [default: this machine's own pace]
    #[arg(long, value_name = "QUEUE")]
    pub queue: Option<String>,
    /// Calls to Flickr an hour; 0 for no limit
    #[arg(long, value_name = "N", default_value_t = 3600)]
    pub calls_per_hour: u32,
}

impl MergeSets {
    /// Merges the sets of one title, or prints the plan.
    pub async fn run(self, connector: &Connector, console: &Console) -> Result<Exit> {
        let stop = stop_on_signals(console);
        let queue = self.queue.as_deref();
        let _alone = SetsLock::take(connector.folders())?;
        let flickr = connector.client(queue, self.calls_per_hour, &stop).await?;
        if !self.dry_run && !self.yes {
            let progress = SetsProgress::new(console);
            let planned = sets::merge_sets(&flickr, true, &stop, &progress);
            let plan = reporting(&progress, console, planned).await?;
            let may_delete = match plan.stopped {
                true => None,
                false => may_delete(&plan.plan, &stop, console).await?,
            };
            match may_delete {
                Some(true) => {}
                Some(false) => bail!("nothing was changed"),
                None => {
                    let (document, text) = report::merged(&stopped_early(&plan), false);
                    console.result(&document, &text);
                    return Ok(Exit::Stopped);
                }
            }
        }
        let progress = SetsProgress::new(console);
        let merged = sets::merge_sets(&flickr, self.dry_run, &stop, &progress);
        let summary = reporting(&progress, console, merged).await?;
        let (document, text) = report::merged(&summary, self.dry_run);
        console.result(&document, &text);
        Ok(exit(&summary))
    }
}

/// What a run did that was stopped before it began to change anything.
fn stopped_early(plan: &SetsSummary) -> SetsSummary {
    SetsSummary {
        calls: plan.calls,
        stopped: true,
        ..SetsSummary::default()
    }
}

/// Shows what a plan deletes, and asks whether that is meant; `None` where a signal came first.
/// Fails where nobody can be asked. A plan that deletes nothing needs no leave.
async fn may_delete(plan: &Plan, stop: &Stop, console: &Console) -> Result<Option<bool>> {
    let deleted = |edit: &Edit| match edit {
        Edit::Merge { delete, .. } => delete.len() as u64,
        _ => 0,
    };
    let albums = match plan.edits.iter().map(deleted).sum() {
        0 => return Ok(Some(true)),
        n => things(n, "album"),
    };
    if !stdin().is_terminal() {
        let usage = format!(
            "merge-sets would delete {albums} here, and nobody can be asked: look at the plan with \
             --dry-run, then add --yes; nothing was changed"
        );
        return Err(WrongUsage(usage).into());
    }
    console.clear();
    console.say(&report::plan(plan));
    let question = format!("Delete {albums}, whose photos are in another then? [y/N] ");
    tokio::select! {
        answer = confirm(console, &question) => answer.map(Some),
        () = stop.draining() => Ok(None),
    }
}

fn exit(summary: &SetsSummary) -> Exit {
    if summary.stopped {
        Exit::Stopped
    } else if !summary.refused.is_empty() || !summary.unlisted.is_empty() {
        Exit::SomeFailed
    } else {
        Exit::Well
    }
}
