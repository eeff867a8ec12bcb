//! Rust text without comments, literals and tests, and as tokens.

/// Blanks out comments and the insides of string and character literals.
pub fn without_comments(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (kept, blanked) = literal_or_comment(rest).unwrap_or_else(|| {
            // A word as a whole: the `r` at its end begins no raw string.
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
            (end.unwrap_or(rest.len()).max(first.len_utf8()), 0)
        });
        let (inside, after) = rest[kept..].split_at(blanked);
        code.push_str(&rest[..kept]);
        code.extend(inside.chars().filter(|c| *c == '\n'));
        rest = after;
    }
    code
}

/// What begins here: how many bytes stay, and how many are blanked out after them, the closing
/// quote among these.
fn literal_or_comment(text: &str) -> Option<(usize, usize)> {
    let until = |end: &str, from: usize| text[from..].find(end).map_or(text.len(), |at| from + at);
    if text.starts_with("//") {
        return Some((0, until("\n", 0)));
    }
    if text.starts_with("/*") {
        return Some((0, (until("*/", 2) + 2).min(text.len())));
    }
    if let Some(raw) = text.strip_prefix("br").or(text.strip_prefix('r')) {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            let opening = text.len() - raw.len() + hashes + 1;
            let closing = format!("\"{}", "#".repeat(hashes));
            let end = (until(&closing, opening) + closing.len()).min(text.len());
            return Some((opening, end - opening));
        }
    }
    if let Some(inside) = text.strip_prefix('"') {
        return Some((1, quoted(inside)));
    }
    let inside = text.strip_prefix('\'')?;
    let character = inside.chars().next()?;
    if character == '\\' {
        return Some((1, until("'", 3).min(text.len() - 1)));
    }
    // Otherwise it is a lifetime.
    let length = character.len_utf8();
    inside[length..]
        .starts_with('\'')
        .then_some((1, length + 1))
}

/// The length of a literal's inside with the closing quote, which is a blank as well.
fn quoted(inside: &str) -> usize {
    let mut escaped = false;
    for (at, c) in inside.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    inside.len()
}

/// Blanks out every item under `#[cfg(test)]`.
pub fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut kept = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(at) = rest.find(MARK) {
        let (before, item) = rest.split_at(at);
        kept.push_str(before);
        let length = item_length(&item[MARK.len()..]) + MARK.len();
        kept.extend(item[..length].chars().filter(|c| *c == '\n'));
        rest = &item[length..];
    }
    kept.push_str(rest);
    kept
}

/// The length of the item at the start: to its `;` or `,`, or to the end of its braces.
fn item_length(item: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in item.char_indices() {
        match c {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' if depth == 0 => return at,
            '}' if depth == 1 => return at + 1,
            '}' | ')' | ']' => depth -= 1,
            ';' | ',' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    item.len()
}

/// A token: a word, `::`, or another character.
pub type Token<'a> = (usize, &'a str);

pub fn tokens(code: &str) -> Vec<Token<'_>> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = Vec::new();
    for (line, number) in code.lines().zip(1..) {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let length = if is_word(first) {
                rest.find(|c| !is_word(c)).unwrap_or(rest.len())
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            found.push((number, &rest[..length]));
            rest = rest[length..].trim_start();
        }
    }
    found
}
