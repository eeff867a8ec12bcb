//! `populate --inventory`: what S3 wrote down of a bucket, in place of a listing.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use crate::support::aws::{Aws, ministack};
use crate::support::cli::{Output, User};
use crate::support::env::picture;

/// Keys, and how S3 writes each into a report.
const KEYS: [(&str, &str); 5] = [
    ("trip/one.jpg", "trip/one.jpg"),
    ("trip/a b+c%20.jpg", "trip/a+b%2Bc%2520.jpg"),
    ("trip/海, \"x\".png", "trip/%E6%B5%B7%2C+%22x%22.png"),
    ("other/two.JPG", "other/two.JPG"),
    ("notes.txt", "notes.txt"),
];

/// Photos in a bucket, and a report of them in another.
struct Report {
    aws: &'static Aws,
    photos: String,
    reports: String,
}

impl Report {
    async fn new() -> Report {
        let aws = ministack().await;
        let photos = aws.bucket("inventoried").await;
        let objects = KEYS.map(|(key, _)| (key, picture(key)));
        aws.put_objects(&photos, objects).await;
        let reports = aws.bucket("reports").await;
        Report {
            aws,
            photos,
            reports,
        }
    }

    fn user(&self) -> User {
        User::new().with_all(self.aws.env())
    }

    /// A row for each key, as S3 writes them.
    async fn rows(&self) -> Vec<String> {
        let s3 = self.aws.s3().await;
        let mut rows = Vec::new();
        for (key, written) in KEYS {
            let head = s3.head_object().bucket(&self.photos).key(key);
            let head = head.send().await.unwrap();
            let (size, etag) = (head.content_length().unwrap(), head.e_tag().unwrap());
            let (bucket, etag) = (&self.photos, etag.trim_matches('"'));
            rows.push(format!(
                "\"{bucket}\",\"{written}\",\"{size}\",\"{etag}\"\n"
            ));
        }
        rows
    }

    /// Puts a report of one data file for each text, whose manifest is changed first.
    async fn write(&self, texts: &[String], change: impl FnOnce(&mut serde_json::Value)) {
        let mut files = Vec::new();
        for (n, text) in texts.iter().enumerate() {
            let mut zip = GzEncoder::new(Vec::new(), Compression::default());
            zip.write_all(text.as_bytes()).unwrap();
            let bytes = zip.finish().unwrap();
            let key = format!("daily/data/{n}.csv.gz");
            let size = bytes.len();
            self.aws.put_object(&self.reports, &key, bytes).await;
            let s3 = self.aws.s3().await;
            let head = s3.head_object().bucket(&self.reports).key(&key);
            let md5 = head.send().await.unwrap().e_tag.unwrap();
            let md5 = md5.trim_matches('"');
            files.push(json!({ "key": key, "size": size, "MD5checksum": md5 }));
        }
        let mut manifest = json!({
            "sourceBucket": self.photos,
            "destinationBucket": format!("arn:aws:s3:::{}", self.reports),
            "version": "2016-11-30",
            "creationTimestamp": "1790000000000",
            "fileFormat": "CSV",
            "fileSchema": "Bucket, Key, Size, ETag",
            "files": files,
        });
        change(&mut manifest);
        let bytes = serde_json::to_vec(&manifest).unwrap();
        self.aws
            .put_object(&self.reports, "daily/manifest.json", bytes)
            .await;
    }

    fn url(&self) -> String {
        format!("s3://{}/daily/manifest.json", self.reports)
    }

    async fn populate(&self, user: &User, more: &[&str]) -> Output {
        let url = self.url();
        let arguments = ["--json", "populate", "--inventory", &url];
        user.run(arguments.iter().chain(more)).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_queues_what_a_listing_of_the_bucket_queues() {
    let report = Report::new().await;
    let rows = report.rows().await;
    let texts = [rows[..2].concat(), rows[2..].concat()];
    report.write(&texts, |_| ()).await;

    let user = report.user();
    let sent = report.populate(&user, &[]).await.expect_success().json();
    assert_eq!(sent["queued"], 4);
    assert_eq!(sent["skipped"]["type"], 1, "{sent}");
    // The very same jobs: the queue has each of them.
    let listed = ["--json", "populate", "--bucket", &report.photos];
    let again = user.run(listed).await.expect_success().json();
    assert_eq!((&again["queued"], &again["bytes"]), (&json!(0), &json!(0)));
    assert_eq!(again["skipped"]["already_queued"], 4, "{again}");

    let anew = ["--dry-run", "--queue", "sqlite:another.db"];
    let dry = ["--prefix", "trip/", "--exclude", "*.png"];
    let dry = [&dry[..], &anew].concat();
    let dry = report.populate(&user, &dry).await.expect_success().json();
    assert_eq!(dry["queued"], 2, "{dry}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_is_none_gets_one_line() {
    let report = Report::new().await;
    let user = report.user();
    let refused = async |says: &str| {
        let output = report.populate(&user, &["-n"]).await.expect_code(1);
        let line = output.stderr.trim_end();
        assert_eq!(line.lines().count(), 1, "{line}");
        assert!(line.contains(says), "{says:?} is not in: {line}");
    };
    refused("daily/manifest.json is not there").await;
    let rows = report.rows().await.concat();
    let rows = std::slice::from_ref(&rows);
    report
        .write(rows, |manifest| manifest["fileFormat"] = json!("Parquet"))
        .await;
    refused("choose CSV").await;
    report
        .write(rows, |manifest| {
            manifest["fileSchema"] = json!("Bucket, Key, Size");
        })
        .await;
    refused("no column ETag").await;
    report
        .write(rows, |manifest| manifest["files"][0]["size"] = json!(7))
        .await;
    refused("daily/data/0.csv.gz").await;
    report
        .write(rows, |manifest| {
            let file = manifest["files"][0].clone();
            manifest["files"].as_array_mut().unwrap().push(file);
        })
        .await;
    refused("names a data file twice").await;
    report
        .write(rows, |manifest| *manifest = json!({ "entries": [] }))
        .await;
    refused("no manifest.json").await;
    for (wrong, says) in [
        ("photos/manifest.json", "s3://BUCKET/"),
        ("s3://b", "s3://BUCKET/"),
    ] {
        let output = user.run(["populate", "--inventory", wrong, "-n"]).await;
        let line = output.expect_code(1).stderr;
        assert!(line.contains(says) && line.contains(wrong), "{line}");
    }
}
