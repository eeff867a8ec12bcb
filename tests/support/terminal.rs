//! The real binary in a terminal of a given size, and what a person sees there.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::os::unix::ffi::OsStrExt;
use std::process::Stdio;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use tokio::process::{Child, Command};
use vt100::Parser;

use super::cli::User;

/// A test that waits longer for the screen fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// How large a terminal is: rows and columns.
pub type Size = (u16, u16);

/// A run of the binary in a terminal; killed when dropped.
pub struct Terminal {
    child: Child,
    person: File,
    output: Receiver<Vec<u8>>,
    parser: Parser,
    columns: u16,
    /// Every screen that there was, as rows, with whether each row goes on in the next.
    seen: Vec<Vec<Row>>,
}

/// One row of a screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it shows.
    pub text: String,
    /// Whether the text was too wide and goes on in the next row.
    pub is_wrapped: bool,
}

/// Opens a terminal: the side where a person sits, and the program's.
pub fn open(size: Option<Size>) -> (File, File) {
    let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&person).expect("a terminal of our own");
    unlockpt(&person).expect("a terminal of our own");
    let name = ptsname(&person, Vec::new()).expect("its name");
    let program = File::options()
        .read(true)
        .write(true)
        .open(OsStr::from_bytes(name.as_bytes()))
        .expect("its other side");
    if let Some((rows, columns)) = size {
        let size = Winsize {
            ws_row: rows,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&program, size).expect("a size");
    }
    (person.into(), program)
}

impl Terminal {
    /// Starts the binary with all of its streams on the terminal, so that Ctrl-C is a signal.
    pub fn start(user: &User, size: Size, arguments: &[&str]) -> Terminal {
        let (person, program) = open(Some(size));
        let side = || Stdio::from(program.try_clone().expect("another handle"));
        let mut command: Command = user.command_of("setsid");
        command
            .args(["--ctty", "--wait"])
            .arg(super::cli::binary().expect("the binary that cargo built"))
            .args(arguments)
            .env("TERM", "xterm-256color")
            .stdin(side())
            .stdout(side())
            .stderr(side());
        let child = command.spawn().expect("setsid of util-linux");
        drop(command);
        drop(program);
        let (rows, columns) = size;
        Terminal {
            child,
            output: read_all(person.try_clone().expect("another handle")),
            person,
            parser: Parser::new(nonzero(rows), nonzero(columns), 0),
            columns,
            seen: Vec::new(),
        }
    }

    /// Types something; `\x03` is Ctrl-C.
    pub fn type_text(&mut self, text: &str) {
        self.person.write_all(text.as_bytes()).expect("a terminal");
    }

    /// Waits until the screen shows this text, and gives the screen.
    #[track_caller]
    pub fn until(&mut self, text: &str) -> String {
        let begun = Instant::now();
        while !self.screen().contains(text) {
            let left = PATIENCE.saturating_sub(begun.elapsed());
            if let Err(error) = self.read(left) {
                panic!("{error} before {text:?} was seen:\n{}", self.screen());
            }
        }
        self.screen()
    }

    /// Waits for the end; gives the exit status.
    pub async fn end(&mut self) -> Option<i32> {
        while self.read(PATIENCE).is_ok() {}
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        ended.expect("an end").expect("a process of ours").code()
    }

    /// What a person sees now, without empty rows at the end.
    pub fn screen(&self) -> String {
        self.parser.screen().contents()
    }

    /// Every screen that there was until now.
    pub fn seen(&self) -> &[Vec<Row>] {
        &self.seen
    }

    fn read(&mut self, patience: Duration) -> Result<(), RecvTimeoutError> {
        let bytes = self.output.recv_timeout(patience)?;
        self.parser.process(&bytes);
        let screen = self.parser.screen();
        let rows = screen.rows(0, self.columns).zip(0..);
        let rows = rows.map(|(text, row)| Row {
            text,
            is_wrapped: screen.row_wrapped(row),
        });
        self.seen.push(rows.collect());
        Ok(())
    }
}

/// What comes out of a terminal, until the last program that has it open ends.
fn read_all(mut terminal: File) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(read @ 1..) = terminal.read(&mut buffer) {
            if sender.send(buffer[..read].to_vec()).is_err() {
                break;
            }
        }
    });
    receiver
}

fn nonzero(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).expect("rows and columns")
}
