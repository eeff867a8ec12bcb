//! What a file is: decided by the extension of its name and by its first bytes together.

use serde::{Deserialize, Serialize};

/// The number of first bytes that decide what a file is; they mostly hold the dimensions of a photo, too.
pub const HEAD_BYTES: usize = 256 * 1024;

/// A grey pixel: the poster of a video, and the JPEG that Flickr makes of a TIFF.
pub const GREY_JPEG: &[u8] = include_bytes!("grey.jpg");

/// The extensions of the photos that Flickr takes.
pub const PHOTOS: &[&str] = &[
    "jpg", "jpeg", "jpe", "jfif", "jif", "pjpeg", "pjp", "png", "gif", "tif", "tiff",
];

/// The extensions of the videos that Flickr takes.
pub const VIDEOS: &[&str] = &[
    "mp4", "m4v", "mov", "avi", "wmv", "mpg", "mpeg", "3gp", "mts", "m2ts", "ogg", "ogv",
];

/// What a file is to Flickr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Kept byte for byte.
    Jpeg,
    /// Kept byte for byte.
    Png,
    /// Kept byte for byte.
    Gif,
    /// Taken, but converted to JPEG: the original is lost.
    Tiff,
    /// Kept, and shown by a poster frame.
    Video,
}

impl Kind {
    /// `photo` or `video`, as the field `media` says it.
    pub fn media(self) -> &'static str {
        if self == Kind::Video {
            "video"
        } else {
            "photo"
        }
    }

    /// The field `originalformat`: a video's original *picture* is its poster.
    pub fn original_format(self) -> &'static str {
        match self {
            Kind::Png => "png",
            Kind::Gif => "gif",
            Kind::Jpeg | Kind::Tiff | Kind::Video => "jpg",
        }
    }

    /// The content type of the bytes as they were uploaded.
    pub fn content_type(self) -> &'static str {
        match self {
            Kind::Png => "image/png",
            Kind::Gif => "image/gif",
            Kind::Jpeg | Kind::Tiff => "image/jpeg",
            Kind::Video => "video/mp4",
        }
    }
}

/// What a file is; `None` means error 5, file type not recognised.
///
/// A photo needs no extension (`flickrapi` sends `dummy name`), a video does.
pub fn recognise(file_name: &str, head: &[u8]) -> Option<Kind> {
    let kind = by_bytes(head)?;
    let is_video = kind == Kind::Video;
    let fits = match file_name.rsplit_once('.') {
        None => !is_video,
        Some((_, extension)) => {
            let extensions = if is_video { VIDEOS } else { PHOTOS };
            extensions.contains(&extension.to_ascii_lowercase().as_str())
        }
    };
    fits.then_some(kind)
}

fn by_bytes(head: &[u8]) -> Option<Kind> {
    match infer::get(head).map_or("", |found| found.mime_type()) {
        "image/jpeg" => Some(Kind::Jpeg),
        "image/png" => Some(Kind::Png),
        "image/gif" => Some(Kind::Gif),
        "image/tiff" | "image/x-canon-cr2" => Some(Kind::Tiff),
        "video/mp4" | "video/x-m4v" | "video/quicktime" | "video/x-msvideo" | "video/x-ms-wmv"
        | "video/mpeg" => Some(Kind::Video),
        _ => is_other_video(head).then_some(Kind::Video),
    }
}

/// The containers that `infer` does not know: 3GP and other brands of MP4, old QuickTime files,
/// MPEG transport streams, and Ogg, which it takes for sound.
fn is_other_video(head: &[u8]) -> bool {
    let at = |offset: usize, bytes: &[u8]| {
        let rest = head.get(offset..);
        rest.is_some_and(|rest| rest.starts_with(bytes))
    };
    let starts_atom = |name: &[u8]| at(4, name);
    if starts_atom(b"ftyp") {
        // HEIC and AVIF are still pictures in the container of MP4.
        let still: [&[u8]; 7] = [
            b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif", b"avis",
        ];
        return !still.iter().any(|brand| at(8, brand));
    }
    let quicktime: [&[u8]; 5] = [b"moov", b"mdat", b"wide", b"free", b"skip"];
    let transport_stream = at(0, &[0x47]) || at(4, &[0x47]);
    quicktime.iter().any(|name| starts_atom(name))
        || transport_stream
        || at(0, b"OggS")
        || at(0, &[0x30, 0x26, 0xb2, 0x75])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_and_bytes_must_agree() {
        let mp4 = b"\0\0\0\x18ftypisom";
        assert_eq!(recognise("a.JPEG", GREY_JPEG), Some(Kind::Jpeg));
        assert_eq!(recognise("a.mp4", mp4), Some(Kind::Video));
        assert_eq!(recognise("a.jpg", mp4), None);
        assert_eq!(recognise("a.mp4", GREY_JPEG), None);
        assert_eq!(recognise("dummy name", GREY_JPEG), Some(Kind::Jpeg));
        assert_eq!(recognise("dummy name", mp4), None);
        assert_eq!(recognise("a.txt", GREY_JPEG), None);
        assert_eq!(recognise("a.nef", b"II*\0"), None);
        assert_eq!(recognise("a.webp", b"RIFF\0\0\0\0WEBP"), None);
        assert_eq!(recognise("a.mov", b"\0\0\0\x18ftypheic"), None);
        assert_eq!(recognise("a.jpg", b"hello"), None);
    }

    #[test]
    fn each_type_is_known_by_its_first_bytes() {
        let photo = |head: &[u8]| recognise("a.jpg", head);
        let video = |head: &[u8]| recognise("a.mov", head);
        assert_eq!(photo(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), Some(Kind::Png));
        assert_eq!(photo(b"GIF89a\x02\x01\x03\0"), Some(Kind::Gif));
        assert_eq!(photo(b"II*\0\x08\0\0\0\x0c\0\0\x01"), Some(Kind::Tiff));
        assert_eq!(photo(b"MM\0*\0\0\0\x08\0\x0c\x01\0"), Some(Kind::Tiff));
        for head in [
            &b"BM6\0\x0c\0\0\0\0\0"[..],
            b"RIFF\x24\0\0\0WEBPVP8 ",
            b"\0\0\0\x10ftypheic\0\0\0\0heic",
            b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic",
            b"\0\0\0\x14ftypavif\0\0\0\0avif",
        ] {
            assert_eq!((photo(head), video(head)), (None, None), "{head:?}");
        }
        for head in [
            &b"\0\0\0\x18ftypisom\0\0\x02\0isommp41"[..],
            b"\0\0\0\x14ftyp3gp5\0\0\x01\0",
            b"\0\0\0\x14ftypqt  \0\0\0\0",
            b"\0\0\0\x14ftypM4V \0\0\0\0",
            b"\0\0\x08\0wide\0\0\0\0mdat",
            b"\0\0\x08\0moov\0\0\0\0mvhd",
            b"RIFF\x24\0\0\0AVI LIST",
            b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa",
            b"\0\0\x01\xba\x44\0",
            b"\0\0\x01\xb3\x16\0",
            b"\x47\x40\0\x10\0\0",
            b"\x01\x02\x03\x04\x47\x40\0\x10",
            b"OggS\0\x02\0\0",
        ] {
            assert_eq!(
                (photo(head), video(head)),
                (None, Some(Kind::Video)),
                "{head:?}"
            );
        }
    }
}
