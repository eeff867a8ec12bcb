//! The verbs: each takes its services first, then its options, the monitor last, and returns
//! a summary. The only code that holds two services at once.

pub mod account;
pub mod activity;
pub mod bandwidth;
pub mod binding;
pub mod body;
mod breaker;
mod climb;
pub mod content;
mod drained;
mod duplicate;
pub mod failed;
mod lane;
mod lanes;
pub mod looking;
mod outage;
mod past;
pub mod populate;
mod probe;
mod resumable;
mod scout;
pub mod sets;
mod settle;
mod shared;
pub mod sources;
pub mod status;
pub mod transfer;
pub mod work;

pub use crate::error::Error;
