//! What others wrote for Flickr and OAuth agrees with what we wrote.

use serde_json::json;

use crate::support::env::{Env, sha1};
use crate::support::python;

#[tokio::test]
async fn a_client_that_we_did_not_write_logs_in_uploads_and_makes_a_set() {
    let env = Env::start().await;
    let photo = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/examples/photos/2013/Space/launch #1.jpg"
    );
    let asked = json!({
        "photo": photo,
        "title": "2013/Café, été/launch #1 + 100%.jpg",
        "tags": "s3flickr:path=gayten3q",
        "set": "2013/Café, été",
    });
    let saw = python::run_script("flickrapi_client.py", env.variables(), &asked).await;

    assert_eq!(saw["photos"][0]["title"], asked["title"]);
    assert_eq!(saw["photos"][0]["machine_tags"], asked["tags"]);
    assert_eq!(saw["set_photos"], json!([saw["photo"]]));
    assert_eq!(saw["sets"], json!([asked["set"]]));
    assert_eq!(saw["original_sha1"], sha1(&std::fs::read(photo).unwrap()));
    assert_eq!(env.calls().await["upload"], 1);
}

#[tokio::test]
async fn the_independent_signer_gives_the_example_signature_of_the_oauth_standard() {
    // https://oauth.net/core/1.0a/#anchor46 (appendix A.5.3).
    let request = json!([{
        "method": "GET",
        "url": "http://photos.example.net/photos",
        "params": [["file", "vacation.jpg"], ["size", "original"]],
        "key": "dpf43f3p2l4k3l03",
        "secret": "kd94hf93k423kf44",
        "token": "nnch734d00sl2jdk",
        "token_secret": "pfkkdhi9sl3r4s00",
        "nonce": "kllo9940pd9333jh",
        "timestamp": 1_191_242_096,
    }]);
    let signatures = python::run_script("oauth_verify.py", [], &request).await;
    assert_eq!(signatures, json!(["tR3+Ty81lMeYAr/Fid0kMTYa/WM="]));
}
