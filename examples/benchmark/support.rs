//! What the tests start servers with.
#![allow(dead_code, reason = "the tests use more of it")]

#[path = "../../tests/it/support/aws.rs"]
pub mod aws;
#[path = "../../tests/it/support/python.rs"]
pub mod python;
