//! The verbs: each takes its services first, then its options, the monitor last, and returns
//! a summary. The only code that holds two services at once.

pub mod account;
pub mod doctor;
pub mod failed;
pub mod populate;
pub mod sets;
pub mod startup;
pub mod status;
pub mod work;

pub use crate::error::Error;
