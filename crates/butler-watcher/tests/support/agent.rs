//! A keystore that a command answers for, and that stops before or after a question when a test says so.

#![expect(clippy::disallowed_methods, reason = "a test's files are its own")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Watcher;
use super::person::cli;
use super::servers::Server;

/// The questions in the order in which they come, of which a script knows the name.
const SCRIPT: &str = r#"#!/bin/sh
here=$1; shift
question=$(/bin/cat)
name=$(printf %s "$question" | /usr/bin/cut -d'"' -f5- | /usr/bin/tr -d ':{' | /usr/bin/cut -d'"' -f2)
stop() {
  if [ -e "$here/$1-$name" ]; then
    /bin/mv "$here/$1-$name" "$here/gone"
    echo $$ > "$here/at.new"; /bin/mv "$here/at.new" "$here/at"
    exec /bin/sleep 600
  fi
}
stop before
answer=$(printf %s "$question" | "$@")
stop after
printf %s "$answer"
"#;

/// What stands between the watcher and the agent of a server.
pub(crate) struct Gatekeeper {
    folder: PathBuf,
    section: String,
}

impl Gatekeeper {
    pub(crate) fn of(server: &Server) -> Self {
        let folder = server.folder.with_file_name(format!("{}-gate", server.name));
        std::fs::create_dir_all(&folder).unwrap();
        let script = folder.join("agent.sh");
        std::fs::write(&script, SCRIPT).unwrap();
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o700)).unwrap();
        let state = folder.join("kept");
        let mut argv = vec![script.display().to_string(), folder.display().to_string()];
        argv.extend(agent(&server.folder, &state));
        let section = format!("{}{}", server.node_section(), server.keystore_section(&format!("command = {argv:?}")));
        Self { folder, section }
    }

    /// The server's sections of the configuration.
    pub(crate) fn configured(&self) -> &str {
        &self.section
    }

    /// Has the next question of that name stop: `before-apply`, `after-preview`, …
    pub(crate) fn stop_at(&self, point: &str) {
        std::fs::write(self.folder.join(point), "").unwrap();
    }

    /// Waits until it stopped.
    pub(crate) async fn stopped(&self, watcher: &Watcher, point: &str) {
        watcher.until(point, async || self.folder.join("at").exists().then_some(())).await;
    }

    /// Ends what stopped, whose watcher is gone.
    pub(crate) fn clear(&self) {
        let at = self.folder.join("at");
        let id = std::fs::read_to_string(&at).unwrap();
        assert!(Command::new("kill").args(["-s", "KILL", id.trim()]).status().unwrap().success());
        std::fs::remove_file(at).unwrap();
    }

    /// Old keystores that the agent still keeps.
    pub(crate) fn kept(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.folder.join("kept")).into_iter().flatten();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.contains(".before")).collect()
    }
}

/// The command line of the agent of a folder.
pub(crate) fn agent(folder: &Path, state: &Path) -> Vec<String> {
    let path = |path: &Path| path.display().to_string();
    let words = ["keystore", "agent", "--folder"].map(str::to_owned);
    [path(&cli())].into_iter().chain(words).chain([path(folder), "--state".to_owned(), path(state)]).collect()
}
