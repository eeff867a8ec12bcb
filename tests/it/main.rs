//! The integration tests: one binary, so that it links once.

mod proxy_works;
mod queue_sqs;
mod support;
mod support_works;
