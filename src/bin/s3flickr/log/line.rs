//! One line of the log: as text with the time of day and its offset, or as one JSON object.

use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::panic::PanicHookInfo;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serializer;
use serde::ser::SerializeMap;
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use s3flickr::printable::{printable, printable_lines};

use super::{COMPLAINT, NOTICE};
use crate::options::LogFormat;

/// Where a line is written.
#[derive(Debug, Clone, Copy)]
pub enum Place {
    /// Before a person.
    Terminal {
        /// Whether in colours.
        color: bool,
    },
    /// On stderr that is no terminal.
    Pipe,
    /// In the log file.
    File,
}

/// How lines of one place look.
#[derive(Debug, Clone, Copy)]
pub struct LineFormat {
    /// Text or JSON.
    pub format: LogFormat,
    /// Where the line goes.
    pub place: Place,
}

impl<S, N> FormatEvent<S, N> for LineFormat
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let (level, target) = (event.metadata().level(), event.metadata().target());
        match self.format {
            LogFormat::Json => writeln!(writer, "{}", json(level, &fields)?),
            LogFormat::Text => writeln!(writer, "{}", self.text(level, target, &fields)),
        }
    }
}

impl LineFormat {
    fn text(&self, level: &Level, target: &str, fields: &Fields) -> String {
        let message = &fields.message;
        match self.place {
            Place::Terminal { .. } if target == NOTICE => {
                return printable_lines(message).into_owned();
            }
            Place::Pipe if target == NOTICE => {
                return format!("{} {}", now(), printable_lines(message.trim()));
            }
            Place::Terminal { .. } | Place::Pipe if target == COMPLAINT => {
                return complaint(message);
            }
            _ => {}
        }
        let color = matches!(self.place, Place::Terminal { color: true });
        let paint = |code: &str, text: &str| match color {
            true => format!("\x1b[{code}m{text}\x1b[0m"),
            false => text.to_owned(),
        };
        let mut line = format!(
            "{} {:>5} {}",
            paint("2", &now()),
            paint(color_of(level), level.as_str()),
            one_line(message)
        );
        for (name, value) in &fields.others {
            let value = match value {
                Value::String(text) => one_line(text),
                other => other.to_string(),
            };
            let _ = write!(line, " {}={value}", paint("3", name));
        }
        line
    }
}

