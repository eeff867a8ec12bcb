//! Planning the sets of a large account, with no network.

use crate::bench::Bench;
use crate::measured;
use crate::table::Row;
use s3flickr::model::Key;
use s3flickr::model::flickr::library::{Library, Photo, Set};
use s3flickr::model::flickr::set_plan::{Assignment, Rules};
use s3flickr::model::flickr::tags::Origin;

const PHOTOS_A_SET: usize = 50;

/// A process of its own that makes an account of a million photos and plans its sets.
pub fn planning(bench: &Bench) -> Vec<Row> {
    let photos = bench.size(1_000_000, 200_000);
    let what = format!(
        "planning seconds, {photos} photos in {} sets",
        photos / PHOTOS_A_SET as u64
    );
    let mut time = Row::less("planning", &what);
    let mut peak = Row::less("planning-memory", "planning peak MiB, the account included");
    if !bench.quick {
        time = time.target(2.0);
        peak = peak.target(1024.0);
    }
    for _ in 0..bench.runs() {
        let program = std::env::current_exe().expect("the path of this program");
        let mut command = std::process::Command::new(program);
        let running = measured::start(command.args(["--plan", &photos.to_string()]));
        let (usage, output) = running.finish();
        time.add("s3flickr", output.trim().parse().expect("seconds"));
        peak.add("s3flickr", usage.peak_bytes as f64 / 1024.0 / 1024.0);
    }
    vec![time, peak]
}

/// In that process: all that `assign-sets` computes, for an account of which half has its sets.
pub fn plan(photos: usize) {
    let library = library(photos);
    let began = std::time::Instant::now();
    let wants = Assignment::of(&library, Rules::default()).needs_not_in_set();
    // Again, as after the photos in no set were read.
    let assignment = Assignment::of(&library, Rules::default());
    assert!(wants && assignment.unclear().is_empty() && !assignment.steps().is_empty());
    println!("{}", began.elapsed().as_secs_f64());
}

fn library(photos: usize) -> Library {
    // Listed newest first, as Flickr does.
    let photo = |n: usize| Photo {
        id: (53_000_000_000 + n).to_string(),
        origin: Some(Origin {
            key: Key::new(format!(
                "2012/album-{:06}/photo-{n:08}.jpg",
                n / PHOTOS_A_SET
            ))
            .expect("a key"),
            version: "d41d8cd98f00b204e9800998ecf8427e".to_owned(),
            size: Some(2_000_000),
            from: "0a1b2c3d".to_owned(),
            checksum: "s3flickr:crc64nvme=0123456789abcdef".to_owned(),
        }),
        uploaded: i64::try_from(n).expect("a small number"),
    };
    let set = |n: usize| {
        let ids =
            (n * PHOTOS_A_SET..(n + 1) * PHOTOS_A_SET).map(|n| (53_000_000_000 + n).to_string());
        let mut members: Vec<String> = ids.collect();
        // In every tenth one photo is missing.
        members.truncate(if n.is_multiple_of(10) {
            PHOTOS_A_SET - 1
        } else {
            PHOTOS_A_SET
        });
        Set {
            id: (72_000_000_000 + n).to_string(),
            title: format!("2012/album-{n:06}"),
            created: i64::try_from(n).expect("a small number"),
            cover: members[0].clone(),
            count: members.len(),
            // `assign-sets` reads them one by one, right before it adds to one.
            members: None,
        }
    };
    Library {
        photos: (0..photos).rev().map(photo).collect(),
        sets: (0..photos / PHOTOS_A_SET / 2).map(set).collect(),
        not_in_set: None,
    }
}
