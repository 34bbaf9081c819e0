//! What the configuration names now, however it spells it.

use std::path::{Path, PathBuf};

use glob::Pattern;

use crate::key_files::discovery::{Folders, Found, Role, is_by_folder, plain, server_of, under};
use crate::key_files::sources::KeySources;
use crate::key_files::walk::{NODE_OPTIONS, OPTIONS, has_wildcard, plain_ending};
use crate::text::pattern::bounded_pattern;

/// The patterns and files of the configuration.
pub(super) struct Configured {
    patterns: Vec<Named>,
    publisher_files: Vec<Found>,
}

/// A pattern, as it is written and with the links of its folders followed.
struct Named {
    role: Role,
    spelled: [Option<Pattern>; 2],
    by_folder: bool,
}

impl Configured {
    pub(super) fn of(sources: &KeySources<'_>) -> Self {
        let mut folders = Folders::default();
        let mut named = |pattern: &String, role| {
            let full = plain_pattern(&under(sources.base, pattern));
            let spelled = [bounded_pattern(&full), bounded_pattern(&without_links(&full, &mut folders))];
            Named { role, spelled, by_folder: is_by_folder(pattern, role) }
        };
        let mut patterns: Vec<Named> =
            sources.node_keystores.iter().map(|pattern| named(pattern, Role::NodeKeystore)).collect();
        patterns.extend(sources.key_files.iter().map(|pattern| named(pattern, Role::KeyFile)));
        let publisher = |path: &PathBuf| {
            Found::new(sources.base.join(path), String::new(), Role::Publishers).located_in(&mut folders)
        };
        Self { patterns, publisher_files: sources.publisher_files.iter().map(publisher).collect() }
    }

    /// The server of a file that is named.
    pub(super) fn server(&self, found: &Found) -> Option<String> {
        let from_root = std::path::absolute(&found.path).unwrap_or_else(|_| found.path.clone());
        let places = [plain(&found.path), plain(&from_root), found.place()];
        match found.role {
            Role::Publishers => {
                let is_it = |file: &Found| places.contains(&plain(&file.path)) || places.contains(&file.place());
                self.publisher_files.iter().any(is_it).then(String::new)
            }
            Role::KeyFile | Role::NodeKeystore => {
                let is_named = |named: &&Named| {
                    named.role == found.role && places.iter().any(|place| named.matches(&place.to_string_lossy()))
                };
                self.patterns.iter().find(is_named).map(|named| server_of(&found.path, named.by_folder))
            }
        }
    }
}

impl Named {
    fn matches(&self, path: &str) -> bool {
        let options = if self.role == Role::NodeKeystore { NODE_OPTIONS } else { OPTIONS };
        let is_named = |pattern: &Pattern| {
            pattern.matches_with(path, options) || pattern.matches_with(&plain_ending(path), options)
        };
        self.spelled.iter().flatten().any(is_named)
    }
}

fn plain_pattern(pattern: &str) -> String {
    plain(Path::new(pattern)).to_string_lossy().into_owned()
}

/// A pattern with the links of those folders followed that it names without a wildcard.
fn without_links(pattern: &str, known: &mut Folders) -> String {
    let parts: Vec<&str> = pattern.split('/').collect();
    let last = parts.len().saturating_sub(1);
    let literal = parts.iter().take(last).take_while(|part| !has_wildcard(part)).count();
    let (folders, rest) = parts.split_at(literal);
    let folder = ["[[]", "[]]", "[*]", "[?]"]
        .iter()
        .fold(folders.join("/"), |folder, escaped| folder.replace(escaped, escaped.get(1..2).unwrap_or_default()));
    let folder = if pattern.starts_with('/') && folder.is_empty() { "/".to_owned() } else { folder };
    let folder = Pattern::escape(&known.resolved(Path::new(&folder)).to_string_lossy());
    format!("{}/{}", folder.trim_end_matches('/'), rest.join("/"))
}
