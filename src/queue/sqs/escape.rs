//! Any text as the text of a tag.

/// A tag has letters, digits, spaces and `_ . : / = + - @`. `=` and two hexadecimal digits stand
/// for any byte but the plainest, as in quoted-printable; a dot is for us, between key and number.
pub(super) fn escape(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_:/+-@".contains(&byte);
    let escaped = |byte: u8| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("={byte:02X}"),
    };
    text.bytes().map(escaped).collect()
}

/// What [`escape`] was given, or `None` for what it did not make.
pub(super) fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'=' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            plain => plain,
        });
    }
    String::from_utf8(bytes).ok()
}
