//! What a trial asks of the chain and of the server's node: a file names it, in a folder that the host sees, too, and is gone once it
//! happened. What is asked for in words stands in `/trial/told` then.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use butler_testkit::devnet::{Chain, Move};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::files::{create_folder, write};
use super::server::Server;

/// Blocks on top of one that counts as final.
pub(super) const CONFIRMATIONS: u64 = 2;
const PAUSE: Duration = Duration::from_millis(50);

/// Where it is asked.
pub(super) struct Moves {
    folder: PathBuf,
    told: PathBuf,
}

impl Moves {
    /// In the trial's own folder.
    pub(super) fn new(trial: &Path) -> anyhow::Result<Self> {
        let folder = trial.join("asked");
        create_folder(&folder)?;
        Ok(Self { folder, told: trial.join("told") })
    }

    /// Does what is asked until the container is off, and gives what the trials said.
    pub(super) async fn answer(
        &self,
        chain: &Chain,
        server: Option<&Server>,
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
                    Some("block") => write(&self.told, &chain.block_number().await?.to_string())?,
                    Some("node") => write(&self.told, &server.context("there is no server")?.told()?)?,
                    Some("hang") => server.context("there is no server")?.hang(),
                    Some(other) => bail!("the trial asks for `{other}`, which nobody knows"),
                    None => bail!("the trial asks for something without a name"),
                }
                fs::remove_file(&path).with_context(|| format!("failed to remove `{}`", path.display()))?;
            }
        }
    }
}
