//! `cargo xtask service`: installs the daemons' Debian packages in a container with a real systemd, and uses the services as an
//! operator would. The exporter: start, credential, reload, kill -9, a hang, each bomb of the kit under the unit's limit of
//! memory, a bad configuration, stop, purge. The watcher: the same but for the bombs, and a stake that arrives before, between and
//! after, each planned once; a second instance; a restored copy. Then a keystore of this machine, which the hardened service changes by each
//! of the ways that docs/coinbases.md has, and what is refused. And `--check` of both by the service's user: bad where a secret, a file or a
//! certificate would fail the service.
//!
//! The container is Debian's, made by `debootstrap` and booted by `systemd-nspawn`; both need root. It shares the host's
//! network, where the local chain runs. Nothing outside `target/service` is changed.

mod bombs;
mod cgroup;
mod files;
mod moves;
mod server;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure as require};
use butler_testkit::devnet::{Chain, DevnetSpec, ensure, example_files};

use self::bombs::Bombs;
use self::cgroup::Group;
use self::files::{create_folder, write};
use self::moves::{CONFIRMATIONS, Moves};
use self::server::Server;
use crate::command::{cargo, remove, run as start, succeeds, target};
use crate::package::{self, Build, CLI, Daemon, EXPORTER, WATCHER};

const COMMON: &str = include_str!("common.sh");
const TRIAL: &str = include_str!("trial.sh");
const BOMBS: &str = include_str!("bombs.sh");
const PERSON: &str = include_str!("person.sh");
const WATCHER_TRIAL: &str = include_str!("watcher.sh");
const KEYSTORES: &str = include_str!("keystores.sh");
const REFUSED: &str = include_str!("refused.sh");
const CHECK: &str = include_str!("check.sh");
/// Runs the trials once the system is up, and turns the machine off.
const UNIT: &str = "[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStopPost=/bin/systemctl --no-block poweroff
[Install]
WantedBy=default.target
";
/// The release of Debian, and what the trial needs beside its minimum.
const RELEASE: &str = "bookworm";
const PACKAGES: &str =
    "systemd,systemd-sysv,libnss-systemd,dbus,curl,ca-certificates,openssh-server,openssh-client,acl,procps";
/// The container's `sshd` is heard on this machine alone.
const SSHD: &str = "ListenAddress 127.0.0.1\nPort 2222\n";
/// The longest that the container may run: a few seconds for each bomb, and two minutes for the rest.
const PATIENCE: &str = "900";

/// What to try.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// A package of the exporter that exists already; built when not given.
    #[arg(long, value_name = "FILE")]
    package: Option<PathBuf>,
    /// A package of the watcher that exists already; built when not given.
    #[arg(long, value_name = "FILE")]
    watcher_package: Option<PathBuf>,
    /// Only this one.
    #[arg(long)]
    only: Option<Which>,
    /// Build no release: faster, and good for all but the figures of memory.
    #[arg(long)]
    debug: bool,
}

/// A service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Which {
    /// The exporter.
    Exporter,
    /// The watcher.
    Watcher,
    /// The watcher's keystores.
    Keystores,
    /// What `--check` says as the service's user.
    Check,
}

impl Which {
    fn daemon(self) -> &'static Daemon {
        match self {
            Self::Exporter | Self::Check => &EXPORTER,
            Self::Watcher | Self::Keystores => &WATCHER,
        }
    }

    fn script(self) -> &'static str {
        match self {
            Self::Exporter => "trial.sh",
            Self::Watcher => "watcher.sh",
            Self::Keystores => "keystores.sh",
            Self::Check => "check.sh",
        }
    }
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    for tool in ["debootstrap", "systemd-nspawn"] {
        require!(
            succeeds(Command::new(tool).arg("--version")),
            "`{tool}` is not on the PATH\nhint: apt-get install debootstrap systemd-container"
        );
    }
    let which = options
        .only
        .map_or_else(|| vec![Which::Exporter, Which::Watcher, Which::Keystores, Which::Check], |only| vec![only]);
    let build = if options.debug { Build::Debug } else { Build::Release };
    let packages = which.iter().map(|which| {
        let given = match which {
            Which::Exporter | Which::Check => &options.package,
            Which::Watcher | Which::Keystores => &options.watcher_package,
        };
        Ok((*which, given.clone().map_or_else(|| package::build(which.daemon(), build), Ok)?))
    });
    let packages = packages.collect::<anyhow::Result<Vec<_>>>()?;
    // What the check needs beside the exporter.
    let beside = if which.contains(&Which::Check) { vec![&CLI, &WATCHER] } else { Vec::new() };
    let beside = beside.into_iter().map(|daemon| {
        let given = options.watcher_package.clone().filter(|_| daemon.name == WATCHER.name);
        Ok((daemon.name, given.map_or_else(|| package::build(daemon, build), Ok)?))
    });
    let beside = beside.collect::<anyhow::Result<Vec<_>>>()?;
    // The watcher's socket is asked with it.
    start(cargo().args(["build", "--package", "butler-cli"]))?;
    let folder = target().join("service");
    let base = folder.join("base");
    // What is in it, so that it is made anew when that changes.
    let made = fs::read_to_string(base.join("trial-base")).unwrap_or_default();
    if made != PACKAGES {
        remove(&base)?;
        create_folder(&folder)?;
        let include = format!("--include={PACKAGES}");
        start(Command::new("debootstrap").args(["--variant=minbase", &include, RELEASE]).arg(&base))?;
        write(&base.join("trial-base"), PACKAGES)?;
    }
    let root = folder.join("root");
    remove(&root)?;
    start(Command::new("cp").arg("--archive").arg(&base).arg(&root))?;

    let runtime = tokio::runtime::Runtime::new().context("failed to start the runtime")?;
    let held = runtime.block_on(async {
        let chain = Chain::start(&ensure(&DevnetSpec::scenario())?).await?;
        let bombs = prepare(&root, &packages, &chain).await?;
        for (name, package) in &beside {
            fs::copy(package, root.join(format!("trial/{name}.deb")))
                .with_context(|| format!("failed to copy the package of {name}"))?;
        }
        let has_keystores = which.contains(&Which::Keystores);
        let server = if has_keystores { Some(Server::prepare(&root, &chain).await?) } else { None };
        let moves = Moves::new(&root.join("trial"))?;
        let off = root.clone();
        let booted = tokio::task::spawn_blocking(move || boot(&off));
        let said = moves.answer(&chain, server.as_ref(), booted).await?;
        print!("{said}");
        let held = said.lines().filter(|line| *line == "everything holds").count();
        require!(held == which.len(), "the trial failed");
        bombs.map_or(Ok(()), |bombs| bombs.were_thrown())
    });
    remove(&root)?;
    held
}

