//! A configuration of the service for each bomb of the kit, and the servers that throw them.
//!
//! The servers are on the host, whose network the container shares. Endpoints of the chain throw some, and a node beside an
//! honest endpoint others. Whether each was really thrown is known here, and told when the container is off.

use std::path::Path;

use anyhow::ensure as require;
use butler_testkit::aztec_node::FakeAztecNode;
use butler_testkit::bombs::{Bomb, BombServer, Size};
use butler_testkit::devnet::{Chain, DevnetSpec, ensure};

use super::files::{create_folder, write};
use crate::exporter::following_node;

/// Everything that throws.
pub(super) struct Bombs {
    servers: Vec<(String, BombServer)>,
    _chain: Chain,
    _node: FakeAztecNode,
}

impl Bombs {
    /// Starts the servers and writes the configurations into `folder`. `honest` is the service's own one, whose endpoint has
    /// the URL `l1`.
    pub(super) async fn prepare(folder: &Path, honest: &str, l1: &str) -> anyhow::Result<Self> {
        create_folder(folder)?;
        // Its slashing round is decided, for bombs that only a decided one asks for.
        let chain = Chain::start(&ensure(&DevnetSpec::scenario())?).await?;
        chain.decide_a_slash().await?;
        let node = following_node(chain.oracle()?).await?;
        let (mut servers, mut list) = (Vec::new(), String::new());
        for bomb in Bomb::OF_L1 {
            let server = BombServer::start(bomb, Size::Whole, chain.url()).await?;
            let name = format!("l1-{bomb:?}");
            write(&folder.join(format!("{name}.toml")), &honest.replace(l1, &server.url()))?;
            let scraper = if bomb.is_of_a_decided_slash() { "slashing" } else { "l1" };
            list += &format!("{name} {scraper}\n");
            servers.push((name, server));
        }
        for bomb in Bomb::OF_NODES {
            let server = BombServer::start(bomb, Size::Whole, &node.url()).await?;
            let name = format!("node-{bomb:?}");
            let url = server.url();
            let section =
                format!("[[networks.devnet.aztec_nodes]]\nname = \"alpha\"\nurl = \"{url}\"\ntimeout = \"5s\"\n");
            write(&folder.join(format!("{name}.toml")), &format!("{}\n{section}", honest.replace(l1, chain.url())))?;
            list += &format!("{name} nodes\n");
            servers.push((name, server));
        }
        write(&folder.join("list"), &list)?;
        Ok(Self { servers, _chain: chain, _node: node })
    }

    /// Fails when one was never thrown: a bomb that nobody met proves nothing.
    pub(super) fn were_thrown(&self) -> anyhow::Result<()> {
        let missed = self.servers.iter().filter(|(_, server)| server.served() == 0).map(|(name, _)| name.as_str());
        let missed: Vec<&str> = missed.collect();
        require!(missed.is_empty(), "never thrown: {}", missed.join(", "));
        Ok(())
    }
}
