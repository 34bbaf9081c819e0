//! A real browser that looks at a page: headless Chromium, which speaks to nobody but this machine.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, ensure};
use tempfile::TempDir;

/// Chromium with a profile of its own.
#[derive(Debug)]
pub struct Browser {
    pub(super) profile: TempDir,
}

impl Browser {
    /// The browser; `None` where tests with one are to be left out (`BUTLER_SKIP_CHROMIUM=1`).
    ///
    /// # Panics
    /// Without a folder for temporary files.
    #[must_use]
    pub fn found() -> Option<Self> {
        let is_skipped = std::env::var_os("BUTLER_SKIP_CHROMIUM").is_some_and(|value| value == "1");
        #[expect(clippy::expect_used, reason = "a test ends there")]
        (!is_skipped).then(|| Self { profile: TempDir::new().expect("a folder for temporary files") })
    }

    /// The document once the page is loaded.
    ///
    /// # Errors
    /// The browser failed, or the page's policy forbids something that it has.
    pub fn dom(&self, url: &str) -> anyhow::Result<String> {
        Ok(String::from_utf8(self.open(url, &["--dump-dom"])?.stdout)?)
    }

    /// A picture of the page in a window of that width and height, in the tests' folder.
    ///
    /// # Errors
    /// As [`dom`](Self::dom).
    pub fn picture(&self, url: &str, (width, height): (u32, u32), name: &str) -> anyhow::Result<PathBuf> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tmp");
        std::fs::create_dir_all(&folder)?;
        let path = folder.join(name);
        let _ = std::fs::remove_file(&path);
        self.open(url, &[&format!("--screenshot={}", path.display()), &format!("--window-size={width},{height}")])?;
        Ok(path)
    }

    fn open(&self, url: &str, arguments: &[&str]) -> anyhow::Result<Output> {
        let output = Command::new("chromium")
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
            .args(["--hide-scrollbars", "--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--enable-logging=stderr", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"])
            .arg(format!("--user-data-dir={}", self.profile.path().display()))
            .args(arguments)
            .arg(url)
            .output()
            .context("`chromium` is not on the PATH: `apt-get install chromium`, or set BUTLER_SKIP_CHROMIUM=1 to do without")?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.success(), "{said}");
        // What the policy forbids is told as a console message.
        ensure!(!said.contains("Content Security Policy") && !said.contains("Refused to"), "{said}");
        Ok(output)
    }
}
