//! The account's photos by the time of their upload, newest first, a page at a time in memory.

use std::collections::HashSet;

use super::oauth::Params;
use super::paging::{PER_PAGE, Page};
use super::photos::EXTRAS;
use super::rest::Call;
use super::{Client, Error, Photo};
use crate::model::marks::hash;

/// How many pages in a row may bring nothing new before the list is taken for one that goes in circles.
const IDLE_PAGES: u32 = 3;

/// Between which times (seconds since 1970, both included) photos were uploaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first time; 0 for the account's first photo.
    pub since: i64,
    /// The last time; `None` for now.
    pub until: Option<i64>,
}

/// How far a reading went.
struct Reading {
    /// Photos told apart.
    photos: u64,
    /// How many there were when it began, as far as Flickr said: what comes meanwhile comes first.
    total: Option<u64>,
    /// Where the visitor had seen enough: all that was uploaded later was visited.
    reached: Option<i64>,
}

impl Client {
    /// Shows every photo of a span to `visit`, page by page. After a page with which that says that
    /// it has seen enough (`true`), the time is returned from which on all photos were visited.
    ///
    /// A photo may be shown twice. A list shorter than what it counted at its beginning is read once more.
    pub async fn visit_photos(
        &self,
        span: Span,
        mut visit: impl FnMut(Photo) -> bool,
    ) -> Result<Option<i64>, Error> {
        for repeated in [false, true] {
            let reading = self.read_span(span, &mut visit).await?;
            let is_whole = reading.total.is_some_and(|total| reading.photos >= total);
            if reading.reached.is_some() || is_whole {
                return Ok(reading.reached);
            }
            if repeated {
                let (photos, total) = (reading.photos, reading.total);
                tracing::warn!(photos, total, "Flickr lists fewer than it counts, twice");
            }
        }
        Ok(None)
    }

    /// One page of the user's own photos that were uploaded in a span of time, the newest first.
    async fn photos_between(&self, span: Span, page: u32) -> Result<Page<Photo>, Error> {
        let mut params: Params = vec![("user_id", "me".into()), ("extras", EXTRAS.into())];
        if span.since > 0 {
            params.push(("min_upload_date", span.since.to_string()));
        }
        params.extend(
            span.until
                .map(|until| ("max_upload_date", until.to_string())),
        );
        self.page(
            Call::read("flickr.people.getPhotos", params, "photos"),
            "photo",
            page,
        )
        .await
    }

    async fn read_span(
        &self,
        span: Span,
        visit: &mut impl FnMut(Photo) -> bool,
    ) -> Result<Reading, Error> {
        let mut seen = HashSet::new();
        let mut reading = Reading {
            photos: 0,
            total: None,
            reached: None,
        };
        let (mut number, mut idle, mut full, mut enough) = (1, 0, true, false);
        loop {
            let page = self.photos_between(span, number).await?;
            let (items, before) = (page.items.len() as u64, seen.len());
            let oldest = page.items.iter().map(|photo| photo.uploaded).min();
            for photo in page.items {
                seen.insert(hash(&photo.id));
                enough |= visit(photo);
            }
            reading.photos = seen.len() as u64;
            reading.total = match (reading.total, page.total) {
                (Some(first), Some(now)) => Some(first.min(now)),
                (first, now) => first.or(now),
            };
            // A page that lacks some does not tell how far it reached.
            full &= items.to_string() == PER_PAGE;
            // Both counts may be wrong: where one says that more is there, the next page tells.
            let counted =
                page.pages > 0 && reading.total.is_none_or(|total| reading.photos >= total);
            if number >= page.pages && (counted || seen.len() == before) {
                return Ok(reading);
            }
            if let Some(oldest) = oldest.filter(|oldest| enough && full && *oldest > 0) {
                // Others of the same second may be on the next page.
                reading.reached = Some(oldest + 1);
                return Ok(reading);
            }
            idle = if seen.len() == before { idle + 1 } else { 0 };
            if idle >= IDLE_PAGES {
                return Ok(reading);
            }
            number += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Canned, client, scripted};
    use super::*;

    /// A page of photos, each with its id for its time.
    fn page(number: u32, pages: u32, total: u32, ids: std::ops::Range<u32>) -> Canned {
        let photos: Vec<String> = ids
            .rev()
            .map(|id| format!(r#"{{"id":"{id}","dateupload":"{id}"}}"#))
            .collect();
        Canned::ok(&format!(
            r#"{{"photos":{{"page":{number},"pages":{pages},"perpage":500,"total":{total},"photo":[{}]}},"stat":"ok"}}"#,
            photos.join(",")
        ))
    }

    async fn read(pages: Vec<Canned>, wanted: &str) -> (Vec<String>, Option<i64>, usize) {
        let server = scripted(pages).await;
        let mut ids = Vec::new();
        let span = Span {
            since: 5,
            until: Some(99),
        };
        let client = client(&server.base);
        let visited = client.visit_photos(span, |photo| {
            ids.push(photo.id);
            ids.last().is_some_and(|id| id == wanted)
        });
        let reached = visited.await.unwrap();
        let seen = server.seen();
        assert_eq!(seen[0].param("min_upload_date").as_deref(), Some("5"));
        assert_eq!(seen[0].param("max_upload_date").as_deref(), Some("99"));
        (ids, reached, seen.len())
    }

    #[tokio::test]
    async fn a_list_that_merely_grew_while_it_was_read_is_not_read_again() {
        let pages = vec![
            page(1, 2, 4, 13..15),
            page(2, 3, 6, 11..13),
            page(3, 3, 6, 11..12),
        ];
        let (ids, reached, calls) = read(pages, "").await;
        // The last page, which what came meanwhile made, is read; no page is read twice.
        assert_eq!((ids.len(), reached, calls), (5, None, 3));
    }

    #[tokio::test]
    async fn a_list_shorter_than_it_was_at_its_beginning_is_read_once_more() {
        let short = || {
            [
                page(1, 2, 4, 13..15),
                page(2, 2, 4, 11..12),
                page(3, 2, 4, 11..12),
            ]
        };
        let (_, reached, calls) = read(short().into_iter().chain(short()).collect(), "").await;
        assert_eq!((reached, calls), (None, 6));
    }

    #[tokio::test]
    async fn a_list_that_counts_too_few_pages_is_read_on() {
        let pages = vec![page(1, 1, 4, 13..15), page(2, 1, 4, 11..13)];
        let (ids, reached, calls) = read(pages, "").await;
        assert_eq!((ids.len(), reached, calls), (4, None, 2));
    }

    #[tokio::test]
    async fn reading_ends_with_the_page_that_has_what_was_looked_for() {
        let pages = vec![page(1, 9, 4500, 4001..4501), page(2, 9, 4500, 3501..4001)];
        let (ids, reached, calls) = read(pages, "3700").await;
        assert_eq!((ids.len(), reached, calls), (1000, Some(3502), 2));
    }

    #[tokio::test]
    async fn a_short_page_does_not_tell_how_far_it_reached() {
        let pages = vec![page(1, 2, 3, 28..29), page(2, 2, 3, 25..27)];
        let (_, reached, calls) = read(pages, "28").await;
        assert_eq!((reached, calls), (None, 2));
    }

    #[tokio::test]
    async fn a_list_that_goes_in_circles_ends() {
        let pages = (0..20).map(|n| page(n, 4_000_000_000, 9, 13..15)).collect();
        let (_, reached, calls) = read(pages, "").await;
        assert_eq!((reached, calls), (None, 8));
    }
}
