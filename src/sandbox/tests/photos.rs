//! The methods of photos and people.

use super::*;

async fn of_photo(client: &Client, method: &str, photo: &str) -> Value {
    client.call(method, &[("photo_id", photo)]).await
}

async fn change(client: &Client, method: &str, params: &[(&str, &str)]) {
    assert_eq!(
        code(&client.call(method, params).await),
        ("ok", 0),
        "{method}"
    );
}

/// The normalised tags of a photo.
async fn tags(client: &Client, photo: &str) -> Vec<String> {
    let info = of_photo(client, "flickr.photos.getInfo", photo).await;
    let tags = info["photo"]["tags"]["tag"].as_array().unwrap();
    let texts = tags.iter().map(|tag| tag["_content"].as_str().unwrap());
    texts.map(str::to_owned).collect()
}

#[tokio::test]
async fn tags_are_set_added_and_removed() {
    let client = client(Options::default()).await;
    let photo = client.photo("a").await;
    let id = ("photo_id", photo.as_str());
    change(&client, "flickr.photos.setTags", &[id, ("tags", "one two")]).await;
    change(
        &client,
        "flickr.photos.addTags",
        &[id, ("tags", "Two x:y=z")],
    )
    .await;
    assert_eq!(tags(&client, &photo).await, ["one", "two", "x:y=z"]);
    let info = of_photo(&client, "flickr.photos.getInfo", &photo).await;
    let second = info["photo"]["tags"]["tag"][1]["id"].as_str().unwrap();
    change(&client, "flickr.photos.removeTag", &[("tag_id", second)]).await;
    assert_eq!(tags(&client, &photo).await, ["one", "x:y=z"]);
    let again = client
        .call("flickr.photos.removeTag", &[("tag_id", second)])
        .await;
    assert_eq!(code(&again), ("fail", 1));
}

#[tokio::test]
async fn title_privacy_and_dates_change() {
    let client = client(Options::default()).await;
    let photo = client.photo("a").await;
    let id = ("photo_id", photo.as_str());
    change(
        &client,
        "flickr.photos.setMeta",
        &[id, ("title", "b"), ("description", "\"c\"")],
    )
    .await;
    let public = [
        id,
        ("is_public", "1"),
        ("is_friend", "0"),
        ("is_family", "0"),
    ];
    change(&client, "flickr.photos.setPerms", &public).await;
    let dates = [id, ("date_posted", "86400"), ("date_taken", "2013-10")];
    change(&client, "flickr.photos.setDates", &dates).await;
    let info = of_photo(&client, "flickr.photos.getInfo", &photo).await;
    let info = &info["photo"];
    assert_eq!(info["title"]["_content"], "b");
    assert_eq!(info["description"]["_content"], "&quot;c&quot;");
    assert_eq!(info["visibility"]["ispublic"], 1);
    assert_eq!(info["dates"]["posted"], "86400");
    assert_eq!(info["dates"]["taken"], "2013-10-01 00:00:00");
    let wrong = [id, ("date_taken", "soon")];
    let answer = client.call("flickr.photos.setDates", &wrong).await;
    assert_eq!(code(&answer), ("fail", 5));
}

#[tokio::test]
async fn a_photo_tells_its_sizes_and_its_sets() {
    let client = client(Options::default()).await;
    let photo = client.photo("a").await;
    let sizes = of_photo(&client, "flickr.photos.getSizes", &photo).await;
    let sizes = sizes["sizes"]["size"].as_array().unwrap();
    assert_eq!(sizes.last().unwrap()["label"], "Original");
    let original = sizes.last().unwrap()["source"].as_str().unwrap();
    let original = client.http.get(original).send().await.unwrap();
    assert_eq!(original.bytes().await.unwrap(), jpeg("a"));
    let none = of_photo(&client, "flickr.photos.getAllContexts", &photo).await;
    assert_eq!(none["set"], Value::Null);
    let set = [("title", "s"), ("primary_photo_id", photo.as_str())];
    change(&client, "flickr.photosets.create", &set).await;
    let sets = of_photo(&client, "flickr.photos.getAllContexts", &photo).await;
    assert_eq!(sets["set"][0]["title"], "s");
    change(&client, "flickr.photos.delete", &[("photo_id", &photo)]).await;
    let gone = of_photo(&client, "flickr.photos.getSizes", &photo).await;
    assert_eq!(code(&gone), ("fail", 1));
}

#[tokio::test]
async fn what_was_updated_since_then_is_listed() {
    let client = client(Options::default()).await;
    client.photo("a").await;
    let since = async |date: &str| {
        let params = [("min_date", date)];
        let answer = client.call("flickr.photos.recentlyUpdated", &params).await;
        answer["photos"]["photo"].as_array().map(Vec::len)
    };
    assert_eq!(
        (since("1").await, since("4000000000").await),
        (Some(1), Some(0))
    );
    assert_eq!(since("").await, None);
}

#[tokio::test]
async fn the_account_tells_who_it_is_and_what_it_may() {
    let client = client(Options::default()).await;
    client.photo("a").await;
    let echo = client.call("flickr.test.echo", &[("a", "b c")]).await;
    assert_eq!(echo["a"]["_content"], "b c");
    let login = client.call("flickr.test.login", &[]).await;
    let token = client.call("flickr.auth.oauth.checkToken", &[]).await;
    assert_eq!(token["oauth"]["user"]["nsid"], login["user"]["id"]);
    assert_eq!(token["oauth"]["perms"]["_content"], "delete");
    let limits = client.call("flickr.people.getLimits", &[]).await;
    assert_eq!(limits["person"]["nsid"], login["user"]["id"]);
    let status = client.call("flickr.people.getUploadStatus", &[]).await;
    assert_eq!(
        (&status["user"]["ispro"], &status["user"]["upload_count"]),
        (&json!(1), &json!(1))
    );
}

/// A method that no test calls may be wrong for years.
#[test]
fn every_method_is_called_by_a_test() {
    let tests = [
        include_str!("photos.rs"),
        include_str!("protocol.rs"),
        include_str!("refusals.rs"),
        include_str!("sets.rs"),
    ]
    .concat();
    let names = api::methods::METHODS.iter().map(|method| method.name);
    let missing: Vec<_> = names
        .filter(|name| !tests.contains(&format!("\"{name}\"")))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
