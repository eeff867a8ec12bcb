//! What a key, a title, a job, a set and a plan mean: pure, without I/O, clock or randomness.

pub mod albums;
pub mod breaker;
pub mod digest;
pub mod job;
pub mod key;
pub mod kind;
pub mod library;
pub mod location;
pub mod marks;
pub mod matching;
pub mod name;
pub mod outage;
pub mod plan;
pub mod retry;
pub mod set_title;
pub mod tags;

pub use digest::Digest;
pub use job::{Job, Unreadable};
pub use key::{InvalidKey, Key};
pub use location::{Location, Scheme};
