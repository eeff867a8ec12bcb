//! The sizes of a photo, and their addresses.

use crate::sandbox::state::data::Photo;
use crate::sandbox::state::previews::Scale;

/// The server that has all current uploads.
pub const SERVER: &str = "65535";

/// One size of a photo.
pub struct Size {
    /// As `getSizes` names it.
    pub label: &'static str,
    /// As `extras` names it: `url_` and this.
    pub extra: &'static str,
    suffix: &'static str,
    longest: u32,
    square: bool,
}

const fn size(
    label: &'static str,
    extra: &'static str,
    suffix: &'static str,
    longest: u32,
    square: bool,
) -> Size {
    Size {
        label,
        extra,
        suffix,
        longest,
        square,
    }
}

/// All sizes but the original, in the order of `getSizes`.
pub const SIZES: &[Size] = &[
    size("Square", "sq", "_s", 75, true),
    size("Large Square", "q", "_q", 150, true),
    size("Thumbnail", "t", "_t", 100, false),
    size("Small", "s", "_m", 240, false),
    size("Small 320", "n", "_n", 320, false),
    size("Small 400", "w", "_w", 400, false),
    size("Medium", "m", "", 500, false),
    size("Medium 640", "z", "_z", 640, false),
    size("Medium 800", "c", "_c", 800, false),
    size("Large", "l", "_b", 1024, false),
    size("Large 1600", "h", "_h", 1600, false),
    size("Large 2048", "k", "_k", 2048, false),
];

/// The size whose addresses end with this suffix.
pub fn with_suffix(suffix: &str) -> Option<&'static Size> {
    let is_it = |size: &&Size| size.suffix.trim_start_matches('_') == suffix;
    SIZES.iter().find(is_it)
}

/// The size that `extras` calls `url_` and this.
pub fn called(extra: &str) -> Option<&'static Size> {
    SIZES.iter().find(|size| size.extra == extra)
}

impl Size {
    /// Width and height of a photo in this size; `None` where the photo is smaller.
    pub fn of(&self, photo: &Photo) -> Option<(u32, u32)> {
        let longest = photo.width.max(photo.height);
        if self.square {
            return Some((self.longest, self.longest));
        }
        if longest == 0 {
            // Unknown dimensions: a video, say. The small sizes exist all the same.
            return (self.longest <= 500).then_some((self.longest, self.longest * 3 / 4));
        }
        let scale = |side: u32| {
            u32::try_from(u64::from(side) * u64::from(self.longest) / u64::from(longest))
                .unwrap_or(side)
        };
        (longest > self.longest).then(|| (scale(photo.width).max(1), scale(photo.height).max(1)))
    }

    /// How large a picture of this size is.
    pub fn scale(&self) -> Scale {
        if self.square {
            Scale::Square(self.longest)
        } else {
            Scale::Within(self.longest)
        }
    }

    /// The address of a photo in this size; what is there is a JPEG.
    pub fn url(&self, base: &str, photo: &Photo) -> String {
        format!(
            "{base}/static/{SERVER}/{}_{}{}.jpg",
            photo.id, photo.secret, self.suffix
        )
    }
}

/// The address of the original; of a video's poster, when it is one.
pub fn original_url(base: &str, photo: &Photo) -> String {
    let (id, secret, format) = (
        photo.id,
        &photo.original_secret,
        photo.kind.original_format(),
    );
    format!("{base}/static/{SERVER}/{id}_{secret}_o.{format}")
}
