//! The methods of the API: their names, the rights they need, and the code that does them.

use crate::sandbox::api::context::Context;
use crate::sandbox::api::failure::MethodResult;
use crate::sandbox::api::{people, photos, photos_edit, search, sets, sets_edit};
use crate::sandbox::state::data::Perms;

/// One method of the API.
pub struct Method {
    /// Its name in a call.
    pub name: &'static str,
    /// The rights that a token needs for it.
    pub perms: Perms,
    /// Does it.
    pub run: fn(&mut Context<'_>) -> MethodResult,
}

/// The method of this name.
pub fn find(name: &str) -> Option<&'static Method> {
    METHODS.iter().find(|method| method.name == name)
}

const fn method(
    name: &'static str,
    perms: Perms,
    run: fn(&mut Context<'_>) -> MethodResult,
) -> Method {
    Method { name, perms, run }
}

/// All methods that the sandbox knows.
pub const METHODS: &[Method] = &[
    method("flickr.test.echo", Perms::None, people::echo),
    method("flickr.test.login", Perms::Read, people::login),
    method(
        "flickr.auth.oauth.checkToken",
        Perms::None,
        people::check_token,
    ),
    method(
        "flickr.people.getUploadStatus",
        Perms::Read,
        people::upload_status,
    ),
    method("flickr.people.getLimits", Perms::Read, people::limits),
    method("flickr.people.getPhotos", Perms::None, people::photos),
    method("flickr.photos.search", Perms::None, search::search),
    method("flickr.photos.getInfo", Perms::None, photos::info),
    method("flickr.photos.getSizes", Perms::None, photos::sizes),
    method("flickr.photos.getNotInSet", Perms::Read, photos::not_in_set),
    method(
        "flickr.photos.recentlyUpdated",
        Perms::Read,
        photos::recently_updated,
    ),
    method(
        "flickr.photos.getAllContexts",
        Perms::None,
        photos::all_contexts,
    ),
    method(
        "flickr.photos.upload.checkTickets",
        Perms::None,
        people::check_tickets,
    ),
    method("flickr.photos.delete", Perms::Delete, photos_edit::delete),
    method("flickr.photos.setTags", Perms::Write, photos_edit::set_tags),
    method("flickr.photos.addTags", Perms::Write, photos_edit::add_tags),
    method(
        "flickr.photos.removeTag",
        Perms::Write,
        photos_edit::remove_tag,
    ),
    method("flickr.photos.setMeta", Perms::Write, photos_edit::set_meta),
    method(
        "flickr.photos.setPerms",
        Perms::Write,
        photos_edit::set_perms,
    ),
    method(
        "flickr.photos.setDates",
        Perms::Write,
        photos_edit::set_dates,
    ),
    method("flickr.photosets.getList", Perms::None, sets::list),
    method("flickr.photosets.getInfo", Perms::None, sets::info),
    method("flickr.photosets.getPhotos", Perms::None, sets::photos),
    method("flickr.photosets.create", Perms::Write, sets_edit::create),
    method(
        "flickr.photosets.addPhoto",
        Perms::Write,
        sets_edit::add_photo,
    ),
    method(
        "flickr.photosets.editPhotos",
        Perms::Write,
        sets_edit::edit_photos,
    ),
    method(
        "flickr.photosets.removePhoto",
        Perms::Write,
        sets_edit::remove_photo,
    ),
    method(
        "flickr.photosets.removePhotos",
        Perms::Write,
        sets_edit::remove_photos,
    ),
    method(
        "flickr.photosets.reorderPhotos",
        Perms::Write,
        sets_edit::reorder_photos,
    ),
    method(
        "flickr.photosets.setPrimaryPhoto",
        Perms::Write,
        sets_edit::set_primary,
    ),
    method(
        "flickr.photosets.editMeta",
        Perms::Write,
        sets_edit::edit_meta,
    ),
    method("flickr.photosets.delete", Perms::Write, sets_edit::delete),
    method(
        "flickr.photosets.orderSets",
        Perms::Write,
        sets_edit::order_sets,
    ),
];
