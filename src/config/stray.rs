//! Characters that came into a value by mistake: the carriage return of a file of variables that
//! was written on Windows, the quotes that a shell would have taken away, a space.

/// Says where a key or token has a character that no key has, and which; never the value.
pub fn in_key(value: &str) -> Option<String> {
    find(value, |c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

/// The same of any value, where only what no value ever has counts: control characters.
pub fn in_value(value: &str) -> Option<String> {
    find(value, |c| !c.is_control())
}

fn find(value: &str, belongs: impl Fn(char) -> bool) -> Option<String> {
    let characters: Vec<char> = value.chars().collect();
    let first = characters.iter().position(|c| !belongs(*c))?;
    let last = characters.iter().rposition(|c| !belongs(*c))?;
    // One at the end is likelier to be the whole mistake than one at the beginning.
    let (at, place) = if last + 1 == characters.len() {
        (last, "at its end".to_owned())
    } else if first == 0 {
        (first, "at its beginning".to_owned())
    } else {
        (first, format!("as its character {}", first + 1))
    };
    Some(format!(
        "has a stray character {place} ({})",
        name(characters[at])
    ))
}

fn name(character: char) -> String {
    match character {
        '\r' => "a carriage return".to_owned(),
        '\n' => "a line feed".to_owned(),
        '\t' => "a tab".to_owned(),
        ' ' => "a space".to_owned(),
        '"' | '\'' => format!("the quotation mark {character}"),
        '!'..='~' => format!("the character {character}"),
        other => format!("the character U+{:04X}", u32::from(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stray_character_is_named_with_its_place() {
        for (value, says) in [
            ("abc\r", "at its end (a carriage return)"),
            ("\"abc\"", "at its end (the quotation mark \")"),
            ("'abc", "at its beginning (the quotation mark ')"),
            ("\u{feff}abc", "at its beginning (the character U+FEFF)"),
            ("ab c", "as its character 3 (a space)"),
            ("abc\u{a0}", "at its end (the character U+00A0)"),
        ] {
            let problem = in_key(value).unwrap();
            assert_eq!(problem, format!("has a stray character {says}"));
        }
        for fine in ["0123456789abcdef", "72157600000000000-0a1b", ""] {
            assert_eq!(in_key(fine), None);
        }
    }

    #[test]
    fn a_value_may_have_anything_that_can_be_seen() {
        assert_eq!(in_value("s3://b/Übersicht \"1\"/"), None);
        assert!(in_value("sqs://photos\r").is_some());
    }
}
