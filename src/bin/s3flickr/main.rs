//! s3flickr.
fn main() {}
