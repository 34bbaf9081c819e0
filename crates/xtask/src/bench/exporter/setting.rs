//! The configurations that the exporter runs with.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use butler_testkit::aztec_node::FakeAztecNode;
use butler_testkit::devnet::{Chain, example_files};

use crate::exporter::Exporter;

/// Small networks beside the large one.
const SMALL: u32 = 6;

/// How much of the large network is the operator's.
#[derive(Debug, Clone, Copy)]
pub(super) enum Size {
    /// Providers 1 and 2, every coinbase in place.
    Attesters,
    /// Providers 1, 2 and 3, and coinbases only for the first.
    Series,
}

impl Size {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Attesters => "attesters",
            Self::Series => "series",
        }
    }
}

/// A configuration.
#[derive(Debug)]
pub(super) struct Setting {
    config: PathBuf,
}

impl Setting {
    /// The small devnet alone, with a node.
    pub(super) fn devnet(folder: &Path, chain: &Chain, node: &FakeAztecNode) -> anyhow::Result<Self> {
        Self::write(folder, example(folder, chain)? + &node_section("devnet", node))
    }

    /// The large network, and the small ones with this chain and node.
    pub(super) fn large(
        folder: &Path,
        chain: &Chain,
        size: Size,
        small: Option<(&Chain, &FakeAztecNode)>,
    ) -> anyhow::Result<Self> {
        let mut text = example(folder, chain)?;
        if let Size::Series = size {
            text = text.replace("provider_ids = [1, 2]", "provider_ids = [1, 2, 3]");
            text = text.replace("keys/*.json", "keys/server-1.json");
        }
        if let Some((chain, node)) = small {
            let small = example(&folder.join("small"), chain)?;
            let (_, section) = small.split_once("[networks.devnet]").context("no network in the example")?;
            let section = format!("[networks.devnet]{section}").replace("keys/*.json", "small/keys/*.json");
            let section = section.replace("publishers.json", "small/publishers.json");
            for index in 1..=SMALL {
                let name = format!("small-{index}");
                text += &section.replace("networks.devnet", &format!("networks.{name}"));
                text += &node_section(&name, node);
            }
        }
        Self::write(folder, text)
    }

    /// The large network alone behind that address, at the usual pace.
    pub(super) fn plain(folder: &Path, chain: &Chain, url: &str) -> anyhow::Result<Self> {
        let text = example(folder, chain)?.replace(chain.url(), url);
        Self::write_whole(folder, &(text + "[exporter]\nlisten = \"127.0.0.1:0\"\n"))
    }

    fn write(folder: &Path, text: String) -> anyhow::Result<Self> {
        Self::write_whole(folder, &(text + "[exporter]\nlisten = \"127.0.0.1:0\"\nscrape_interval = \"1s\"\n"))
    }

    fn write_whole(folder: &Path, text: &str) -> anyhow::Result<Self> {
        let config = folder.join("butler.toml");
        #[expect(clippy::disallowed_methods, reason = "a bench's own throwaway file")]
        fs::write(&config, text).context("failed to write the bench's configuration")?;
        Ok(Self { config })
    }

    /// Starts the program without anything from an earlier run, and waits until everything was scraped.
    pub(super) fn start(&self, binary: &Path) -> anyhow::Result<Exporter> {
        let state = self.config.with_file_name("state");
        if state.exists() {
            fs::remove_dir_all(&state).with_context(|| format!("failed to remove `{}`", state.display()))?;
        }
        fs::create_dir_all(&state).with_context(|| format!("failed to create `{}`", state.display()))?;
        Exporter::start(binary, &self.config, &state)
    }
}

fn example(folder: &Path, chain: &Chain) -> anyhow::Result<String> {
    let files = example_files(folder, chain.oracle()?, chain.url())?;
    fs::read_to_string(&files.config).context("failed to read the example's configuration")
}

fn node_section(network: &str, node: &FakeAztecNode) -> String {
    format!("[[networks.{network}.aztec_nodes]]\nname = \"alpha\"\nurl = \"{}\"\n", node.url())
}
