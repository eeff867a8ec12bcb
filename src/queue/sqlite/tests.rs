//! What only a SQLite queue can show; the rest is in the contract.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use s3flickr::queue::contract::{self, Harness};
use s3flickr::queue::{Error, IfMissing, Outgoing, Queue, Sent};
use tempfile::TempDir;

#[derive(Clone)]
struct Folder(Arc<TempDir>);

impl Folder {
    fn new() -> Folder {
        Folder(Arc::new(tempfile::tempdir().unwrap()))
    }

    fn location(&self, name: &str) -> String {
        format!("sqlite:{}/{name}.db", self.0.path().display())
    }
}

impl Harness for Folder {
    async fn create(&self, name: &str) -> Result<Queue, Error> {
        Queue::create(&self.location(name)).await
    }

    async fn open(&self, name: &str) -> Result<Queue, Error> {
        Queue::open(&self.location(name)).await
    }

    async fn destroy(&self, name: &str) {
        fs::remove_file(self.0.path().join(format!("{name}.db"))).unwrap();
    }

    fn rate(&self) -> (Duration, Duration) {
        (Duration::from_secs(20), Duration::from_secs(4))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_keeps_the_contract() {
    contract::run(Folder::new()).await;
}

fn unique(key: &str) -> Outgoing {
    Outgoing {
        body: key.to_owned(),
        unique: Some(key.to_owned()),
        ..Outgoing::default()
    }
}

#[tokio::test]
async fn a_job_that_it_ever_had_is_refused() {
    let queue = Folder::new();
    let queue = queue.create("new/folder/jobs").await.unwrap();
    let sent = queue.send(&[unique("a"), unique("b"), unique("a")]).await;
    assert_eq!(sent.unwrap(), [Sent::Taken, Sent::Taken, Sent::Known]);
    let lease = queue.receive(Duration::from_secs(9), Duration::ZERO).await;
    lease.unwrap().unwrap().delete().await.unwrap();
    let sent = queue.send(&[unique("a"), unique("c"), unique("b")]).await;
    assert_eq!(sent.unwrap(), [Sent::Known, Sent::Taken, Sent::Known]);
    assert_eq!(queue.counts().await.unwrap().waiting, 2);
}

async fn refusal(path: &Path) -> Error {
    let location = format!("sqlite:{}", path.display());
    let made = Queue::create(&location).await.unwrap_err();
    let opened = Queue::open(&location).await.unwrap_err();
    assert_eq!(made.to_string(), opened.to_string());
    opened
}

#[tokio::test]
async fn what_is_not_a_queue_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let error = refusal(folder.path()).await;
    assert!(error.to_string().contains("it is a folder"), "{error}");

    let text = folder.path().join("notes.txt");
    fs::write(
        &text,
        "not a database, but long enough to look like one".repeat(9),
    )
    .unwrap();
    let error = refusal(&text).await;
    assert!(
        error.to_string().contains("not a SQLite database"),
        "{error}"
    );

    let foreign = folder.path().join("other.db");
    let other = rusqlite::Connection::open(&foreign).unwrap();
    other.execute_batch("CREATE TABLE theirs (a)").unwrap();
    let error = refusal(&foreign).await;
    assert!(error.to_string().contains("another program"), "{error}");
    let tables = "SELECT group_concat(name) FROM sqlite_schema";
    let tables: String = other.query_row(tables, [], |row| row.get(0)).unwrap();
    assert_eq!(tables, "theirs");

    let newer = folder.path().join("newer.db");
    let location = format!("sqlite:{}", newer.display());
    Queue::create(&location).await.unwrap();
    let db = rusqlite::Connection::open(&newer).unwrap();
    db.pragma_update(None, "user_version", 1_000).unwrap();
    let error = refusal(&newer).await;
    assert!(error.to_string().contains("newer version"), "{error}");
}

#[tokio::test]
async fn a_file_of_an_earlier_version_is_brought_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.db");
    super::schema::make_first_version(&path).unwrap();
    let location = format!("sqlite:{}", path.display());
    for _ in 0..2 {
        let queue = Queue::open(&location).await.unwrap();
        let notes = queue.run_history().await.unwrap();
        assert_eq!((notes.finished(), notes.account), (1, None));
        assert!(notes.runs[0].ended.is_some());
        assert_eq!(queue.counts().await.unwrap().waiting, 1);
        Queue::create(&location).await.unwrap();
    }
}

#[tokio::test]
async fn a_file_in_the_place_of_a_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let location = format!("sqlite:{}/file/jobs.db", folder.path().display());
    let error = Queue::create(&location).await.unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error:?}");
    assert!(error.to_string().contains("/file"), "{error}");
}

