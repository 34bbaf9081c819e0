//! Secrets by reference: from a file, from a systemd credential, or from an environment variable.
//!
//! The configuration says where a secret is, not what it is. Messages name that place and nothing of the content.

use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::reader::{Read, Reported, Section};
use super::setting::Problem;
use super::text_setting::{CredentialName, VariableName};
use crate::store::file::{StoreError, load_bounded};
use crate::store::private;

/// The largest file of a secret.
const SECRET_LIMIT: u64 = 64 * 1024;

/// The keys that say where a secret is.
pub(crate) struct SecretKeys {
    pub(crate) file: &'static str,
    pub(crate) credential: &'static str,
    pub(crate) variable: &'static str,
}

impl SecretKeys {
    fn all(&self) -> [&'static str; 3] {
        [self.file, self.credential, self.variable]
    }
}

/// The key that led to a secret, and the secret.
pub(crate) type FoundSecret = (&'static str, SecretString);

/// The one of `keys` that is given. A flag goes before a variable and a variable before the file; two in one layer are a fault.
pub(crate) fn choose(section: &Section<'_>, keys: &[&'static str]) -> Read<Option<&'static str>> {
    let given: Vec<_> = keys.iter().filter_map(|key| Some((section.origin(key)?.rank().0, *key))).collect();
    let best = given.iter().map(|(rank, _)| *rank).max();
    let best: Vec<_> = given.iter().filter(|(rank, _)| Some(*rank) == best).map(|(_, key)| *key).collect();
    match best.as_slice() {
        [] => Ok(None),
        [key] => Ok(Some(key)),
        [first, others @ ..] => {
            let others: Vec<_> = others.iter().map(|key| format!("`{key}`")).collect();
            let problem = Problem::new(format!("given together with {}", others.join(", ")));
            Err(section.fault(first, problem.hint("keep one of them")))
        }
    }
}

/// Who may read the file of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Whoever the operator lets.
    Any,
    /// This user and root.
    Owner,
}

/// Reads the secret that `keys` lead to, where one of them is given.
pub(crate) fn read_secret(section: &Section<'_>, keys: &SecretKeys) -> Read<Option<FoundSecret>> {
    read_kept(section, keys, Readers::Any)
}

/// As [`read_secret`], from a file that nobody else than `readers` may read.
pub(crate) fn read_kept(section: &Section<'_>, keys: &SecretKeys, readers: Readers) -> Read<Option<FoundSecret>> {
    match choose(section, &keys.all())? {
        Some(key) => read_chosen(section, keys, key, readers).map(Some),
        None => Ok(None),
    }
}

/// Reads the secret behind one of the keys, which is given.
pub(crate) fn read_chosen(
    section: &Section<'_>,
    keys: &SecretKeys,
    key: &'static str,
    readers: Readers,
) -> Read<FoundSecret> {
    let content = if key == keys.file {
        section.file(key)?.map(|path| {
            section.keeps_secret(key, &path);
            match readers {
                Readers::Any => load_secret(&path),
                Readers::Owner => load_owned(&path),
            }
        })
    } else if key == keys.credential {
        section.optional::<CredentialName>(key)?.map(|name| load_credential(section, key, &name.0))
    } else {
        section.optional::<VariableName>(key)?.map(|name| from_variable(section, &name.0))
    };
    let secret = content.ok_or(Reported)?.map_err(|problem| section.fault(key, problem))?;
    Ok((key, secret))
}

fn load_secret(path: &Path) -> Result<SecretString, Problem> {
    match load_bounded(path, SECRET_LIMIT) {
        Ok(bytes) => check(bytes, "the file"),
        Err(error) => Err(unreadable(&error)),
    }
}

fn load_owned(path: &Path) -> Result<SecretString, Problem> {
    match private::load_secret(path, SECRET_LIMIT) {
        Ok(bytes) => check(bytes, "the file"),
        Err(error @ StoreError::NotOurs { .. }) => {
            Err(unreadable(&error).hint("`chmod 600` it, and give it to the program's user or root"))
        }
        Err(error) => Err(unreadable(&error)),
    }
}

/// Without the path: somebody may have written the secret itself where its place belongs.
pub(crate) fn unreadable(error: &StoreError) -> Problem {
    match error {
        StoreError::Missing { .. } => Problem::new("there is no such file"),
        StoreError::NotAFile { .. } => Problem::new("this is not a regular file"),
        StoreError::NotOurs { why, .. } => Problem::new(format!("the file {why}")),
        StoreError::TooLarge { limit, .. } => Problem::new(format!("the file is longer than {limit} bytes"))
            .hint("name the file that holds only the secret"),
        StoreError::Read { source, .. }
        | StoreError::Full { source, .. }
        | StoreError::Write { source, .. }
        | StoreError::Sync { source, .. } => Problem::new(format!("the file can not be read: {}", source.kind())),
    }
}

fn load_credential(section: &Section<'_>, key: &str, name: &str) -> Result<SecretString, Problem> {
    let path = credential_path(section, name)?;
    section.reader().depends_on(&path);
    section.keeps_secret(key, &path);
    load_secret(&path)
}

/// Where systemd puts the credential of this name.
pub(crate) fn credential_path(section: &Section<'_>, name: &str) -> Result<PathBuf, Problem> {
    match section.reader().variables.get("CREDENTIALS_DIRECTORY") {
        Some(folder) => Ok(PathBuf::from(folder).join(name)),
        None => Err(Problem::new("there are no credentials: CREDENTIALS_DIRECTORY is not set")
            .hint("set LoadCredential= in the systemd unit")),
    }
}

fn from_variable(section: &Section<'_>, name: &str) -> Result<SecretString, Problem> {
    match section.reader().variables.get(name) {
        Some(value) => check(value.as_encoded_bytes().to_vec(), "the variable"),
        None => Err(Problem::new("the variable of this name is not set or empty")),
    }
}

/// One newline at the end belongs to the editor, not to the secret.
fn check(bytes: Vec<u8>, place: &str) -> Result<SecretString, Problem> {
    let mut text = String::from_utf8(bytes).map_err(|_| Problem::new(format!("{place} is not UTF-8")))?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    if text.trim().is_empty() {
        return Err(Problem::new(format!("{place} is empty")));
    }
    if text.contains('\0') {
        return Err(Problem::new(format!("{place} holds a NUL character")));
    }
    Ok(text.into())
}
