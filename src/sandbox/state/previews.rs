//! Pictures made of the originals: every size but the original, and the JPEG of a TIFF.
//!
//! A picture is made when somebody first looks at it, and kept in the sandbox's folder.

use std::io::{self, Cursor};
use std::path::Path;

use bytes::Bytes;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::overlay;
use image::{DynamicImage, ImageDecoder, ImageReader, Limits, Rgba, RgbaImage};
use tokio::sync::Semaphore;

use crate::sandbox::state::home::Home;

/// The pictures that are made at once: a large photo takes up to [`MOST_MEMORY`].
const AT_ONCE: usize = 2;
/// The most bytes that one picture may take while it is made.
const MOST_MEMORY: u64 = 256 * 1024 * 1024;
/// The quality of a JPEG, of 100.
const QUALITY: u8 = 82;

/// How large a picture is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// As large as the original.
    Full,
    /// At most this number of pixels on either side.
    Within(u32),
    /// A square of this number of pixels, out of the middle.
    Square(u32),
}

/// Makes the pictures.
#[derive(Debug)]
pub struct Previews {
    room: Semaphore,
}

impl Default for Previews {
    fn default() -> Self {
        Previews {
            room: Semaphore::new(AT_ONCE),
        }
    }
}

impl Previews {
    /// The picture of a photo, as a JPEG; `name` is that of the size. `None` when the original
    /// cannot be decoded.
    pub async fn jpeg(&self, home: &Home, photo: u64, name: &str, scale: Scale) -> Option<Bytes> {
        let kept = home.preview(photo, name);
        if let Ok(bytes) = tokio::fs::read(&kept).await {
            return Some(bytes.into());
        }
        let _room = self.room.acquire().await.ok()?;
        let original = home.original(photo);
        let made = tokio::task::spawn_blocking(move || {
            let bytes = make(&original, scale)?;
            // A picture that cannot be kept is made again next time.
            let _ = keep(&kept, &bytes);
            Ok::<_, image::ImageError>(bytes)
        });
        match made.await.ok()? {
            Ok(bytes) => Some(bytes.into()),
            Err(error) => {
                tracing::debug!(photo, %error, "no picture can be made of this original");
                None
            }
        }
    }
}

/// Writes a file that appears only when it is whole.
fn keep(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    io::Write::write_all(&mut file, bytes)?;
    file.persist(path)?;
    Ok(())
}

fn make(original: &Path, scale: Scale) -> image::ImageResult<Vec<u8>> {
    let mut reader = ImageReader::open(original)?.with_guessed_format()?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    let orientation = decoder.orientation()?;
    let mut picture = scaled(DynamicImage::from_decoder(decoder)?, scale);
    picture.apply_orientation(orientation);
    let mut bytes = Cursor::new(Vec::new());
    let encoder = JpegEncoder::new_with_quality(&mut bytes, QUALITY);
    opaque(picture).write_with_encoder(encoder)?;
    Ok(bytes.into_inner())
}

/// Makes a picture smaller, never larger.
fn scaled(picture: DynamicImage, scale: Scale) -> DynamicImage {
    let (width, height) = (picture.width(), picture.height());
    match scale {
        Scale::Within(longest) if width.max(height) > longest => {
            picture.thumbnail(longest, longest)
        }
        Scale::Square(side) => {
            let short = width.min(height);
            let middle = picture.crop_imm((width - short) / 2, (height - short) / 2, short, short);
            scaled(middle, Scale::Within(side))
        }
        Scale::Full | Scale::Within(_) => picture,
    }
}

/// A JPEG has no transparency: what shines through becomes white.
fn opaque(picture: DynamicImage) -> DynamicImage {
    if !picture.color().has_alpha() {
        return picture.to_rgb8().into();
    }
    let white = Rgba([255; 4]);
    let mut paper = RgbaImage::from_pixel(picture.width(), picture.height(), white);
    overlay(&mut paper, &picture.to_rgba8(), 0, 0);
    DynamicImage::from(paper).to_rgb8().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size_of(bytes: &[u8]) -> (u32, u32) {
        let picture = image::load_from_memory(bytes).unwrap();
        (picture.width(), picture.height())
    }

    fn saved(folder: &Path, name: &str, picture: &DynamicImage) -> std::path::PathBuf {
        let path = folder.join(name);
        picture.save(&path).unwrap();
        path
    }

    #[test]
    fn a_picture_is_made_smaller_and_never_larger() {
        let folder = tempfile::tempdir().unwrap();
        let wide = DynamicImage::new_rgb8(1200, 300);
        for name in ["a.jpg", "a.png", "a.tif", "a.gif"] {
            let original = saved(folder.path(), name, &wide);
            let size = |scale| size_of(&make(&original, scale).unwrap());
            assert_eq!(size(Scale::Within(400)), (400, 100), "{name}");
            assert_eq!(size(Scale::Within(2048)), (1200, 300), "{name}");
            assert_eq!(size(Scale::Square(75)), (75, 75), "{name}");
            assert_eq!(size(Scale::Full), (1200, 300), "{name}");
        }
    }

    #[test]
    fn what_is_transparent_becomes_white() {
        let folder = tempfile::tempdir().unwrap();
        let clear = DynamicImage::new_rgba8(8, 8);
        let original = saved(folder.path(), "a.png", &clear);
        let picture = image::load_from_memory(&make(&original, Scale::Full).unwrap()).unwrap();
        assert_eq!(picture.to_rgb8().get_pixel(4, 4).0, [255; 3]);
    }

    #[test]
    fn what_is_no_picture_gives_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jpg");
        std::fs::write(&path, b"\xff\xd8\xff but no more").unwrap();
        assert!(make(&path, Scale::Within(100)).is_err());
    }
}
