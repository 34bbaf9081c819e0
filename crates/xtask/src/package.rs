//! `cargo xtask package`: the Debian packages of the daemons and of `butler-cli`, and with `--try` the whole life of each on this machine:
//! installed, checked, installed again over a changed configuration, removed, purged.
//!
//! cargo-deb is installed into `target/tools` when it is missing. `--try` needs root and dpkg, and a machine where none of them
//! is installed.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure as require};

use crate::command::{cargo, output, run as start, succeeds, target, workspace};

/// What to do with the packages.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Install them, look at everything, and purge them again; needs root.
    #[arg(long = "try")]
    try_it: bool,
    /// Build no release: faster, and good for the trial alone.
    #[arg(long)]
    debug: bool,
}

/// A program that is packaged.
#[derive(Debug)]
pub(crate) struct Daemon {
    pub(crate) name: &'static str,
    /// What must be there while it is installed, beside the program and its unit.
    files: &'static [&'static str],
    /// Whether the configuration comes with it.
    has_config: bool,
    /// What the service would leave behind, and whether a purge removes that, too; nothing of what is no service.
    state: Option<(&'static str, bool)>,
}

/// The exporter.
pub(crate) const EXPORTER: Daemon = Daemon {
    name: "butler-exporter",
    files: &[
        CONFIG,
        "/usr/share/doc/butler-exporter/operating.md",
        "/usr/share/doc/butler-exporter/runbooks/ButlerCoinbaseMissing.md",
        "/usr/share/butler-exporter/prometheus/butler.rules.yml",
        "/usr/share/butler-exporter/grafana/overview.json",
    ],
    has_config: true,
    state: Some(("/var/lib/private/butler-exporter", true)),
};
/// The watcher. Both would fight for the configuration, so it has an example of it.
pub(crate) const WATCHER: Daemon = Daemon {
    name: "butler-watcher",
    files: &["/usr/share/doc/butler-watcher/butler.toml", "/usr/share/doc/butler-watcher/watcher.md"],
    has_config: false,
    state: Some(("/var/lib/private/butler-watcher", false)),
};
/// The person's program. Whoever has a daemon has it, too, so it is in a package of its own.
pub(crate) const CLI: Daemon = Daemon {
    name: "butler-cli",
    files: &["/usr/share/doc/butler-cli/butler.toml", "/usr/share/doc/butler-cli/cli.md"],
    has_config: false,
    state: None,
};
const CONFIG: &str = "/etc/butler/butler.toml";

/// How a program is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Build {
    /// As it is released.
    Release,
    /// In a minute, for a trial.
    Debug,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let daemons = [EXPORTER, WATCHER, CLI];
    let kind = if options.debug { Build::Debug } else { Build::Release };
    let packages = daemons.iter().map(|daemon| Ok((daemon, build(daemon, kind)?)));
    let packages = packages.collect::<anyhow::Result<Vec<_>>>()?;
    for (daemon, package) in &packages {
        start(Command::new("dpkg-deb").arg("--info").arg(package))?;
        start(Command::new("dpkg-deb").arg("--contents").arg(package))?;
        if options.try_it {
            try_out(daemon, package)?;
        }
    }
    packages.iter().for_each(|(_, package)| println!("package: {}", package.display()));
    Ok(())
}

/// Builds the package of a daemon and says where it is.
pub(crate) fn build(daemon: &Daemon, build: Build) -> anyhow::Result<PathBuf> {
    let package = target().join(format!("debian/{}.deb", daemon.name));
    let mut program = cargo();
    program.args(["build", "--locked", "--package", daemon.name]);
    let mut pack = Command::new(cargo_deb()?);
    pack.current_dir(workspace()).args(["--package", daemon.name, "--no-build"]);
    match build {
        Build::Release => {
            program.arg("--release");
            pack.arg("--no-strip");
        }
        Build::Debug => {
            pack.args(["--profile", "dev", "--strip", "--fast"]);
        }
    }
    start(&mut program)?;
    start(pack.arg("--output").arg(&package))?;
    Ok(package)
}

