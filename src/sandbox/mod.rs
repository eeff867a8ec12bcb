//! A stand-in for Flickr on loopback.
