//! The sandbox over HTTP, signed by a library that is not ours.

use std::collections::BTreeMap;

use oauth::{Builder, Credentials as Keys, HMAC_SHA1, ParameterList};
use oauth1_request as oauth;
use reqwest::StatusCode;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::*;

mod file_types;
mod gallery;
mod lifetime;
mod login;
mod photos;
mod protocol;
mod refusals;
mod sets;

struct Client {
    sandbox: Sandbox,
    keys: Credentials,
    http: reqwest::Client,
}

async fn client(options: Options) -> Client {
    crate::tls::install();
    let sandbox = start(options).await.unwrap();
    Client {
        keys: sandbox.credentials().clone(),
        sandbox,
        http: reqwest::Client::new(),
    }
}

impl Client {
    fn header(&self, method: &str, path: &str, params: &[(&str, &str)]) -> String {
        let keys = &self.keys;
        let mut builder = Builder::<_, &str, &str>::new(
            Keys::new(keys.api_key.as_str(), keys.api_secret.as_str()),
            HMAC_SHA1,
        );
        if !keys.token.is_empty() {
            builder.token(Keys::new(keys.token.as_str(), keys.token_secret.as_str()));
        }
        let url = format!("{}{path}", self.sandbox.base_url());
        builder.authorize(method, url, &ParameterList::new(params.to_vec()))
    }

    async fn send(
        &self,
        method: &str,
        params: &[(&str, &str)],
    ) -> reqwest::Result<reqwest::Response> {
        let mut params = params.to_vec();
        params.extend([
            ("method", method),
            ("format", "json"),
            ("nojsoncallback", "1"),
        ]);
        let url = format!("{}/services/rest", self.sandbox.base_url());
        let header = self.header("POST", "/services/rest", &params);
        self.http
            .post(url)
            .header("Authorization", header)
            .form(&params)
            .send()
            .await
    }

    async fn call(&self, method: &str, params: &[(&str, &str)]) -> Value {
        let body = self
            .send(method, params)
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        serde_json::from_str(&body).unwrap_or(Value::String(body))
    }

    async fn send_upload(
        &self,
        file: &str,
        bytes: &[u8],
        params: &[(&str, &str)],
    ) -> reqwest::Result<reqwest::Response> {
        let header = self.header("POST", "/services/upload/", params);
        let texts = params.iter().fold(Form::new(), |form, (name, value)| {
            form.text(name.to_string(), value.to_string())
        });
        let form = texts.part(
            "photo",
            Part::bytes(bytes.to_vec()).file_name(file.to_owned()),
        );
        let url = format!("{}/services/upload/", self.sandbox.base_url());
        self.http
            .post(url)
            .header("Authorization", header)
            .multipart(form)
            .send()
            .await
    }

    async fn upload(&self, file: &str, bytes: &[u8], params: &[(&str, &str)]) -> String {
        self.send_upload(file, bytes, params)
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
    }

    async fn photo(&self, title: &str) -> String {
        let answer = self
            .upload("x.jpg", &jpeg(title), &[("title", title)])
            .await;
        let id = answer
            .split("<photoid>")
            .nth(1)
            .and_then(|rest| rest.split('<').next());
        id.unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    async fn look(&self, path: &str) -> Value {
        let url = format!("{}{path}", self.sandbox.base_url());
        serde_json::from_str(
            &self
                .http
                .get(url)
                .send()
                .await
                .unwrap()
                .text()
                .await
                .unwrap(),
        )
        .unwrap()
    }

    async fn switch(&self, path: &str, body: Value) {
        let url = format!("{}{path}", self.sandbox.base_url());
        let answer = self
            .http
            .post(url)
            .body(body.to_string())
            .send()
            .await
            .unwrap();
        assert_eq!(
            answer.status(),
            StatusCode::OK,
            "{}",
            answer.text().await.unwrap()
        );
    }

    async fn titles(&self) -> Vec<String> {
        let state = self.look("/sandbox/state").await;
        state["photos"]
            .as_array()
            .unwrap()
            .iter()
            .map(|photo| photo["title"].as_str().unwrap().to_owned())
            .collect()
    }
}

fn jpeg(salt: &str) -> Vec<u8> {
    [state::file_types::GREY_JPEG, salt.as_bytes()].concat()
}

fn code(answer: &Value) -> (&str, i64) {
    (
        answer["stat"].as_str().unwrap(),
        answer["code"].as_i64().unwrap_or(0),
    )
}
