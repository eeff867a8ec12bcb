//! The command line: clap's types, and nothing that acts.
//!
//! Every option can also be given as `S3FLICKR_<OPTION>` or in the config file;
//! [`defaults::parse`](super::defaults::parse) adds both to what is declared here.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use s3flickr::model::outcome::Backoff;
use s3flickr::ops::work::Transfers;
use s3flickr::ops::work::throttle::Bandwidth;

use crate::limits;

/// Copies a whole photo collection from Amazon S3 to Flickr, bit for bit, with as many machines as you start.
#[derive(Debug, Parser)]
#[command(name = "s3flickr", version, propagate_version = true, after_help = AFTER)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// How much is said, and how.
    #[command(flatten)]
    pub output: Output,
}

const AFTER: &str = "\
To see the whole migration without an account:  s3flickr demo
Exit status: 0 all well; 1 it could not be done; 2 wrong usage; 3 finished, but some photos failed;
4 stopped early by a signal, nothing lost.";

/// How much is said, and how.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub struct Output {
    /// Print the result as one JSON document on stdout
    #[arg(long, global = true)]
    pub json: bool,
    /// Say more: -v each photo, -vv what happens inside
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Say nothing but errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// No progress bar
    #[arg(long, global = true)]
    pub no_progress: bool,
    /// How log lines look
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORMAT"
    )]
    pub log_format: LogFormat,
    /// Use an AWS endpoint that is plain http to another machine: on a network of your own
    #[arg(long, global = true, hide_short_help = true)]
    pub allow_plain_http: bool,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the photos of a bucket or folder and put one message a photo on the queue
    Populate(Populate),
    /// Copy what is on the queue to Flickr; start it on as many machines as you like
    Work(Work),
    /// Put the uploaded photos into sets named after their folders; run it once, on one machine
    AssignSets(AssignSets),
    /// Make one set of all sets of one title; run it once, on one machine
    MergeSets(MergeSets),
    /// Show how far a queue is
    Status(Status),
    /// Look at the photos that failed, or try them again
    #[command(subcommand)]
    Failed(Failed),
    /// Allow s3flickr to use a Flickr account
    Login(Login),
    /// Run a stand-in for Flickr on this machine, to rehearse on
    Sandbox(Sandbox),
    /// Show the whole migration on the example photos, without any account
    Demo(Demo),
    /// Print the completion script of a shell
    #[command(hide = true)]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

/// Which queue.
#[derive(Debug, Clone, Args)]
pub struct QueueArg {
    /// The queue: sqs://NAME, an SQS URL, or sqlite:PATH [default: a SQLite file in your data folder]
    #[arg(long, value_name = "QUEUE")]
    pub queue: Option<String>,
}

/// `populate`
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("source").required(true))]
pub struct Populate {
    /// The bucket to copy; the titles are its keys
    #[arg(long, value_name = "BUCKET", group = "source")]
    pub bucket: Option<String>,
    /// Only keys that begin with this
    #[arg(
        long,
        value_name = "PREFIX",
        default_value = "",
        hide_default_value = true
    )]
    pub prefix: String,
    /// The store to copy: s3://BUCKET[/ROOT/], file:PATH or a path; the titles are paths below it
    #[arg(long, value_name = "STORE", group = "source")]
    pub from: Option<String>,
    /// The manifest.json of an S3 Inventory report (CSV), in place of a listing of its bucket
    #[arg(long, value_name = "URL", group = "source")]
    pub inventory: Option<String>,
    /// Which queue.
    #[command(flatten)]
    pub queue: QueueArg,
    /// How often each photo is tried
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub retries: u32,
    /// Only keys that match; may be given again
    #[arg(long, value_name = "GLOB")]
    pub include: Vec<String>,
    /// No key that matches; may be given again, and wins over --include
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Say what would be queued, and queue nothing
    #[arg(short = 'n', long, visible_alias = "dryrun")]
    pub dry_run: bool,
}