#[tokio::test]
async fn a_full_disk_is_said_in_plain_words_and_costs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.db");
    let queue = super::Sqlite::open(path, IfMissing::Create).await.unwrap();
    let cap = |pages: u32| {
        queue.read("use", move |db| {
            db.pragma_update(None, "max_page_count", pages)
        })
    };
    use crate::queue::messages::Messages;
    cap(40).await.unwrap();
    let batch: Vec<_> = (0..2_000).map(|n| unique(&n.to_string())).collect();
    let error = queue.send(&batch).await.unwrap_err();
    assert!(matches!(error, Error::Full { .. }), "{error:?}");
    let text = error.to_string();
    assert!(
        text.contains("no room left") && text.contains("jobs.db"),
        "{text}"
    );
    cap(1_000_000).await.unwrap();
    assert_eq!(
        queue.send(&batch).await.unwrap(),
        vec![Sent::Taken; batch.len()]
    );
}

#[tokio::test]
async fn a_change_that_fails_beside_others_fails_alone() {
    let folder = tempfile::tempdir().unwrap();
    let queue = super::Sqlite::open(folder.path().join("jobs.db"), IfMissing::Create)
        .await
        .unwrap();
    // The thread is held up by the first, so the others are a group.
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let busy = queue.writer.submit::<()>(
        "look into",
        Some(Box::new(move |_| Ok(wait.recv().ok()))),
        None,
    );
    let note = |id: &'static str| {
        let insert = "INSERT INTO finished VALUES (?1, 1)";
        let note = move |db: &rusqlite::Transaction<'_>| db.execute(insert, [id]);
        queue.writer.submit("note in", None, Some(Box::new(note)))
    };
    let answers = [note("a"), note("b"), note("a"), note("c")];
    go.send(()).unwrap();
    busy.await.unwrap().unwrap();
    let made = futures_util::future::join_all(answers).await;
    let made: Vec<bool> = made
        .into_iter()
        .map(|answer| answer.unwrap().is_ok())
        .collect();
    assert_eq!(made, [true, true, false, true]);
    use crate::queue::runs::Runs;
    assert_eq!(queue.run_history().await.unwrap().finished.len(), 3);
}

#[tokio::test]
async fn what_was_told_to_a_person_outlasts_a_power_cut() {
    let folder = tempfile::tempdir().unwrap();
    let queue = super::Sqlite::open(folder.path().join("jobs.db"), IfMissing::Create)
        .await
        .unwrap();
    let level = |db: &rusqlite::Connection| {
        db.pragma_query_value(None, "synchronous", |row| row.get::<_, i64>(0))
    };
    // 2 is FULL, 1 NORMAL.
    assert_eq!(
        queue
            .write_durably("use", move |db| level(db))
            .await
            .unwrap(),
        2
    );
    assert_eq!(queue.write("use", move |db| level(db)).await.unwrap(), 1);
    let failed = queue.write_durably("use", |db| db.execute("no statement", []));
    assert!(failed.await.is_err());
    assert_eq!(queue.write("use", move |db| level(db)).await.unwrap(), 1);
}

/// Set for the processes that [`processes_killed_at_any_moment_lose_nothing`] starts.
const CHILD: &str = "S3FLICKR_TEST_QUEUE";

/// Not a test: what those processes do until they are killed. Each step keeps the number of
/// messages: one is replaced, given back, or put among the failed and fetched from there.
#[tokio::test]
async fn worker_process() {
    let Ok(location) = std::env::var(CHILD) else {
        return;
    };
    let queue = Queue::open(&location).await.unwrap();
    let hold = Duration::from_millis(200);
    for step in 0.. {
        let Some(lease) = queue.receive(hold, hold).await.unwrap() else {
            continue;
        };
        let body = lease.body().to_owned();
        match step % 3 {
            0 => lease.replace(body, Duration::ZERO).await.unwrap(),
            1 => lease.release().await.unwrap(),
            _ => {
                lease.dead_letter(body).await.unwrap();
                if let Some(lease) = queue.receive_failed(hold).await.unwrap() {
                    let body = lease.body().to_owned();
                    lease.replace(body, Duration::ZERO).await.unwrap();
                }
            }
        }
    }
}

#[tokio::test]
async fn processes_killed_at_any_moment_lose_nothing() {
    let folder = Folder::new();
    let queue = folder.create("jobs").await.unwrap();
    let jobs: Vec<_> = (0..50).map(|n| unique(&n.to_string())).collect();
    queue.send(&jobs).await.unwrap();
    let worker = || {
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "queue::sqlite::tests::worker_process"]);
        command.env(CHILD, queue.location());
        command.stdout(std::process::Stdio::null()).spawn().unwrap()
    };
    let file = folder.0.path().join("jobs.db");
    let db = rusqlite::Connection::open(&file).unwrap();
    let ask = |query: &str| db.query_row(query, [], |row| row.get::<_, i64>(0)).unwrap();
    for round in 1..=4 {
        let mut workers: Vec<_> = (0..2).map(|_| worker()).collect();
        // They are at work when messages have new ids; then a little longer each round.
        let before = ask("SELECT seq FROM sqlite_sequence");
        while ask("SELECT seq FROM sqlite_sequence") < before + 20 * round {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        for worker in &mut workers {
            worker.kill().unwrap();
            worker.wait().unwrap();
        }
        let whole: String = db
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(whole, "ok");
        assert_eq!(ask("SELECT count(*) FROM messages"), 50);
        assert_eq!(ask("SELECT count(DISTINCT body) FROM messages"), 50);
    }
}
