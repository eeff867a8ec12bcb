//! An S3 Inventory report as a listing: what S3 wrote down of a bucket, at most a day or a week
//! ago, for buckets so large that to list them takes hours.
//!
//! A `manifest.json` names gzipped CSV files without a header, whose columns it tells
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html>).
//! Parquet and ORC are left out: a reader of them would be larger than all else here, for a
//! report that can be ordered as CSV.

mod rows;

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{BoxStream, StreamExt, TryStreamExt, iter, unfold};
use serde::Deserialize;

use self::rows::{Columns, Rows};
use super::s3::S3;
use super::{Error, Globs, Object, Page, Read, Reading};
use crate::model::{Key, Location};

/// The longest manifest, in bytes: it names some thousands of files.
const LONGEST_MANIFEST: u64 = 64 << 20;
/// Compressed bytes that are taken at a time: what comes of them stays small.
const PIECE: usize = 32 * 1024;

/// What a manifest says; the rest of it is not needed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    source_bucket: String,
    destination_bucket: String,
    file_format: String,
    file_schema: String,
    files: Vec<DataFile>,
}

#[derive(Debug, Clone, Deserialize)]
struct DataFile {
    key: String,
    size: u64,
    #[serde(rename = "MD5checksum")]
    md5: String,
}

/// A bucket whose listing comes from a report; its files are read as always.
pub(super) struct Inventory {
    bucket: S3,
    reports: S3,
    columns: Columns,
    files: Vec<DataFile>,
}

/// The bucket that the report at `url` (`s3://BUCKET/.../manifest.json`) is of.
pub(super) async fn open(url: &str) -> Result<(Location, Inventory), Error> {
    let refuse = |detail: String| Error::Inventory {
        what: url.to_owned(),
        detail,
    };
    let (bucket, key) = Location::object(url)
        .ok_or_else(|| refuse("give s3://BUCKET/.../manifest.json".to_owned()))?;
    let store = S3::open(&bucket).await?;
    let text = whole(&store, &key).await.map_err(|error| match error {
        Error::NotFound(_) => Error::NoStore(url.to_owned()),
        error => error,
    })?;
    let manifest: Manifest = serde_json::from_slice(&text)
        .map_err(|error| refuse(format!("it is no manifest.json: {error}")))?;
    if manifest.file_format != "CSV" {
        return Err(refuse(format!(
            "its files are {}; choose CSV as the inventory's output format",
            manifest.file_format
        )));
    }
    let columns = Columns::of(&manifest.file_schema).map_err(refuse)?;
    let names: HashSet<&str> = manifest
        .files
        .iter()
        .map(|file| file.key.as_str())
        .collect();
    if names.len() < manifest.files.len() {
        return Err(refuse("it names a data file twice".to_owned()));
    }
    let reports = manifest.destination_bucket;
    let reports = reports.rsplit(':').next().unwrap_or(&reports);
    let location = Location::s3(&manifest.source_bucket, "");
    let inventory = Inventory {
        bucket: S3::open(&location).await?,
        reports: S3::open(&Location::s3(reports, "")).await?,
        columns,
        files: manifest.files,
    };
    Ok((location, inventory))
}

/// A small file's bytes. An answer need not tell how many they are.
async fn whole(store: &S3, key: &Key) -> Result<Vec<u8>, Error> {
    let reading = store.read(key, 0, None).await?;
    let too_long = || Error::Inventory {
        what: store.location().url_of(key),
        detail: format!("more than {LONGEST_MANIFEST} bytes are too many for a manifest"),
    };
    if reading.size.is_some_and(|size| size > LONGEST_MANIFEST) {
        return Err(too_long());
    }
    let add = |mut text: Vec<u8>, chunk: Bytes| async move {
        text.extend_from_slice(&chunk);
        let fits = text.len() as u64 <= LONGEST_MANIFEST;
        fits.then_some(text).ok_or_else(too_long)
    };
    reading.body.try_fold(Vec::new(), add).await
}

#[async_trait]
impl Read for Inventory {
    fn list(&self, prefix: &str, _: &Globs) -> BoxStream<'static, Result<Page, Error>> {
        let (reports, columns) = (self.reports.clone(), self.columns);
        let prefix: Arc<str> = prefix.into();
        let pages = iter(self.files.clone()).then(move |file| {
            let (reports, prefix) = (reports.clone(), Arc::clone(&prefix));
            async move { pages(&reports, file, columns, prefix).await }
        });
        let page = |objects| Page {
            objects,
            ..Page::default()
        };
        pages.try_flatten().map_ok(page).boxed()
    }

    async fn read(&self, key: &Key, offset: u64, etag: Option<&str>) -> Result<Reading, Error> {
        self.bucket.read(key, offset, etag).await
    }

    async fn read_head(&self, key: &Key) -> Result<Reading, Error> {
        self.bucket.read_head(key).await
    }

    async fn stat(&self, key: &Key) -> Result<Object, Error> {
        self.bucket.stat(key).await
    }

    async fn names(&self, _: &str) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }
}

/// What one data file lists, in pages. It ends in an error where the file is not whole.
async fn pages(
    reports: &S3,
    file: DataFile,
    columns: Columns,
    prefix: Arc<str>,
) -> Result<BoxStream<'static, Result<Vec<Object>, Error>>, Error> {
    let key = Key::new(&file.key).map_err(|error| Error::Inventory {
        what: file.key.clone(),
        detail: error.to_string(),
    })?;
    let what = reports.location().url_of(&key);
    let reading = reports.read(&key, 0, None).await?;
    let pieces = reading.body.map_ok(|mut chunk| {
        let cut = move || (!chunk.is_empty()).then(|| chunk.split_to(chunk.len().min(PIECE)));
        iter(std::iter::from_fn(cut).map(Ok::<_, Error>))
    });
    let rows = Rows::new(columns, prefix);
    let state = Some((pieces.try_flatten().boxed(), rows, file, what));
    let pages = unfold(state, async |state| {
        let (mut pieces, mut rows, file, what) = state?;
        let refuse = |detail| Error::Inventory {
            what: what.clone(),
            detail,
        };
        match pieces.next().await {
            Some(Ok(piece)) => match rows.take(&piece) {
                Ok(page) => Some((Ok(page), Some((pieces, rows, file, what)))),
                Err(detail) => Some((Err(refuse(detail)), None)),
            },
            Some(Err(error)) => Some((Err(error), None)),
            None => Some((rows.end(&file).map_err(refuse), None)),
        }
    });
    Ok(pages.boxed())
}
