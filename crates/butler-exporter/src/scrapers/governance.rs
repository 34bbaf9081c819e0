//! The scraper of one network's governance: signals and proposals.

use butler_core::domain::block::BlockRef;
use butler_core::domain::findings::Source;
use butler_core::domain::findings::governance::of_governance;
use butler_core::snapshot::{GovernanceReader, GovernanceRequest};
use ethers_core::types::Address;
use futures_util::future::BoxFuture;

use super::beyond::{AskError, Question};
use super::seen::Seen;
use crate::readings::governance::governance_readings;
use crate::status::Scraped;

/// Asks how governance stands.
#[derive(Debug)]
pub struct GovernanceQuestion {
    aztec_registry: Address,
    reader: GovernanceReader,
}

impl GovernanceQuestion {
    /// About the governance that this registry names.
    #[must_use]
    pub fn new(aztec_registry: Address) -> Self {
        Self { aztec_registry, reader: GovernanceReader::default() }
    }
}

impl Question for GovernanceQuestion {
    const ABOUT: &'static str = "governance";

    fn ask<'a>(&'a mut self, seen: &'a Seen, pin: BlockRef) -> BoxFuture<'a, Result<Scraped, AskError>> {
        Box::pin(async move {
            let rollup = &seen.snapshot.rollup;
            let request =
                GovernanceRequest { aztec_registry: self.aztec_registry, rollup: rollup.address, clock: rollup.clock };
            let facts = self.reader.read(&seen.client, &pin, &request).await?;
            let found = of_governance(&facts, pin.timestamp, &seen.thresholds);
            Ok(Scraped::found(governance_readings(&facts), Source::Governance, found, pin.timestamp))
        })
    }
}
