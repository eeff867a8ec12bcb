//! A login, step by step.

use super::*;

/// One signed step; the fields of the answer.
async fn step(client: &Client, path: &str, params: &[(&str, &str)]) -> BTreeMap<String, String> {
    let pairs: Vec<_> = params.iter().map(|(n, v)| format!("{n}={v}")).collect();
    let url = format!("{}{path}?{}", client.sandbox.base_url(), pairs.join("&"));
    let request = client
        .http
        .get(url)
        .header("Authorization", client.header("GET", path, params));
    let body = request.send().await.unwrap().text().await.unwrap();
    params::Params::parse(&body)
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// Opens the page that asks a person, presses its button, and reads the code.
async fn consent(client: &Client, token: &str) -> String {
    let page = format!(
        "{}/services/oauth/authorize?perms=write&oauth_token={token}",
        client.sandbox.base_url()
    );
    let question = client.http.get(&page).send().await.unwrap();
    assert!(question.text().await.unwrap().contains("upload"));
    let done = client.http.post(&page).send().await.unwrap();
    let done = done.text().await.unwrap();
    let code = done.split("id=\"code\">").nth(1).unwrap();
    code.split('<').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_login_gives_a_token_that_outlives_the_sandbox() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        dir: Some(dir.path().into()),
        ..Options::default()
    };
    let mut first = client(options.clone()).await;
    first.keys.token.clear();
    first.keys.token_secret.clear();
    let callback = [("oauth_callback", "oob")];
    let asked = step(&first, "/services/oauth/request_token", &callback).await;
    let code = consent(&first, &asked["oauth_token"]).await;
    first.keys.token = asked["oauth_token"].clone();
    first.keys.token_secret = asked["oauth_token_secret"].clone();
    let access = "/services/oauth/access_token";
    let wrong = step(&first, access, &[("oauth_verifier", "000-000-00")]).await;
    assert_eq!(wrong["oauth_problem"], "token_rejected");
    let given = step(&first, access, &[("oauth_verifier", &code)]).await;
    first.sandbox.stop().await;
    let mut second = client(options).await;
    second.keys.token = given["oauth_token"].clone();
    second.keys.token_secret = given["oauth_token_secret"].clone();
    let photo = second.photo("a").await;
    let refused = second
        .call("flickr.photos.delete", &[("photo_id", &photo)])
        .await;
    assert_eq!(
        refused["message"],
        "Insufficient permissions. Method requires delete privileges; write granted."
    );
}
