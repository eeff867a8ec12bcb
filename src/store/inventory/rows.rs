//! The rows of a report's data file: gzipped CSV without a header, read as its bytes come.

use std::io::Write;
use std::sync::Arc;

use csv_core::{ReadRecordResult, Reader};
use data_encoding::HEXLOWER;
use flate2::write::MultiGzDecoder;
use jiff::Timestamp;
use md5::{Digest, Md5};

use super::DataFile;
use crate::store::{Object, s3};

/// The longest row: a key has at most 1,024 bytes, three times that when encoded.
const LONGEST_ROW: usize = 16 * 1024;
/// S3 has no more columns.
const MOST_COLUMNS: usize = 64;

/// Which column is which.
#[derive(Debug, Clone, Copy)]
pub(super) struct Columns {
    key: usize,
    size: usize,
    etag: usize,
    class: Option<usize>,
    latest: Option<usize>,
    deleted: Option<usize>,
    modified: Option<usize>,
}

impl Columns {
    /// Reads a `fileSchema`: names with commas between them.
    ///
    /// It must have an ETag, so that a file is the same job as when the bucket is listed.
    pub(super) fn of(schema: &str) -> Result<Columns, String> {
        let find = |name: &str| schema.split(',').position(|column| column.trim() == name);
        let need = |name: &str| {
            find(name).ok_or_else(|| {
                format!("it has no column {name}; choose that as one of the inventory's fields")
            })
        };
        Ok(Columns {
            key: need("Key")?,
            size: need("Size")?,
            etag: need("ETag")?,
            class: find("StorageClass"),
            latest: find("IsLatest"),
            deleted: find("IsDeleteMarker"),
            modified: find("LastModifiedDate"),
        })
    }

    /// The file of a row; `None` for an older version or the mark of a deleted file.
    fn object(&self, row: &[&str]) -> Result<Option<Object>, String> {
        let field = |column: Option<usize>| column.and_then(|n| row.get(n)).copied();
        let short = || format!("a row has {} fields", row.len());
        let says =
            |column, text: &str| field(column).is_some_and(|said| said.eq_ignore_ascii_case(text));
        if says(self.latest, "false") || says(self.deleted, "true") {
            return Ok(None);
        }
        let need = |column| field(Some(column)).ok_or_else(short);
        let size = need(self.size)?;
        Ok(Some(Object {
            path: s3::url_decoded(need(self.key)?),
            // A folder's placeholder may have none.
            size: match size {
                "" => 0,
                size => size.parse().map_err(|_| format!("{size:?} is no size"))?,
            },
            etag: need(self.etag)?.to_owned(),
            modified: field(self.modified)
                .and_then(|text| text.parse().ok())
                .map(|time: Timestamp| time.as_second()),
            archived: field(self.class).is_some_and(s3::is_archive),
        }))
    }
}

/// The rows of a data file, as its bytes come.
pub(super) struct Rows {
    columns: Columns,
    prefix: Arc<str>,
    unzip: MultiGzDecoder<Vec<u8>>,
    reader: Reader,
    /// The fields of the row that is being read, one after the other, and where each ends.
    fields: Vec<u8>,
    filled: usize,
    ends: Vec<usize>,
    ended: usize,
    digest: Md5,
    bytes: u64,
}

impl Rows {
    pub(super) fn new(columns: Columns, prefix: Arc<str>) -> Rows {
        Rows {
            columns,
            prefix,
            unzip: MultiGzDecoder::new(Vec::new()),
            reader: Reader::new(),
            fields: vec![0; LONGEST_ROW],
            filled: 0,
            ends: vec![0; MOST_COLUMNS],
            ended: 0,
            digest: Md5::new(),
            bytes: 0,
        }
    }

    /// The files whose rows end in these bytes.
    pub(super) fn take(&mut self, piece: &[u8]) -> Result<Vec<Object>, String> {
        self.digest.update(piece);
        self.bytes += piece.len() as u64;
        self.unzip.write_all(piece).map_err(|e| e.to_string())?;
        self.unzip.flush().map_err(|e| e.to_string())?;
        let text = std::mem::take(self.unzip.get_mut());
        let mut page = Vec::new();
        let mut rest = text.as_slice();
        while !rest.is_empty() {
            rest = &rest[self.read(rest, &mut page)?..];
        }
        Ok(page)
    }

    /// The last row, if it had no end of line; fails unless the whole file came.
    pub(super) fn end(&mut self, file: &DataFile) -> Result<Vec<Object>, String> {
        let found = HEXLOWER.encode(&self.digest.finalize_reset());
        if self.bytes != file.size || !found.eq_ignore_ascii_case(&file.md5) {
            return Err(format!(
                "{} bytes with the MD5 {found} came, the manifest says {} with {}",
                self.bytes, file.size, file.md5
            ));
        }
        self.unzip.try_finish().map_err(|e| e.to_string())?;
        let mut page = self.take(&[])?;
        self.read(&[], &mut page)?;
        Ok(page)
    }

    /// Reads up to the end of one row, and says how many bytes that were.
    fn read(&mut self, text: &[u8], page: &mut Vec<Object>) -> Result<usize, String> {
        let fields = &mut self.fields[self.filled..];
        let ends = &mut self.ends[self.ended..];
        let (result, read, filled, ended) = self.reader.read_record(text, fields, ends);
        self.filled += filled;
        self.ended += ended;
        match result {
            ReadRecordResult::Record => self.row(page)?,
            ReadRecordResult::InputEmpty | ReadRecordResult::End => {}
            ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                return Err("a row is longer than any of S3's".to_owned());
            }
        }
        Ok(read)
    }

    fn row(&mut self, page: &mut Vec<Object>) -> Result<(), String> {
        let mut row = Vec::with_capacity(self.ended);
        let mut from = 0;
        for &end in &self.ends[..self.ended] {
            let field = std::str::from_utf8(&self.fields[from..end]);
            row.push(field.map_err(|_| "a row is no UTF-8".to_owned())?);
            from = end;
        }
        if let Some(object) = self.columns.object(&row)? {
            let path = object.path.as_deref();
            if path.is_none_or(|path| path.starts_with(&*self.prefix)) {
                page.push(object);
            }
        }
        (self.filled, self.ended) = (0, 0);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
