//! `cargo xtask service`: installs the Debian package in a container with a real systemd, and uses the service as an
//! operator would: start, credential, reload, kill -9, a hang, each bomb of the kit under the unit's limit of memory, a
//! bad configuration, stop, purge.
//!
//! The container is Debian's, made by `debootstrap` and booted by `systemd-nspawn`; both need root. It shares the host's
//! network, where the local chain runs. Nothing outside `target/service` is changed.

mod bombs;
mod cgroup;
mod files;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure as require};
use butler_testkit::devnet::{Chain, DevnetSpec, ensure, example_files};

use self::bombs::Bombs;
use self::cgroup::Group;
use self::files::{create_folder, write};
use crate::command::{run as start, succeeds, target};
use crate::package;

const TRIAL: &str = include_str!("trial.sh");
const BOMBS: &str = include_str!("bombs.sh");
/// Runs the trial once the system is up, and turns the machine off.
const UNIT: &str = "[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'bash /trial/trial.sh > /trial/said 2>&1'
ExecStopPost=/bin/systemctl --no-block poweroff
[Install]
WantedBy=default.target
";
/// The release of Debian, and what the trial needs beside its minimum.
const RELEASE: &str = "bookworm";
const PACKAGES: &str = "systemd,systemd-sysv,dbus,curl,ca-certificates";
/// The longest that the container may run: a few seconds for each bomb, and two minutes for the rest.
const PATIENCE: &str = "900";

/// What to try.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// A package that exists already; built when not given.
    #[arg(long, value_name = "FILE")]
    package: Option<PathBuf>,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    for tool in ["debootstrap", "systemd-nspawn"] {
        require!(
            succeeds(Command::new(tool).arg("--version")),
            "`{tool}` is not on the PATH\nhint: apt-get install debootstrap systemd-container"
        );
    }
    let package = options.package.clone().map_or_else(package::build, Ok)?;
    let folder = target().join("service");
    let base = folder.join("base");
    if !base.join("trial-base").exists() {
        remove(&base)?;
        create_folder(&folder)?;
        let include = format!("--include={PACKAGES}");
        start(Command::new("debootstrap").args(["--variant=minbase", &include, RELEASE]).arg(&base))?;
        write(&base.join("trial-base"), "")?;
    }
    let root = folder.join("root");
    remove(&root)?;
    start(Command::new("cp").arg("--archive").arg(&base).arg(&root))?;

    let runtime = tokio::runtime::Runtime::new().context("failed to start the runtime")?;
    let held = runtime.block_on(async {
        let chain = Chain::start(&ensure(&DevnetSpec::scenario())?).await?;
        let bombs = prepare(&root, &package, &chain).await?;
        let said = boot(&root)?;
        print!("{said}");
        require!(said.trim_end().ends_with("\neverything holds"), "the trial failed");
        bombs.were_thrown()
    });
    remove(&root)?;
    held
}

/// Puts the package, the configurations and the trial into the container.
async fn prepare(root: &Path, package: &Path, chain: &Chain) -> anyhow::Result<Bombs> {
    let trial = root.join("trial");
    let etc = trial.join("etc");
    let files = example_files(&etc, chain.oracle()?, chain.url())?;
    let config = fs::read_to_string(&files.config).context("failed to read the example's configuration")?;
    let config = config + "\n[exporter]\nscrape_interval = \"1s\"\n";
    let bombs = Bombs::prepare(&trial.join("bombs"), &config, chain.url()).await?;
    let url = format!("url = \"{}\"", chain.url());
    write(&files.config, &config.replace(&url, "url_credential = \"l1-url\"\nname = \"devnet\""))?;
    write(&etc.join("l1-url"), chain.url())?;
    write(&trial.join("trial.sh"), TRIAL)?;
    write(&trial.join("bombs.sh"), BOMBS)?;
    let copy = trial.join("butler-exporter.deb");
    fs::copy(package, &copy).with_context(|| format!("failed to copy `{}`", package.display()))?;
    let units = root.join("etc/systemd/system");
    write(&units.join("trial.service"), UNIT)?;
    let wants = units.join("default.target.wants");
    create_folder(&wants)?;
    std::os::unix::fs::symlink("../trial.service", wants.join("trial.service"))
        .context("failed to enable the trial")?;
    Ok(bombs)
}

/// Boots the container and gives what the trial said.
fn boot(root: &Path) -> anyhow::Result<String> {
    let group = Group::new();
    let mut nspawn = group.command("timeout");
    nspawn.args([PATIENCE, "systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--boot", "--directory"]);
    nspawn.arg(root).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    println!("+ systemd-nspawn --boot …");
    let status = nspawn.status().context("failed to start systemd-nspawn")?;
    match fs::read_to_string(root.join("trial/said")) {
        Ok(said) => Ok(said),
        Err(error) => bail!("the container said nothing and ended with {status}: {error}"),
    }
}

fn remove(folder: &Path) -> anyhow::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("failed to remove `{}`", folder.display()))
        }
        _ => Ok(()),
    }
}
