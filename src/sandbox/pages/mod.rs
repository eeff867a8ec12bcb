//! The gallery: what arrived, for a person to look at.

pub mod calls;
pub mod files;
mod layout;
pub mod login;
mod neighbours;
mod numbers;
mod paging;
pub mod photo;
pub mod sets;
pub mod stream;
mod tiles;

use axum::extract::Path;
use axum::response::Redirect;

pub use self::layout::nothing_here;

/// The address of a set as the API gives it.
pub async fn set_alias(Path((_, id)): Path<(String, u64)>) -> Redirect {
    Redirect::to(&format!("/sets/{id}"))
}

/// The address of a photo as the API gives it.
pub async fn photo_alias(Path((_, id)): Path<(String, u64)>) -> Redirect {
    Redirect::to(&format!("/photos/{id}"))
}
