//! The files that something below the target folder is made from: read, hashed, copied to where they run.
//!
//! Documentation and `node_modules` do not count, so that a corrected README builds nothing again.

use std::{fs, path::Path};

use anyhow::Context as _;
use ethers_core::utils::{hex, keccak256};

/// Relative name and content.
pub(crate) type SourceFile = (String, Vec<u8>);

/// Every file of the folder with its relative name, sorted; `node_modules` is left out.
pub(crate) fn read_sources(directory: &Path) -> anyhow::Result<Vec<SourceFile>> {
    fn walk(directory: &Path, prefix: &str, files: &mut Vec<SourceFile>) -> std::io::Result<()> {
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name == "node_modules" {
                continue;
            }
            let relative = format!("{prefix}{name}");
            if entry.file_type()?.is_dir() {
                walk(&entry.path(), &format!("{relative}/"), files)?;
            } else {
                files.push((relative, fs::read(entry.path())?));
            }
        }
        Ok(())
    }
    let mut files = Vec::new();
    walk(directory, "", &mut files).with_context(|| format!("failed to read `{}`", directory.display()))?;
    files.retain(|(name, _)| !name.ends_with(".md"));
    files.sort();
    Ok(files)
}

pub(crate) fn hash<'a>(files: impl Iterator<Item = &'a SourceFile>) -> String {
    let mut digests = Vec::new();
    for (name, content) in files {
        digests.extend(keccak256(name));
        digests.extend(keccak256(content));
    }
    hex::encode(&keccak256(digests)[..6])
}

pub(crate) fn copy<'a>(files: impl Iterator<Item = &'a SourceFile>, to: &Path) -> anyhow::Result<()> {
    for (name, content) in files {
        let path = to.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(|| format!("failed to create `{}`", parent.display()))?;
        }
        write_file(&path, content)?;
    }
    Ok(())
}

/// Writes a file of the testkit's own folders or of a test's temporary folder.
pub(crate) fn write_file(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "nobody reads these files before the whole folder is in place")]
    fs::write(path, content).with_context(|| format!("failed to write `{}`", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_sees_names_and_contents() {
        let file = |name: &str, content: &str| (name.to_owned(), content.as_bytes().to_vec());
        let of = |files: &[SourceFile]| hash(files.iter());
        assert_ne!(of(&[file("a", "x")]), of(&[file("a", "y")]));
        assert_ne!(of(&[file("a", "x")]), of(&[file("b", "x")]));
    }
}
