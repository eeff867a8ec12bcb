//! What names a store and what does not.

use proptest::prelude::*;

use super::*;

#[test]
fn a_location_is_read_and_printed_as_a_user_writes_it() {
    for (text, printed) in [
        ("s3://bucket", "s3://bucket/"),
        ("s3://bucket/2012", "s3://bucket/2012/"),
        ("s3://bucket/Caf%C3%A9/", "s3://bucket/Caf%C3%A9/"),
        ("file:///tmp/photos", "file:///tmp/photos/"),
        ("file:/tmp/photos/", "file:///tmp/photos/"),
    ] {
        assert_eq!(Location::parse(text).unwrap().to_string(), printed);
    }
}

#[test]
fn what_is_no_store_is_refused() {
    assert!(matches!(
        Location::parse("s3://"),
        Err(InvalidLocation::NoBucket(_))
    ));
    assert!(matches!(
        Location::parse("ftp://b/"),
        Err(InvalidLocation::Scheme(_))
    ));
    for url in ["gs://b/", "az://account/container/", "gs:b"] {
        assert!(matches!(
            Location::parse(url),
            Err(InvalidLocation::NotBuilt(..))
        ));
        assert_eq!(Location::named(url), Err(Location::parse(url).unwrap_err()));
    }
    for text in ["s3:bucket", "s3:", "s3://", "s3:///a"] {
        assert!(matches!(
            Location::named(text),
            Err(InvalidLocation::NoBucket(_))
        ));
    }
    assert!(Location::named("flickr:me").is_err());
    assert!(matches!(
        Location::parse("file:tmp"),
        Err(InvalidLocation::Relative(_))
    ));
    assert!(matches!(
        Location::parse("s3://b/%FF"),
        Err(InvalidLocation::Encoding(_))
    ));
}

#[test]
fn a_user_writes_a_path_as_it_is() {
    let located = |text| match Location::named(text).unwrap() {
        Named::Location(location) => location.to_string(),
        Named::Path(path) => format!("the path {path}"),
    };
    assert_eq!(located("s3://b/100% x"), "s3://b/100%25%20x/");
    assert_eq!(located("file:///a%20b"), "file:///a%20b/");
    assert_eq!(located("file:a%20b"), "the path a%20b");
    assert_eq!(located("/a:b/c"), "the path /a:b/c");
    assert_eq!(located("photos:2012"), "the path photos:2012");
    assert_eq!(located("flickr:"), "flickr:");
}

#[test]
fn an_object_is_named_by_its_bucket_and_key() {
    let (bucket, key) = Location::object("s3://b/a/m 1.json").unwrap();
    assert_eq!((bucket.bucket(), key.as_str()), ("b", "a/m 1.json"));
    for text in ["s3://b", "s3://b/", "b/a.json", "file:/b/a.json"] {
        assert_eq!(Location::object(text), None, "{text}");
    }
}

#[test]
fn a_url_that_does_not_end_in_its_key_is_refused() {
    let key = Key::new("a/b.jpg").unwrap();
    assert!(Location::of_file("s3://bucket/root/a/b.jpg", &key).is_ok());
    assert!(Location::of_file("s3://bucket/xa/b.jpg", &key).is_err());
    assert!(Location::of_file("s3://bucket/a/c.jpg", &key).is_err());
}

#[test]
fn a_key_that_leads_out_of_its_folder_is_refused_and_in_a_bucket_it_is_a_name() {
    for path in [
        "../private/x.jpg",
        "a/../../x.jpg",
        "/etc/x.jpg",
        "..",
        "a/..",
    ] {
        let key = Key::new(path).unwrap();
        let url = format!("file:///photos/{path}");
        let refused = Location::of_file(&url, &key);
        assert!(matches!(refused, Err(InvalidLocation::Climbs(_))), "{path}");
        let url = format!("s3://bucket/{path}");
        assert!(Location::of_file(&url, &key).is_ok(), "{path}");
    }
    let key = Key::new("a..b/..c/x...jpg").unwrap();
    assert!(Location::of_file("file:///photos/a..b/..c/x...jpg", &key).is_ok());
}

#[test]
fn a_store_covers_what_lies_below_its_root_only() {
    let root = Location::parse("s3://bucket/2012/").unwrap();
    assert!(root.covers(&Location::parse("s3://bucket/2012/Paris").unwrap()));
    assert!(!root.covers(&Location::parse("s3://bucket/2013/").unwrap()));
    assert!(!root.covers(&Location::parse("s3://other/2012/").unwrap()));
    let folder = Location::parse("file:///photos/").unwrap();
    assert!(!folder.covers(&Location::parse("file:///photos/../etc/").unwrap()));
}

proptest! {
    #[test]
    fn every_key_comes_back_from_its_url(path in "[^\0]{0,40}[^\0/]", root in "([^\0/]{1,9}/){0,3}") {
        let store = Location::s3("bucket", &root);
        let key = Key::new(path).unwrap();
        let url = store.url_of(&key);
        prop_assert!(url.is_ascii());
        prop_assert_eq!(Location::of_file(&url, &key).unwrap(), store);
    }
}
