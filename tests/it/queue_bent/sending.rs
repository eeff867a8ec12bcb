//! Answers to a batch that leave out or refuse what was sent.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::StatusCode;
use s3flickr::queue::{Error, Sent};
use serde_json::{Value, json};

use super::{HOLD, bent, message, queue, take};
use crate::support::aws::unique;
use crate::support::bent_sqs::Bend;

/// An answer to a batch that says nothing of its second entry.
fn forgets_one(mut answer: Value) -> Value {
    if let Some(taken) = answer["Successful"].as_array_mut()
        && taken.len() > 1
    {
        taken.remove(1);
    }
    answer
}

#[tokio::test]
async fn an_entry_that_an_answer_leaves_out_is_sent_again() {
    let name = unique("forgets");
    queue(&name).await;
    let loses = |operation: &str, request: &Value| match operation {
        // It takes the first of several, and does not say that the others are lost.
        "SendMessageBatch"
            if request["Entries"]
                .as_array()
                .is_some_and(|all| all.len() > 1) =>
        {
            let id = &request["Entries"][0]["Id"];
            let taken = json!([{ "Id": id, "MessageId": "m", "MD5OfMessageBody": "" }]);
            Bend::Answer(StatusCode::OK, json!({ "Successful": taken }))
        }
        _ => Bend::Pass,
    };
    let (sender, _proxy) = bent(&name, loses).await;
    let sent = sender.send(&["lost", "kept"].map(message)).await.unwrap();
    assert_eq!(sent, [Sent::Taken, Sent::Taken]);
    assert_eq!(take(&sender, HOLD).await.body(), "kept");

    // One that was taken all the same is there twice, which a look on Flickr finds.
    let forgetful = |operation: &str, _: &Value| match operation {
        "SendMessageBatch" => Bend::Change(forgets_one),
        _ => Bend::Pass,
    };
    let (sender, _proxy) = bent(&name, forgetful).await;
    sender.send(&["1", "2", "3"].map(message)).await.unwrap();
    assert_eq!(sender.counts().await.unwrap().waiting, 4);

    let silent = |operation: &str, _: &Value| match operation {
        "SendMessageBatch" => Bend::nothing(),
        _ => Bend::Pass,
    };
    let (sender, _proxy) = bent(&name, silent).await;
    let error = sender.send(&["4"].map(message)).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn a_message_that_is_refused_stops_no_other() {
    let name = unique("refuses");
    queue(&name).await;
    // As SQS does with characters that are none of XML: the whole call.
    let strict = |operation: &str, request: &Value| match operation {
        "SendMessageBatch" if !request.to_string().is_ascii() => {
            Bend::refuse("InvalidMessageContents")
        }
        _ => Bend::Pass,
    };
    let (sender, _proxy) = bent(&name, strict).await;
    let sent = sender
        .send(&["one", "zwölf", "three"].map(message))
        .await
        .unwrap();
    assert_eq!((&sent[0], &sent[2]), (&Sent::Taken, &Sent::Taken));
    assert!(matches!(&sent[1], Sent::Refused(why) if why.contains("InvalidMessageContents")));
    let lease = take(&sender, HOLD).await;
    let refused = lease.replace("zwölf".to_owned(), Duration::ZERO).await;
    assert!(matches!(refused, Err(Error::Refused { .. })), "{refused:?}");
    let counts = sender.counts().await.unwrap();
    assert_eq!(
        (counts.waiting, counts.in_flight),
        (1, 1),
        "it is still held"
    );
}

#[tokio::test]
async fn a_message_is_sent_before_the_one_in_its_place_is_deleted() {
    let name = unique("order");
    queue(&name)
        .await
        .send(&["a", "b"].map(message))
        .await
        .unwrap();
    let calls = Arc::new(Mutex::new(Vec::new()));
    let (log, fails) = (Arc::clone(&calls), Arc::new(AtomicUsize::new(0)));
    let failing = Arc::clone(&fails);
    let (worker, _proxy) = bent(&name, move |operation, _| {
        log.lock().unwrap().push(operation.to_owned());
        match operation {
            "SendMessageBatch" if failing.load(Ordering::SeqCst) > 0 => {
                Bend::refuse("AccessDenied")
            }
            _ => Bend::Pass,
        }
    })
    .await;
    let ends = || {
        calls
            .lock()
            .unwrap()
            .iter()
            .filter(|call| ["SendMessageBatch", "DeleteMessage"].contains(&call.as_str()))
            .cloned()
            .collect::<Vec<_>>()
    };
    let lease = take(&worker, HOLD).await;
    lease.replace("again".to_owned(), HOLD).await.unwrap();
    assert_eq!(ends(), ["SendMessageBatch", "DeleteMessage"]);
    // What could not be sent is not deleted.
    fails.store(1, Ordering::SeqCst);
    let lease = take(&worker, HOLD).await;
    lease.dead_letter("failed".to_owned()).await.unwrap_err();
    assert_eq!(
        ends(),
        ["SendMessageBatch", "DeleteMessage", "SendMessageBatch"]
    );
}
