//! The integration tests: one binary, so that it links once.

mod proxy_works;
mod support;
mod support_works;
