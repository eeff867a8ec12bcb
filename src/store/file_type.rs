//! What a file is whose name does not say it: by its first bytes, and by what its store says.

/// How many of a file's first bytes tell its type.
pub(super) const HEAD_BYTES: usize = 512;

/// The content types of photos and videos, and the extension that each stands for.
const CONTENT_TYPES: &[(&str, &str)] = &[
    ("image/jpeg", "jpg"),
    ("image/jpg", "jpg"),
    ("image/pjpeg", "jpg"),
    ("image/png", "png"),
    ("image/gif", "gif"),
    ("image/tiff", "tif"),
    ("video/mp4", "mp4"),
    ("video/quicktime", "mov"),
    ("video/x-msvideo", "avi"),
    ("video/x-ms-wmv", "wmv"),
    ("video/mpeg", "mpg"),
    ("video/3gpp", "3gp"),
    ("video/ogg", "ogv"),
];

/// The extension, in lower case, that a file of these first bytes should have; what its store says
/// of its content counts where the bytes tell nothing.
pub fn extension_of(head: &[u8], content_type: Option<&str>) -> Option<&'static str> {
    if let Some(found) = infer::get(head) {
        return Some(found.extension());
    }
    let kind = content_type?.split(';').next()?.trim();
    let mut known = CONTENT_TYPES.iter();
    known
        .find(|(name, _)| kind.eq_ignore_ascii_case(name))
        .map(|(_, extension)| *extension)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_say_what_a_file_is_and_its_content_type_where_they_do_not() {
        let png = b"\x89PNG\r\n\x1a\n0000IHDR";
        assert_eq!(extension_of(png, None), Some("png"));
        assert_eq!(extension_of(png, Some("image/jpeg")), Some("png"));
        assert_eq!(extension_of(b"\xff\xd8\xff\xe0", None), Some("jpg"));
        assert_eq!(extension_of(b"", Some("Image/JPEG; q=1")), Some("jpg"));
        assert_eq!(extension_of(b"hello", Some("text/plain")), None);
        assert_eq!(extension_of(b"hello", None), None);
    }
}
