//! Uploads as a client sees them.

use super::*;

#[tokio::test]
async fn a_photo_comes_back_byte_for_byte_with_its_tags() {
    let client = client(Options::default()).await;
    let params = [
        ("title", "2013/It's (a) *test*! ~é.jpg"),
        ("tags", "s3flickr:path=ab2 \"two words\""),
        ("is_family", "1"),
    ];
    client.upload("a.JPG", &jpeg("é"), &params).await;
    let list = [
        ("user_id", "me"),
        ("extras", "url_o,tags,machine_tags,date_upload"),
    ];
    let answer = client.call("flickr.people.getPhotos", &list).await;
    let photo = &answer["photos"]["photo"][0];
    assert_eq!(photo["title"], "2013/It's (a) *test*! ~é.jpg");
    assert_eq!(
        (&photo["tags"], &photo["machine_tags"]),
        (
            &json!("s3flickr:path=ab2 twowords"),
            &json!("s3flickr:path=ab2")
        )
    );
    assert_eq!(
        (photo["ispublic"].as_i64(), photo["isfamily"].as_i64()),
        (Some(0), Some(1))
    );
    let original = client
        .http
        .get(photo["url_o"].as_str().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(original.bytes().await.unwrap(), jpeg("é"));
    let found = client
        .call(
            "flickr.photos.search",
            &[("user_id", "me"), ("machine_tags", "s3flickr:path=ab2")],
        )
        .await;
    assert_eq!(found["photos"]["photo"][0]["id"], photo["id"]);
}

#[tokio::test]
async fn the_same_bytes_are_refused_when_asked_and_the_oldest_is_named() {
    let client = client(Options::default()).await;
    let first = client.photo("a").await;
    client.photo("a").await;
    let answer = client
        .upload("b.jpg", &jpeg("a"), &[("title", "b"), ("dedup_check", "1")])
        .await;
    assert!(
        answer.contains("code=\"9\"") && answer.contains(&format!("<duplicate_photo_id>{first}<")),
        "{answer}"
    );
    assert_eq!(client.titles().await, ["a", "a"]);
}

#[tokio::test]
async fn files_that_flickr_does_not_take_are_refused_and_leave_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let client = client(Options {
        dir: Some(dir.path().into()),
        ..Options::default()
    })
    .await;
    for (file, bytes, error) in [
        ("a.jpg", &b""[..], 4),
        ("a.webp", b"RIFFxxxxWEBP", 5),
        ("a.nef", b"II*\0", 5),
    ] {
        let answer = client.upload(file, bytes, &[]).await;
        assert!(
            answer.contains(&format!("<err code=\"{error}\"")),
            "{answer}"
        );
    }
    assert_eq!(
        std::fs::read_dir(dir.path().join("originals"))
            .unwrap()
            .count(),
        0
    );
    client.upload("holiday.jpg", &jpeg("x"), &[]).await;
    assert_eq!(client.titles().await, ["holiday"]);
}

#[tokio::test]
async fn a_free_account_fills_up() {
    let client = client(Options::default()).await;
    client
        .switch(
            "/sandbox/account",
            json!({"pro": false, "non_public_limit": 1}),
        )
        .await;
    client.photo("a").await;
    assert!(
        client
            .upload("b.jpg", &jpeg("b"), &[])
            .await
            .contains("code=\"6\"")
    );
    assert!(
        client
            .upload("b.jpg", &jpeg("b"), &[("is_public", "1")])
            .await
            .contains("stat=\"ok\"")
    );
}

#[tokio::test]
async fn a_ticket_is_pending_first_and_done_then() {
    let client = client(Options::default()).await;
    let answer = client.upload("a.jpg", &jpeg("a"), &[("async", "1")]).await;
    let ticket = answer
        .split("<ticketid>")
        .nth(1)
        .unwrap()
        .split('<')
        .next()
        .unwrap();
    let check = async || {
        client
            .call("flickr.photos.upload.checkTickets", &[("tickets", ticket)])
            .await
    };
    assert_eq!(check().await["uploader"]["ticket"][0]["complete"], 0);
    assert_eq!(check().await["uploader"]["ticket"][0]["complete"], 1);
}
