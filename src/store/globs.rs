//! [`Globs`]: patterns of `--include` and `--exclude`, matched against paths.
//!
//! A star does not stop at a slash, as users of s5cmd and rclone expect of keys. Everything is
//! counted in characters: `?` and `[é]` each stand for one letter of any language, where globset's
//! matchers (which took their place) stand for one byte. An accented letter is one character also
//! where a Mac wrote it as two (`e` and an accent).

use regex::{RegexSet, RegexSetBuilder};
use unicode_normalization::{UnicodeNormalization, is_nfc_quick};

/// The most bytes that all patterns together may take when compiled.
const LARGEST: usize = 64 << 20;

/// A set of patterns. Empty, it matches nothing.
#[derive(Debug, Clone)]
pub struct Globs(RegexSet);

/// A text that is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{pattern:?} is no pattern: {why}")]
pub struct InvalidGlob {
    pattern: String,
    why: String,
}

impl Default for Globs {
    fn default() -> Globs {
        Globs(RegexSet::empty())
    }
}

impl Globs {
    /// Reads patterns of `*`, `?`, `[a-z]`, `[!a-z]`, `{a,b}`, `**/` and `\` before one of these.
    pub fn new(patterns: &[String], ignore_case: bool) -> Result<Globs, InvalidGlob> {
        let mut regexes = Vec::with_capacity(patterns.len());
        for pattern in patterns {
            let regex = regex(pattern).and_then(|text| {
                // One at a time, so that the error names its pattern.
                let built = regex_set(&[&text], ignore_case);
                built.map(|_| text).map_err(|error| error.to_string())
            });
            let invalid = |why| InvalidGlob {
                pattern: pattern.clone(),
                why,
            };
            regexes.push(regex.map_err(invalid)?);
        }
        let set = regex_set(&regexes, ignore_case).map_err(|error| InvalidGlob {
            pattern: patterns.join(" "),
            why: error.to_string(),
        });
        set.map(Globs)
    }

    /// Whether there is no pattern.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of the patterns matches the whole path.
    pub fn is_match(&self, path: &str) -> bool {
        match is_nfc_quick(path.chars()) {
            unicode_normalization::IsNormalized::Yes => self.0.is_match(path),
            _ => self.0.is_match(&path.nfc().collect::<String>()),
        }
    }

    /// Whether a folder is excluded by these: by its own name (`lost+found`), or with all that is
    /// in it (`lost+found/**`). `folder` does not end in a slash.
    pub(super) fn excludes_folder(&self, folder: &str) -> bool {
        self.is_match(folder) || self.is_match(&format!("{folder}/"))
    }

    /// Whether one of the patterns matches a path, or a folder that it is in.
    pub fn excludes(&self, path: &str) -> bool {
        let mut folders = path.match_indices('/').map(|(at, _)| &path[..at]);
        self.is_match(path) || folders.any(|folder| self.excludes_folder(folder))
    }
}

fn regex_set(regexes: &[impl AsRef<str>], ignore_case: bool) -> Result<RegexSet, regex::Error> {
    RegexSetBuilder::new(regexes)
        .case_insensitive(ignore_case)
        .dot_matches_new_line(true)
        .size_limit(LARGEST)
        .build()
}

/// The regular expression of a pattern.
fn regex(pattern: &str) -> Result<String, String> {
    let pattern: Vec<char> = pattern.nfc().collect();
    let mut parser = Parser {
        rest: &pattern,
        regex: "^(?:".to_owned(),
        open: 0,
        at_start: true,
    };
    while let Some((first, rest)) = parser.rest.split_first() {
        parser.rest = rest;
        parser.take(*first)?;
    }
    if parser.open > 0 {
        return Err("a { without its }".to_owned());
    }
    Ok(parser.regex + ")$")
}

struct Parser<'a> {
    rest: &'a [char],
    regex: String,
    /// How many braces are open.
    open: usize,
    /// Whether a name begins here: `**/` then stands for no folder as well.
    at_start: bool,
}

