//! Long lists, page by page, until they are whole.
//!
//! A server may end a list early, give short, empty or repeated pages, or count too many or too few pages or
//! items; and a list may change while it is read. So items are told apart by their ids, reading goes on while
//! either count says that there is more and something new comes, and a list that came out shorter than counted
//! is read once more. A [`List`] says whether it is whole: who replaces or deletes by a list must ask.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::Value;

use super::rest::Call;
use super::{Client, Error, lenient};

/// The most that Flickr gives at once.
pub(super) const PER_PAGE: &str = "500";
/// As many items as fill a page.
pub const FULL_PAGE: usize = 500;
/// After this many pages in a row with nothing new, a list is over, whatever it says of more pages.
const MOST_IDLE_PAGES: u32 = 3;

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

/// A list, as far as Flickr gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List<T> {
    /// Each item once, in Flickr's order.
    pub items: Vec<T>,
    /// How many Flickr says there are, where it says so.
    pub total: Option<u64>,
    /// Whether nothing is missing, as far as Flickr's own counts can tell.
    pub whole: bool,
}

impl<T> List<T> {
    /// The same list of what `change` makes of each item.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> List<U> {
        List {
            items: self.items.into_iter().map(change).collect(),
            total: self.total,
            whole: self.whole,
        }
    }
}

/// What is in lists.
pub(super) trait Item {
    fn id(&self) -> &str;
}

#[derive(Deserialize)]
struct Counts {
    #[serde(default, deserialize_with = "lenient::number")]
    pages: Option<i64>,
    #[serde(default, deserialize_with = "lenient::number")]
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
pub(super) async fn all<T: Item, F>(read: impl Fn(u32) -> F) -> Result<List<T>, Error>
where
    F: Future<Output = Result<Page<T>, Error>>,
{
    let first = every_page(&read, HashSet::new()).await?;
    if first.is_whole() {
        return Ok(first.into_list(true));
    }
    let mut again = every_page(&read, first.ids.clone()).await?;
    let mut whole = again.is_whole();
    let agreed = first.ids == again.ids;
    let same_total = first.last_total == again.last_total;
    again.items.extend(
        first
            .items
            .into_iter()
            .filter(|item| again.ids.insert(item.id().to_owned())),
    );
    // Under load the total has been empty. Two readings that agree are then all there is to go by.
    whole |= same_total
        && match again.last_total {
            Some(total) => again.items.len() as u64 >= total,
            None => agreed,
        };
    if !whole {
        tracing::warn!(
            items = again.items.len(),
            total = again.last_total,
            "Flickr lists fewer than it counts, twice; going on with those"
        );
    }
    Ok(again.into_list(whole))
}

/// One reading of a list, from its first page to its last.
struct Reading<T> {
    items: Vec<T>,
    ids: HashSet<String>,
    /// What an earlier reading found and this one has not found yet.
    only_earlier: HashSet<String>,
    /// Items that came more than once. A list that grows at its front moves that many to later pages.
    repeated: u64,
    first_total: Option<u64>,
    last_total: Option<u64>,
    /// Whether the total went down meanwhile. What follows a removed item moves forward past the reader.
    shrank: bool,
    /// Pages in a row with nothing new.
    idle_pages: u32,
}

impl<T: Item> Reading<T> {
    /// Takes a page in, and tells whether it is the last one.
    fn add(&mut self, page: Page<T>) -> bool {
        let (listed, before) = (page.items.len(), self.items.len());
        for item in page.items {
            if self.ids.insert(item.id().to_owned()) {
                self.only_earlier.remove(item.id());
                self.items.push(item);
            } else {
                self.repeated += 1;
            }
        }
        if let Some(total) = page.total {
            self.first_total = self.first_total.or(Some(total));
            self.shrank |= self.last_total.is_some_and(|last| total < last);
            self.last_total = Some(total);
        }
        let past_the_end = page.page >= page.pages;
        if self.items.len() == before {
            self.idle_pages += 1;
            return past_the_end || self.idle_pages >= MOST_IDLE_PAGES;
        }
        self.idle_pages = 0;
        // Without a number of pages, or after a full one, the end is a page with nothing new.
        let is_end = page.pages > 0 && past_the_end && listed < FULL_PAGE;
        is_end && !self.is_short(self.only_earlier.len())
    }

    /// Whether fewer came than Flickr counts, `elsewhere` items aside.
    fn is_short(&self, elsewhere: usize) -> bool {
        let came = (self.items.len() + elsewhere) as u64 + self.repeated;
        self.last_total.is_some_and(|total| came < total)
    }

    /// Whether nothing that was there from the beginning can have been missed.
    fn is_whole(&self) -> bool {
        let begun_with = self
            .first_total
            .is_some_and(|n| self.items.len() as u64 >= n);
        begun_with && !self.shrank && !self.is_short(0)
    }

