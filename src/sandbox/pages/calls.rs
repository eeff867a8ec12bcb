//! `/calls`: the calls so far.

use std::sync::Arc;

use axum::extract;
use axum::response::Response;
use maud::{Markup, html};

use crate::sandbox::pages::layout::{Tab, page};
use crate::sandbox::pages::numbers::thousands;
use crate::sandbox::state::State;
use crate::sandbox::state::call_log::Call;
use crate::sandbox::state::dates::mysql;

/// The number of latest calls that are shown.
const SHOWN_CALLS: usize = 300;

/// `/calls`: totals by method, and the latest calls.
pub async fn calls(extract::State(state): extract::State<Arc<State>>) -> Response {
    let (totals, mut latest) = (state.log.totals(), state.log.latest(SHOWN_CALLS));
    latest.reverse();
    let all: u64 = totals.values().map(|totals| totals.calls).sum();
    let count = |number: u64| thousands(usize::try_from(number).unwrap_or(usize::MAX));
    let body = html! {
        h1 { "Calls" }
        p.lead data-live="lead" { (count(all)) " since this sandbox was started." }
        @if all > 0 {
            div.scroll tabindex="0" role="region" aria-label="Calls by method" { table {
                thead { tr { th { "Method" } th.n { "Calls" } th.n { "Good" } th { "Others" } } }
                tbody data-live="totals" { @for (method, totals) in &totals { tr {
                    td.mono { (method) }
                    td.n { (count(totals.calls)) }
                    td.n { (count(totals.ok)) }
                    td.long { @for (kind, times) in &totals.other { span.bad { (kind) } " × " (count(*times)) br; } }
                } } }
            } }
            h2 { "The latest" }
            div.scroll tabindex="0" role="region" aria-label="The latest calls" { table {
                thead { tr { th { "Time (UTC)" } th { "Method" } th { "About" } th { "Outcome" } } }
                tbody data-live="latest" { @for call in &latest { (call_row(call)) } }
            } }
        }
    };
    page(&state, "Calls", Tab::Calls, &body)
}

fn call_row(call: &Call) -> Markup {
    // The times are of this century: dropping the fraction is exact.
    let at = mysql(call.time as i64);
    let clock = at.split_once(' ').map_or(at.as_str(), |(_, clock)| clock);
    html! {
        tr {
            td.mono.soft title=(at) { (clock) }
            td.mono { (call.method) }
            td.long { (call.subject) }
            td.long {
                span class=(if call.outcome == "ok" { "good" } else { "bad" }) { (call.outcome) }
                @if let Some(fault) = &call.fault { br; span.soft { "fault: " (fault) } }
            }
        }
    }
}
