//! Reading everybody who may slash attesters of ours: at each rollup its slasher, and those before and after it.
//!
//! Which rollups and slashers there are is the snapshot's word; each slasher has a reader of its own, with its own memory.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::Address;

use super::reader::SlashingReader;
use super::request::SlashingRequest;
use crate::chain::error::SnapshotError;
use crate::client::l1::L1Client;
use crate::domain::block::BlockRef;
use crate::domain::slashing::{
    NetworkSlashing, RollupSlashing, SlasherFacts, SlasherRole, SlashingFacts, SlashingPlace, places,
};
use crate::domain::snapshot::NetworkSnapshot;

/// Reads the slashing of one network again and again.
#[derive(Debug, Default)]
pub struct NetworkSlashingReader {
    /// By rollup and slasher.
    readers: BTreeMap<(Address, Address), SlashingReader>,
}

impl NetworkSlashingReader {
    /// Reads at `pin` what may slash the attesters of `snapshot`.
    ///
    /// # Errors
    /// See [`SnapshotError`]; nothing partial is ever returned. A slasher whose votes cannot be read is no error: the facts
    /// say so.
    pub async fn read(
        &mut self,
        client: &L1Client,
        pin: &BlockRef,
        snapshot: &NetworkSnapshot,
    ) -> Result<NetworkSlashing, SnapshotError> {
        let places = places(snapshot);
        let wanted: BTreeSet<(Address, Address)> = places
            .iter()
            .flat_map(|place| place.slashers.iter().map(|(_, slasher, _)| (place.rollup.address, *slasher)))
            .collect();
        self.readers.retain(|key, _| wanted.contains(key));
        let mut rollups = Vec::new();
        for place in places {
            rollups.push(self.read_place(client, pin, place).await?);
        }
        Ok(NetworkSlashing { block: *pin, rollups })
    }

    async fn read_place(
        &mut self,
        client: &L1Client,
        pin: &BlockRef,
        place: SlashingPlace,
    ) -> Result<RollupSlashing, SnapshotError> {
        let mut slashers = Vec::new();
        for (role, slasher, at) in &place.slashers {
            let reader = self.readers.entry((place.rollup.address, *slasher)).or_default();
            let facts = match role {
                SlasherRole::Current | SlasherRole::Legacy => {
                    let request = SlashingRequest {
                        rollup: place.rollup.address,
                        slasher: *slasher,
                        clock: place.clock,
                        own: &place.own,
                    };
                    let facts = reader.read(client, pin, &request).await?;
                    SlashingFacts { ends_at: at.filter(|_| *role == SlasherRole::Legacy), ..facts }
                }
                // Its votes count from when it is installed; that they can be read is found out before.
                SlasherRole::Pending => {
                    let (proposer, pause) = reader.proposer(client, pin, (place.rollup.address, *slasher)).await?;
                    SlashingFacts { block: *pin, pause, ends_at: None, proposer }
                }
            };
            slashers.push(SlasherFacts { role: *role, address: *slasher, at: *at, facts });
        }
        let SlashingPlace { rollup, is_canonical, clock, slashers: _, own } = place;
        Ok(RollupSlashing { rollup, is_canonical, clock, slashers, own })
    }
}
