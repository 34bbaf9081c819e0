//! Builds the devnet once and keeps it under `target/devnet/`, keyed by a hash of whatever it is made from.
//!
//! Many test processes may ask at the same time: a file lock lets one build while the others wait, and a finished build
//! appears by a rename, so a half-written one is never seen. `npm ci` runs in the target folder, never in `examples/`.

use std::{
    ffi::OsString,
    fs::{self, File},
    path::{Path, PathBuf},
};

use super::Oracle;
use crate::npm::{Npm, SourceFile, copy, hash, read_sources, say, target_directory, workspace};
use anyhow::Context as _;

/// Which devnet is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DevnetSpec {
    attesters: Option<u32>,
}

impl DevnetSpec {
    /// The small story with an attester in every situation; see `examples/devnet/lib/scenario.mjs`.
    pub const fn scenario() -> Self {
        Self { attesters: None }
    }

    /// `attesters` active attesters, an eighth of that in the entry queue, 20 keys in each provider's queue.
    pub const fn large(attesters: u32) -> Self {
        Self { attesters: Some(attesters) }
    }

    fn name(self) -> String {
        self.attesters.map_or_else(|| "scenario".to_owned(), |attesters| format!("large-{attesters}"))
    }
}

/// A built devnet on disk.
#[derive(Clone, Debug)]
pub struct DevnetState {
    directory: PathBuf,
    anvil: PathBuf,
}

impl DevnetState {
    /// The folder of this build.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The anvil binary that wrote the state; no other version can read it.
    pub fn anvil(&self) -> &Path {
        &self.anvil
    }

    /// The dump without the state of past blocks.
    pub fn state_file(&self) -> PathBuf {
        self.directory.join("state.json")
    }

    /// The dump with the state of every past block; the scenario only.
    pub fn archive_file(&self) -> PathBuf {
        self.directory.join("state-archive.json")
    }

    /// The scenario a little later, just before a new rollup becomes canonical, with something of provider 1 in every place
    /// that this changes; see `examples/devnet/lib/upgrade.mjs` and [`super::Chain::cut_over`].
    #[must_use]
    pub fn upgrade(&self) -> Self {
        Self { directory: self.directory.join("upgrade"), anvil: self.anvil.clone() }
    }

    /// Reads the right answers of after the cut-over; of [`Self::upgrade`] only.
    ///
    /// # Errors
    /// When `after.json` cannot be read or has another shape.
    pub fn oracle_after(&self) -> anyhow::Result<Oracle> {
        read_oracle(&self.directory.join("after.json"))
    }

    /// Reads the right answers.
    ///
    /// # Errors
    /// When `oracle.json` cannot be read or has another shape.
    pub fn oracle(&self) -> anyhow::Result<Oracle> {
        read_oracle(&self.directory.join("oracle.json"))
    }
}

fn read_oracle(path: &Path) -> anyhow::Result<Oracle> {
    let text = fs::read(path).with_context(|| format!("failed to read `{}`", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("failed to decode `{}`", path.display()))
}

/// Gives the built devnet; builds it first when its inputs changed or it was never built. Blocks.
///
/// # Errors
/// When node or npm is missing, or the build fails; the text says what to install.
pub fn ensure(spec: &DevnetSpec) -> anyhow::Result<DevnetState> {
    let workspace = workspace();
    Builder {
        sources: workspace.join("examples/devnet"),
        root: target_directory(&workspace).join("devnet"),
        search_path: None,
    }
    .ensure(*spec)
}

struct Builder {
    sources: PathBuf,
    root: PathBuf,
    /// `PATH` for node and npm; `None` is the process's own.
    search_path: Option<OsString>,
}

impl Builder {
    fn npm(&self) -> Npm {
        Npm { root: self.root.clone(), search_path: self.search_path.clone() }
    }

    fn ensure(&self, spec: DevnetSpec) -> anyhow::Result<DevnetState> {
        let files = read_sources(&self.sources)?;
        let packages =
            self.root.join(format!("npm-{}", hash(files.iter().filter(|(name, _)| name.starts_with("package")))));
        let sources = hash(files.iter());
        let state =
            DevnetState { directory: self.root.join(format!("{}-{sources}", spec.name())), anvil: anvil_in(&packages) };
        let is_built = || state.directory.is_dir() && state.anvil.is_file();
        if is_built() {
            return Ok(state);
        }
        fs::create_dir_all(&self.root).with_context(|| format!("failed to create `{}`", self.root.display()))?;
        let lock = File::create(self.root.join("lock")).context("failed to open the devnet's lock")?;
        lock.lock().context("failed to lock the devnet's folder")?;
        if is_built() {
            return Ok(state);
        }
        let npm = self.npm();
        let is_installed = |packages: &Path| anvil_in(packages).is_file();
        let hint = "npm installed no anvil for this platform; see examples/devnet/README.md";
        npm.install("the devnet's npm packages", &files, &packages, (is_installed, hint))?;
        if !state.directory.is_dir() {
            self.build(spec, &packages.join(format!("src-{sources}")), &files, &state.directory)?;
        }
        Ok(state)
    }

    fn build(&self, spec: DevnetSpec, sources: &Path, files: &[SourceFile], to: &Path) -> anyhow::Result<()> {
        copy(files.iter(), sources)?;
        let staging = tempfile::tempdir_in(&self.root).context("failed to create a folder for the devnet")?;
        let out = staging.path().to_string_lossy().into_owned();
        let mut arguments = vec!["build.mjs".to_owned(), "--out".to_owned(), out];
        if let Some(attesters) = spec.attesters {
            // Keys depend on their number only, so every large devnet shares them.
            let keys = self.root.join("keys.json").to_string_lossy().into_owned();
            arguments.extend(["--attesters".to_owned(), attesters.to_string(), "--keys".to_owned(), keys]);
        }
        say(&format!("building the devnet `{}` …", spec.name()));
        self.npm().run("node", &arguments, sources)?;
        fs::rename(staging.keep(), to).context("failed to move the devnet into place")?;
        fs::remove_dir_all(sources).context("failed to remove the build's copy of the sources")
    }
}

fn anvil_in(packages: &Path) -> PathBuf {
    let arch = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    let platform = if cfg!(target_os = "macos") { "darwin" } else { "linux" };
    packages.join(format!("node_modules/@foundry-rs/anvil-{platform}-{arch}/bin/anvil"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_npm_is_explained() {
        let root = tempfile::tempdir().unwrap();
        let empty = tempfile::tempdir().unwrap();
        let builder = Builder {
            sources: workspace().join("examples/devnet"),
            root: root.path().to_owned(),
            search_path: Some(empty.path().as_os_str().to_owned()),
        };
        let error = builder.ensure(DevnetSpec::scenario()).unwrap_err().to_string();
        assert!(error.contains("`npm` is not on the PATH"), "{error}");
        assert!(error.contains("hint: "), "{error}");
        let left: Vec<_> = fs::read_dir(root.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["lock"], "a failed build leaves nothing behind");
    }

    #[test]
    fn asking_again_gives_the_same_build() {
        let first = ensure(&DevnetSpec::scenario()).unwrap();
        let second = ensure(&DevnetSpec::scenario()).unwrap();
        assert_eq!(first.directory(), second.directory());
        assert!(first.state_file().is_file());
        assert!(first.archive_file().is_file());
    }
}