/// `work`
#[derive(Debug, Args)]
pub struct Work {
    /// Which queue.
    #[command(flatten)]
    pub queue: QueueArg,
    /// How many photos are under way at once; auto: as many as still make it faster
    #[arg(long, value_name = "N|auto", default_value = "16", value_parser = limits::transfers)]
    pub transfers: Transfers,
    /// Bytes a second of this process, such as 10M (MiB) or 512K; off for no limit
    #[arg(long, value_name = "RATE", default_value = "off", value_parser = limits::bandwidth)]
    pub bwlimit: Bandwidth,
    /// Wait for more when the queue is empty
    #[arg(long)]
    pub forever: bool,
    /// Calls to Flickr an hour, of all workers of the queue together; 0 for no limit
    #[arg(long, value_name = "N", default_value_t = 3600)]
    pub calls_per_hour: u32,
    /// Do not count uploads as calls, for who knows that Flickr does not
    #[arg(long)]
    pub uploads_free: bool,
    /// How long a message is held, in seconds; renewed while the transfer runs
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(2..=43_200))]
    pub visibility: u64,
    /// Who may see the photos
    #[arg(long, value_enum, default_value_t)]
    pub privacy: Privacy,
    /// A store that the worker may read; may be given again [default: what populate recorded]
    #[arg(long, value_name = "STORE")]
    pub allow: Vec<String>,
    /// Take no ETag for an MD5, for a server whose ETags only look like it
    #[arg(long)]
    pub ignore_etag_md5: bool,
    /// Stop with exit status 1 once this many photos have failed in this run [default: no limit]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_errors: Option<u64>,
    /// Seconds before a failed photo is tried again; doubled each time
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = Backoff::default().first.as_secs_f64(),
        hide_short_help = true
    )]
    pub retry_delay: f64,
    /// The hour that --calls-per-hour is counted over, in seconds: for tests
    #[arg(long, value_name = "SECONDS", default_value_t = 3600, hide = true)]
    pub budget_window: u64,
}

/// Who may see the photos.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Privacy {
    /// The owner alone.
    #[default]
    Private,
    /// Friends.
    Friends,
    /// Family.
    Family,
    /// Friends and family.
    FriendsFamily,
    /// Everybody.
    Public,
}

/// `assign-sets`
#[derive(Debug, Args)]
pub struct AssignSets {
    /// What a set is named after: the whole folder, or its last part
    #[arg(long, value_enum, default_value_t, value_name = "NAME")]
    pub set_name: SetNaming,
    /// Print the plan, and change nothing
    #[arg(short = 'n', long, visible_alias = "dryrun")]
    pub dry_run: bool,
    /// Read every set, instead of trusting one that has the right number of photos
    #[arg(long)]
    pub read_all: bool,
    /// Delete the later copies of files that are in the account more than once; needs `login --allow-delete`
    #[arg(long)]
    pub delete_duplicates: bool,
    /// The queue of the fleet whose budget the calls come out of [default: this machine's own pace]
    #[arg(long, value_name = "QUEUE")]
    pub queue: Option<String>,
    /// Calls to Flickr an hour; 0 for no limit
    #[arg(long, value_name = "N", default_value_t = 3600)]
    pub calls_per_hour: u32,
}

/// What a set is named after.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum SetNaming {
    /// `2012/Paris`
    #[default]
    Path,
    /// `Paris`
    Leaf,
}

/// `merge-sets`
#[derive(Debug, Args)]
pub struct MergeSets {
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

/// `status`
#[derive(Debug, Args)]
pub struct Status {
    /// Which queue.
    #[command(flatten)]
    pub queue: QueueArg,
    /// Keep looking, with rate and time left
    #[arg(short, long)]
    pub watch: bool,
}

/// `failed`
#[derive(Debug, Subcommand)]
pub enum Failed {
    /// List the photos that failed, with the reasons
    List(QueueArg),
    /// Put them back on the queue
    Retry {
        /// Which queue.
        #[command(flatten)]
        queue: QueueArg,
        /// How often each is tried
        #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
        retries: u32,
    },
    /// Print them as CSV
    Export(QueueArg),
}

/// `login`
#[derive(Debug, Args)]
pub struct Login {
    /// Only say whose account it is, and with which rights
    #[arg(long)]
    pub check: bool,
    /// Ask for the right to delete photos too, which only `assign-sets --delete-duplicates` needs
    #[arg(long, conflicts_with = "check")]
    pub allow_delete: bool,
    /// The queue whose fleet the calls of --check are counted with, as the config file may name it
    #[arg(long, value_name = "QUEUE", hide = true)]
    pub queue: Option<String>,
}

/// `sandbox`
#[derive(Debug, Args)]
pub struct Sandbox {
    /// The address to listen on; only this machine's own
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8765")]
    pub listen: SocketAddr,
    /// The folder that keeps photos and sets [default: one that goes when it ends]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// A file with a script of faults, as JSON
    #[arg(long, value_name = "FILE")]
    pub faults: Option<PathBuf>,
}

/// `demo`
#[derive(Debug, Args)]
pub struct Demo {
    /// End when it is done, instead of leaving the gallery open
    #[arg(long)]
    pub exit: bool,
    /// The folder of photos to copy [default: examples/photos]
    #[arg(long, value_name = "DIR")]
    pub photos: Option<PathBuf>,
}
