//! What a listing of a source is made of: [`Page`]s of [`Object`]s.

/// One file as a listing shows it. Its path may be no valid key (a folder's placeholder, say).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// The path inside the store; `None` where it is no UTF-8.
    pub path: Option<String>,
    /// In bytes.
    pub size: u64,
    /// The store's word for this version, without quotes; changes when the bytes do.
    pub etag: String,
    /// When it was changed last, in seconds since 1970; `None` where the listing does not say.
    pub modified: Option<i64>,
    /// Whether it must be restored (from Glacier) before it can be read.
    pub archived: bool,
}

/// One page of a listing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The files that can be read, as far as a listing can tell.
    pub objects: Vec<Object>,
    /// What is there and is none of them, by its path. A listing is whole where none of its pages
    /// has one that is [`Passed::Unreadable`]: there may be files in it.
    pub passed_over: Vec<(String, Passed)>,
}

/// Why a listing passes over something that is in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Passed {
    /// It could not be looked into: what the system said.
    Unreadable(String),
    /// A folder that was not entered, because it is excluded.
    Excluded,
    /// A pipe, a socket or a device.
    NotAFile,
}
