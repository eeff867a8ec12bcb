//! The one user of the sandbox.

/// The user, as the API names people.
pub const NSID: &str = "201234567@N08";
/// The same user, as ids of tags and tickets name people.
pub const OWNER_NUMBER: &str = "201202428";
/// The user's screen name.
pub const USERNAME: &str = "sandbox";
/// The user's full name.
pub const FULL_NAME: &str = "Sandbox User";
