//! The client of Flickr's API.
