//! Reading sealed lines, file after file, each held against the seal before it.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use crate::journal::disk::folder;
use crate::journal::error::JournalError;
use crate::journal::op::{BadLine, Line, Mark, decode};

/// The longest line, in bytes: an action with its intent, and some more.
pub(crate) const LINE_LIMIT: usize = 1024 * 1024;

/// The file whose first line has this number.
pub(crate) fn file_name(first: u64) -> String {
    format!("{first:016}.log")
}

/// The number of a file's first line; `None` for other files.
pub(crate) fn first_line(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".log").filter(|digits| digits.len() == 16)?;
    digits.parse().ok()
}

/// The first lines of all files, in order.
pub(crate) fn files(path: &Path) -> Result<Vec<u64>, JournalError> {
    Ok(folder::names(path)?.iter().filter_map(|name| first_line(name)).collect())
}

/// One line as it was read.
#[derive(Debug)]
pub(crate) struct ReadLine {
    pub(crate) line: Line,
    /// Where the history stands after it.
    pub(crate) mark: Mark,
    /// Where it ends in its file, in bytes.
    pub(crate) end: u64,
}

/// Why a file's lines end.
#[derive(Debug)]
pub(crate) enum End {
    /// At its end.
    Whole,
    /// At something that is not the next line.
    Bad(BadLine),
}

/// The lines of one file after `mark`.
#[derive(Debug)]
pub(crate) struct FileReader {
    path: PathBuf,
    reader: BufReader<File>,
    mark: Mark,
    read: u64,
}

impl FileReader {
    pub(crate) fn open(path: PathBuf, before: Mark) -> Result<Self, JournalError> {
        let file = File::open(&path).map_err(JournalError::io("open", &path))?;
        Ok(Self { path, reader: BufReader::new(file), mark: before, read: 0 })
    }

    /// The next line, or why there is none.
    pub(crate) fn next(&mut self) -> Result<Result<ReadLine, End>, JournalError> {
        let mut text = Vec::new();
        let limit = u64::try_from(LINE_LIMIT).unwrap_or(u64::MAX);
        let mut bounded = std::io::Read::take(&mut self.reader, limit);
        let read = bounded.read_until(b'\n', &mut text).map_err(JournalError::io("read", &self.path))?;
        if read == 0 {
            return Ok(Err(End::Whole));
        }
        let Some(content) = text.strip_suffix(b"\n") else { return Ok(Err(End::Bad(BadLine::Malformed))) };
        match decode(self.mark, content) {
            Ok((line, mark)) => {
                self.read = self.read.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
                self.mark = mark;
                Ok(Ok(ReadLine { line, mark, end: self.read }))
            }
            Err(bad) => Ok(Err(End::Bad(bad))),
        }
    }
}

/// Where a walk over the history begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start {
    /// What stood before the first line that is still kept.
    pub(crate) anchor: Mark,
    /// Lines up to this one are passed over.
    pub(crate) after: u64,
    /// What the history must say of that line; `None` takes what is written.
    pub(crate) expected: Option<Mark>,
}

impl Start {
    /// After a mark that is known.
    pub(crate) fn at(anchor: Mark, mark: Mark) -> Self {
        Self { anchor, after: mark.lines, expected: Some(mark) }
    }
}

/// Hands every line after the start, of all files, to `each`; `each` says whether to go on. Answers where it ended.
pub(crate) fn walk(
    path: &Path,
    start: Start,
    mut each: impl FnMut(ReadLine) -> Result<bool, JournalError>,
) -> Result<Mark, JournalError> {
    let files: Vec<u64> = files(path)?.into_iter().filter(|first| *first > start.anchor.lines).collect();
    let next = start.after.saturating_add(1);
    let begin = files.iter().rposition(|first| *first <= next).unwrap_or_default();
    let mut mark = match files.get(begin) {
        Some(first) if first.saturating_sub(1) > start.anchor.lines => written_mark(path, *first)?,
        Some(_) | None => start.anchor,
    };
    let fits = |mark: Mark| mark.lines != start.after || start.expected.is_none_or(|expected| expected == mark);
    let foreign = || JournalError::corrupt(path, format!("line {} is not the one that the store knows", start.after));
    if !fits(mark) {
        return Err(foreign());
    }
    for first in files.into_iter().skip(begin) {
        let file = path.join(file_name(first));
        if first.saturating_sub(1) != mark.lines {
            let missing = mark.lines.saturating_add(1);
            return Err(JournalError::corrupt(&file, format!("it does not begin with line {missing}")));
        }
        let mut reader = FileReader::open(file.clone(), mark)?;
        loop {
            match reader.next()? {
                Ok(read) => {
                    mark = read.mark;
                    if !fits(mark) {
                        return Err(foreign());
                    }
                    if mark.lines > start.after && !each(read)? {
                        return Ok(mark);
                    }
                }
                Err(End::Whole) => break,
                Err(End::Bad(bad)) => {
                    let line = mark.lines.saturating_add(1);
                    return Err(JournalError::corrupt(&file, format!("line {line}: {bad}")));
                }
            }
        }
    }
    if mark.lines < start.after {
        return Err(JournalError::corrupt(
            path,
            format!("it ends at line {}, before line {}", mark.lines, start.after),
        ));
    }
    Ok(mark)
}

/// The mark that a file's first line was sealed after: read from that line's neighbours, not proven.
pub(crate) fn written_mark(path: &Path, first: u64) -> Result<Mark, JournalError> {
    let file = path.join(file_name(first));
    let Some(before) = files(path)?.into_iter().rfind(|other| *other < first) else {
        return Err(JournalError::corrupt(&file, "the lines before it are missing"));
    };
    let earlier = path.join(file_name(before));
    let content = File::open(&earlier).map_err(JournalError::io("open", &earlier))?;
    let mut last = Vec::new();
    for text in BufReader::new(content).split(b'\n') {
        last = text.map_err(JournalError::io("read", &earlier))?;
    }
    let damaged = || JournalError::corrupt(&earlier, "its last line cannot be read");
    let (seal, json) = last.split_at_checked(64).ok_or_else(damaged)?;
    let line: Line = serde_json::from_slice(json).map_err(|_| damaged())?;
    let seal = std::str::from_utf8(seal).ok().and_then(|seal| seal.parse().ok()).ok_or_else(damaged)?;
    Ok(Mark { lines: line.line, sequence: line.sequence, seal })
}
