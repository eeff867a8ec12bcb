//! What a file is: judged by the extension of its name and by its first bytes together.

use serde::{Deserialize, Serialize};

/// So many first bytes decide what a file is; the dimensions of a photo mostly stand there too.
pub const HEAD_BYTES: usize = 256 * 1024;

/// A grey pixel: the poster of a video, and what a file becomes that Flickr converts to JPEG.
pub const GREY_JPEG: &[u8] = include_bytes!("grey.jpg");

/// What Flickr made of a file.
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

/// Judges a file; `None` means error 5, file type not recognised.
///
/// A photo passes under a name without extension (`flickrapi` sends `dummy name`), a video does not.
pub fn recognise(file_name: &str, head: &[u8]) -> Option<Kind> {
    let by_bytes = by_bytes(head)?;
    let Some((_, extension)) = file_name.rsplit_once('.') else {
        return (by_bytes != Kind::Video).then_some(by_bytes);
    };
    match extension.to_ascii_lowercase().as_str() {
        "jpg" | "jpeg" | "jpe" | "png" | "gif" | "tif" | "tiff" => {
            (by_bytes != Kind::Video).then_some(by_bytes)
        }
        "mp4" | "m4v" | "mov" | "avi" | "wmv" | "mpg" | "mpeg" | "3gp" | "mts" | "m2ts" | "ogg"
        | "ogv" => (by_bytes == Kind::Video).then_some(by_bytes),
        _ => None,
    }
}

fn by_bytes(head: &[u8]) -> Option<Kind> {
    let at = |offset: usize, mark: &[u8]| {
        head.get(offset..)
            .is_some_and(|rest| rest.starts_with(mark))
    };
    // HEIC and AVIF are still pictures in the container of MP4.
    let still = ["heic", "heix", "hevc", "mif1", "msf1", "avif", "avis"];
    if at(0, &[0xff, 0xd8, 0xff]) {
        Some(Kind::Jpeg)
    } else if at(0, b"\x89PNG\r\n\x1a\n") {
        Some(Kind::Png)
    } else if at(0, b"GIF8") {
        Some(Kind::Gif)
    } else if at(0, b"II*\0") || at(0, b"MM\0*") {
        Some(Kind::Tiff)
    } else if at(4, b"ftyp") {
        (!still.iter().any(|brand| at(8, brand.as_bytes()))).then_some(Kind::Video)
    } else if is_video(&at) {
        Some(Kind::Video)
    } else {
        None
    }
}

fn is_video(at: &dyn Fn(usize, &[u8]) -> bool) -> bool {
    let quicktime = ["moov", "mdat", "wide", "free", "skip"]
        .iter()
        .any(|atom| at(4, atom.as_bytes()));
    let avi = at(0, b"RIFF") && at(8, b"AVI ");
    let windows_media = at(0, &[0x30, 0x26, 0xb2, 0x75]);
    let mpeg = at(0, &[0, 0, 1, 0xba]) || at(0, &[0, 0, 1, 0xb3]);
    let transport_stream = at(0, &[0x47]) || at(4, &[0x47]);
    quicktime || avi || windows_media || mpeg || transport_stream || at(0, b"OggS")
}

/// Width and height of a photo in pixels, where its first bytes tell them.
pub fn dimensions(kind: Kind, head: &[u8]) -> Option<(u32, u32)> {
    match kind {
        Kind::Png => Some((big_endian(head.get(16..20)?), big_endian(head.get(20..24)?))),
        Kind::Gif => {
            let side = |i: usize| {
                Some(u32::from(u16::from_le_bytes([
                    *head.get(i)?,
                    *head.get(i + 1)?,
                ])))
            };
            Some((side(6)?, side(8)?))
        }
        Kind::Jpeg => jpeg_dimensions(head),
        Kind::Tiff | Kind::Video => None,
    }
}

/// Walks the segments of a JPEG to the frame header.
fn jpeg_dimensions(head: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    loop {
        let marker = *head.get(at + 1)?;
        if *head.get(at)? != 0xff {
            return None;
        }
        if marker == 0xff {
            at += 1; // a fill byte
            continue;
        }
        // C0 to CF are frame headers, but for DHT, JPG and DAC.
        if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
            return Some((
                big_endian(head.get(at + 7..at + 9)?),
                big_endian(head.get(at + 5..at + 7)?),
            ));
        }
        let length = big_endian(head.get(at + 2..at + 4)?);
        at += 2 + usize::try_from(length).ok()?;
    }
}

fn big_endian(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .fold(0, |number, &byte| (number << 8) | u32::from(byte))
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
    fn dimensions_stand_in_the_first_bytes() {
        assert_eq!(dimensions(Kind::Jpeg, GREY_JPEG), Some((1, 1)));
        assert_eq!(
            dimensions(Kind::Gif, b"GIF89a\x02\x01\x03\0"),
            Some((258, 3))
        );
        assert_eq!(dimensions(Kind::Jpeg, &GREY_JPEG[..20]), None);
    }
}
