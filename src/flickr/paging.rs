//! Long lists, page by page, until they are whole.
//!
//! A page may hold fewer items than asked for though more pages follow, and a list read while it changes
//! may miss some or name some twice. So `pages` says where the end is, items are told apart by their ids,
//! and a list shorter than its own `total` is read once more.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::Value;

use super::rest::Call;
use super::{Client, Error, loose};

/// The most that Flickr gives at once.
pub(super) const PER_PAGE: &str = "500";

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// What is on it; may be fewer than a full page, even before the last one.
    pub items: Vec<T>,
    /// Which page it is, from 1.
    pub page: u32,
    /// How many pages there are; 0 for an empty list, or where Flickr does not say.
    pub pages: u32,
    /// How many items the whole list has, where Flickr says so.
    pub total: Option<u64>,
}

/// What is in lists.
pub(super) trait Item {
    fn id(&self) -> &str;
}

#[derive(Deserialize)]
struct Counts {
    #[serde(default, deserialize_with = "loose::number")]
    pages: Option<i64>,
    #[serde(default, deserialize_with = "loose::number")]
    total: Option<i64>,
}

impl Client {
    /// One page of the list that `call` asks for, whose items are under `key`.
    pub(super) async fn page<T: serde::de::DeserializeOwned>(
        &self,
        call: Call,
        key: &str,
        page: u32,
    ) -> Result<Page<T>, Error> {
        let method = call.method();
        let mut list = self
            .call(
                call.with("page", page.to_string())
                    .with("per_page", PER_PAGE.into()),
            )
            .await?;
        let unknown =
            |error| Error::unavailable(method, format!("a list of an unknown form: {error}"));
        // An empty list has no key for its items at all.
        let items = match list.get_mut(key).map(Value::take) {
            None | Some(Value::Null) => Vec::new(),
            Some(items) => serde_json::from_value(items).map_err(unknown)?,
        };
        let counts: Counts = serde_json::from_value(list).map_err(unknown)?;
        Ok(Page {
            items,
            page,
            pages: counts
                .pages
                .and_then(|pages| u32::try_from(pages).ok())
                .unwrap_or_default(),
            total: counts.total.and_then(|total| u64::try_from(total).ok()),
        })
    }
}

/// Reads every page; once more if fewer items came than there should be.
pub(super) async fn all<T: Item, F>(read: impl Fn(u32) -> F) -> Result<Vec<T>, Error>
where
    F: Future<Output = Result<Page<T>, Error>>,
{
    let (first, total) = every_page(&read).await?;
    if is_whole(first.len(), total) {
        return Ok(first);
    }
    let (mut items, total) = every_page(&read).await?;
    let mut seen: HashSet<String> = items.iter().map(|item| item.id().to_owned()).collect();
    items.extend(
        first
            .into_iter()
            .filter(|item| seen.insert(item.id().to_owned())),
    );
    if !is_whole(items.len(), total) {
        tracing::warn!(
            items = items.len(),
            total,
            "Flickr lists fewer than it counts, twice; going on with those"
        );
    }
    Ok(items)
}

/// Each item once, in order, and the total as the last page has it.
async fn every_page<T: Item, F>(read: &impl Fn(u32) -> F) -> Result<(Vec<T>, Option<u64>), Error>
where
    F: Future<Output = Result<Page<T>, Error>>,
{
    let mut items: Vec<T> = Vec::new();
    let mut seen = HashSet::new();
    let mut number = 1;
    loop {
        let page = read(number).await?;
        let before = items.len();
        items.extend(
            page.items
                .into_iter()
                .filter(|item| seen.insert(item.id().to_owned())),
        );
        // Where Flickr does not say how many pages there are, the end is a page with nothing new.
        let is_last = if page.pages == 0 {
            items.len() == before
        } else {
            number >= page.pages
        };
        if is_last {
            return Ok((items, page.total));
        }
        number += 1;
    }
}

/// Under load the total has been empty, and a list without its items: then nobody knows.
fn is_whole(count: usize, total: Option<u64>) -> bool {
    total.is_some_and(|total| count as u64 >= total)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    impl Item for &'static str {
        fn id(&self) -> &str {
            self
        }
    }

    /// Answers with these pages in turn, and remembers which were asked for.
    async fn read_all(
        pages: Vec<(Vec<&'static str>, u32, Option<u64>)>,
    ) -> (Vec<&'static str>, Vec<u32>) {
        let answers = RefCell::new(pages.into_iter());
        let asked = RefCell::new(Vec::new());
        let items = all(|page| {
            asked.borrow_mut().push(page);
            let (items, pages, total) = answers.borrow_mut().next().unwrap();
            std::future::ready(Ok(Page {
                items,
                page,
                pages,
                total,
            }))
        })
        .await
        .unwrap();
        (items, asked.into_inner())
    }

    #[tokio::test]
    async fn a_short_page_is_not_the_end() {
        let (items, asked) = read_all(vec![
            (vec!["a"], 3, Some(3)),
            (vec![], 3, Some(3)),
            (vec!["b", "c"], 3, Some(3)),
        ])
        .await;
        assert_eq!((items, asked), (vec!["a", "b", "c"], vec![1, 2, 3]));
    }

    #[tokio::test]
    async fn a_list_shorter_than_its_total_is_read_once_more() {
        let (items, asked) = read_all(vec![
            (vec!["a", "b"], 2, Some(4)),
            (vec!["b", "d"], 2, Some(4)),
            (vec!["a", "b"], 2, Some(4)),
            (vec!["c"], 2, Some(4)),
        ])
        .await;
        assert_eq!((items, asked), (vec!["a", "b", "c", "d"], vec![1, 2, 1, 2]));
    }

    #[tokio::test]
    async fn a_list_without_a_total_is_read_once_more_and_then_believed() {
        let (items, asked) = read_all(vec![(vec![], 0, None), (vec!["a"], 1, None)]).await;
        assert_eq!((items, asked), (vec!["a"], vec![1, 1]));
    }

    #[tokio::test]
    async fn without_a_number_of_pages_the_end_is_a_page_with_nothing_new() {
        let (items, asked) = read_all(vec![
            (vec!["a"], 0, Some(2)),
            (vec!["b"], 0, Some(2)),
            (vec!["b"], 0, Some(2)),
        ])
        .await;
        assert_eq!((items, asked), (vec!["a", "b"], vec![1, 2, 3]));
    }

    #[tokio::test]
    async fn an_empty_list_is_read_once() {
        let (items, asked) = read_all(vec![(vec![], 0, Some(0))]).await;
        assert_eq!((items.len(), asked), (0, vec![1]));
    }
}
