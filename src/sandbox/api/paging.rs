//! One page of a list, with the quirks of Flickr's paging.

use crate::sandbox::api::context::Context;

/// The most items of one page.
const MOST_PER_PAGE: usize = 500;

/// What a call gets that asks for a page after the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beyond {
    /// The last page, again.
    Clamp,
    /// Only this many items can be reached at all; after them the pages start over.
    Repeat(usize),
}

/// One page of a list.
pub struct Page<'a, T> {
    /// Counted from 1.
    pub number: usize,
    /// How many there are; 0 for an empty list.
    pub pages: usize,
    /// How many items a page holds.
    pub per_page: usize,
    /// The length of the whole list.
    pub total: usize,
    /// The items of this page.
    pub items: &'a [T],
}

/// Cuts the page out that the call asks for.
pub fn page<'a, T>(
    context: &Context<'_>,
    items: &'a [T],
    default: usize,
    beyond: Beyond,
) -> Page<'a, T> {
    let number_of = |name| {
        context
            .params
            .get(name)
            .and_then(|text| text.parse::<usize>().ok())
            .filter(|&n| n > 0)
    };
    let per_page = number_of("per_page").unwrap_or(default).min(MOST_PER_PAGE);
    let asked = number_of("page").unwrap_or(1);
    let pages = items.len().div_ceil(per_page);
    let (number, shown) = match beyond {
        Beyond::Clamp => (asked.min(pages.max(1)), asked.min(pages.max(1))),
        Beyond::Repeat(most) => {
            let reachable = items.len().min(most).div_ceil(per_page).max(1);
            (asked, (asked - 1) % reachable + 1)
        }
    };
    let shown = if context.injected.repeats() { 1 } else { shown };
    let from = ((shown - 1) * per_page).min(items.len());
    let full = &items[from..(from + per_page).min(items.len())];
    let kept = if context.injected.is_short() {
        full.len() - full.len().div_ceil(3)
    } else {
        full.len()
    };
    Page {
        number,
        pages,
        per_page,
        total: items.len(),
        items: &full[..kept],
    }
}
