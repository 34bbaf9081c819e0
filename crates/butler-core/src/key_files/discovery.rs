//! Which files the patterns stand for, and which server a file belongs to.
//!
//! The server's name: when the pattern's folders hold a wildcard (`keys/*/*.json`, `keys/**/*.json`) there is a folder
//! for each server, so it is the name of the file's folder; and for `<source>-registered-keys.json` with another source
//! than `native` it is `<folder>-<source>`. Otherwise (`keys/*.json`) it is the file's name without its extension and
//! version. A node's own keystores are different: their folder is the node's, whatever the pattern, unless it names a file.
//! Of `NAME-v1.json` and `NAME-v2.json` in one folder only the newest counts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use glob::Pattern;
use serde::{Deserialize, Serialize};

use super::fault::{FaultKind, FileFault, SourceFault};
use super::shown::shown_path;
use super::sources::KeySources;
use super::walk::{Walk, has_wildcard};
use crate::text::pattern::pattern_fault;

/// The most files; more is a pattern that caught something else.
pub(super) const MOST_FILES: usize = 10_000;

/// What the operator says that a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Role {
    /// Public keys.
    KeyFile,
    /// A node's own keystore, with whatever secrets it has.
    NodeKeystore,
    /// Publishers by server.
    Publishers,
}

/// A file and the server that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) server: String,
    pub(super) role: Role,
    /// The newest of the older versions, which this one counts instead of.
    #[serde(skip)]
    pub(super) older: Option<PathBuf>,
    /// Its folder with links followed, where that was looked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    folder: Option<PathBuf>,
}

impl Found {
    pub(super) fn new(path: PathBuf, server: String, role: Role) -> Self {
        Self { path, server, role, older: None, folder: None }
    }

    /// With its folder looked up, so that it is the same file through whatever link it was found. Blocks.
    pub(super) fn located(self) -> Self {
        self.located_in(&mut Folders::default())
    }

    /// As `located`, of one of many files. Blocks.
    pub(super) fn located_in(self, folders: &mut Folders) -> Self {
        let folder = self.path.parent().map(|folder| folders.resolved(folder));
        Self { folder, ..self }
    }

    /// As a former run of a program stored it: its folder is looked up again where that is there, and is what it was where it is
    /// not, or where the path may have begun in another place. Blocks.
    pub(super) fn restored(self) -> Self {
        let is_there = || self.path.parent().is_some_and(Path::is_dir);
        if self.folder.is_some() && (self.path.is_relative() || !is_there()) { self } else { self.located() }
    }

    /// A path by which it is found wherever the program was started.
    pub(super) fn openable(&self) -> PathBuf {
        if self.path.is_relative() { self.place() } else { self.path.clone() }
    }

    /// The path, spelled in one way.
    pub(super) fn place(&self) -> PathBuf {
        let path = plain(&self.path);
        match (&self.folder, path.file_name()) {
            (Some(folder), Some(name)) => folder.join(name),
            (Some(_) | None, _) => path,
        }
    }

    /// The folder in which it lies, spelled in one way.
    pub(super) fn home(&self) -> PathBuf {
        self.place().parent().map(Path::to_path_buf).unwrap_or_default()
    }

    /// The path without the version in its name, spelled in one way: under it, what was read last is the content that was
    /// good last.
    pub(super) fn family(&self) -> PathBuf {
        let path = self.place();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        match version_of(&stem).filter(|_| self.role != Role::NodeKeystore) {
            Some((name, _)) => path.with_file_name(format!("{name}-v*.json")),
            None => path.clone(),
        }
    }
}

/// Folders that were looked up, each once.
#[derive(Debug, Default)]
pub(super) struct Folders(BTreeMap<PathBuf, PathBuf>);

impl Folders {
    /// A folder as [`resolved`] gives it. Blocks.
    pub(super) fn resolved(&mut self, folder: &Path) -> PathBuf {
        if let Some(known) = self.0.get(folder) {
            return known.clone();
        }
        let found = resolved(folder);
        self.0.insert(folder.to_path_buf(), found.clone());
        found
    }
}

/// A folder from the root, with all links followed that are there: so that it has one name whether it is there or not. Blocks.
pub(super) fn resolved(folder: &Path) -> PathBuf {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let folder = &std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf());
    let there = folder.ancestors().find_map(|ancestor| Some((ancestor, std::fs::canonicalize(ancestor).ok()?)));
    let rest = there.as_ref().and_then(|(ancestor, _)| folder.strip_prefix(ancestor).ok());
    match (&there, rest) {
        (Some((_, there)), Some(rest)) => plain(&there.join(rest)),
        (Some(_) | None, _) => plain(folder),
    }
}

