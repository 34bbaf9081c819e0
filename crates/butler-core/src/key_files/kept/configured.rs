//! What the configuration names now, however it spells it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use glob::Pattern;

use crate::key_files::discovery::{Found, Role, plain, under};
use crate::key_files::sources::KeySources;
use crate::key_files::walk::plain_ending;

/// The patterns and files of the configuration.
pub(super) struct Configured {
    patterns: Vec<(Role, Pattern)>,
    publisher_files: BTreeSet<PathBuf>,
}

impl Configured {
    pub(super) fn of(sources: &KeySources<'_>) -> Self {
        let pattern = |pattern: &String| {
            let full = under(sources.base, pattern);
            Pattern::new(&plain(Path::new(&full)).to_string_lossy()).ok()
        };
        let node = sources.node_keystores.iter().filter_map(pattern).map(|pattern| (Role::NodeKeystore, pattern));
        let public = sources.key_files.iter().filter_map(pattern).map(|pattern| (Role::KeyFile, pattern));
        let publisher_files = sources.publisher_files.iter().map(|path| plain(&sources.base.join(path))).collect();
        Self { patterns: node.chain(public).collect(), publisher_files }
    }

    pub(super) fn names(&self, found: &Found) -> bool {
        let path = plain(&found.path);
        match found.role {
            Role::Publishers => self.publisher_files.contains(&path),
            Role::KeyFile | Role::NodeKeystore => {
                let path = path.to_string_lossy();
                let is_named = |pattern: &Pattern| pattern.matches(&path) || pattern.matches(&plain_ending(&path));
                self.patterns.iter().any(|(role, pattern)| *role == found.role && is_named(pattern))
            }
        }
    }
}
