//! Packages from npm that tests need: installed once below Cargo's target folder, as a lock file of ours says.

mod sources;

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead as _, BufReader, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

pub(crate) use self::sources::{SourceFile, copy, hash, read_sources, write_file};

/// The workspace that this crate was built in.
pub(crate) fn workspace() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).unwrap_or(manifest).to_owned()
}

/// Cargo's target folder.
pub(crate) fn target_directory(workspace: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), |dir| workspace.join(dir))
}

/// Node and npm, for a folder below the target folder.
pub(crate) struct Npm {
    /// Where packages are put; it must be there.
    pub(crate) root: PathBuf,
    /// `PATH` for node and npm; `None` is the process's own.
    pub(crate) search_path: Option<OsString>,
}

/// Whether packages are whole, and what to say when they are not after all.
type Proof = (fn(&Path) -> bool, &'static str);

impl Npm {
    /// Installs the packages that `package.json` and its lock among these files name, unless they are there. They appear by a rename.
    pub(crate) fn install(
        &self,
        what: &str,
        files: &[SourceFile],
        packages: &Path,
        (is_whole, hint): Proof,
    ) -> anyhow::Result<()> {
        if is_whole(packages) {
            return Ok(());
        }
        let staging = tempfile::tempdir_in(&self.root).context("failed to create a folder for npm")?;
        copy(files.iter().filter(|(name, _)| name.starts_with("package")), staging.path())?;
        say(&format!("installing {what} …"));
        self.run("npm", &["ci", "--no-audit", "--no-fund", "--loglevel=error"], staging.path())?;
        if packages.exists() {
            fs::remove_dir_all(packages).context("failed to remove an incomplete installation")?;
        }
        fs::rename(staging.keep(), packages).context("failed to move the npm packages into place")?;
        if !is_whole(packages) {
            bail!("{hint}");
        }
        Ok(())
    }

    /// Runs one of them to its end; what it says is shown, and told when it fails.
    pub(crate) fn run(&self, program: &str, arguments: &[impl AsRef<str>], directory: &Path) -> anyhow::Result<()> {
        let mut command = Command::new(program);
        command.args(arguments.iter().map(AsRef::as_ref)).current_dir(directory).stdin(Stdio::null());
        if let Some(path) = &self.search_path {
            command.env("PATH", path);
        }
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| {
            if error.kind() == ErrorKind::NotFound {
                anyhow::anyhow!(
                    "`{program}` is not on the PATH\nhint: this needs Node.js 20.11 or newer with npm; \
                     on Debian or Ubuntu: apt install nodejs npm"
                )
            } else {
                anyhow::Error::new(error).context(format!("failed to start `{program}`"))
            }
        })?;
        // Shown as it comes, since a large devnet takes minutes, and kept for the error.
        let mut talk = String::new();
        if let Some(stderr) = child.stderr.take() {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                say(&line);
                talk.push_str(&line);
                talk.push('\n');
            }
        }
        let status = child.wait().with_context(|| format!("failed to wait for `{program}`"))?;
        if !status.success() {
            bail!("`{program}` failed with {status}\n{talk}");
        }
        Ok(())
    }
}

#[expect(clippy::print_stderr, reason = "a first build takes long enough that people must see why")]
pub(crate) fn say(text: &str) {
    eprintln!("{text}");
}