/// A path or pattern without `.`, `..` and doubled slashes, as they are written: no link is looked at. For comparing only.
pub(super) fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if matches!(plain.components().next_back(), Some(Component::Normal(_))) => {
                plain.pop();
            }
            Component::ParentDir | Component::Prefix(_) | Component::RootDir | Component::Normal(_) => {
                plain.push(component);
            }
        }
    }
    plain
}

/// All files of the sources, in the order of their paths, each once; publisher files last.
pub(super) fn discover(sources: &KeySources<'_>, faults: &mut Vec<SourceFault>) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    for (patterns, role) in [(sources.node_keystores, Role::NodeKeystore), (sources.key_files, Role::KeyFile)] {
        for pattern in patterns {
            follow(pattern, role, sources.base, &mut found, faults);
        }
    }
    found.sort_by(|left, right| left.path.cmp(&right.path).then(right.role.cmp(&left.role)));
    // The same file may be reached by two patterns or through a link; its keys must not look like duplicates.
    let mut seen = BTreeSet::new();
    found.retain(|found| seen.insert(std::fs::canonicalize(&found.path).unwrap_or_else(|_| found.path.clone())));
    let mut folders = Folders::default();
    for file in &mut found {
        file.folder = Some(folders.resolved(file.path.parent().unwrap_or(Path::new(""))));
    }
    // A node reads all files of its folder, whatever their names say of versions.
    let (node, public): (Vec<Found>, Vec<Found>) =
        found.into_iter().partition(|found| found.role == Role::NodeKeystore);
    let mut found = newest(public, faults);
    found.extend(node);
    found.sort_by(|left, right| left.path.cmp(&right.path));
    let publishers = sources.publisher_files.iter().map(|path| sources.base.join(path));
    found.extend(publishers.map(|path| Found::new(path, String::new(), Role::Publishers).located_in(&mut folders)));
    found
}

fn follow(pattern: &str, role: Role, base: &Path, found: &mut Vec<Found>, faults: &mut Vec<SourceFault>) {
    let full = under(base, pattern);
    if let Some(what) = pattern_fault(pattern) {
        faults.push(FileFault::new(FaultKind::Pattern, "", what).at_source(Path::new(pattern)));
        return;
    }
    let by_folder = is_by_folder(pattern, role);
    let before = (found.len(), faults.len());
    let walk = Walk::new(faults, MOST_FILES + 1);
    let mut walk = if role == Role::NodeKeystore { walk.with_hidden() } else { walk };
    walk.follow(&full);
    let files = walk.files;
    for fault in faults.iter_mut().skip(before.1).filter(|_| by_folder) {
        fault.server = Some(server_of(&fault.at, by_folder));
    }
    found.extend(files.into_iter().map(|path| Found::new(path.clone(), server_of(&path, by_folder), role)));
    if (found.len(), faults.len()) == before {
        let (what, hint) = if base.join(pattern).is_dir() {
            let inside = format!("for the files in it write `{}/*.json`", pattern.trim_end_matches('/'));
            ("this is a folder, where a pattern of files is expected", inside)
        } else {
            ("this pattern matches no file", "correct it, or remove it".to_owned())
        };
        faults.push(FileFault::new(FaultKind::Missing, "", what).hint(&hint).at_source(Path::new(&full)));
    }
}

/// Whether the files of a pattern belong to the server of their folder.
pub(super) fn is_by_folder(pattern: &str, role: Role) -> bool {
    let (folders, name) = pattern.rsplit_once('/').unwrap_or(("", pattern));
    has_wildcard(folders) || (role == Role::NodeKeystore && has_wildcard(name))
}

/// The pattern below a folder whose own name is taken literally.
pub(super) fn under(base: &Path, pattern: &str) -> String {
    if base.as_os_str().is_empty() || Path::new(pattern).is_absolute() {
        return pattern.to_owned();
    }
    let base = Pattern::escape(&base.to_string_lossy());
    format!("{}/{pattern}", base.trim_end_matches('/'))
}

/// `NAME-v7` as its name and its version.
fn version_of(stem: &str) -> Option<(&str, u64)> {
    let (name, version) = stem.rsplit_once("-v")?;
    let is_version = !name.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
    version.parse().ok().filter(|_| is_version).map(|version| (name, version))
}

/// The version in a file's name.
fn version(found: &Found) -> Option<u64> {
    version_of_path(&found.path)
}

/// The version in the name of a path.
pub(super) fn version_of_path(path: &Path) -> Option<u64> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    version_of(&stem).map(|(_, version)| version)
}

