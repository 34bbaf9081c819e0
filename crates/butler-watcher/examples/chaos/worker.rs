//! The child: makes its calls, and tells of each before it begins and after it was acknowledged.
//!
//! It tells over a socket, so that no file call is its own.

use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use butler_watcher::journal::{Durability, Journal as _, JournalError, Keeper};
use sha2::{Digest as _, Sha256};

use crate::script::{Hand, Memory, Scenario, settings, take};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The folder that the journal and its anchor are in.
    folder: PathBuf,
    /// Where to tell.
    #[arg(long)]
    socket: PathBuf,
    /// What to do.
    #[arg(long)]
    scenario: Scenario,
    /// End as if killed.
    #[arg(long)]
    abort: bool,
    /// Go on for ever, with random pauses.
    #[arg(long)]
    endless: bool,
    /// Make nothing durable.
    #[arg(long)]
    careless: bool,
}

/// What the parent looks for in a trace: the child's own calls begin here.
pub(crate) const MARKER: &str = "/butler-chaos-begins-here";

/// The state of a journal, whatever it is called and however much of its history is kept.
pub(crate) fn digest(keeper: &Keeper) -> anyhow::Result<String> {
    let mut text = Vec::new();
    keeper.export(&mut text)?;
    let (text, status) = (String::from_utf8(text)?, keeper.status()?);
    let mut digest = Sha256::new_with_prefix(format!("{} {} {:?}", status.sequence, status.lines, status.seal));
    // The first line has the name, the last one a sum of all.
    let between = text.lines().filter(|line| !line.starts_with("{\"journal\"") && !line.starts_with("{\"end\""));
    between.for_each(|line| digest.update(line));
    Ok(format!("{:x}", digest.finalize()))
}

/// The journal in a child's folder.
pub(crate) const JOURNAL: &str = "journal";

pub(crate) fn open(folder: &Path, careless: bool, hand: &Hand) -> Result<Keeper, JournalError> {
    let durability = if careless { Durability::Off } else { Durability::Full };
    Keeper::open(&folder.join(JOURNAL), settings(durability, hand))
}

pub(crate) fn work(options: &Options) -> anyhow::Result<()> {
    let mut socket = UnixStream::connect(&options.socket).context("failed to connect")?;
    let _ = std::fs::File::open(MARKER);
    let mut tell = |what: String| socket.write_all(format!("{what}\n").as_bytes());
    tell("begin".to_owned())?;
    let keeper = match open(&options.folder, options.careless, &Hand::default()) {
        Ok(keeper) => keeper,
        Err(error) => {
            tell(format!("fail {error}"))?;
            return Ok(());
        }
    };
    tell(format!("ack {}", digest(&keeper)?))?;
    let mut memory = Memory::default();
    loop {
        for step in options.scenario.steps() {
            tell("begin".to_owned())?;
            match take(&keeper, step, &mut memory) {
                Ok(None) => tell(format!("ack {}", digest(&keeper)?))?,
                Ok(Some(key)) => tell(format!("effect {key}"))?,
                Err(error) => {
                    tell(format!("fail {error}"))?;
                    drop(keeper);
                    return Ok(());
                }
            }
        }
        if !options.endless {
            break;
        }
    }
    if options.abort {
        std::process::abort();
    }
    drop(keeper);
    tell("end".to_owned())?;
    Ok(())
}
