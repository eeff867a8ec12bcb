//! The way through a list of many answers. No server is trusted to tell where its list ends: a
//! list that stops early, goes round or jumps about is an error, for photos would be left out.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Empty answers in a row that still claim that more follows; real ones have a few, where much
/// was deleted.
const MOST_EMPTY: u32 = 1000;

/// What is asked for next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ask {
    /// The beginning.
    First,
    /// What a continuation token stands for.
    Token(String),
    /// What comes after this key, of a server that gives no token.
    After(String),
    /// The same, of a server that says that nothing comes after it.
    Nothing(String),
}

/// One answer, as far as it tells how the list goes on.
#[derive(Debug, Default)]
pub(super) struct Answer<'a> {
    /// `IsTruncated`.
    pub truncated: Option<bool>,
    /// `NextContinuationToken`.
    pub token: Option<&'a str>,
    /// The keys as they are.
    pub keys: &'a [Vec<u8>],
    /// Whether it has as many keys as an answer may have.
    pub full: bool,
}

/// How far a list was read.
#[derive(Debug)]
pub(super) struct Course {
    /// Whether the server promises an order: UTF-8 bytes ascending. Directory buckets do not
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>).
    ordered: bool,
    /// The greatest key so far.
    greatest: Option<Vec<u8>>,
    /// The tokens, and the first keys of the answers, that were seen: their hashes.
    seen: HashSet<u64>,
    empty: u32,
}

/// What follows from an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Its keys are new; then this is to be asked for.
    Ask(Ask),
    /// Its keys are new, and the last.
    End,
    /// Its keys are known already, and there are no others.
    Known,
}

impl Course {
    pub(super) fn new(ordered: bool) -> Course {
        Course {
            ordered,
            greatest: None,
            seen: HashSet::new(),
            empty: 0,
        }
    }

    /// What follows from the answer to `asked`; an error says how the list contradicts itself.
    pub(super) fn turn(&mut self, asked: &Ask, answer: &Answer) -> Result<Turn, String> {
        if matches!(asked, Ask::Nothing(_)) && self.knows_all(answer.keys) {
            // It does not know `start-after`, or there is nothing: either way it said so before.
            return Ok(Turn::Known);
        }
        self.check_order(answer.keys)?;
        let more = match (answer.truncated, answer.token) {
            (Some(truncated), _) => truncated,
            (None, token) => token.is_some(),
        };
        if more && answer.keys.is_empty() {
            self.empty += 1;
            if self.empty > MOST_EMPTY {
                return Err(format!("{MOST_EMPTY} answers in a row had no key in them"));
            }
        } else {
            self.empty = 0;
        }
        match answer.token {
            Some(token) if more => self.follow(token),
            None if more && answer.keys.is_empty() => Err(
                "it says that more follows, and gives neither a key nor a continuation token"
                    .to_owned(),
            ),
            None if more => Ok(Turn::Ask(Ask::After(self.last(answer.keys)?))),
            // A server may cut every list at one answer's length and not say so.
            _ if self.is_doubtful(answer) => Ok(Turn::Ask(Ask::Nothing(self.last(answer.keys)?))),
            _ => Ok(Turn::End),
        }
    }

    fn follow(&mut self, token: &str) -> Result<Turn, String> {
        if self.is_new(&("token", token)) {
            Ok(Turn::Ask(Ask::Token(token.to_owned())))
        } else {
            Err("it gives a continuation token for the second time".to_owned())
        }
    }

    /// Whether the end of the list is claimed in a way that is worth a question.
    fn is_doubtful(&self, answer: &Answer) -> bool {
        let odd = answer.full || answer.truncated.is_none() || answer.token.is_some();
        self.ordered && odd && !answer.keys.is_empty()
    }

    /// The key to go on after.
    fn last(&self, keys: &[Vec<u8>]) -> Result<String, String> {
        if !self.ordered || !keys.is_sorted() {
            return Err("it gives no continuation token, and its keys are in no order".to_owned());
        }
        let last = self.greatest.clone().unwrap_or_default();
        String::from_utf8(last).map_err(|error| {
            let key = shown(error.as_bytes());
            format!("it gives no continuation token, and its last key, {key}, is no UTF-8")
        })
    }

    fn knows_all(&self, keys: &[Vec<u8>]) -> bool {
        keys.iter().all(|key| {
            self.greatest
                .as_ref()
                .is_some_and(|greatest| key <= greatest)
        })
    }

    fn check_order(&mut self, keys: &[Vec<u8>]) -> Result<(), String> {
        let unique: HashSet<&[u8]> = keys.iter().map(Vec::as_slice).collect();
        if unique.len() < keys.len() {
            return Err("one answer lists a key twice".to_owned());
        }
        if let (Some(first), false) = (keys.first(), self.ordered) {
            return if self.is_new(&("key", first)) {
                Ok(())
            } else {
                Err(format!("it comes to {} for the second time", shown(first)))
            };
        }
        let (Some(least), Some(greatest)) = (keys.iter().min(), keys.iter().max()) else {
            return Ok(());
        };
        match &self.greatest {
            Some(before) if least <= before => Err(format!(
                "its keys are out of order: {} came after {}",
                shown(least),
                shown(before)
            )),
            _ => {
                self.greatest = Some(greatest.clone());
                Ok(())
            }
        }
    }

    fn is_new(&mut self, value: &impl Hash) -> bool {
        let mut hasher = DefaultHasher::new();
        value.hash(&mut hasher);
        self.seen.insert(hasher.finish())
    }
}

fn shown(key: &[u8]) -> String {
    format!("{:?}", String::from_utf8_lossy(key))
}

#[cfg(test)]
mod tests;
