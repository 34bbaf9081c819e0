//! Files and folders of a container that is thrown away.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

pub(super) fn create_folder(path: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(path).with_context(|| format!("failed to create `{}`", path.display()))
}

pub(super) fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "a file of a container that is thrown away")]
    fs::write(path, text).with_context(|| format!("failed to write `{}`", path.display()))
}
