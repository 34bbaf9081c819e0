//! The files that a pattern stands for: `*`, `?`, `[…]` within a name, `**` for folders at any depth.
//!
//! Wildcards stop at folders, and names that begin with a dot are hidden, as in a shell. What cannot be listed is a fault
//! and not an empty folder, and so is a name that is not UTF-8, which no pattern could match and no output could show.

use std::collections::{BTreeSet, VecDeque};
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern};

use super::fault::{FaultKind, FileFault, SourceFault, io_fault};

/// How names are matched: as in a shell.
pub(super) const OPTIONS: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// How names of files are matched in the folder of a node, which reads hidden ones, too.
pub(super) const NODE_OPTIONS: MatchOptions = MatchOptions { require_literal_leading_dot: false, ..OPTIONS };

/// How a literal part of a pattern writes the letters that would be wildcards.
const ESCAPED: [(&str, &str); 4] = [("[[]", "["), ("[]]", "]"), ("[*]", "*"), ("[?]", "?")];

/// One name of a pattern.
enum Part {
    Literal(String),
    Name(Pattern),
    AnyFolders,
}

/// A walk along one pattern.
pub(super) struct Walk<'a> {
    pub(super) faults: &'a mut Vec<SourceFault>,
    pub(super) files: Vec<PathBuf>,
    /// The most files that are collected.
    pub(super) limit: usize,
    folders: BTreeSet<(usize, PathBuf)>,
    /// How names of files are matched.
    files_as: MatchOptions,
}

/// Where to go on, with the parts of the pattern that are left.
type Todo<'p> = VecDeque<(PathBuf, &'p [Part])>;

impl<'a> Walk<'a> {
    pub(super) fn new(faults: &'a mut Vec<SourceFault>, limit: usize) -> Self {
        Self { faults, files: Vec::new(), limit, folders: BTreeSet::new(), files_as: OPTIONS }
    }

    /// With hidden files, as a node reads them; hidden folders are passed over all the same.
    pub(super) fn with_hidden(self) -> Self {
        Self { files_as: NODE_OPTIONS, ..self }
    }

    /// Collects the files of a pattern in the order of their paths.
    pub(super) fn follow(&mut self, pattern: &str) {
        let mut names: Vec<&str> = pattern.split('/').filter(|name| !name.is_empty()).collect();
        // Folders at any depth below folders at any depth are no others.
        names.dedup_by(|later, earlier| *later == "**" && *earlier == "**");
        let parts: Option<Vec<Part>> = names.into_iter().map(part).collect();
        let start = if pattern.starts_with('/') { Path::new("/") } else { Path::new("") };
        // Whether it is a pattern was checked before.
        let parts = parts.unwrap_or_default();
        // A list and no recursion: folders may be as deep as paths are long.
        let mut todo: Todo<'_> = [(start.to_path_buf(), parts.as_slice())].into();
        while let Some((at, parts)) = todo.pop_front().filter(|_| self.files.len() < self.limit) {
            self.step(&at, parts, &mut todo);
        }
        self.files.sort();
        self.files.dedup();
    }

