//! The servers and tools that other tests rely on do what those tests take for granted.

use crate::support::aws::{self, Aws, unique};
use crate::support::browser;
use crate::support::cli::User;

#[tokio::test]
async fn the_shared_server_keeps_a_thousand_objects_with_awkward_names() {
    let aws = aws::ministack().await;
    let bucket = aws.bucket("support").await;
    let names = (0..1000).map(|n| format!("2013/Café, été/100% #{n:04}+.jpg"));
    aws.put_objects(&bucket, names.map(|name| (name, b"x".to_vec())))
        .await;

    let s3 = aws.s3().await;
    let page = s3.list_objects_v2().bucket(&bucket).send().await.unwrap();
    assert_eq!(page.contents().len(), 1000);
    assert_eq!(
        page.contents()[999].key(),
        Some("2013/Café, été/100% #0999+.jpg")
    );
}

#[tokio::test]
async fn the_shared_server_has_queues() {
    let aws = aws::ministack().await;
    let queue = aws.queue("support").await;
    let sqs = aws.sqs().await;
    let found = sqs.get_queue_url().queue_name(&queue).send().await.unwrap();
    let url = found.queue_url().unwrap();
    let sent = sqs.send_message().queue_url(url).message_body("hello");
    sent.send().await.unwrap();
    let got = sqs.receive_message().queue_url(url).send().await.unwrap();
    assert_eq!(got.messages()[0].body(), Some("hello"));
}

#[tokio::test]
async fn a_server_of_ones_own_ends_when_dropped() {
    let own = Aws::start().await;
    let address = own.endpoint.strip_prefix("http://").unwrap().to_owned();
    assert!(tokio::net::TcpStream::connect(&address).await.is_ok());
    drop(own);
    assert!(tokio::net::TcpStream::connect(&address).await.is_err());
}

#[test]
fn names_are_never_given_twice() {
    assert_ne!(unique("a"), unique("a"));
}

#[tokio::test]
async fn a_browser_shows_what_a_page_is_after_its_scripts() {
    let page = "data:text/html,<p id=a></p><script>a.textContent=20+1</script>";
    let Some(dom) = browser::dump_dom(page).await else {
        return browser::left_out("a_browser_shows_what_a_page_is_after_its_scripts");
    };
    assert!(dom.contains("21"), "{dom}");
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("page.png");
    browser::screenshot(page, &picture, 300, 200).await;
    let bytes = std::fs::read(&picture).unwrap();
    // The header of a PNG gives its size as two 32-bit numbers.
    assert_eq!(bytes[16..24], [0, 0, 1, 44, 0, 0, 0, 200]);
}

#[tokio::test]
async fn the_binary_runs_with_a_home_of_its_own() {
    let user = User::new().with("S3FLICKR_QUEUE", "sqlite:q.db");
    user.run(["--help"]).await.expect_success();
    assert!(user.home().is_dir());
}
