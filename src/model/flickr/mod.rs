//! What only Flickr means, still pure: what it accepts, its tags and titles, its sets and what is
//! to be changed in them.

pub mod accepts;
pub mod albums;
pub mod canonical;
pub mod library;
pub mod matching;
pub mod privacy;
pub mod set_order;
pub mod set_plan;
pub mod set_title;
pub mod tags;
pub mod title_keys;
