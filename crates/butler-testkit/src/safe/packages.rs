//! The npm packages with the contracts, installed once below Cargo's target folder.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use ethers_core::utils::hex;
use serde_json::Value;

use crate::npm::{Npm, hash, read_sources, target_directory, workspace};

/// Installed packages.
#[derive(Debug, Clone)]
pub struct SafePackages(PathBuf);

impl SafePackages {
    /// Gives them; installs them first when that was never done. Blocks.
    ///
    /// # Errors
    /// npm is missing or fails.
    pub fn ensure() -> anyhow::Result<Self> {
        let files = read_sources(&workspace().join("crates/butler-testkit/safe"))?;
        let root = target_directory(&workspace()).join("safe");
        let packages = root.join(format!("npm-{}", hash(files.iter())));
        fs::create_dir_all(&root).with_context(|| format!("failed to create `{}`", root.display()))?;
        let lock = File::create(root.join("lock")).context("failed to open the lock of Safe's packages")?;
        lock.lock().context("failed to lock Safe's packages")?;
        let npm = Npm { root, search_path: None };
        let is_whole = |packages: &Path| packages.join("node_modules/safe-1-5-0/package.json").is_file();
        npm.install("Safe's contracts", &files, &packages, (is_whole, "npm installed no contracts of Safe's"))?;
        Ok(Self(packages))
    }

    /// What creates a contract, by its package and the path of its artefact.
    pub(super) fn code(&self, package: &str, artefact: &str) -> anyhow::Result<Vec<u8>> {
        let path = self.0.join(format!("node_modules/{package}/build/artifacts/contracts/{artefact}.json"));
        let text = fs::read(&path).with_context(|| format!("failed to read `{}`", path.display()))?;
        let artefact: Value = serde_json::from_slice(&text).context("an artefact that is no JSON")?;
        hex::decode(artefact["bytecode"].as_str().unwrap_or_default()).context("an artefact without code")
    }
}
