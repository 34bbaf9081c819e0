//! Pages as devices show them: emulated in Chromium by playwright-core, and judged by axe-core.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};

use super::chromium::Browser;
use crate::npm::{Npm, copy, hash, read_sources, target_directory, workspace};

/// A page to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PageAt {
    /// What pictures of it are called.
    pub name: String,
    /// Where it is.
    pub url: String,
}

/// How somebody looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// The width of its window in CSS pixels; below 500 it is a telephone.
    pub width: u32,
    /// Whether it prefers dark colours.
    pub is_dark: bool,
}

/// What a device showed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Look {
    /// The page's name.
    pub page: String,
    /// The device's width.
    pub width: u32,
    /// Its colours.
    pub is_dark: bool,
    /// The width that the page has: more than the device's where something does not fit.
    pub inner_width: u32,
    /// How long the page is, in CSS pixels.
    pub height: u32,
    /// What reaches beyond it.
    pub wider: Vec<String>,
    /// Addresses, hashes, states and codes that are broken over lines.
    pub broken: Vec<String>,
    /// What axe-core finds.
    pub violations: Vec<String>,
    /// What the page's own policy refused.
    pub refused: Vec<String>,
}

#[derive(Serialize)]
struct Wish<'a> {
    chromium: &'a str,
    folder: Option<&'a Path>,
    pages: &'a [PageAt],
    devices: &'a [Device],
}

impl Browser {
    /// Looks at each page on each device, and leaves pictures in `folder`, where there is one. Of the looks at one page in one width the first one is
    /// held against every rule, the others against those of colours. Blocks.
    ///
    /// # Errors
    /// Node, npm or Chromium is missing, or fails.
    pub fn look(&self, pages: &[PageAt], devices: &[Device], folder: Option<&Path>) -> anyhow::Result<Vec<Look>> {
        let packages = packages()?;
        if let Some(folder) = folder {
            fs::create_dir_all(folder).with_context(|| format!("failed to create `{}`", folder.display()))?;
        }
        let wish = serde_json::to_vec(&Wish { chromium: &chromium()?, folder, pages, devices })?;
        let mut node = Command::new("node")
            .arg(packages.join("look.mjs"))
            .env("TMPDIR", self.profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("`node` is not on the PATH")?;
        node.stdin.take().context("no way in")?.write_all(&wish)?;
        let output = node.wait_with_output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}

/// The place of Chromium, which playwright wants whole.
fn chromium() -> anyhow::Result<String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut found = std::env::split_paths(&path).map(|folder| folder.join("chromium"));
    let found = found.find(|program| program.is_file()).context("`chromium` is not on the PATH")?;
    Ok(found.to_string_lossy().into_owned())
}

/// What package.json names, by the file that proves that it is there.
const NEEDED: [&str; 2] = ["node_modules/playwright-core/package.json", "node_modules/axe-core/axe.min.js"];

/// Installs what [`Browser::look`] needs, unless it is there, so that no test has to wait for npm. Blocks.
///
/// # Errors
/// Node or npm is missing, or fails.
pub fn install() -> anyhow::Result<()> {
    packages().map(drop)
}

/// The folder with the packages and the script that uses them.
fn packages() -> anyhow::Result<PathBuf> {
    let files = read_sources(&workspace().join("crates/butler-testkit/browser"))?;
    let root = target_directory(&workspace()).join("browser");
    let packages = root.join(format!("npm-{}", hash(files.iter())));
    fs::create_dir_all(&root).with_context(|| format!("failed to create `{}`", root.display()))?;
    let lock = File::create(root.join("lock")).context("failed to open the lock of the browser's packages")?;
    lock.lock().context("failed to lock the browser's packages")?;
    let npm = Npm { root, search_path: None };
    let is_whole = |packages: &Path| NEEDED.iter().all(|file| packages.join(file).is_file());
    npm.install(
        "the packages that drive a browser",
        &files,
        &packages,
        (is_whole, "npm installed no playwright-core, or no axe-core"),
    )?;
    copy(files.iter().filter(|(name, _)| name == "look.mjs"), &packages)?;
    Ok(packages)
}
