//! `populate` as an operation: what it sends, and in how many requests.

use s3flickr::monitor::{Event, Recorder};
use s3flickr::ops::populate::{Destination, Options, populate};
use s3flickr::queue::Queue;
use s3flickr::stop::Stop;
use s3flickr::store::{Source, locate};

use crate::support::env::picture;

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_sent_in_whole_batches() {
    let folder = tempfile::tempdir().unwrap();
    let photos = folder.path().join("photos");
    std::fs::create_dir(&photos).unwrap();
    for n in 0..25 {
        std::fs::write(photos.join(format!("{n}.jpg")), picture("x")).unwrap();
    }
    let source = Source::open(locate(photos.to_str().unwrap()).unwrap());
    let source = source.await.unwrap();
    let place = format!("sqlite:{}", folder.path().join("queue.db").display());
    let queue = Queue::create(&place).await.unwrap();
    let heard = Recorder::default();
    let (options, stop) = (Options::default(), Stop::new());
    let summary = populate(&source, Destination::Queue(queue), &options, &stop, &heard);
    let summary = summary.await.unwrap();
    assert_eq!(summary.queued, 25);
    let batches: Vec<usize> = heard
        .events()
        .into_iter()
        .filter_map(|event| match event {
            Event::Queued { jobs, .. } => Some(jobs),
            _ => None,
        })
        .collect();
    assert_eq!(batches, [25]);
}