impl Parser<'_> {
    fn take(&mut self, character: char) -> Result<(), String> {
        let at_start = std::mem::replace(&mut self.at_start, character == '/');
        match character {
            '*' => self.stars(at_start),
            '?' => self.regex.push('.'),
            '[' => return self.class(),
            '{' => {
                self.open += 1;
                self.at_start = at_start;
                self.regex.push_str("(?:");
            }
            ',' if self.open > 0 => self.regex.push('|'),
            '}' if self.open > 0 => {
                self.open -= 1;
                self.regex.push(')');
            }
            '}' => return Err("a } without its {".to_owned()),
            '\\' => {
                let (escaped, rest) = self.rest.split_first().ok_or("a \\ at its end")?;
                self.rest = rest;
                self.literal(*escaped);
            }
            other => self.literal(other),
        }
        Ok(())
    }

    /// `**/` where a name begins stands for any folders, or for none.
    fn stars(&mut self, at_start: bool) {
        if at_start && let ['*', '/', rest @ ..] = self.rest {
            self.rest = rest;
            self.at_start = true;
            self.regex.push_str("(?:.*/)?");
        } else {
            self.regex.push_str(".*");
        }
    }

    fn class(&mut self) -> Result<(), String> {
        self.regex.push('[');
        if let ['!' | '^', rest @ ..] = self.rest {
            self.rest = rest;
            self.regex.push('^');
        }
        let unclosed = || "a [ without its ]".to_owned();
        // As the first of a class, the bracket stands for itself.
        let end = self.rest.iter().skip(1).position(|c| *c == ']');
        let end = end.ok_or_else(unclosed)? + 1;
        let (members, rest) = self.rest.split_at(end);
        self.rest = &rest[1..];
        for (at, member) in members.iter().enumerate() {
            let is_range = *member == '-' && at > 0 && at + 1 < members.len();
            if !is_range {
                self.literal(*member);
                continue;
            }
            let (first, last) = (members[at - 1], members[at + 1]);
            if first > last {
                return Err(format!("the range {first}-{last} runs backwards"));
            }
            self.regex.push('-');
        }
        self.regex.push(']');
        Ok(())
    }

    fn literal(&mut self, character: char) {
        let text = character.to_string();
        self.regex.push_str(&regex::escape(&text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn globs(patterns: &[&str]) -> Globs {
        let patterns: Vec<String> = patterns.iter().map(|text| (*text).to_owned()).collect();
        Globs::new(&patterns, false).unwrap()
    }

    #[track_caller]
    fn matches(pattern: &str, paths: &[&str], others: &[&str]) {
        let set = globs(&[pattern]);
        for path in paths {
            assert!(set.is_match(path), "{pattern} should match {path}");
        }
        for path in others {
            assert!(!set.is_match(path), "{pattern} should not match {path}");
        }
    }

    #[test]
    fn a_pattern_matches_as_users_of_the_shell_expect() {
        matches(
            "*.jpg",
            &["a.jpg", "a/b.jpg", ".jpg"],
            &["a.JPG", "a.jpg.x"],
        );
        matches("2012/*", &["2012/a", "2012/a/b"], &["2012", "x/2012/a"]);
        matches("**/a.jpg", &["a.jpg", "b/a.jpg", "b/c/a.jpg"], &["ba.jpg"]);
        matches("a/**/b", &["a/b", "a/x/b", "a/x/y/b"], &["ab", "a/xb/c"]);
        matches("a/**", &["a/b", "a/b/c"], &["a", "b/a/b"]);
        matches("{a,b/*}.jpg", &["a.jpg", "b/c.jpg"], &["c.jpg"]);
        matches("[a-c1].x", &["a.x", "1.x"], &["d.x", "-.x"]);
        matches("[!a-c].x", &["d.x", "é.x"], &["a.x", ".x"]);
        matches("[]-]", &["]", "-"], &["a"]);
        matches(r"\*[*]\{a,b", &["**{a,b"], &["a*{a,b"]);
        matches("a+(b)|c^$.d", &["a+(b)|c^$.d"], &["a"]);
        matches("new\n?", &["new\nx", "new\n\n"], &[]);
    }

    #[test]
    fn a_letter_is_one_character_in_every_language_and_spelling() {
        matches(
            "Caf?.jpg",
            &["Café.jpg", "Cafe\u{301}.jpg", "Cafe.jpg"],
            &["Caf.jpg"],
        );
        matches(
            "Caf[é].jpg",
            &["Café.jpg", "Cafe\u{301}.jpg"],
            &["Cafe.jpg"],
        );
        matches("Cafe\u{301}*", &["Café.jpg", "Cafe\u{301}.jpg"], &[]);
        matches("[а-я]?", &["жя", "ж🎈"], &["ж", "zz"]);
        matches("???", &["日本語", "🎈🎉x"], &["日本"]);
    }

    #[test]
    fn upper_and_lower_case_are_the_same_where_that_is_asked_for() {
        let set = |pattern: &str| Globs::new(&[pattern.to_owned()], true).unwrap();
        assert!(set("*.jpg").is_match("A.JPG") && set("ÉTÉ/*").is_match("été/a"));
        assert!(set("[a-c].x").is_match("B.x") && set("[é]").is_match("É"));
    }

    #[test]
    fn what_is_no_pattern_is_named_with_what_is_wrong() {
        for (pattern, why) in [
            ("[", "without its ]"),
            ("[!]", "without its ]"),
            ("a{b", "without its }"),
            ("a}", "without its {"),
            ("a\\", "at its end"),
            ("[z-a]", "runs backwards"),
        ] {
            let error = Globs::new(&["ok".to_owned(), pattern.to_owned()], false).unwrap_err();
            let text = error.to_string();
            assert!(text.contains(why), "{text}");
            assert_eq!(error.pattern, pattern);
        }
    }

    #[test]
    fn an_excluded_folder_takes_all_that_is_in_it_along() {
        let exclude = globs(&["lost+found", "trash/**", "*/cache/", "*.png"]);
        for path in [
            "lost+found/a.jpg",
            "lost+found",
            "trash/b/c.jpg",
            "a/cache/d.jpg",
            "e/f.png",
        ] {
            assert!(exclude.excludes(path), "{path}");
        }
        for path in [
            "lost+found2/a.jpg",
            "a/lost+found.jpg",
            "trash.jpg",
            "cache/d.jpg",
            "a.jpg",
        ] {
            assert!(!exclude.excludes(path), "{path}");
        }
    }
}
