//! The last line of the terminal, which is drawn in place.
//!
//! The cursor stays behind the text, and the text leaves a few columns free: what a terminal echoes
//! there (`^C`) is on the same row, and goes with it when the row is drawn anew.

use std::io::{self, Write};
use std::sync::Arc;

use parking_lot::Mutex;
use rustix::termios::tcgetwinsize;
use unicode_width::UnicodeWidthStr;

/// Columns left free, for the `^C` of a person who is about to end the run.
const FREE: usize = 3;
/// What turns at the beginning of the line: something moves, even where nothing is done.
const SPINNER: [char; 4] = ['|', '/', '-', '\\'];
/// The width of a terminal that does not tell.
const DEFAULT_WIDTH: usize = 80;

/// Makes the text of the line, no wider than it is told.
type Draw = Box<dyn Fn(usize) -> String + Send>;

/// A line that is drawn in place on stderr. Clones share it.
#[derive(Clone, Default)]
pub struct Screen(Arc<Mutex<Line>>);

#[derive(Default)]
struct Line {
    draw: Option<Draw>,
    /// How often it was shown, for the spinner.
    turns: usize,
    /// The width of what is on the terminal now; 0 where nothing is.
    shown: usize,
}

impl Screen {
    /// Shows this in place of what was shown; `draw` makes a text of a given width at most.
    pub fn show(&self, draw: impl Fn(usize) -> String + Send + 'static) {
        let mut line = self.0.lock();
        line.draw = Some(Box::new(draw));
        line.turns += 1;
        let mut out = line.erased();
        out.push_str(&line.drawn());
        write(&out);
    }

    /// Writes something else to the terminal while the line is out of the way.
    pub fn around<T>(&self, write_other: impl FnOnce() -> T) -> T {
        let mut line = self.0.lock();
        write(&line.erased());
        let written = write_other();
        let drawn = line.drawn();
        write(&drawn);
        written
    }

    /// Takes the line away.
    pub fn clear(&self) {
        let mut line = self.0.lock();
        line.draw = None;
        write(&line.erased());
    }
}

impl Line {
    /// What takes the line off the terminal. A terminal that became narrower has broken it into
    /// several rows.
    fn erased(&mut self) -> String {
        if self.shown == 0 {
            return String::new();
        }
        let rows = self.shown.div_ceil(columns()).max(1);
        self.shown = 0;
        format!("\r{}\x1b[J", "\x1b[A".repeat(rows - 1))
    }

    /// What puts it there.
    fn drawn(&mut self) -> String {
        let Some(draw) = &self.draw else {
            return String::new();
        };
        let spinner = SPINNER[self.turns % SPINNER.len()];
        let text = format!("{spinner} {}", draw(columns().saturating_sub(FREE + 2)));
        // A name may hold what a terminal obeys.
        let text = text.replace(char::is_control, "?");
        self.shown = text.width();
        text
    }
}

/// How many columns the terminal has.
pub fn columns() -> usize {
    let columns = tcgetwinsize(io::stderr()).map_or(0, |size| size.ws_col.into());
    match columns {
        0 => DEFAULT_WIDTH,
        columns => columns,
    }
}

/// A terminal that went away is no error: the run goes on without it.
fn write(text: &str) {
    if text.is_empty() {
        return;
    }
    let mut stderr = io::stderr().lock();
    let _ = stderr
        .write_all(text.as_bytes())
        .and_then(|()| stderr.flush());
}