    fn into_list(self, whole: bool) -> List<T> {
        List {
            items: self.items,
            total: self.last_total,
            whole,
        }
    }
}

async fn every_page<T: Item, F>(
    read: &impl Fn(u32) -> F,
    only_earlier: HashSet<String>,
) -> Result<Reading<T>, Error>
where
    F: Future<Output = Result<Page<T>, Error>>,
{
    let mut reading = Reading {
        items: Vec::new(),
        ids: HashSet::new(),
        only_earlier,
        repeated: 0,
        first_total: None,
        last_total: None,
        shrank: false,
        idle_pages: 0,
    };
    let mut number = 1;
    while !reading.add(read(number).await?) {
        number += 1;
    }
    Ok(reading)
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
        let (list, asked) = read_list(pages).await;
        (list.items, asked)
    }

    async fn read_list(
        pages: Vec<(Vec<&'static str>, u32, Option<u64>)>,
    ) -> (List<&'static str>, Vec<u32>) {
        let answers = RefCell::new(pages.into_iter());
        let asked = RefCell::new(Vec::new());
        let list = all(|page| {
            asked.borrow_mut().push(page);
            let (items, pages, total) = answers.borrow_mut().next().expect("no further call");
            std::future::ready(Ok(Page {
                items,
                page,
                pages,
                total,
            }))
        })
        .await
        .unwrap();
        (list, asked.into_inner())
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

    #[tokio::test]
    async fn a_list_that_says_it_is_over_before_its_total_is_read_on() {
        let (list, asked) = read_list(vec![(vec!["a"], 1, Some(2)), (vec!["b"], 1, Some(2))]).await;
        assert_eq!((list.items, list.whole), (vec!["a", "b"], true));
        assert_eq!(asked, [1, 2]);
    }

    #[tokio::test]
    async fn a_page_that_comes_again_and_again_is_an_end_and_the_list_is_not_whole() {
        let page = || (vec!["a", "b"], 9, Some(18));
        let (list, asked) = read_list(vec![page(); 8]).await;
        assert_eq!((list.items, list.whole), (vec!["a", "b"], false));
        assert_eq!(asked, [1, 2, 3, 4, 1, 2, 3, 4]);
    }

    #[tokio::test]
    async fn four_billion_pages_are_not_believed() {
        let mut pages = vec![(vec![], u32::MAX, Some(2)); 4];
        pages[0].0 = vec!["a", "b"];
        let (list, asked) = read_list(pages).await;
        assert_eq!((list.items.len(), list.whole), (2, true));
        assert_eq!(asked, [1, 2, 3, 4]);
    }

    #[tokio::test]
    async fn a_list_that_always_counts_more_than_it_shows_is_not_whole() {
        let page = || (vec!["a"], 1, Some(2));
        let (list, _) = read_list(vec![page(); 4]).await;
        assert_eq!((list.items, list.whole), (vec!["a"], false));
    }

    #[tokio::test]
    async fn a_total_that_is_too_low_hides_no_page() {
        let (list, asked) = read_list(vec![(vec!["a"], 2, Some(1)), (vec!["b"], 2, Some(1))]).await;
        assert_eq!((list.items, asked), (vec!["a", "b"], vec![1, 2]));
    }

    #[tokio::test]
    async fn a_full_last_page_is_not_trusted_to_be_the_last() {
        let names: Vec<&'static str> = (0..500).map(|n| n.to_string().leak() as &str).collect();
        let (list, asked) =
            read_list(vec![(names, 1, Some(500)), (vec!["more"], 1, Some(500))]).await;
        assert_eq!((list.items.len(), asked), (501, vec![1, 2]));
    }

    #[tokio::test]
    async fn a_list_that_merely_grew_while_it_was_read_is_not_read_again() {
        let (list, asked) = read_list(vec![
            (vec!["c", "b"], 2, Some(3)),
            (vec!["b", "a"], 2, Some(4)),
        ])
        .await;
        assert_eq!((list.items, list.whole), (vec!["c", "b", "a"], true));
        assert_eq!(asked, [1, 2]);
    }

    #[tokio::test]
    async fn a_list_that_shrank_while_it_was_read_is_read_again() {
        let (list, asked) = read_list(vec![
            (vec!["d", "c"], 2, Some(4)),
            (vec!["a"], 2, Some(3)),
            (vec!["c", "b"], 2, Some(3)),
            (vec!["a"], 2, Some(3)),
        ])
        .await;
        assert!(list.whole && list.items.contains(&"b"), "{list:?}");
        assert_eq!(asked, [1, 2, 1, 2]);
    }

    #[tokio::test]
    async fn an_empty_list_without_a_total_is_empty_and_whole() {
        let (list, _) = read_list(vec![(vec![], 0, None), (vec![], 0, None)]).await;
        assert_eq!((list.items.len(), list.whole), (0, true));
    }
}
