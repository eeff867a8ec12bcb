//! The account that the queue is bound to, as a tag: `s3flickr.account` = `HAD:NSID:NAME`.
//!
//! SQS has no "set unless it is set", and a tag that two write is the last one's. So who finds
//! the queue unbound first makes a claim, a tag of its own account's name, waits until the claims
//! of all who found the same can be seen, and writes down the first of them in the order of their
//! names: the same for everyone who was in time. Who comes later finds the tag.

use std::time::Duration;

use tokio::time::sleep;

use super::escape::{escape, unescape};
use super::queue::Tags;
use super::tags::TwoQueues;
use crate::queue::{BoundAccount, Error};

/// The account.
const BOUND: &str = "s3flickr.account";
/// A claim: this, and the account's id.
const CLAIM: &str = "s3flickr.claim.";
/// The time from "there is no account" to "my claim can be seen", with plenty to spare: both are
/// one short call. Passes once in the life of a queue.
const CLAIMED: Duration = Duration::from_secs(1);
/// The longest name that is kept, in characters of a tag.
const NAME: usize = 150;

/// Binds the queue, unless it is bound; returns the account that it is bound to then.
pub(super) async fn bind(tags: &TwoQueues, account: &BoundAccount) -> Result<BoundAccount, Error> {
    if let Some(bound) = bound(&tags.all().await?) {
        return Ok(bound);
    }
    let claim = format!("{CLAIM}{}", escape(&account.nsid));
    let place = tags.put_where_allowed(tag(&claim, account)).await?;
    sleep(CLAIMED).await;
    let seen = tags.all().await?;
    if let Some(bound) = bound(&seen) {
        return Ok(bound);
    }
    let claims = claims(&seen);
    let first = claims.first().map_or(account, |(_, first)| first);
    tags.put(place, tag(BOUND, first)).await?;
    let old = claims.iter().map(|(key, _)| key.clone()).collect();
    tags.remove(place, old).await;
    // What is there counts, should someone have been slower than is thought above.
    let there = bound(&tags.all().await?);
    Ok(there.unwrap_or_else(|| first.clone()))
}

fn tag(key: &str, account: &BoundAccount) -> Tags {
    Tags::from([(key.to_owned(), encode(account))])
}

/// The account that the queue is bound to, by its tags.
pub(super) fn bound(tags: &Tags) -> Option<BoundAccount> {
    tags.get(BOUND).and_then(|value| decode(value))
}

/// All claims, in the order of the accounts' ids.
fn claims(tags: &Tags) -> Vec<(String, BoundAccount)> {
    let claim = |(key, value): (&String, &String)| {
        key.starts_with(CLAIM)
            .then(|| Some((key.clone(), decode(value)?)))
            .flatten()
    };
    let mut claims: Vec<_> = tags.iter().filter_map(claim).collect();
    claims.sort_by(|(_, a), (_, b)| a.nsid.cmp(&b.nsid));
    claims
}

fn encode(account: &BoundAccount) -> String {
    let mut name = String::new();
    for one in account
        .name
        .chars()
        .map(|c| escape(c.encode_utf8(&mut [0; 4])))
    {
        if name.len() + one.len() > NAME {
            break;
        }
        name.push_str(&one);
    }
    let had = u8::from(account.had_photos);
    format!("{had}:{}:{name}", escape(&account.nsid))
}

fn decode(value: &str) -> Option<BoundAccount> {
    let mut parts = value.splitn(3, ':');
    Some(BoundAccount {
        had_photos: parts.next()? != "0",
        nsid: unescape(parts.next()?)?,
        name: unescape(parts.next()?)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_survives_the_characters_that_tags_allow() {
        for name in ["example", "Zoë: \"photos\" & more", "", &"長い".repeat(60)] {
            let account = BoundAccount {
                nsid: "21207597@N07".to_owned(),
                name: name.to_owned(),
                had_photos: name.is_empty(),
            };
            let value = encode(&account);
            assert!(value.len() <= 256, "{value}");
            let read = decode(&value).unwrap();
            assert_eq!(
                (&read.nsid, read.had_photos),
                (&account.nsid, account.had_photos)
            );
            assert!(name.starts_with(&read.name), "{}", read.name);
            assert!(name.len() > NAME || read.name == name, "{}", read.name);
        }
    }
}
