//! The methods of sets.

use super::*;

/// A set with these photos, and their ids.
async fn set_of(client: &Client, titles: &[&str]) -> (String, Vec<String>) {
    let mut photos = Vec::new();
    for title in titles {
        photos.push(client.photo(title).await);
    }
    let params = [("title", "2013"), ("primary_photo_id", photos[0].as_str())];
    let made = client.call("flickr.photosets.create", &params).await;
    let set = made["photoset"]["id"].as_str().unwrap().to_owned();
    let list = photos.join(",");
    edit(client, &set, &list, &photos[0]).await;
    (set, photos)
}

async fn edit(client: &Client, set: &str, photos: &str, primary: &str) -> Value {
    let params = [
        ("photoset_id", set),
        ("primary_photo_id", primary),
        ("photo_ids", photos),
    ];
    client.call("flickr.photosets.editPhotos", &params).await
}

/// The titles of a set's photos, in order.
async fn members(client: &Client, set: &str) -> Vec<String> {
    let params = [("photoset_id", set)];
    let listed = client.call("flickr.photosets.getPhotos", &params).await;
    let photos = listed["photoset"]["photo"].as_array().unwrap();
    let titles = photos.iter().map(|photo| photo["title"].as_str().unwrap());
    titles.map(str::to_owned).collect()
}

async fn info(client: &Client, set: &str) -> Value {
    let params = [("photoset_id", set)];
    client.call("flickr.photosets.getInfo", &params).await
}

#[tokio::test]
async fn a_set_takes_the_whole_list_that_edit_photos_gives_it() {
    let client = client(Options::default()).await;
    let (set, ids) = set_of(&client, &["a"]).await;
    let (a, b, c) = (&ids[0], client.photo("b").await, client.photo("c").await);
    let params = [("photoset_id", set.as_str()), ("photo_id", a.as_str())];
    let again = client.call("flickr.photosets.addPhoto", &params).await;
    assert_eq!(code(&again), ("fail", 3));
    let both = format!("{c},{b}");
    assert_eq!(code(&edit(&client, &set, &both, &b).await), ("ok", 0));
    assert_eq!(members(&client, &set).await, ["c", "b"]);
    assert_eq!(code(&edit(&client, &set, &both, a).await), ("fail", 4));
    assert_eq!(code(&edit(&client, &set, "", a).await), ("fail", 5));
    assert_eq!(
        edit(&client, &set, &format!("{c}, {b}"), &b).await["message"],
        "Photo \"\" not found"
    );
    assert_eq!(code(&edit(&client, &set, &both, "1").await), ("fail", 3));
    let emptied = [("photoset_id", set.as_str()), ("photo_ids", both.as_str())];
    let emptied = client.call("flickr.photosets.removePhotos", &emptied).await;
    assert_eq!(code(&emptied), ("ok", 0));
    assert_eq!(code(&info(&client, &set).await), ("fail", 1));
}

#[tokio::test]
async fn a_set_is_reordered_gets_another_cover_and_loses_a_photo() {
    let client = client(Options::default()).await;
    let (set, ids) = set_of(&client, &["a", "b", "c"]).await;
    let call = async |method: &str, name: &str, value: &str| {
        let params = [("photoset_id", set.as_str()), (name, value)];
        client.call(method, &params).await
    };
    let front = format!("{},{}", ids[2], ids[0]);
    let answer = call("flickr.photosets.reorderPhotos", "photo_ids", &front).await;
    assert_eq!(code(&answer), ("ok", 0));
    assert_eq!(members(&client, &set).await, ["c", "a", "b"]);
    let answer = call("flickr.photosets.setPrimaryPhoto", "photo_id", &ids[1]).await;
    assert_eq!(code(&answer), ("ok", 0));
    assert_eq!(info(&client, &set).await["photoset"]["primary"], ids[1]);
    let answer = call("flickr.photosets.removePhoto", "photo_id", &ids[1]).await;
    assert_eq!(code(&answer), ("ok", 0));
    assert_eq!(members(&client, &set).await, ["c", "a"]);
    assert_eq!(info(&client, &set).await["photoset"]["primary"], ids[2]);
    let answer = call("flickr.photosets.removePhoto", "photo_id", &ids[1]).await;
    assert_eq!(code(&answer), ("fail", 3));
    let answer = call("flickr.photosets.setPrimaryPhoto", "photo_id", &ids[1]).await;
    assert_eq!(code(&answer), ("fail", 3));
}

#[tokio::test]
async fn a_set_is_renamed_and_deleted_and_its_photos_stay() {
    let client = client(Options::default()).await;
    let (set, _) = set_of(&client, &["a"]).await;
    let params = [
        ("photoset_id", set.as_str()),
        ("title", "x"),
        ("description", "y"),
    ];
    let answer = client.call("flickr.photosets.editMeta", &params).await;
    assert_eq!(code(&answer), ("ok", 0));
    let renamed = info(&client, &set).await;
    assert_eq!(renamed["photoset"]["title"]["_content"], "x");
    assert_eq!(renamed["photoset"]["description"]["_content"], "y");
    let untitled = [("photoset_id", set.as_str()), ("title", " ")];
    let answer = client.call("flickr.photosets.editMeta", &untitled).await;
    assert_eq!(code(&answer), ("fail", 2));
    let params = [("photoset_id", set.as_str())];
    let answer = client.call("flickr.photosets.delete", &params).await;
    assert_eq!(code(&answer), ("ok", 0));
    assert_eq!(code(&info(&client, &set).await), ("fail", 1));
    let loose = client.call("flickr.photos.getNotInSet", &[]).await;
    assert_eq!(loose["photos"]["photo"][0]["title"], "a");
}

#[tokio::test]
async fn sets_that_are_not_listed_go_to_the_end_by_id() {
    let client = client(Options::default()).await;
    let mut sets = Vec::new();
    for title in ["a", "b", "c"] {
        sets.push(set_of(&client, &[title]).await.0);
    }
    let order = [("photoset_ids", sets[1].as_str())];
    let answer = client.call("flickr.photosets.orderSets", &order).await;
    assert_eq!(code(&answer), ("ok", 0));
    let listed = client.call("flickr.photosets.getList", &[]).await;
    let ids = listed["photosets"]["photoset"].as_array().unwrap().iter();
    let ids: Vec<_> = ids.map(|set| set["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [&sets[1], &sets[0], &sets[2]]);
    let unknown = [("photoset_ids", "1")];
    let answer = client.call("flickr.photosets.orderSets", &unknown).await;
    assert_eq!(code(&answer), ("fail", 1));
}
