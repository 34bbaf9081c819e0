//! Files that could not be read, by what they could say for others: publishers by server, and what stands at the top of one
//! of several files of a server. Nothing is concluded from not finding these.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::discovery::{Found, Role};
use super::servers::ServerNames;

/// The files that could not be read, and that no last good content stands for.
#[derive(Debug, Default)]
pub(super) struct Unread {
    by_server: BTreeMap<String, Vec<PathBuf>>,
    has_publishers: bool,
}

impl Unread {
    pub(super) fn add(&mut self, found: &Found, servers: &ServerNames) {
        match found.role {
            Role::Publishers => self.has_publishers = true,
            Role::KeyFile | Role::NodeKeystore => {
                self.by_server.entry(servers.of_file(found)).or_default().push(found.path.clone());
            }
        }
    }

    /// Whether a file of the server may say something at its top.
    pub(super) fn is_any_of(&self, server: &str) -> bool {
        self.by_server.contains_key(server)
    }

    /// Whether what a file of the server may say counts more than what stands in `path`, as that of a later file does.
    pub(super) fn is_any_after(&self, server: &str, path: &Path) -> bool {
        self.by_server.get(server).is_some_and(|unread| unread.iter().any(|unread| unread.as_path() > path))
    }

    /// Whether a file of publishers by server may name more.
    pub(super) fn has_publishers(&self) -> bool {
        self.has_publishers
    }
}
