//! A tiny S3 server: buckets whose names say what is in them, so that a million keys cost nothing.
//!
//! Bucket `crc-2000000-500` holds 500 objects of 2,000,000 bytes each, with the checksum that S3
//! keeps of every object put since 2024 (CRC64NVME) and an ETag that is their MD5; in `md5-...`
//! there is the MD5 alone, and in `own-...` no two objects are the same, as Flickr tells a second copy
//! from a first. Any other bucket is empty, and takes what is put; `GET /stats` tells
//! how many bytes that were, so that a peer that copied nothing is not taken for a fast one.
//! Listings know no delimiter: a client must list the whole bucket.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use data_encoding::{BASE64, HEXLOWER};
use md5::{Digest, Md5};
use parking_lot::Mutex;
use tokio::net::TcpListener;

use crate::http::{self, Answer, Request};

/// Objects repeat a block of this many bytes: even a video of 1 GB needs no memory here.
const BLOCK_BYTES: usize = 1024 * 1024;
/// Keys a folder.
pub const KEYS_A_FOLDER: u64 = 80;
/// The most keys of one page, as with S3.
const PAGE_KEYS: u64 = 1_000;

/// What a bucket's name says.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Bucket {
    checksum: bool,
    /// Whether each object has bytes of its own; then they are fewer than a block's.
    own: bool,
    size: u64,
    keys: u64,
}

/// What is sent with every object of one size.
#[derive(Clone)]
struct Sums {
    crc64: String,
    etag: String,
}

struct Server {
    block: Arc<[u8]>,
    sums: Mutex<HashMap<u64, Sums>>,
    /// Bytes put since the server started.
    put: AtomicU64,
}

/// The name of a bucket with `keys` objects of `size` bytes, with S3's checksum or only the MD5.
pub fn bucket(checksum: bool, size: u64, keys: u64) -> String {
    format!("{}-{size}-{keys}", if checksum { "crc" } else { "md5" })
}

/// The name of a bucket with `keys` objects of `size` bytes of which no two are the same.
pub fn bucket_of_different(size: u64, keys: u64) -> String {
    format!("own-{size}-{keys}")
}

/// How many objects a bucket of that name holds.
pub fn keys(bucket: &str) -> u64 {
    Bucket::parse(bucket).map_or(0, |bucket| bucket.keys)
}

/// How many bytes all its objects have.
pub fn bytes(bucket: &str) -> u64 {
    Bucket::parse(bucket).map_or(0, |bucket| bucket.keys * bucket.size)
}

/// Serves until the process ends.
pub async fn serve(listener: TcpListener) {
    let server = Arc::new(Server {
        block: noise().into(),
        sums: Mutex::default(),
        put: AtomicU64::new(0),
    });
    http::serve(listener, move |request| server.answer(request)).await;
}

impl Bucket {
    fn parse(name: &str) -> Option<Bucket> {
        let mut parts = name.split('-');
        let kind = parts.next()?;
        if !["crc", "md5", "own"].contains(&kind) {
            return None;
        }
        Some(Bucket {
            checksum: kind != "md5",
            own: kind == "own",
            size: parts.next()?.parse().ok()?,
            keys: parts.next()?.parse().ok()?,
        })
    }
}

impl Server {
    fn answer(&self, request: &Request) -> Answer {
        let path = request.target.split('?').next().unwrap_or_default();
        if path == "/stats" {
            let put = self.put.load(Ordering::Relaxed);
            return Answer::text(format!("{{\"put\":{put}}}"), "application/json");
        }
        let (name, key) = path
            .trim_start_matches('/')
            .split_once('/')
            .unwrap_or((&path[1..], ""));
        match (request.method.as_str(), Bucket::parse(name)) {
            ("GET", Some(bucket)) if key.is_empty() => self.page(bucket, request),
            ("GET", None) if key.is_empty() => Answer::text(EMPTY, "application/xml"),
            ("GET" | "HEAD", Some(bucket)) => self.object(bucket, key, request),
            ("PUT", None) => {
                self.put.fetch_add(request.length, Ordering::Relaxed);
                let mut answer = Answer::text("", "application/xml");
                answer
                    .headers
                    .push_str("ETag: \"00000000000000000000000000000000-1\"\r\n");
                answer
            }
            _ => Answer {
                status: "404 Not Found",
                ..Answer::text("", "application/xml")
            },
        }
    }