fn try_out(daemon: &Daemon, package: &Path) -> anyhow::Result<()> {
    let name = daemon.name;
    let program = PathBuf::from(format!("/usr/bin/{name}"));
    let is_installed = succeeds(Command::new("dpkg").args(["--status", name]));
    require!(!is_installed && !Path::new(CONFIG).exists(), "{name} is installed here, or `{CONFIG}` exists");
    let install = || start(Command::new("dpkg").args(["--install", "--force-confold"]).arg(package));
    install()?;
    for file in daemon.files.iter().map(Path::new).chain([program.as_path()]) {
        require!(file.is_file(), "`{}` was not installed", file.display());
    }
    match daemon.state {
        Some((state, is_purged)) => try_service(daemon, &program, (Path::new(state), is_purged), &install)?,
        None => {
            start(Command::new(&program).arg("--version"))?;
            start(Command::new("dpkg").args(["--purge", name]))?;
            require!(!program.exists(), "the program was left");
        }
    }
    let (docs, shared) = (format!("/usr/share/doc/{name}"), format!("/usr/share/{name}"));
    for gone in ["/etc/butler", docs.as_str(), shared.as_str()] {
        require!(!Path::new(gone).exists(), "`{gone}` was left");
    }
    println!("{name}: installed, checked, upgraded, removed and purged");
    Ok(())
}

/// The life of a service, from its check to its purge. `state` is what it would leave behind, and whether a purge removes that, too.
fn try_service(
    daemon: &Daemon,
    program: &Path,
    (state, is_purged): (&Path, bool),
    install: &impl Fn() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let name = daemon.name;
    let unit = unit(name)?;
    require!(unit.is_file(), "`{}` was not installed", unit.display());
    let example = PathBuf::from(format!("/usr/share/doc/{name}/butler.toml"));
    let config = if daemon.has_config { Path::new(CONFIG) } else { example.as_path() };
    check_as_shipped(program, config)?;
    if succeeds(Command::new("systemd-analyze").arg("--version")) {
        start(Command::new("systemd-analyze").arg("verify").arg(&unit))?;
        require!(!succeeds(Command::new("systemctl").args(["is-enabled", name])), "it was enabled");
    }
    // A changed configuration survives an upgrade and a removal, and what was written survives the removal.
    let changed = std::fs::read_to_string(config)? + "# changed\n";
    if daemon.has_config {
        #[expect(clippy::disallowed_methods, reason = "a file of the trial that is removed again")]
        std::fs::write(CONFIG, &changed).context("failed to change the configuration")?;
    }
    std::fs::create_dir_all(state).context("failed to make the service's folder")?;
    install()?;
    if daemon.has_config {
        require!(std::fs::read_to_string(CONFIG)? == changed, "the changed configuration was replaced");
    }
    start(Command::new("dpkg").args(["--remove", name]))?;
    require!(!program.exists() && !unit.exists(), "the program or its unit was left");
    require!(
        Path::new(CONFIG).exists() == daemon.has_config && state.exists(),
        "the removal took the configuration or the state"
    );
    start(Command::new("dpkg").args(["--purge", name]))?;
    require!(state.exists() != is_purged, "the purge did otherwise than it should with `{}`", state.display());
    if !is_purged {
        std::fs::remove_dir(state).with_context(|| format!("failed to remove `{}`", state.display()))?;
    }
    Ok(())
}

/// What comes with the package lacks nothing but the operator's key files, and for the watcher a block to begin with.
fn check_as_shipped(program: &Path, config: &Path) -> anyhow::Result<()> {
    let output = Command::new(program).arg("--check").arg("--config").arg(config).output();
    let output = output.with_context(|| format!("failed to start `{}`", program.display()))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let bad: Vec<&str> = said.lines().filter(|line| line.starts_with("BAD")).collect();
    let lacking = ["this pattern matches no file", "has no `start_block`"];
    let is_lacking = |line: &&str| lacking.iter().any(|what| line.contains(what));
    let is_expected = matches!(output.status.code(), Some(3 | 5)) && !bad.is_empty() && bad.iter().all(is_lacking);
    require!(is_expected, "the check ended with {}:\n{said}", output.status);
    Ok(())
}

/// Where the package put the unit.
fn unit(name: &str) -> anyhow::Result<PathBuf> {
    let files = output(Command::new("dpkg").args(["--listfiles", name]))?;
    let unit = files.lines().find(|line| line.ends_with(&format!("/{name}.service")));
    Ok(PathBuf::from(unit.context("no unit in the package")?))
}

fn cargo_deb() -> anyhow::Result<PathBuf> {
    let root = target().join("tools");
    let ours = root.join("bin/cargo-deb");
    for candidate in [PathBuf::from("cargo-deb"), ours.clone()] {
        if succeeds(Command::new(&candidate).arg("--version")) {
            return Ok(candidate);
        }
    }
    start(cargo().args(["install", "--locked", "cargo-deb", "--root"]).arg(&root))
        .context("failed to install cargo-deb")?;
    Ok(ours)
}
