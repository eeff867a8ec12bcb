//! A Flickr of the tests' own: the sandbox, in this process, asked over HTTP what it holds.

use std::path::Path;

use s3flickr::sandbox::{self, Sandbox};
use serde_json::{Value, json};

/// A running sandbox; it ends when dropped.
pub struct FlickrBox {
    sandbox: Sandbox,
    http: reqwest::Client,
}

impl FlickrBox {
    /// An empty account, which is gone at the end.
    pub async fn start() -> FlickrBox {
        FlickrBox::start_with(sandbox::Options::default()).await
    }

    /// The account that is kept in `folder`.
    pub async fn start_in(folder: &Path) -> FlickrBox {
        let dir = Some(folder.to_owned());
        let options = sandbox::Options {
            dir,
            ..sandbox::Options::default()
        };
        FlickrBox::start_with(options).await
    }

    /// A sandbox with options of one's own.
    pub async fn start_with(options: sandbox::Options) -> FlickrBox {
        FlickrBox {
            sandbox: sandbox::start(options).await.expect("a sandbox"),
            http: reqwest::Client::new(),
        }
    }

    /// Where it is, without a slash at the end.
    pub fn url(&self) -> String {
        self.sandbox.base_url()
    }

    /// What a child process needs in its environment to use it.
    pub fn env(&self) -> Vec<(&'static str, String)> {
        self.sandbox.environment()
    }

    /// The same by way of another address, say a proxy's.
    pub fn env_by_way_of(&self, url: &str) -> Vec<(&'static str, String)> {
        let mut variables = self.env();
        for (name, value) in &mut variables {
            if *name == "FLICKR_ENDPOINT_URL" {
                *value = url.to_owned();
            }
        }
        variables
    }

    /// Everything in the account: `photos`, `sets`, `account`.
    pub async fn state(&self) -> Value {
        self.get("/sandbox/state").await
    }

    /// The photos of the account.
    pub async fn photos(&self) -> Vec<Value> {
        list(&self.state().await["photos"])
    }

    /// The titles of all photos, sorted.
    pub async fn titles(&self) -> Vec<String> {
        let photos = self.photos().await;
        let mut titles: Vec<_> = photos.iter().map(|photo| text(&photo["title"])).collect();
        titles.sort();
        titles
    }

    /// The sets of the account: the title, and the titles of the photos in their order.
    pub async fn sets(&self) -> Vec<(String, Vec<String>)> {
        let state = self.state().await;
        let photos = list(&state["photos"]);
        let title_of = |id: &Value| {
            let photo = photos.iter().find(|photo| photo["id"] == *id);
            text(&photo.expect("a photo of the set")["title"])
        };
        let titles = |set: &Value| list(&set["photos"]).iter().map(title_of).collect();
        let sets = list(&state["sets"]);
        let told = sets.iter().map(|set| (text(&set["title"]), titles(set)));
        told.collect()
    }

    /// The log: `totals` by method, and `calls` one by one, oldest first.
    pub async fn calls(&self) -> Value {
        self.get("/sandbox/calls").await
    }

    /// How often a method was called: `upload`, `flickr.photosets.create`...
    pub async fn calls_of(&self, method: &str) -> u64 {
        let calls = self.calls().await;
        calls["totals"][method]["calls"].as_u64().unwrap_or(0)
    }

    /// Replaces the script of faults; an empty list ends them all.
    pub async fn faults(&self, faults: &[sandbox::Fault]) {
        self.post("/sandbox/faults", &json!(faults)).await;
    }

    /// Changes the settings that are named, of those that `state()["account"]` shows.
    pub async fn set_account(&self, settings: Value) {
        self.post("/sandbox/account", &settings).await;
    }

    /// Saves all and ends it.
    pub async fn stop(self) {
        self.sandbox.stop().await;
    }

    async fn get(&self, path: &str) -> Value {
        self.answer(self.http.get(self.url() + path)).await
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let request = self.http.post(self.url() + path);
        self.answer(request.body(body.to_string())).await
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> Value {
        let response = request.send().await.expect("an answer of the sandbox");
        let status = response.status();
        let body = response.text().await.expect("a whole answer");
        assert!(status.is_success(), "the sandbox: {status} {body}");
        serde_json::from_str(&body).expect("JSON from the sandbox")
    }
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().expect("a list").clone()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
