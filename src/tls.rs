//! The one crypto library that TLS uses in this process: rustls with ring, for Flickr and for AWS.
//!
//! Neither reqwest nor the AWS SDK brings one of its own here: each would bring aws-lc, whose C
//! takes longer to compile than all else but the SDK for S3.

/// Makes ring what rustls encrypts with. Call it before a client of reqwest is made, which panics
/// otherwise; calling it again changes nothing.
pub fn install() {
    // It fails only where an earlier call has done it.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