/// The fields of an event; each name counts once, and the last value of it.
#[derive(Debug, Default)]
struct Fields {
    message: String,
    others: Vec<(&'static str, Value)>,
}

impl Fields {
    fn set(&mut self, field: &Field, value: Value) {
        let name = field.name();
        // What a record of the `log` crate says of itself.
        if name.starts_with("log.") {
            return;
        }
        match (name, value) {
            ("message", Value::String(text)) => self.message = text,
            ("message", other) => self.message = other.to_string(),
            (_, value) => {
                self.others.retain(|(other, _)| *other != name);
                self.others.push((name, value));
            }
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field, Value::String(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, Value::from(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, Value::from(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, Value::from(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, Value::from(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, Value::from(value));
    }
}

/// A JSON object whose first keys are the time in UTC, the level and the message.
fn json(level: &Level, fields: &Fields) -> Result<String, fmt::Error> {
    let mut line = Vec::new();
    let written = (|| {
        let mut serializer = serde_json::Serializer::new(&mut line);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("timestamp", &format!("{:.6}", Timestamp::now()))?;
        map.serialize_entry("level", level.as_str())?;
        map.serialize_entry("message", fields.message.trim())?;
        for (name, value) in &fields.others {
            match *name {
                "timestamp" | "level" => map.serialize_entry(&format!("field_{name}"), value)?,
                name => map.serialize_entry(name, value)?,
            }
        }
        map.end()
    })();
    written.map_err(|_: serde_json::Error| fmt::Error)?;
    String::from_utf8(line).map_err(|_| fmt::Error)
}

/// Writes an error to stderr by itself, where no log is set up yet, or it cannot be used.
pub fn early_error(format: LogFormat, message: &str) {
    let line = match format {
        LogFormat::Text => complaint(message),
        LogFormat::Json => {
            let fields = Fields {
                message: message.to_owned(),
                others: Vec::new(),
            };
            json(&Level::ERROR, &fields).unwrap_or_default()
        }
    };
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// What is said of a panic: a mistake in this program, which its authors want to hear of.
pub fn panicked(panic: &PanicHookInfo<'_>) -> String {
    let what = panic.payload_as_str().unwrap_or("no reason given");
    let place = panic.location().map_or_else(
        || "an unknown place".to_owned(),
        |at| format!("{}:{}", at.file(), at.line()),
    );
    format!("a mistake in s3flickr itself, please report it: {what} ({place})")
}

fn complaint(message: &str) -> String {
    format!("s3flickr: {}", one_line(message))
}

/// The time here, with its offset from UTC.
fn now() -> String {
    let now = Timestamp::now().to_zoned_datetime(TimeZone::system());
    now.strftime("%Y-%m-%d %H:%M:%S%:z").to_string()
}

/// Without what a terminal would obey. What a program wrote in lines of its own comes on one.
fn one_line(text: &str) -> String {
    let joined = text.trim().replace("\r\n", " ").replace('\n', " ");
    printable(&joined).into_owned()
}

fn color_of(level: &Level) -> &'static str {
    match *level {
        Level::ERROR => "31",
        Level::WARN => "33",
        Level::INFO => "32",
        Level::DEBUG => "34",
        Level::TRACE => "35",
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    /// What one event looks like at a place.
    fn line(format: LogFormat, place: Place, event: impl FnOnce()) -> String {
        let written = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let writer = {
            let written = std::sync::Arc::clone(&written);
            move || Shared(std::sync::Arc::clone(&written))
        };
        let layer = tracing_subscriber::fmt::layer()
            .event_format(LineFormat { format, place })
            .with_writer(writer);
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::with_default(subscriber, event);
        let written = written.lock().unwrap();
        String::from_utf8(written.clone()).unwrap()
    }

    struct Shared(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

    impl std::io::Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_json_line_has_each_key_once_and_keeps_line_ends_inside() {
        let text = line(LogFormat::Json, Place::Pipe, || {
            tracing::warn!(level = 3, timestamp = "t", n = 1, n = 2, "two\nlines");
        });
        assert_eq!(text.matches('\n').count(), 1, "{text}");
        for key in ["timestamp", "level", "message", "n"] {
            assert_eq!(text.matches(&format!("\"{key}\":")).count(), 1, "{text}");
        }
        let document: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(document["level"], "WARN");
        assert_eq!(document["message"], "two\nlines");
        assert_eq!(
            (&document["n"], &document["field_level"]),
            (&2.into(), &3.into())
        );
        let time = document["timestamp"].as_str().unwrap();
        assert!(time.parse::<Timestamp>().is_ok(), "{time}");
    }

    #[test]
    fn a_line_of_text_says_when_with_the_offset() {
        let text = line(LogFormat::Text, Place::File, || {
            tracing::info!(photo = "53", "a.jpg: uploaded");
        });
        let (time, rest) = text.split_at(25);
        assert!(
            jiff::fmt::strtime::parse("%Y-%m-%d %H:%M:%S%:z", time).is_ok(),
            "{text}"
        );
        assert_eq!(rest, "  INFO a.jpg: uploaded photo=53\n");
    }

    #[test]
    fn what_is_said_to_a_person_is_bare_on_the_terminal_alone() {
        let say = || tracing::info!(target: NOTICE, "\nhello");
        let place = Place::Terminal { color: true };
        assert_eq!(line(LogFormat::Text, place, say), "\nhello\n");
        let piped = line(LogFormat::Text, Place::Pipe, say);
        assert!(piped.len() > 25 && piped.ends_with(" hello\n"), "{piped}");
        assert!(line(LogFormat::Json, place, say).contains(r#""message":"hello""#));
        let complain = || tracing::error!(target: COMPLAINT, "no\nway");
        let plain = line(LogFormat::Text, Place::Pipe, complain);
        assert_eq!(plain, "s3flickr: no way\n");
    }
}
