//! What is ours, and what the chain's contracts are: what every plan is made from beside the events.

use std::collections::{BTreeMap, BTreeSet};

use butler_core::domain::action::Place;
use butler_core::domain::attester::coinbase::CoinbasePolicies;
use butler_core::domain::ids::ProviderId;
use butler_core::domain::rollup::RollupClock;
use ethers_core::types::Address;

/// What is ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The L1's chain id.
    pub chain_id: u64,
    /// The StakingRegistry.
    pub staking_registry: Address,
    /// Our providers.
    pub providers: BTreeSet<ProviderId>,
    /// The admins that the configuration says are ours; empty when it names none.
    pub admins: BTreeSet<Address>,
    /// Which coinbase is right.
    pub policies: CoinbasePolicies,
    /// Attesters beside those of our queues: the ones in key files and in the configuration.
    pub attesters: BTreeSet<Address>,
    /// The clocks of rollups, as far as they are known.
    pub clocks: BTreeMap<Address, RollupClock>,
}

/// Whether somebody is one of us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// The configuration names this admin.
    Ours,
    /// It names others.
    Theirs,
    /// It names none.
    Unknown,
}

impl Setting {
    /// A contract of this chain.
    #[must_use]
    pub fn at(&self, contract: Address) -> Place {
        Place { chain_id: self.chain_id, contract }
    }

    /// Whether an admin is one of us.
    #[must_use]
    pub fn whose(&self, admin: Address) -> Whose {
        if self.admins.is_empty() {
            Whose::Unknown
        } else if self.admins.contains(&admin) {
            Whose::Ours
        } else {
            Whose::Theirs
        }
    }

    /// When the epoch after the one that holds `time` begins on a rollup: no flush of a new allowance comes sooner.
    #[must_use]
    pub fn next_epoch(&self, rollup: Address, time: u64) -> Option<u64> {
        let clock = self.clocks.get(&rollup)?;
        clock.epoch_start(clock.epoch_at(time)?.checked_add(1)?)
    }
}
