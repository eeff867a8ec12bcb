//! s3flickr copies a whole photo collection from where it is kept to Flickr, bit for bit.
//!
//! Six ideas, one module each, and arrows that run one way: the binary calls [`ops`];
//! [`ops`] calls the edges [`store`], [`queue`] and [`flickr`]; the edges know [`model`].
//!
//! * [`model`]: what a key, a title, a job, a set and a plan *mean*. Pure: no I/O, no clock.
//! * [`store`]: a place that photos are in: an S3 bucket, a folder.
//! * [`queue`]: what is still to be done: SQS, or a SQLite file for one machine.
//! * [`flickr`]: the client of Flickr's API: OAuth, REST, upload, photos, sets, the call budget.
//! * [`ops`]: the verbs; the only code that holds two services at once.
//! * [`monitor`]: what is said meanwhile: events in; a progress bar, JSON lines or a test's list out.
//!
//! Around them: [`stop`] (how a run is asked to end), [`rate`] (a leaky bucket), [`config`] (the user's file and folders),
//! [`aws`] (the SDK's shared configuration), [`endpoint`] (which addresses may be used), [`error`] (what an operation ends with), and
//! [`sandbox`], a stand-in for Flickr that shares no code with [`flickr`].
//!
//! What a photo says of itself on Flickr leads back to its file, for whoever writes a tool beside this one:
//!
//! ```
//! use s3flickr::model::flickr::{set_title::{SetName, set_title}, tags::Origin};
//!
//! let origin = Origin::from_tags("s3flickr:path=giydcmrpkbqxe2ltf5uw2zzonjygo").ok_or("not ours")?;
//! assert_eq!(origin.key.as_str(), "2012/Paris/img.jpg");
//! assert_eq!(set_title(&origin.key, SetName::Path).as_deref(), Some("2012/Paris"));
//! # Ok::<(), &str>(())
//! ```

// The contract of the queues is compiled here and in the integration tests: one path for both.
#[cfg(test)]
extern crate self as s3flickr;

pub mod aws;
pub mod clock;
pub mod config;
pub mod endpoint;
pub mod error;
pub mod error_chain;
pub mod flickr;
pub mod model;
pub mod monitor;
pub mod ops;
pub mod printable;
pub mod queue;
pub mod rate;
#[cfg(feature = "sandbox")]
pub mod sandbox;
pub mod stop;
pub mod store;
pub mod tls;
