//! `doctor`: looks at all that a run needs, one line a thing.

use anyhow::Result;
use s3flickr::flickr::Budget;
use s3flickr::model::{Location, Scheme};
use s3flickr::ops;
use s3flickr::ops::doctor::{self, Check, Diagnosis, Machine};
use s3flickr::queue::{self, Queue};
use s3flickr::stop::Stop;
use s3flickr::store::{self, locate};

use crate::connect::{CALLS_PER_HOUR, Connector};
use crate::console::Console;
use crate::descriptors;
use crate::exit::Exit;
use crate::options::QueueArg;

/// How wide the column of names is: the longest of them.
const NAMES: usize = 24;

/// `doctor`
#[derive(Debug, clap::Args)]
pub struct Doctor {
    /// Which queue.
    #[command(flatten)]
    pub queue: QueueArg,
    /// The bucket that shall be copied
    #[arg(long, value_name = "BUCKET", conflicts_with = "from")]
    pub bucket: Option<String>,
    /// The store that shall be copied: s3://BUCKET[/ROOT/], file:PATH or a path
    #[arg(long, value_name = "STORE")]
    pub from: Option<String>,
}

impl Doctor {
    /// Makes every check; exit status 1 where one of them is not right.
    pub async fn run(self, connector: &Connector, console: &Console) -> Result<Exit> {
        let source = self.source()?;
        let place = connector.queue_location(&self.queue);
        let opened = Queue::open(&place).await;
        let is_bucket = |source: &Location| source.scheme() == Scheme::S3;
        let mut rounds = Rounds::new(console);
        rounds.add(account(connector, opened.as_ref().ok()).await);
        let mut aws_works = true;
        if is_sqs(&place) || source.as_ref().is_some_and(is_bucket) {
            let checks = doctor::credentials().await;
            aws_works = checks.iter().all(|check| check.ok);
            rounds.add(checks);
        }
        // Without credentials these would only say the same again.
        if aws_works || !is_sqs(&place) {
            let is_named = self.queue.queue.is_some();
            rounds.add(doctor::queue(&opened, &place, is_named).await);
        }
        if let Some(source) = source.filter(|source| aws_works || !is_bucket(source)) {
            rounds.add(doctor::source(source).await);
        }
        rounds.add(doctor::machine(&this_machine(connector)));
        Ok(rounds.end())
    }

    fn source(&self) -> Result<Option<Location>> {
        Ok(match (&self.bucket, &self.from) {
            (Some(bucket), _) => Some(Location::s3(bucket, "")),
            (None, Some(store)) => Some(locate(store)?),
            (None, None) => None,
        })
    }
}

/// Whether a queue is one of SQS.
fn is_sqs(queue: &str) -> bool {
    matches!(queue::Location::parse(queue), Ok(queue::Location::Sqs(_)))
}

/// A run that ended itself: why.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Halted(pub String);

/// Whether a run may have ended because its credentials are refused.
pub fn is_refusal(error: &anyhow::Error) -> bool {
    if error.is::<Halted>() {
        return true;
    }
    match error.downcast_ref::<ops::Error>() {
        Some(ops::Error::Flickr(error)) => error.stops_everything(),
        Some(ops::Error::Queue(error)) => is_denied(error),
        Some(ops::Error::Store(error)) => error.strikes_every_file(),
        Some(_) => false,
        None => {
            error.downcast_ref().is_some_and(is_denied)
                || (error.downcast_ref()).is_some_and(store::Error::strikes_every_file)
        }
    }
}

fn is_denied(error: &queue::Error) -> bool {
    matches!(error, queue::Error::Denied { .. })
}

/// Says what is wrong with the account and with the credentials of AWS; nothing where all is well.
///
/// `told` is the error, whose own advice is not given twice.
pub async fn advise(connector: &Connector, queue: &str, told: &str, console: &Console) {
    let opened = Queue::open(queue).await.ok();
    let mut checks = account(connector, opened.as_ref()).await;
    if is_sqs(queue) {
        checks.extend(doctor::credentials().await);
    }
    checks.retain(|check| !check.ok);
    for check in &mut checks {
        check.fix = check.fix.take().filter(|fix| !is_told(fix, told));
        console.say(&line(check));
    }
    if !checks.is_empty() {
        console.say(&format!(
            "`s3flickr doctor --queue {queue}` checks the rest"
        ));
    }
}

/// Whether a text names the command of this advice.
fn is_told(fix: &str, told: &str) -> bool {
    let command = fix.split('`').nth(1);
    command.is_some_and(|command| told.contains(command))
}

/// The account's checks. Their few calls are the key's too: they come out of the queue's budget.
async fn account(connector: &Connector, queue: Option<&Queue>) -> Vec<Check> {
    match connector.account() {
        Ok(account) => {
            // Why saved keys are not used is told by the error that says so.
            if let (Some(names), None) = (account.missing(), &account.unused) {
                return doctor::missing_keys(&names);
            }
        }
        Err(error) => return doctor::unusable_keys(&format!("{error:#}")),
    }
    let stop = Stop::new();
    let client = match fleet(queue).await {
        Some(queue) => {
            let budget = connector.budget(Some(queue), CALLS_PER_HOUR, &stop);
            budget.await.and_then(|budget| connector.flickr(budget))
        }
        None => connector.flickr(Budget::unlimited()),
    };
    match client {
        Ok(client) => doctor::account(&client).await,
        Err(error) => doctor::unusable_keys(&format!("{error:#}")),
    }
}

/// The queue, if a fleet has worked on it. To ask another for a call would set up its budget.
async fn fleet(queue: Option<&Queue>) -> Option<&Queue> {
    let queue = queue?;
    let rate = queue.rate().await.ok()?;
    rate.is_some().then_some(queue)
}

fn this_machine(connector: &Connector) -> Machine {
    let folder = &connector.folders().data;
    let (lanes, open_files) = descriptors::lanes_that_fit();
    Machine {
        folder: folder.display().to_string(),
        free_bytes: descriptors::free_bytes(folder),
        open_files,
        lanes,
    }
}

/// The checks as they are made, each shown at once.
struct Rounds<'a> {
    console: &'a Console,
    checks: Vec<Check>,
}

impl Rounds<'_> {
    fn new(console: &Console) -> Rounds<'_> {
        Rounds {
            console,
            checks: Vec::new(),
        }
    }

    fn add(&mut self, checks: Vec<Check>) {
        if !self.console.is_json() {
            for check in &checks {
                self.console.text(&line(check));
            }
        }
        self.checks.extend(checks);
    }

    fn end(self) -> Exit {
        let diagnosis = Diagnosis::from(self.checks);
        let wrong = diagnosis.checks.iter().filter(|check| !check.ok).count();
        let text = match wrong {
            0 => "all is well".to_owned(),
            1 => "1 thing is not right".to_owned(),
            _ => format!("{wrong} things are not right"),
        };
        self.console.result(&diagnosis, &text);
        if diagnosis.ok {
            Exit::Well
        } else {
            Exit::Failed
        }
    }
}

/// A check for a person: what was found, and below it what to do.
fn line(check: &Check) -> String {
    let mark = if check.ok { "ok  " } else { "FAIL" };
    let mut line = format!("{mark}  {:NAMES$}  {}", check.name, check.detail);
    if let Some(fix) = &check.fix {
        line.push_str(&format!("\n      {:NAMES$}  -> {fix}", ""));
    }
    line
}