/// Puts the packages, the configurations and the trials into the container. Of the bombs, if any are thrown.
async fn prepare(root: &Path, packages: &[(Which, PathBuf)], chain: &Chain) -> anyhow::Result<Option<Bombs>> {
    let trial = root.join("trial");
    let etc = trial.join("etc");
    let files = example_files(&etc, chain.oracle()?, chain.url())?;
    let config = fs::read_to_string(&files.config).context("failed to read the example's configuration")?;
    let config = config + "\n[exporter]\nscrape_interval = \"1s\"\n";
    let is_tried = |which| packages.iter().any(|(packaged, _)| *packaged == which);
    let mut bombs = None;
    if is_tried(Which::Exporter) {
        bombs = Some(Bombs::prepare(&trial.join("bombs"), &config, chain.url()).await?);
    }
    let url = format!("url = \"{}\"", chain.url());
    let config = config.replace(&url, "url_credential = \"l1-url\"\nname = \"devnet\"");
    write(&files.config, &config)?;
    let start_block = chain.block_number().await?.saturating_add(1);
    let head = format!("[networks.devnet]\nstart_block = {start_block}\nconfirmations = {CONFIRMATIONS}\n");
    let watcher = config.replacen("[networks.devnet]\n", &head, 1)
        + "\n[watcher]\npoll_interval = \"1s\"\nstate_directory = \"/var/lib/butler-watcher\"\n\
           runtime_directory = \"/run/butler-watcher\"\napprovers = [\"keeper\"]\n";
    write(&etc.join("watcher.toml"), &watcher)?;
    write(&etc.join("l1-url"), chain.url())?;
    let scripts = [
        ("common.sh", COMMON),
        ("trial.sh", TRIAL),
        ("bombs.sh", BOMBS),
        ("person.sh", PERSON),
        ("watcher.sh", WATCHER_TRIAL),
        ("keystores.sh", KEYSTORES),
        ("refused.sh", REFUSED),
        ("check.sh", CHECK),
    ];
    for (name, script) in scripts {
        write(&trial.join(name), script)?;
    }
    let copy = |from: &Path, name: &str| {
        fs::copy(from, trial.join(name)).with_context(|| format!("failed to copy `{}`", from.display()))
    };
    copy(&target().join("debug/butler-cli"), "butler-cli")?;
    let mut lines = String::new();
    for (which, package) in packages {
        copy(package, &format!("{}.deb", which.daemon().name))?;
        lines += &format!("ExecStart=/bin/sh -c 'bash /trial/{} >> /trial/said 2>&1'\n", which.script());
    }
    let unit = UNIT.replacen("[Service]\n", &format!("[Service]\n{lines}"), 1);
    write(&root.join("etc/ssh/sshd_config.d/trial.conf"), SSHD)?;
    let units = root.join("etc/systemd/system");
    write(&units.join("trial.service"), &unit)?;
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
    eprintln!("+ systemd-nspawn --boot …");
    let status = nspawn.status().context("failed to start systemd-nspawn")?;
    match fs::read_to_string(root.join("trial/said")) {
        Ok(said) => Ok(said),
        Err(error) => bail!("the container said nothing and ended with {status}: {error}"),
    }
}
