//! What the integration tests, the chaos run and the benchmark share: real servers, the real
//! binary, and faults in between. It is the only code that they share.
#![allow(
    dead_code,
    reason = "each program that includes this module uses the parts that it needs"
)]

pub mod aws;
pub mod bent_get;
pub mod bent_s3;
pub mod bent_sqs;
pub mod browser;
pub mod cli;
pub mod env;
pub mod fleet;
pub mod gate;
pub mod policy;
pub mod proxy;
pub mod python;
pub mod terminal;

/// A client of HTTP, for what a test asks or hands on by itself.
pub fn http() -> reqwest::Client {
    s3flickr::tls::install();
    reqwest::Client::new()
}
