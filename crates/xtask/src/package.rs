//! `cargo xtask package`: the Debian package of the exporter, and with `--try` its whole life on this machine: installed,
//! checked, installed again over a changed configuration, removed, purged.
//!
//! cargo-deb is installed into `target/tools` when it is missing. `--try` needs root and dpkg, and a machine where no
//! butler-exporter is installed.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure as require};

use crate::command::{cargo, output, run as start, succeeds, target, workspace};

/// What to do with the package.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Install it, look at everything, and purge it again; needs root.
    #[arg(long = "try")]
    try_it: bool,
}

/// What must be there while it is installed.
const FILES: [&str; 6] = [
    "/usr/bin/butler-exporter",
    CONFIG,
    "/usr/share/doc/butler-exporter/operating.md",
    "/usr/share/doc/butler-exporter/runbooks/ButlerCoinbaseMissing.md",
    "/usr/share/butler-exporter/prometheus/butler.rules.yml",
    "/usr/share/butler-exporter/grafana/overview.json",
];
const CONFIG: &str = "/etc/butler/butler.toml";
/// What the service would leave behind.
const STATE: &str = "/var/lib/private/butler-exporter";

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let package = build()?;
    start(Command::new("dpkg-deb").arg("--info").arg(&package))?;
    start(Command::new("dpkg-deb").arg("--contents").arg(&package))?;
    if options.try_it {
        try_out(&package)?;
    }
    println!("package: {}", package.display());
    Ok(())
}

/// Builds the package and says where it is.
pub(crate) fn build() -> anyhow::Result<PathBuf> {
    start(cargo().args(["build", "--release", "--locked", "--package", "butler-exporter"]))?;
    let package = target().join("debian/butler-exporter.deb");
    let build = ["--package", "butler-exporter", "--no-build", "--no-strip", "--output"];
    start(Command::new(cargo_deb()?).current_dir(workspace()).args(build).arg(&package))?;
    Ok(package)
}

fn try_out(package: &Path) -> anyhow::Result<()> {
    let is_installed = succeeds(Command::new("dpkg").args(["--status", "butler-exporter"]));
    require!(!is_installed && !Path::new(CONFIG).exists(), "butler-exporter is installed here, or `{CONFIG}` exists");
    let install = || start(Command::new("dpkg").args(["--install", "--force-confold"]).arg(package));
    install()?;
    let unit = unit()?;
    for file in FILES.iter().map(Path::new).chain([unit.as_path()]) {
        require!(file.is_file(), "`{}` was not installed", file.display());
    }
    start(Command::new("/usr/bin/butler-exporter").args(["--check", "--config", CONFIG]))?;
    if succeeds(Command::new("systemd-analyze").arg("--version")) {
        start(Command::new("systemd-analyze").arg("verify").arg(&unit))?;
        require!(!succeeds(Command::new("systemctl").args(["is-enabled", "butler-exporter"])), "it was enabled");
    }
    // A changed configuration survives an upgrade and a removal, and what was written survives the removal.
    let changed = std::fs::read_to_string(CONFIG)? + "# changed\n";
    #[expect(clippy::disallowed_methods, reason = "a file of the trial that is removed again")]
    std::fs::write(CONFIG, &changed).context("failed to change the configuration")?;
    std::fs::create_dir_all(STATE).context("failed to make the service's folder")?;
    install()?;
    require!(std::fs::read_to_string(CONFIG)? == changed, "the changed configuration was replaced");
    start(Command::new("dpkg").args(["--remove", "butler-exporter"]))?;
    require!(!Path::new("/usr/bin/butler-exporter").exists() && !unit.exists(), "the program or its unit was left");
    require!(
        Path::new(CONFIG).exists() && Path::new(STATE).exists(),
        "the removal took the configuration or the state"
    );
    start(Command::new("dpkg").args(["--purge", "butler-exporter"]))?;
    for gone in ["/etc/butler", STATE, "/usr/share/doc/butler-exporter", "/usr/share/butler-exporter"] {
        require!(!Path::new(gone).exists(), "`{gone}` was left");
    }
    println!("installed, checked, upgraded, removed and purged");
    Ok(())
}

/// Where the package put the unit.
fn unit() -> anyhow::Result<PathBuf> {
    let files = output(Command::new("dpkg").args(["--listfiles", "butler-exporter"]))?;
    let unit = files.lines().find(|line| line.ends_with("/butler-exporter.service"));
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