/// Leaves the older versions of a file out. Where two are the newest nobody knows which one counts, so neither does.
fn newest(found: Vec<Found>, faults: &mut Vec<SourceFault>) -> Vec<Found> {
    let mut families = BTreeMap::<PathBuf, Vec<(u64, PathBuf)>>::new();
    for file in &found {
        if let Some(version) = version(file) {
            families.entry(file.family()).or_default().push((version, file.path.clone()));
        }
    }
    families.values_mut().for_each(|versions| versions.sort());
    let mut left = Vec::new();
    for file in found {
        let family = families.get(&file.family()).filter(|_| version(&file).is_some());
        let Some(versions) = family else {
            left.push(file);
            continue;
        };
        let Some((newest, _)) = versions.last() else { continue };
        if version(&file) != Some(*newest) {
            continue;
        }
        let twin = versions.iter().find(|(version, path)| version == newest && *path != file.path);
        match twin {
            Some((_, twin)) => {
                let what = format!("has the same version as {}, so neither is read", shown_path(twin));
                let fault = FileFault::new(FaultKind::Pattern, "", what).hint("rename or remove one of them");
                let fault = fault.at_source(&file.path);
                faults.push(SourceFault { server: Some(file.server), ..fault });
            }
            None => {
                let older = versions.iter().rev().nth(1).map(|(_, path)| path.clone());
                left.push(Found { older, ..file });
            }
        }
    }
    left
}

pub(super) fn server_of(path: &Path, by_folder: bool) -> String {
    let name = |part: Option<&std::ffi::OsStr>| part.map(|part| shown_path(Path::new(part)));
    let stem = name(path.file_stem()).unwrap_or_default();
    let Some(folder) = name(path.parent().and_then(Path::file_name)).filter(|_| by_folder) else {
        return version_of(&stem).map_or(stem.clone(), |(name, _)| name.to_owned());
    };
    match stem.strip_suffix("-registered-keys") {
        Some(source) if source != "native" => format!("{folder}-{source}"),
        Some(_) | None => folder,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_a_folder_under_a_folder_pattern_and_else_a_file() {
        let server = |pattern: &str, path: &str| {
            let (folders, _) = pattern.rsplit_once('/').unwrap_or(("", pattern));
            server_of(Path::new(path), has_wildcard(folders))
        };
        assert_eq!(server("keys/*.json", "keys/server-a.json"), "server-a");
        assert_eq!(server("keys/*.json", "keys/server-a-v12.json"), "server-a");
        assert_eq!(server("keys/*/*.json", "keys/server-a/keystore.json"), "server-a");
        assert_eq!(server("keys/**/*.json", "keys/eu/server-a/keystore.json"), "server-a");
        assert_eq!(server("keys/*/*.json", "keys/host/native-registered-keys.json"), "host");
        assert_eq!(server("keys/*/*.json", "keys/host/web3signer-registered-keys.json"), "host-web3signer");
        assert_eq!(server("/a[*]b/keys.json", "/a*b/keys.json"), "keys");
        assert_eq!(server("keys.json", "keys.json"), "keys");
    }

    #[test]
    fn of_several_versions_the_newest_counts() {
        let file = |path: &str| Found::new(path.into(), String::new(), Role::KeyFile);
        let names =
            ["a/x-v1.json", "a/x-v10.json", "a/x-v9.json", "a/x.json", "a/y-v1.json", "b/x-v2.json", "b/x-vy.json"];
        let mut faults = Vec::new();
        let left = newest(names.map(file).to_vec(), &mut faults);
        assert_eq!(left[0].older, Some("a/x-v9.json".into()));
        assert_eq!(faults, []);
        let left: Vec<_> = left.into_iter().map(|found| found.path).collect();
        let expected = ["a/x-v10.json", "a/x.json", "a/y-v1.json", "b/x-v2.json", "b/x-vy.json"];
        assert_eq!(left, expected.map(PathBuf::from));
        assert_eq!(file("a/x-v10.json").family(), file("a/x-v9.json").family());
        assert_ne!(file("a/x-v10.json").family(), file("a/x.json").family());
    }

    #[test]
    fn versions_are_numbers_and_none_of_two_equal_ones_counts() {
        let file = |path: &str| Found::new(path.into(), String::new(), Role::KeyFile);
        let left = |names: &[&str]| {
            let mut faults = Vec::new();
            let left = newest(names.iter().map(|name| file(name)).collect(), &mut faults);
            (left.into_iter().map(|found| found.path.display().to_string()).collect::<Vec<_>>(), faults.len())
        };
        assert_eq!(left(&["n-v02.json", "n-v1.json"]), (vec!["n-v02.json".to_owned()], 0));
        assert_eq!(left(&["n-v01.json", "n-v1.json"]), (vec![], 2));
        assert_eq!(left(&["n-v01.json", "n-v1.json", "n-v2.json"]), (vec!["n-v2.json".to_owned()], 0));
    }
}
