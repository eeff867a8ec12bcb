//! The account that a queue belongs to.

/// The Flickr account that a queue is bound to, from its first worker on.
///
/// Two accounts' workers on one queue would share the photos out between them, or put each into
/// both. So the first worker binds the queue, and those of another account are refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundAccount {
    /// Flickr's id of the account, such as `21207597@N07`.
    pub nsid: String,
    /// The name that it showed then; for people. May be empty.
    pub name: String,
    /// Whether the account had photos when the queue was bound to it. Then some of the queue's
    /// may be among them, and a worker looks before the first attempt too.
    pub had_photos: bool,
}
