//! The integration tests: one binary, so that it links once.
#![allow(
    clippy::unwrap_used,
    reason = "what panics here is a failing test, also in a helper of tests"
)]

mod chaos;
mod faults;
mod migration;
mod proxy_works;
mod queue_sqs;
mod support;
mod support_works;
mod world;
