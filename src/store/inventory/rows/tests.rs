//! The rows of S3 Inventory data files: awkward keys, old versions, and files that are not whole.

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

/// The columns that S3 always writes, and those that we ask for.
const SCHEMA: &str = "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, ETag, StorageClass";

fn zipped(text: &str) -> Vec<u8> {
    let mut zip = GzEncoder::new(Vec::new(), Compression::default());
    zip.write_all(text.as_bytes()).unwrap();
    zip.finish().unwrap()
}

fn file_of(bytes: &[u8]) -> DataFile {
    DataFile {
        key: "data/1.csv.gz".to_owned(),
        size: bytes.len() as u64,
        md5: HEXLOWER.encode(&Md5::digest(bytes)),
    }
}

/// What is listed of `bytes` that come in pieces of `size`, under a prefix.
fn listed(bytes: &[u8], size: usize, file: &DataFile, prefix: &str) -> Result<Vec<Object>, String> {
    let mut rows = Rows::new(Columns::of(SCHEMA)?, prefix.into());
    let mut objects = Vec::new();
    for piece in bytes.chunks(size) {
        objects.extend(rows.take(piece)?);
    }
    objects.extend(rows.end(file)?);
    Ok(objects)
}

/// All that is listed of this text.
fn all(text: &str) -> Result<Vec<Object>, String> {
    let bytes = zipped(text);
    listed(&bytes, bytes.len(), &file_of(&bytes), "")
}

fn photo(path: &str, size: u64) -> Object {
    Object {
        path: Some(path.to_owned()),
        size,
        etag: "e1".to_owned(),
        modified: None,
        archived: false,
    }
}

#[test]
fn each_file_is_listed_however_the_bytes_come() {
    let text = concat!(
        "\"b\",\"2026/a+b%2Bc%22%2C%0A.jpg\",\"\",\"true\",\"false\",\"12\",\"e1\",\"STANDARD\"\n",
        "\"b\",\"2026/%E6%B5%B7%25.png\",\"\",\"true\",\"false\",\"3\",\"e1\",\"STANDARD\"\r\n",
        // Nothing says that a last row ends in a line's end, or that all fields are in quotes.
        "b,other/z.jpg,,true,false,5,e1,DEEP_ARCHIVE",
    );
    let expected = vec![
        photo("2026/a b+c\",\n.jpg", 12),
        photo("2026/海%.png", 3),
        Object {
            archived: true,
            ..photo("other/z.jpg", 5)
        },
    ];
    let bytes = zipped(text);
    let file = file_of(&bytes);
    for size in 1..=bytes.len() {
        assert_eq!(listed(&bytes, size, &file, "").unwrap(), expected, "{size}");
    }
    let below = listed(&bytes, bytes.len(), &file, "2026/").unwrap();
    assert_eq!(below, expected[..2]);
}

#[test]
fn what_is_no_file_now_is_not_listed() {
    let text = concat!(
        "b,new.jpg,v2,true,false,2,e1,STANDARD\n",
        "b,new.jpg,v1,false,false,1,e0,STANDARD\n",
        "b,deleted.jpg,v2,true,true,,,\n",
        "b,deleted.jpg,v1,FALSE,false,9,e1,STANDARD\n",
    );
    assert_eq!(all(text).unwrap(), [photo("new.jpg", 2)]);
    assert_eq!(all("").unwrap(), []);
}

#[test]
fn a_key_that_is_no_utf_8_is_listed_as_one_without_a_name() {
    let objects = all("b,%FF.jpg,,true,false,1,e1,STANDARD\n").unwrap();
    assert_eq!(objects[0].path, None);
}

#[test]
fn files_of_many_gzip_members_are_read_to_their_end() {
    let mut bytes = zipped("b,1.jpg,,true,false,1,e1,STANDARD\n");
    bytes.extend(zipped("b,2.jpg,,true,false,2,e1,STANDARD\n"));
    let objects = listed(&bytes, 7, &file_of(&bytes), "").unwrap();
    assert_eq!(objects, [photo("1.jpg", 1), photo("2.jpg", 2)]);
}

#[test]
fn a_file_that_is_not_whole_is_refused() {
    let bytes = zipped("b,1.jpg,,true,false,1,e1,STANDARD\n");
    let file = file_of(&bytes);
    let cut = &bytes[..bytes.len() - 9];
    let error = listed(cut, 8, &file, "").unwrap_err();
    assert!(error.contains("the manifest says"), "{error}");
    let other = DataFile {
        md5: HEXLOWER.encode(&Md5::digest("other")),
        ..file.clone()
    };
    assert!(listed(&bytes, 8, &other, "").is_err());
    // Cut off before S3 took its checksum.
    assert!(listed(cut, 8, &file_of(cut), "").is_err());
    assert!(listed(b"no gzip", 8, &file_of(b"no gzip"), "").is_err());
}

#[test]
fn rows_that_are_none_are_refused() {
    for (text, says) in [
        ("b,1.jpg\n", "2 fields"),
        ("b,1.jpg,,true,false,many,e1,STANDARD\n", "\"many\""),
        (&format!("b,{},,\n", "x".repeat(20_000)), "longer"),
        (&"b,".repeat(100), "longer"),
    ] {
        let error = all(text).unwrap_err();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn the_columns_that_a_job_needs_are_asked_for() {
    for (schema, says) in [
        ("Bucket, Key, ETag", "no column Size"),
        ("Bucket, Key, Size", "no column ETag"),
        ("", "no column Key"),
    ] {
        let error = Columns::of(schema).unwrap_err();
        assert!(error.contains(says), "{error}");
    }
    let plain = Columns::of("Key,Size,ETag").unwrap();
    let object = plain.object(&["a.jpg", "1", "e1"]).unwrap();
    assert_eq!(object, Some(photo("a.jpg", 1)));
}
