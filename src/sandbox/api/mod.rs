//! Flickr's own addresses: `/services/rest`, `/services/upload/`, `/services/oauth/...` and the originals.

pub mod auth;
pub mod context;
pub mod failure;
pub mod format;
pub mod injected_answers;
pub mod listing;
pub mod login;
pub mod methods;
pub mod numbers;
pub mod originals;
pub mod paging;
pub mod people;
pub mod photo_fields;
pub mod photos;
pub mod photos_edit;
pub mod problem;
pub mod rest;
pub mod search;
pub mod sets;
pub mod sets_edit;
pub mod signature;
pub mod upload;
pub mod xml;
