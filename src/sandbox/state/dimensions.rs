//! Width and height of a photo, as its first bytes give them.

use crate::sandbox::state::file_types::Kind;

/// Width and height of a photo in pixels, where its first bytes give them.
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
    use crate::sandbox::state::file_types::GREY_JPEG;

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
