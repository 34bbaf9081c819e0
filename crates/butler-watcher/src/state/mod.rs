//! `butler-watcher state`: the journal seen from outside, while no watcher has it open.
//!
//! What goes to stdout is data: an export, or what was found and done. A journal that is damaged, or was changed by somebody, is exit
//! code 5 of `check`.

mod owner;

pub(crate) use self::owner::is_anothers;

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use butler_core::runtime::exit::Exit;
use butler_core::runtime::report::Chain;
use clap::Subcommand;
use serde::Serialize;

use crate::journal::{Checked, Journal as _, JournalError, Keeper, Mark, Settings};

/// What to do with the journal.
#[derive(Debug, Subcommand)]
pub enum StateCommand {
    /// Write everything that is live, and every key that is done, as lines of JSON.
    Export {
        /// The file, which must not be there yet; without it, stdout.
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
        /// Only what the store has, though the history is damaged.
        #[arg(long)]
        store_only: bool,
        /// Say in JSON what was written; needs `--to`.
        #[arg(long, requires = "to")]
        json: bool,
    },
    /// Make a journal of an export; there must be none.
    Import {
        /// The export.
        file: PathBuf,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// Look at every record and every line of the history. Exit code 5 when something was changed, removed or damaged.
    Check {
        /// Take a journal over that was copied or restored. No other watcher may have the original.
        #[arg(long)]
        adopt: bool,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// Make the store again from the history. The old one stays beside it as `damaged`.
    Rebuild {
        /// Take a journal over that was copied or restored.
        #[arg(long)]
        adopt: bool,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// Replace the store by one with the same content that takes less room.
    Compact {
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
}

/// What a command answers.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Exported(Place),
    Imported(Place),
    Rebuilt(Place),
    Compacted { bytes_before: u64, bytes_after: u64 },
    Checked(Checked),
}

/// Where a journal stands.
#[derive(Debug, Serialize)]
struct Place {
    /// Commits so far.
    sequence: u64,
    /// Lines of the history so far.
    lines: u64,
    /// The seal of the last one.
    seal: String,
}

impl From<Mark> for Place {
    fn from(mark: Mark) -> Self {
        Self { sequence: mark.sequence, lines: mark.lines, seal: format!("{:?}", mark.seal) }
    }
}

/// Carries a command out on the journal in a folder.
#[must_use]
pub fn run(command: &StateCommand, journal: &Path) -> Exit {
    let (answer, json) = match command {
        StateCommand::Export { to: None, store_only, .. } => (export_out(journal, *store_only).map(|()| None), false),
        StateCommand::Export { to: Some(to), store_only, json } => {
            (export_to(journal, to, *store_only).map(|mark| Some(Answer::Exported(mark.into()))), *json)
        }
        StateCommand::Import { file, json } => {
            (import(journal, file).map(|mark| Some(Answer::Imported(mark.into()))), *json)
        }
        StateCommand::Check { adopt, json } => {
            (check(journal, *adopt).map(|found| Some(Answer::Checked(found))), *json)
        }
        StateCommand::Rebuild { adopt, json } => {
            (Keeper::rebuild(journal, *adopt).map(|mark| Some(Answer::Rebuilt(mark.into()))), *json)
        }
        StateCommand::Compact { json } => {
            let done = existing(journal, false).and_then(|keeper| keeper.compact());
            let answer = |(bytes_before, bytes_after)| Some(Answer::Compacted { bytes_before, bytes_after });
            (done.map(answer), *json)
        }
    };
    if let Err(source) = owner::give_back(journal) {
        let error = JournalError::Io { doing: "give to its owner", path: journal.to_path_buf(), source };
        say(&format!("error: {}", Chain(&error)));
        return error.exit();
    }
    match answer {
        Ok(None) => Exit::Success,
        Ok(Some(answer)) => show(&answer, json),
        Err(error) => {
            let hint = error.hint().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
            say(&format!("error: {}{hint}", Chain(&error)));
            error.exit()
        }
    }
}

/// A journal that is there; none is made.
fn existing(journal: &Path, adopt: bool) -> Result<Keeper, JournalError> {
    if !journal.is_dir() {
        let source = io::Error::from(io::ErrorKind::NotFound);
        return Err(JournalError::Io { doing: "find a journal in", path: journal.to_path_buf(), source });
    }
    Keeper::open(journal, Settings { adopt, ..Settings::default() })
}

fn check(journal: &Path, adopt: bool) -> Result<Checked, JournalError> {
    match existing(journal, adopt) {
        Ok(keeper) => keeper.verify(),
        Err(error @ JournalError::Corrupt { .. }) => {
            Ok(Checked { faults: vec![error.to_string()], ..Checked::default() })
        }
        Err(error) => Err(error),
    }
}

fn write(journal: &Path, to: &mut dyn Write, store_only: bool) -> Result<Mark, JournalError> {
    if store_only { Keeper::salvage(journal, to) } else { existing(journal, false)?.export(to) }
}

fn export_out(journal: &Path, store_only: bool) -> Result<(), JournalError> {
    let mut out = BufWriter::new(io::stdout().lock());
    match write(journal, &mut out, store_only) {
        Ok(_) => Ok(()),
        // Whoever reads has enough.
        Err(JournalError::Io { source, .. }) if source.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(error),
    }
}

fn export_to(journal: &Path, to: &Path, store_only: bool) -> Result<Mark, JournalError> {
    let failed = |doing| move |source| JournalError::Io { doing, path: to.to_path_buf(), source };
    // It tells what is planned: for nobody else's eyes.
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to).map_err(failed("make"))?;
    let mut writer = BufWriter::new(file);
    let written = write(journal, &mut writer, store_only).and_then(|mark| {
        writer.flush().and_then(|()| writer.get_ref().sync_all()).map_err(failed("write"))?;
        Ok(mark)
    });
    if written.is_err() {
        let _ = std::fs::remove_file(to);
    }
    written
}

fn import(journal: &Path, file: &Path) -> Result<Mark, JournalError> {
    let opened = File::open(file);
    let opened = opened.map_err(|source| JournalError::Io { doing: "open", path: file.to_path_buf(), source })?;
    Keeper::import(journal, &mut BufReader::new(opened))
}

fn show(answer: &Answer, json: bool) -> Exit {
    let text = if json {
        serde_json::to_string_pretty(answer).map(|text| format!("{text}\n")).unwrap_or_default()
    } else {
        in_words(answer)
    };
    let exit = match answer {
        Answer::Checked(checked) if !checked.faults.is_empty() => Exit::CheckFailed,
        Answer::Exported(_)
        | Answer::Imported(_)
        | Answer::Rebuilt(_)
        | Answer::Compacted { .. }
        | Answer::Checked(_) => Exit::Success,
    };
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            say(&format!("error: failed to write to stdout: {error}"));
            Exit::LocalFile
        }
        Ok(()) | Err(_) => exit,
    }
}

fn in_words(answer: &Answer) -> String {
    let stands = |what: &str, place: &Place| format!("{what}: {} commits, {} lines\n", place.sequence, place.lines);
    match answer {
        Answer::Exported(place) => stands("exported", place),
        Answer::Imported(place) => stands("imported", place),
        Answer::Rebuilt(place) => stands("rebuilt", place),
        Answer::Compacted { bytes_before, bytes_after } => {
            format!("compacted: {bytes_before} to {bytes_after} bytes\n")
        }
        Answer::Checked(checked) if checked.faults.is_empty() => format!(
            "the journal is whole: {} commits, {} live actions, {} finished, {} lines of history\n",
            checked.sequence, checked.live, checked.finished, checked.lines
        ),
        Answer::Checked(checked) => {
            let faults = checked.faults.iter().map(|fault| format!("  {fault}\n")).collect::<String>();
            format!("the journal is not whole:\n{faults}")
        }
    }
}

/// Writes a line to stderr. There is nobody to tell when that fails.
fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
