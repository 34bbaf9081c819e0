//! Where the folders of the programs' own files are: said by a key, else by systemd, a session, or the home folder.

use std::path::PathBuf;

use super::fault::Origin;
use super::reader::{Read, Section};
use super::source::Variables;
use super::text_setting::WrittenPath;

/// Where a folder is when no key says it.
pub(crate) struct Directory {
    /// Set by systemd for a unit; may list several, separated by `:`.
    unit: &'static str,
    /// Set by a person's session.
    session: &'static str,
    /// Under the home folder.
    home: &'static str,
}

pub(crate) const CACHE: Directory = Directory { unit: "CACHE_DIRECTORY", session: "XDG_CACHE_HOME", home: ".cache" };
pub(crate) const STATE: Directory =
    Directory { unit: "STATE_DIRECTORY", session: "XDG_STATE_HOME", home: ".local/state" };
pub(crate) const RUNTIME: Directory =
    Directory { unit: "RUNTIME_DIRECTORY", session: "XDG_RUNTIME_DIR", home: ".local/state" };

/// A folder from its key, else from the environment.
pub(crate) fn read_directory(section: &Section<'_>, key: &str, directory: &Directory) -> Read<Option<PathBuf>> {
    if section.origin(key).is_some() {
        return section.path(key);
    }
    let Some((found, variable)) = directory.find(section.reader().variables) else { return Ok(None) };
    let written = WrittenPath(found.to_string_lossy().into_owned());
    section.optional_or(key, || Some((written, Origin::Variable(variable.to_owned()))))?;
    Ok(Some(found))
}

impl Directory {
    fn find(&self, variables: &Variables) -> Option<(PathBuf, &'static str)> {
        let absolute = |name: &str| {
            let text = variables.get(name)?.to_str()?;
            let first = PathBuf::from(text.split(':').next()?);
            first.is_absolute().then_some(first)
        };
        let unit = absolute(self.unit).map(|folder| (folder, self.unit));
        let session = || absolute(self.session).map(|folder| (folder.join("butler"), self.session));
        let home = || absolute("HOME").map(|folder| (folder.join(self.home).join("butler"), "HOME"));
        unit.or_else(session).or_else(home)
    }
}
