//! Which files of a source are wanted: the filters of `populate`.

use std::io::Read;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use s3flickr::ops::populate::Filter;
use s3flickr::store::Globs;

use crate::parse;

/// The word that stands for the standard input.
const STDIN: &str = "-";

/// Which files are wanted.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Filters")]
pub struct FilterOptions {
    /// Only keys that match; repeatable
    #[arg(long, value_name = "GLOB")]
    pub include: Vec<String>,
    /// No key that matches; repeatable, and wins over --include
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Let --include and --exclude match upper and lower case alike
    #[arg(long)]
    pub ignore_case: bool,
    /// No smaller file: bytes, or such as 10K, 1.5M, 2GiB
    #[arg(long, value_name = "SIZE", value_parser = parse::size)]
    pub min_size: Option<u64>,
    /// No larger file
    #[arg(long, value_name = "SIZE", value_parser = parse::size)]
    pub max_size: Option<u64>,
    /// Only files changed since: a date such as 2024-01-31, or 30d, 12h ago
    #[arg(long, value_name = "TIME", value_parser = parse::moment)]
    pub newer_than: Option<i64>,
    /// Only files not changed since
    #[arg(long, value_name = "TIME", value_parser = parse::moment)]
    pub older_than: Option<i64>,
    /// The keys to copy, one a line, in place of a listing; - reads them from stdin
    #[arg(long, value_name = "FILE")]
    pub files_from: Option<PathBuf>,
    /// Also what programs leave beside photos: thumbnails, trash, @eaDir, ._*
    #[arg(long)]
    pub all_names: bool,
}

impl FilterOptions {
    /// The filter that these make. Fails for patterns that are none, and where no file can pass.
    pub fn filter(&self) -> Result<Filter> {
        if let (Some(least), Some(most)) = (self.min_size, self.max_size)
            && least > most
        {
            bail!("--min-size is larger than --max-size: no file is both");
        }
        if let (Some(newer), Some(older)) = (self.newer_than, self.older_than)
            && newer >= older
        {
            bail!("--newer-than is later than --older-than: no file is both");
        }
        let globs = |patterns, ignore_case| Globs::new(patterns, ignore_case);
        Ok(Filter {
            include: globs(&self.include, self.ignore_case)?,
            include_any_case: globs(&self.include, true)?,
            exclude: globs(&self.exclude, self.ignore_case)?,
            min_size: self.min_size,
            max_size: self.max_size,
            newer_than: self.newer_than,
            older_than: self.older_than,
            all_names: self.all_names,
        })
    }

    /// The keys of `--files-from`, if it was given; lines may end as on Windows.
    pub fn files(&self) -> Result<Option<Vec<String>>> {
        let Some(path) = &self.files_from else {
            return Ok(None);
        };
        let (text, name) = if path.as_os_str() == STDIN {
            let mut text = Vec::new();
            let read = std::io::stdin().lock().read_to_end(&mut text);
            (read.map(|_| text), "standard input".to_owned())
        } else {
            (std::fs::read(path), path.display().to_string())
        };
        let text = text.with_context(|| format!("the list of files, {name}, cannot be read"))?;
        keys(&text, &name).map(Some)
    }
}

fn keys(text: &[u8], name: &str) -> Result<Vec<String>> {
    // Notepad begins a file so.
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut keys = Vec::new();
    for (number, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let Ok(line) = std::str::from_utf8(line) else {
            bail!("line {} of {name} is not valid UTF-8", number + 1);
        };
        if !line.is_empty() {
            keys.push(line.to_owned());
        }
    }
    if keys.is_empty() {
        bail!("{name} names no file: write one key a line");
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_as_any_editor_wrote_it() {
        let read = |text: &[u8]| keys(text, "list").unwrap();
        assert_eq!(
            read(b"\xef\xbb\xbfa b.jpg\r\n\r\n# c.jpg\r\n"),
            ["a b.jpg", "# c.jpg"]
        );
        assert_eq!(read("é.jpg".as_bytes()), ["é.jpg"]);
        let error = keys(b"a\n\xff\n", "list").unwrap_err().to_string();
        assert_eq!(error, "line 2 of list is not valid UTF-8");
        assert!(keys(b"\n", "list").is_err());
    }
}
