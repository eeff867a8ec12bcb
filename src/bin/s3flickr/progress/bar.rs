//! A line of progress in the width that there is.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The bar's width, with its brackets: less is no picture, more says nothing.
const BAR: std::ops::RangeInclusive<usize> = 12..=32;

/// What a line of progress can say. What does not fit is left out, the last first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Progress {
    /// How far it is, from 0 to 1, where the total is known.
    pub fraction: Option<f64>,
    /// How many are done: always said.
    pub count: String,
    /// What is waited for. It goes before the rest: nothing moves meanwhile.
    pub waiting: Option<String>,
    /// The rest, most important first.
    pub parts: Vec<String>,
}

impl Progress {
    /// The whole line as a text.
    pub fn text(&self) -> String {
        self.said().join(", ")
    }

    /// As much as fits into `width` columns, with a bar where there is room for one.
    pub fn fit(&self, width: usize) -> String {
        let bar = self.fraction.map_or(0, |_| BAR.start() + 1);
        let count = self.count.width();
        // Rather no bar than no word of what is waited for.
        let waiting = self.waiting.as_ref().map_or(0, |text| text.width() + 2);
        let has_bar = bar > 0 && bar + count + waiting <= width;
        let room = if has_bar { width - bar } else { width };
        let vital = 1 + usize::from(self.waiting.is_some());
        let text = fitting(&self.said(), vital, room);
        match self.fraction {
            Some(fraction) if has_bar => {
                let most = width - text.width() - 1;
                format!("{} {text}", drawn(fraction, most.min(*BAR.end())))
            }
            _ => text,
        }
    }

    fn said(&self) -> Vec<&str> {
        let first = [self.count.as_str()].into_iter();
        let waiting = self.waiting.iter().map(String::as_str);
        let parts = self.parts.iter().map(String::as_str);
        first.chain(waiting).chain(parts).collect()
    }
}

/// The first parts that fit side by side. The `vital` first of them are rather cut than left out.
fn fitting(parts: &[&str], vital: usize, width: usize) -> String {
    let mut text = String::new();
    for (at, part) in parts.iter().enumerate() {
        let separator = if at == 0 { "" } else { ", " };
        if text.width() + separator.len() + part.width() > width {
            if at < vital {
                text = cut(&format!("{text}{separator}{part}"), width);
            }
            break;
        }
        text.push_str(separator);
        text.push_str(part);
    }
    text
}

/// The text, or its beginning and an ellipsis.
pub fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut cut = String::new();
    let mut left = width.saturating_sub(1);
    for c in text.chars() {
        let Some(rest) = left.checked_sub(c.width().unwrap_or(0)) else {
            break;
        };
        left = rest;
        cut.push(c);
    }
    if width > 0 {
        cut.push('…');
    }
    cut
}

/// `[####------]  40%`: a bar of this width.
fn drawn(fraction: f64, width: usize) -> String {
    let inside = width.saturating_sub("[]  100%".len());
    let done = (fraction.clamp(0.0, 1.0) * inside as f64) as usize;
    // 100 % is said when all is done, and not a moment before.
    let percent = (fraction.clamp(0.0, 1.0) * 100.0) as u64;
    let (full, empty) = ("#".repeat(done), "-".repeat(inside - done));
    format!("[{full}{empty}] {percent:>3}%")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn progress() -> Progress {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Progress {
            fraction: Some(0.3),
            count: "12/40 photos".to_owned(),
            waiting: None,
            parts: texts(&[
                "3.1 MiB",
                "2.1 photos/s",
                "0.5 MiB/s",
                "20s left",
                "limited by latency",
            ]),
        }
    }

    #[test]
    fn a_narrow_line_leaves_out_the_last_first() {
        let progress = progress();
        let narrow = "[##-----]  30% 12/40 photos, 3.1 MiB";
        assert_eq!(progress.fit(37), narrow);
        let usual = "[###---------]  30% 12/40 photos, 3.1 MiB, 2.1 photos/s, 0.5 MiB/s, 20s left";
        assert_eq!(progress.fit(77), usual);
        let wide = progress.fit(197);
        assert!(wide.ends_with(", 20s left, limited by latency"), "{wide}");
        assert!(wide.width() < 140, "{wide}");
        assert_eq!(progress.fit(12), "12/40 photos");
        assert_eq!(progress.fit(8), "12/40 p…");
    }

    #[test]
    fn what_is_waited_for_is_said_also_where_it_is_narrow() {
        let waiting = "waiting for the call budget: next call in 24 s";
        let progress = Progress {
            waiting: Some(waiting.to_owned()),
            ..progress()
        };
        assert_eq!(progress.fit(37), "12/40 photos, waiting for the call b…");
        assert!(progress.fit(77).contains(waiting));
        assert!(progress.text().contains(waiting));
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_the_terminal(
            fraction in proptest::option::of(-1.0..2.0_f64),
            count in "[0-9/日é ]{0,20}",
            waiting in proptest::option::of("[a-z日é ]{0,60}"),
            parts in prop::collection::vec("[a-z0-9./日 ]{0,20}", 0..6),
            width in 0..220_usize,
        ) {
            let progress = Progress { fraction, count, waiting, parts };
            prop_assert!(progress.fit(width).width() <= width);
        }
    }
}
