//! Flickr's own addresses: `/services/rest`, `/services/upload/`, `/services/oauth/...` and the originals.

pub mod format;
pub mod listing;
pub mod login;
pub mod oauth;
pub mod originals;
pub mod people;
pub mod photos;
pub mod photos_edit;
pub mod rest;
pub mod sets;
pub mod sets_edit;
pub mod upload;
