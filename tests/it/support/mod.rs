//! What the integration tests share: real servers, the real binary, and faults in between.
#![allow(
    dead_code,
    reason = "a test file uses the parts that it needs, and parts are included by examples too"
)]

pub mod aws;
pub mod bent_get;
pub mod bent_s3;
pub mod bent_sqs;
pub mod browser;
pub mod cli;
pub mod gate;
pub mod proxy;
pub mod python;
