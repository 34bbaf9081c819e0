//! The environment of a program: the named variables, and those whose values are secrets of files.
//!
//! Such a file belongs to root or to the watcher's user and nobody else may read it. Its content is wiped when it was handed
//! over; the program's copy is its own.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use butler_core::client::secrets::Secrets;
use butler_core::runtime::report::one_line;
use butler_core::store::private::load_secret;
use tokio::process::Command;
use zeroize::Zeroizing;

use super::setup::Programs;

/// The longest secret in bytes.
const LONGEST: u64 = 64 * 1024;

/// What a program gets, and what it must not be quoted with.
#[derive(Debug)]
pub(super) struct Environment<'a> {
    plain: &'a BTreeMap<String, String>,
    secret: BTreeMap<&'a str, Hidden>,
    secrets: Secrets,
}

struct Hidden(Zeroizing<Vec<u8>>);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<hidden>")
    }
}

impl<'a> Environment<'a> {
    /// Reads the secrets. Blocks.
    ///
    /// # Errors
    /// Why a secret cannot be had, for a person; nothing of what it is.
    pub(super) fn read(programs: &'a Programs) -> Result<Self, String> {
        let mut secret = BTreeMap::new();
        for (name, path) in &programs.environment_files {
            secret.insert(name.as_str(), read(name, path)?);
        }
        let texts: Vec<&str> = secret.values().filter_map(|Hidden(value)| std::str::from_utf8(value).ok()).collect();
        let secrets = Secrets::of_texts(texts);
        Ok(Self { plain: &programs.environment, secret, secrets })
    }

    /// Gives a program this environment and no other.
    pub(super) fn give(&self, command: &mut Command) {
        command.env_clear().envs(self.plain);
        for (name, Hidden(value)) in &self.secret {
            command.env(name, OsStr::from_bytes(value));
        }
    }

    /// What a program must not be quoted with.
    pub(super) fn secrets(&self) -> &Secrets {
        &self.secrets
    }
}

fn read(name: &str, path: &Path) -> Result<Hidden, String> {
    let content =
        load_secret(path, LONGEST).map_err(|error| format!("the secret of `{name}`: {}", one_line(&error)))?;
    let mut content = Zeroizing::new(content);
    // One line end belongs to the editor, not to the secret.
    if content.ends_with(b"\n") {
        content.pop();
        if content.ends_with(b"\r") {
            content.pop();
        }
    }
    let text = std::str::from_utf8(&content).map_err(|_| format!("the secret of `{name}` is not UTF-8"))?;
    if text.trim().is_empty() || text.contains('\0') {
        return Err(format!("the secret of `{name}` is empty, or has a NUL character in it"));
    }
    Ok(Hidden(content))
}
