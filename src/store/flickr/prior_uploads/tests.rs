//! Looking in an account whose lists are scripted.

use super::*;
use crate::model::{Job, Key, Location};

fn origin(path: &str, etag: &str) -> Origin {
    let key = Key::new(path).unwrap();
    let url = Location::s3("b", "").url_of(&key);
    Origin::from_job(&Job::new(url, key, 1, 5, etag))
}

fn photo(id: &str, origin: &Origin) -> Photo {
    Photo {
        id: id.into(),
        title: String::new(),
        machine_tags: origin.tags().join(" "),
        uploaded: 0,
        media: String::new(),
    }
}

#[test]
fn a_photo_is_known_by_its_key_and_its_bytes() {
    let mut index = UploadIndex::default();
    let now = Instant::now();
    let (a, changed) = (origin("a.jpg", "e1"), origin("a.jpg", "e2"));
    index.add(photo("1", &a), now);
    index.add(photo("2", &origin("b.jpg", "e1")), now);
    assert_eq!(index.prior(&a), Prior::Photo("1".into()));
    assert_eq!(index.prior(&changed), Prior::Unsure("1".into()));
    assert_eq!(index.prior(&origin("c.jpg", "e1")), Prior::Missing);
    let larger = Origin {
        size: Some(6),
        ..changed.clone()
    };
    assert_eq!(index.prior(&larger), Prior::Missing);
    index.add(photo("3", &changed), now);
    assert_eq!(index.prior(&changed), Prior::Photo("3".into()));
    index.forget(&changed, "3");
    assert_eq!(index.prior(&changed), Prior::Unsure("1".into()));
}

#[test]
fn only_a_listing_begun_after_the_attempt_answers() {
    let mut index = UploadIndex::default();
    let began = Instant::now();
    assert!(!index.is_newer_than(None));
    index.covers = Some(Covered {
        first: 0,
        began,
        began_unix: 0,
    });
    assert!(index.is_newer_than(None) && index.is_newer_than(Some(began)));
    assert!(!index.is_newer_than(Some(began + Duration::from_millis(1))));
}
