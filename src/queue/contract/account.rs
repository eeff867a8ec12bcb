//! The account that a queue is bound to.

use futures_util::future::join_all;
use s3flickr::queue::BoundAccount;

use super::Harness;

fn account(nsid: &str) -> BoundAccount {
    BoundAccount {
        nsid: nsid.to_owned(),
        name: format!("Zoë of {nsid}"),
        had_photos: nsid.starts_with('2'),
    }
}

pub(super) async fn the_first_account_keeps_the_queue(harness: impl Harness, name: String) {
    let queue = harness.create(&name).await.unwrap();
    assert_eq!(queue.account().await.unwrap(), None);
    let (first, second) = (account("2@N01"), account("1@N01"));
    assert_eq!(queue.bind_account(&first).await.unwrap(), first);
    assert_eq!(queue.bind_account(&second).await.unwrap(), first);
    let elsewhere = harness.open(&name).await.unwrap();
    assert_eq!(elsewhere.bind_account(&second).await.unwrap(), first);
    assert_eq!(elsewhere.account().await.unwrap(), Some(first));
}

pub(super) async fn of_accounts_that_bind_at_once_all_see_the_same(
    harness: impl Harness,
    name: String,
) {
    harness.create(&name).await.unwrap();
    let binders = (0..6).map(|n| {
        let (harness, name) = (harness.clone(), name.clone());
        async move {
            let queue = harness.open(&name).await.unwrap();
            queue
                .bind_account(&account(&format!("{n}@N01")))
                .await
                .unwrap()
        }
    });
    let bound = join_all(binders).await;
    let kept = harness.open(&name).await.unwrap().account().await.unwrap();
    assert!(
        bound.iter().all(|one| Some(one) == kept.as_ref()),
        "{bound:?}"
    );
}
