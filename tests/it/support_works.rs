//! The servers and tools that other tests rely on do what those tests take for granted.

use crate::support::aws::{self, Aws, unique};

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
