//! What a key, a job, an outcome and a plan mean: pure, without I/O, clock or randomness.

pub mod breaker;
pub mod clutter;
pub mod digest;
pub mod failure_class;
pub mod flickr;
pub mod forecast;
pub mod job;
pub mod key;
pub mod location;
pub mod marks;
pub mod outage;
pub mod outcome;

pub use digest::Digest;
pub use job::{Job, Unreadable};
pub use key::{InvalidKey, Key};
pub use location::{Location, Scheme};
