//! What a trial asks of the chain: a file names it, in a folder that the host sees, too, and is gone once it happened.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use butler_testkit::devnet::{Chain, Move};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::files::create_folder;

/// Blocks on top of one that counts as final.
pub(super) const CONFIRMATIONS: u64 = 2;
const PAUSE: Duration = Duration::from_millis(50);

/// Where it is asked.
pub(super) struct Moves {
    folder: PathBuf,
}

impl Moves {
    pub(super) fn new(folder: PathBuf) -> anyhow::Result<Self> {
        create_folder(&folder)?;
        Ok(Self { folder })
    }

    /// Does what is asked until the container is off, and gives what the trials said.
    pub(super) async fn answer(
        &self,
        chain: &Chain,
        mut booted: JoinHandle<anyhow::Result<String>>,
    ) -> anyhow::Result<String> {
        let mut spare = chain.oracle()?.spare_keys.clone();
        loop {
            tokio::select! {
                said = &mut booted => return said.context("the container was not looked after")?,
                () = sleep(PAUSE) => {}
            }
            let asked = fs::read_dir(&self.folder).context("failed to look for what is asked")?;
            for file in asked {
                let path = file.context("failed to look for what is asked")?.path();
                match path.file_name().and_then(|name| name.to_str()) {
                    Some("stake") => {
                        let keys = vec![spare.pop().context("no key is left to stake with")?];
                        chain.play(Move::AddKeys { provider: 1, keys }).await?;
                        chain.play(Move::Stake { provider: 1 }).await?;
                        for _ in 0..CONFIRMATIONS {
                            chain.mine().await?;
                        }
                    }
                    Some(other) => bail!("the trial asks for `{other}`, which nobody knows"),
                    None => bail!("the trial asks for something without a name"),
                }
                fs::remove_file(&path).with_context(|| format!("failed to remove `{}`", path.display()))?;
            }
        }
    }
}
