//! A sandbox, a user whose variables point at it, and a view of what the sandbox holds.

use std::collections::BTreeMap;

use s3flickr::flickr::{Budget, Client, Credentials, Endpoints, Timeouts};
use s3flickr::sandbox::{self, Options, Sandbox};
use serde_json::Value;
use sha1::{Digest, Sha1};

use super::cli::User;

/// A stand-in for Flickr of this test's own.
pub struct Env {
    sandbox: Sandbox,
    http: reqwest::Client,
}

/// One photo as the sandbox holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Photo {
    pub id: String,
    pub title: String,
    pub sha1: String,
    pub visibility: String,
}

impl Env {
    pub async fn start() -> Env {
        let sandbox = sandbox::start(Options::default()).await.expect("a sandbox");
        Env {
            sandbox,
            http: super::http(),
        }
    }

    /// A user who has an account there.
    pub fn user(&self) -> User {
        User::new().with_all(self.variables())
    }

    /// The variables that point a client there.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        self.sandbox.environment()
    }

    /// A user who has a key, and no account yet.
    pub fn user_with_key_only(&self) -> User {
        let environment = self.sandbox.environment().into_iter();
        User::new().with_all(environment.filter(|(name, _)| !name.contains("TOKEN")))
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.sandbox.base_url())
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self
            .http
            .get(self.url(path))
            .send()
            .await
            .expect("the sandbox answers");
        serde_json::from_slice(&answer.bytes().await.expect("a body")).expect("JSON")
    }

    /// Sets the script of faults.
    pub async fn faults(&self, script: Value) {
        self.post("/sandbox/faults", script).await;
    }

    /// A client of the account, to change it as a person or another tool would.
    pub fn client(&self) -> Client {
        self.client_with(Budget::unlimited())
    }

    /// The same with this budget.
    pub fn client_with(&self, budget: Budget) -> Client {
        let keys = self.sandbox.credentials().clone();
        let credentials = Credentials {
            api_key: keys.api_key,
            api_secret: keys.api_secret.into(),
            token: keys.token,
            token_secret: keys.token_secret.into(),
        };
        let endpoints = Endpoints::under(&self.sandbox.base_url()).expect("a loopback address");
        Client::new(endpoints, credentials, budget, Timeouts::default()).expect("a client")
    }

    /// The id of the photo of this title.
    pub async fn id_of(&self, title: &str) -> String {
        let photos = self.photos().await.into_iter();
        photos
            .filter(|photo| photo.title == title)
            .map(|photo| photo.id)
            .next()
            .expect("a photo")
    }

    /// Changes settings of the account.
    pub async fn account(&self, settings: Value) {
        self.post("/sandbox/account", settings).await;
    }

    async fn post(&self, path: &str, body: Value) {
        let answer = self
            .http
            .post(self.url(path))
            .body(body.to_string())
            .send()
            .await;
        let answer = answer.expect("the sandbox answers");
        let ok = answer.status().is_success();
        assert!(ok, "{path}: {}", answer.text().await.unwrap_or_default());
    }

    /// All photos, by title.
    pub async fn photos(&self) -> Vec<Photo> {
        let state = self.get("/sandbox/state").await;
        let text = |photo: &Value, name: &str| photo[name].as_str().unwrap_or_default().to_owned();
        let mut photos: Vec<Photo> = array(&state["photos"])
            .iter()
            .map(|photo| Photo {
                id: text(photo, "id"),
                title: text(photo, "title"),
                sha1: text(photo, "sha1"),
                visibility: text(photo, "visibility"),
            })
            .collect();
        photos.sort_by(|a, b| a.title.cmp(&b.title));
        photos
    }

    /// Title -> SHA-1 of every photo; panics where two have one title.
    pub async fn contents(&self) -> BTreeMap<String, String> {
        let photos = self.photos().await;
        let count = photos.len();
        let map: BTreeMap<String, String> = photos
            .into_iter()
            .map(|photo| (photo.title, photo.sha1))
            .collect();
        assert_eq!(map.len(), count, "a title is there twice");
        map
    }

    /// Every set: its title, and the titles of its photos in order.
    pub async fn sets(&self) -> Vec<(String, Vec<String>)> {
        let titles: BTreeMap<String, String> = self
            .photos()
            .await
            .into_iter()
            .map(|photo| (photo.id, photo.title))
            .collect();
        let state = self.get("/sandbox/state").await;
        let title = |id: &Value| titles[id.as_str().unwrap_or_default()].clone();
        let mut sets: Vec<(String, Vec<String>)> = array(&state["sets"])
            .iter()
            .map(|set| {
                let name = set["title"].as_str().unwrap_or_default().to_owned();
                (name, array(&set["photos"]).iter().map(title).collect())
            })
            .collect();
        sets.sort();
        sets
    }

    /// Waits until a method was called this often in all.
    pub async fn until_called(&self, method: &str, times: u64) {
        while self.calls().await.get(method).copied().unwrap_or_default() < times {
            tokio::task::yield_now().await;
        }
    }

    /// Number of calls by method.
    pub async fn calls(&self) -> BTreeMap<String, u64> {
        let log = self.get("/sandbox/calls").await;
        let totals = log["totals"].as_object().expect("totals").iter();
        totals
            .map(|(method, total)| (method.clone(), total["calls"].as_u64().unwrap_or_default()))
            .collect()
    }
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The SHA-1 of some bytes in hex.
pub fn sha1(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha1::digest(bytes))
}

/// A small JPEG-like file whose bytes are its own.
pub fn picture(name: &str) -> Vec<u8> {
    let mut bytes = vec![0xFF, 0xD8, 0xFF, 0xE0, 0, 16];
    bytes.extend_from_slice(b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    bytes.extend_from_slice(name.as_bytes());
    bytes.extend_from_slice(&[0xFF, 0xD9]);
    bytes
}
