//! The scraper of one network's governance: signals and proposals.

use butler_core::chain::{GovernanceReader, GovernanceRequest};
use butler_core::domain::block::BlockRef;
use butler_core::domain::findings::Source;
use butler_core::domain::findings::governance::of_governance;
use ethers_core::types::Address;
use futures_util::future::BoxFuture;

use super::at_head::ChainQuery;
use super::failure::Failure;
use super::last_snapshot::LastSnapshot;
use crate::readings::governance::governance_readings;
use crate::slots::Scraped;

/// Asks how governance stands.
#[derive(Debug)]
pub struct GovernanceQuery {
    aztec_registry: Address,
    reader: GovernanceReader,
}

impl GovernanceQuery {
    /// About the governance that this registry names.
    #[must_use]
    pub fn new(aztec_registry: Address) -> Self {
        Self { aztec_registry, reader: GovernanceReader::default() }
    }
}

impl ChainQuery for GovernanceQuery {
    const ABOUT: &'static str = "governance";

    fn ask<'a>(&'a mut self, last: &'a LastSnapshot, pin: BlockRef) -> BoxFuture<'a, Result<Scraped, Failure>> {
        Box::pin(async move {
            let rollup = &last.snapshot.rollup;
            let request =
                GovernanceRequest { aztec_registry: self.aztec_registry, rollup: rollup.address, clock: rollup.clock };
            let facts = self.reader.read(&last.client, &pin, &request).await?;
            let found = of_governance(&facts, pin.timestamp, &last.thresholds);
            Ok(Scraped::found(governance_readings(&facts), Source::Governance, found, pin.timestamp))
        })
    }
}