    fn object(&self, bucket: Bucket, key: &str, request: &Request) -> Answer {
        let (block, sums) = self.content(bucket, number(key));
        let mut answer = Answer {
            block,
            length: bucket.size,
            head_only: request.method == "HEAD",
            ..Answer::text("", "image/jpeg")
        };
        let _ = write!(
            answer.headers,
            "ETag: \"{}\"\r\nLast-Modified: {DATE}\r\nAccept-Ranges: bytes\r\n",
            sums.etag
        );
        let range = request
            .header("range")
            .and_then(|range| range.strip_prefix("bytes="));
        if let Some((first, last)) = range.and_then(|range| range.split_once('-')) {
            answer.skipped = first.parse().unwrap_or(0);
            let last = last
                .parse()
                .map_or(bucket.size, |last: u64| last + 1)
                .min(bucket.size);
            answer.length = last.saturating_sub(answer.skipped);
            answer.status = "206 Partial Content";
            let (first, size) = (answer.skipped, bucket.size);
            let _ = write!(
                answer.headers,
                "Content-Range: bytes {first}-{}/{size}\r\n",
                last - 1
            );
        } else if bucket.checksum && request.header("x-amz-checksum-mode").is_some() {
            let _ = write!(
                answer.headers,
                "x-amz-checksum-crc64nvme: {}\r\nx-amz-checksum-type: FULL_OBJECT\r\n",
                sums.crc64
            );
        }
        answer
    }

    fn page(&self, bucket: Bucket, request: &Request) -> Answer {
        let start: u64 = request
            .query("continuation-token")
            .and_then(|t| t.parse().ok())
            .unwrap_or(0);
        let end = bucket.keys.min(start + PAGE_KEYS);
        // Flickr takes photos of up to 200 MB; what is larger is a video.
        let extension = if bucket.size > 200_000_000 {
            "mp4"
        } else {
            "jpg"
        };
        let mut etag = self.sums(bucket.size).etag;
        let mut text = String::with_capacity(256 * 1024);
        text.push_str(OPENING);
        for number in start..end {
            let (folder, size) = (number / KEYS_A_FOLDER, bucket.size);
            if bucket.own {
                etag = self.content(bucket, number).1.etag;
            }
            let _ = write!(
                text,
                "<Contents><Key>album-{folder:06}/photo-{number:08}.{extension}</Key>\
                 <LastModified>2024-05-01T00:00:00.000Z</LastModified><ETag>&quot;{etag}&quot;</ETag>\
                 <Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
            );
        }
        if request.query("encoding-type").is_some() {
            text.push_str("<EncodingType>url</EncodingType>");
        }
        if end < bucket.keys {
            let _ = write!(text, "<NextContinuationToken>{end}</NextContinuationToken>");
        }
        let _ = write!(
            text,
            "<IsTruncated>{}</IsTruncated></ListBucketResult>",
            end < bucket.keys
        );
        Answer::text(text, "application/xml")
    }

    /// An object's bytes, which repeat, and their sums.
    fn content(&self, bucket: Bucket, number: u64) -> (Arc<[u8]>, Sums) {
        if !bucket.own {
            return (Arc::clone(&self.block), self.sums(bucket.size));
        }
        let size = usize::try_from(bucket.size).expect("less than a block");
        let mut block = self.block[..size].to_vec();
        block[JPEG.len()..JPEG.len() + 8].copy_from_slice(&number.to_be_bytes());
        let sums = sums(&block, bucket.size);
        (block.into(), sums)
    }

    /// Computed at the first need: a warm-up run is not measured.
    fn sums(&self, size: u64) -> Sums {
        let mut known = self.sums.lock();
        known
            .entry(size)
            .or_insert_with(|| sums(&self.block, size))
            .clone()
    }
}

/// The number that ends a key, before its extension.
fn number(key: &str) -> u64 {
    let name = key.rsplit('-').next().unwrap_or_default();
    let digits = name.split('.').next().unwrap_or_default();
    digits.parse().unwrap_or(0)
}

const DATE: &str = "Wed, 01 May 2024 00:00:00 GMT";
const OPENING: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
    <ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
const EMPTY: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
    <ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
    <IsTruncated>false</IsTruncated></ListBucketResult>";

/// How a JPEG file begins: the sandbox, like Flickr, looks at the bytes and not at the name.
const JPEG: &[u8; 20] = b"\xFF\xD8\xFF\xE0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0";

/// A photo's first bytes, then some that do not compress, the same in every run (xorshift).
fn noise() -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut bytes = Vec::with_capacity(BLOCK_BYTES);
    bytes.extend_from_slice(JPEG);
    while bytes.len() < BLOCK_BYTES {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(BLOCK_BYTES);
    bytes
}

fn sums(block: &[u8], size: u64) -> Sums {
    let table = crc_table();
    let (mut crc, mut md5, mut left) = (u64::MAX, Md5::new(), size);
    while left > 0 {
        let piece = &block[..block.len().min(usize::try_from(left).unwrap_or(usize::MAX))];
        for byte in piece {
            crc = table[usize::from(crc as u8 ^ byte)] ^ (crc >> 8);
        }
        md5.update(piece);
        left -= piece.len() as u64;
    }
    Sums {
        crc64: BASE64.encode(&(!crc).to_be_bytes()),
        etag: HEXLOWER.encode(&md5.finalize()),
    }
}

/// CRC-64/NVME: the reflected polynomial 0x9A6C9329AC4BC9B5.
fn crc_table() -> [u64; 256] {
    std::array::from_fn(|byte| {
        (0..8).fold(byte as u64, |crc, _| {
            (crc >> 1)
                ^ if crc & 1 == 1 {
                    0x9A6C_9329_AC4B_C9B5
                } else {
                    0
                }
        })
    })
}
