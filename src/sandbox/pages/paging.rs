//! Lists that fill more than one page.

use maud::{Markup, html};

use crate::sandbox::pages::numbers::thousands;
use crate::sandbox::params::Params;

/// The number of photos or sets on a page.
pub const PER_PAGE: usize = 60;

/// The page that a query asks for, within what there is.
pub fn page_number(query: Option<String>, total: usize) -> usize {
    let params = Params::parse(&query.unwrap_or_default());
    let asked = params
        .get("page")
        .and_then(|text| text.parse().ok())
        .unwrap_or(1);
    asked.clamp(1, total.div_ceil(PER_PAGE).max(1))
}

/// The items of one page.
pub fn of_page<T>(items: Vec<T>, number: usize) -> impl Iterator<Item = T> {
    items
        .into_iter()
        .skip((number - 1) * PER_PAGE)
        .take(PER_PAGE)
}

/// Where a list stands and how to go on; nothing when all is on one page.
pub fn pager(path: &str, page: usize, total: usize) -> Markup {
    let pages = total.div_ceil(PER_PAGE);
    let (first, last) = ((page - 1) * PER_PAGE + 1, (page * PER_PAGE).min(total));
    html! {
        @if pages > 1 {
            nav.pager aria-label="Pages" data-live="pages" {
                @if page > 1 { a.button rel="prev" href={ (path) "?page=" (page - 1) } { "Previous" } } @else { span {} }
                span { (thousands(first)) "–" (thousands(last)) " of " (thousands(total)) }
                @if page < pages { a.button rel="next" href={ (path) "?page=" (page + 1) } { "Next" } } @else { span {} }
            }
        }
    }
}
