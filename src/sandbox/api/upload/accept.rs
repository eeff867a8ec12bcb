//! Whether an upload becomes a photo, and which one.

use crate::sandbox::api::auth::{self, Denied};
use crate::sandbox::api::failure::{Failure, insufficient};
use crate::sandbox::api::people::{LARGEST_PHOTO, LARGEST_VIDEO};
use crate::sandbox::api::problem::Problem;
use crate::sandbox::api::signature::Signed;
use crate::sandbox::api::upload::received::Received;
use crate::sandbox::faults::injected::Injected;
use crate::sandbox::params::Params;
use crate::sandbox::state::account::Account;
use crate::sandbox::state::data::{Change, Perms, Photo, Privacy};
use crate::sandbox::state::descriptions::rewritten;
use crate::sandbox::state::file_types::{self, Kind};
use crate::sandbox::state::{State, dimensions, ids, tags};

/// Checks who uploads, what the file is, and whether there is room, and keeps the photo.
/// The clock is checked only now, after the body, as Flickr does it.
pub async fn accept(
    state: &State,
    signed: &Signed,
    id: u64,
    file: &mut Received,
    injected: &Injected,
) -> Result<u64, Denied> {
    let perms = if signed.params.get("oauth_consumer_key").is_some() {
        auth::verify(state, signed)?
    } else if signed.params.get("api_key").is_some() {
        Perms::None
    } else {
        return Err(Problem::absent("oauth_signature").into());
    };
    if perms < Perms::Write {
        return Err(insufficient(Perms::Write, perms).into());
    }
    let photo = photo_from(&signed.params, id, file, state.now())?;
    let created = state.change(|account| {
        check_room(account, &signed.params, &photo)?;
        state.fresh.hide(id, injected.unknown_for());
        file.keep = true;
        account.commit(Change::Photo(Box::new(photo)));
        Ok::<_, Failure>(id)
    });
    Ok(created.await?)
}

/// Makes the photo of the file and the fields, or says what is wrong with the file.
fn photo_from(params: &Params, id: u64, file: &Received, at: i64) -> Result<Photo, Failure> {
    let name = file
        .name
        .as_deref()
        .ok_or_else(|| Failure::new(2, "No photo specified"))?;
    if file.bytes == 0 {
        return Err(Failure::new(4, "Filesize was zero"));
    }
    let kind = file_types::recognise(name, &file.head)
        .ok_or_else(|| Failure::new(5, "Filetype was not recognised"))?;
    let largest = if kind == Kind::Video {
        LARGEST_VIDEO
    } else {
        LARGEST_PHOTO
    };
    if file.bytes > largest {
        return Err(Failure::new(8, "Filesize was too large"));
    }
    let (width, height) = dimensions::dimensions(kind, &file.head).unwrap_or_default();
    let mut tags = tags::parse(params.get("tags").unwrap_or_default());
    tags.truncate(tags::MOST);
    Ok(Photo {
        id,
        secret: ids::random_hex(10),
        original_secret: ids::random_hex(10),
        title: title(params, file),
        description: rewritten(params.get("description").unwrap_or_default()),
        tags,
        privacy: privacy(params),
        posted: at,
        updated: at,
        taken: None,
        kind,
        width,
        height,
        bytes: file.bytes,
        sha1: file.sha1(),
    })
}

/// The title, or the file's name without its extension.
pub fn title(params: &Params, file: &Received) -> String {
    let name = file.name.as_deref().unwrap_or_default();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    params.filled("title").unwrap_or(stem).to_owned()
}

/// This account's default is private; `9` and a missing field mean the default.
fn privacy(params: &Params) -> Privacy {
    let flag = |name| params.get(name) == Some("1");
    Privacy {
        public: flag("is_public"),
        friend: flag("is_friend"),
        family: flag("is_family"),
    }
}

/// What only the account knows: its kind, its room, and whether it has the same bytes already.
fn check_room(account: &Account, params: &Params, photo: &Photo) -> Result<(), Failure> {
    let pro = account.settings().pro;
    if params.get("bulk") == Some("1") && !pro {
        let failure = Failure::new(
            14,
            "Auto Upload disabled for Non pro User/Server at capacity",
        );
        return Err(failure.with("non_pro_desktop_upload_wait_time", "60"));
    }
    if matches!(params.get("safety_level"), Some("2" | "3")) && !pro {
        return Err(Failure::new(15, "Non-safe content not allowed"));
    }
    if account.is_full(photo.privacy) {
        return Err(Failure::new(
            6,
            "Upload limit reached. For more info, visit flickr.com/pro",
        ));
    }
    let is_checked = matches!(params.get("dedup_check"), Some("1" | "2"));
    if !is_checked || account.settings().ignores_dedup_check {
        return Ok(());
    }
    let there = account.oldest_with(&photo.sha1).map(|twin| (twin.id, "1"));
    let deleted = account.deleted_with(&photo.sha1).map(|id| (id, "DELETED"));
    match there.or(deleted) {
        None => Ok(()),
        Some((id, status)) => Err(Failure::new(9, "Duplicate photo/video detected")
            .with("duplicate_photo_id", id.to_string())
            .with("duplicate_photo_status", status)),
    }
}