    fn step<'p>(&mut self, at: &Path, parts: &'p [Part], todo: &mut Todo<'p>) {
        let Some((part, rest)) = parts.split_first() else {
            // A node takes a folder of such a name for a keystore, and fails.
            let is_named_like_a_file = || at.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
            if !at.is_dir() || is_named_like_a_file() {
                self.files.push(at.to_path_buf());
            }
            return;
        };
        match part {
            Part::Literal(name) => {
                let next = at.join(name);
                // A link that leads nowhere or in a circle stands for a file, too, which cannot be read.
                let absent = [std::io::ErrorKind::NotFound, std::io::ErrorKind::NotADirectory];
                match next.symlink_metadata() {
                    Ok(_) => todo.push_back((next, rest)),
                    Err(error) if absent.contains(&error.kind()) => {}
                    Err(error) => self.faults.push(io_fault("can not be looked at", &error).at_source(&next)),
                }
            }
            Part::Name(pattern) => {
                for path in self.list(at) {
                    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                    let is_named = if rest.is_empty() {
                        [&name, &plain_ending(&name)].iter().any(|name| pattern.matches_with(name, self.files_as))
                    } else {
                        pattern.matches_with(&name, OPTIONS)
                    };
                    if is_named && (rest.is_empty() || path.is_dir()) {
                        self.take(path, rest, todo);
                    }
                }
            }
            Part::AnyFolders => {
                todo.push_back((at.to_path_buf(), rest));
                for path in self.list(at) {
                    let is_hidden = path.file_name().unwrap_or_default().as_bytes().starts_with(b".");
                    // Two links may lead to each other's folders.
                    if !is_hidden && path.is_dir() && self.is_new(&path, parts.len()) {
                        todo.push_back((path, parts));
                    }
                }
            }
        }
    }

    fn take<'p>(&mut self, path: PathBuf, rest: &'p [Part], todo: &mut Todo<'p>) {
        if path.file_name().is_some_and(|name| name.to_str().is_none()) {
            let fault = FileFault::new(FaultKind::Unreadable, "", "the name is not UTF-8");
            self.faults.push(fault.hint("rename it").at_source(&path));
        } else {
            todo.push_back((path, rest));
        }
    }

    /// Whether a folder is new with so many parts of the pattern left.
    fn is_new(&mut self, folder: &Path, left: usize) -> bool {
        self.folders.insert((left, fs::canonicalize(folder).unwrap_or_else(|_| folder.to_path_buf())))
    }

    /// What is in a folder, in order; nothing where there is no folder.
    fn list(&mut self, folder: &Path) -> Vec<PathBuf> {
        let shown = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let most = self.limit.saturating_mul(4);
        let listed = fs::read_dir(shown).and_then(|entries| {
            let names = entries.take(most.saturating_add(1)).map(|entry| Ok(folder.join(entry?.file_name())));
            names.collect::<std::io::Result<Vec<PathBuf>>>()
        });
        match listed {
            // Which of them would be left out nobody could say.
            Ok(paths) if paths.len() > most => {
                let what = format!("the folder has more than {most} entries, so it is not read");
                let fault = FileFault::new(FaultKind::Unreadable, "", what);
                self.faults.push(fault.hint("move what is no key file elsewhere").at_source(shown));
                Vec::new()
            }
            Ok(mut paths) => {
                paths.sort();
                paths
            }
            Err(error) => {
                let absent = [std::io::ErrorKind::NotFound, std::io::ErrorKind::NotADirectory];
                if !absent.contains(&error.kind()) {
                    self.faults.push(io_fault("the folder can not be read", &error).at_source(shown));
                }
                Vec::new()
            }
        }
    }
}

/// A name with its ending in small letters: a node reads `KEY.JSON` as it reads `key.json`.
pub(super) fn plain_ending(name: &str) -> String {
    match name.rsplit_once('.') {
        Some((stem, ending)) => format!("{stem}.{}", ending.to_ascii_lowercase()),
        None => name.to_owned(),
    }
}

fn part(name: &str) -> Option<Part> {
    if name == "**" {
        return Some(Part::AnyFolders);
    }
    if !name.contains(['*', '?', '[']) {
        return Some(Part::Literal(name.to_owned()));
    }
    let bare = ESCAPED.iter().fold(name.to_owned(), |name, (escaped, _)| name.replace(escaped, ""));
    if bare.contains(['*', '?', '[']) {
        return Pattern::new(name).ok().map(Part::Name);
    }
    Some(Part::Literal(ESCAPED.iter().fold(name.to_owned(), |name, (escaped, letter)| name.replace(escaped, letter))))
}

/// Whether a part of a pattern stands for several names.
pub(super) fn has_wildcard(part: &str) -> bool {
    if !part.contains(['*', '?', '[']) {
        return false;
    }
    let bare = ESCAPED.iter().fold(part.to_owned(), |part, (escaped, _)| part.replace(escaped, ""));
    bare.contains(['*', '?', '['])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_too_many_entries_is_a_fault_and_not_a_part_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().display();
        for number in 0..9 {
            crate::store::file::save_atomic(&folder.path().join(format!("{number}.json")), b"", 0o600).unwrap();
        }
        for (limit, files, faults) in [(2, 0, 1), (3, 3, 0)] {
            for pattern in [format!("{root}/*.json"), format!("{root}/**/*.json")] {
                let mut told = Vec::new();
                let mut walk = Walk::new(&mut told, limit);
                walk.follow(&pattern);
                assert_eq!(walk.files.len(), files, "{pattern}");
                assert!(told.len() >= faults && told.is_empty() == (faults == 0), "{pattern}: {told:?}");
                assert!(told.iter().all(|fault| fault.fault.kind == FaultKind::Unreadable));
            }
        }
    }

    #[test]
    fn folders_are_followed_however_deep_they_are_and_however_often_a_pattern_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let mut deep = folder.path().join("a/k");
        for _ in 0..400 {
            deep.push("k");
        }
        fs::create_dir_all(&deep).unwrap();
        crate::store::file::save_atomic(&deep.join("x.json"), b"", 0o600).unwrap();
        let root = folder.path().display();
        for pattern in [
            format!("{root}/{}x.json", "**/".repeat(1_500)),
            format!("{root}/**/k/**/k/*.json"),
            format!("{root}/{}a/**/x.json", "./".repeat(1_000)),
        ] {
            let mut faults = Vec::new();
            let mut walk = Walk::new(&mut faults, 10);
            walk.follow(&pattern);
            assert_eq!((walk.files.len(), faults.len()), (1, 0));
        }
    }
}
