//! The stages of pinned reads, each a list of calls and what its answers mean.
//!
//! `providers` finds the rollup and the providers, `attesters` reads views, rewards and the keys in providers' queues,
//! `rollup` the rollup's figures and then its entry queue and active set, `capabilities` what only some versions do, `delays`
//! how long governance keeps what leaves, `pairs` what two contracts must say alike, `splits` what coinbases keep of themselves, `escrow` what is known of queued keys.
//! `plan` lists the calls, `take` checks the answers.

mod attesters;
mod capabilities;
mod delays;
mod escrow;
mod limits;
mod pairs;
mod providers;
mod rollup;
mod splits;

pub(super) use self::attesters::{AttesterReads, REWARDS_GAS, VIEW_GAS};
pub(super) use self::capabilities::{CapabilityReads, EraRead, Getter};
pub(super) use self::delays::{DelayRead, Opened, UnlockReads};
pub(super) use self::escrow::{EscrowFacts, EscrowReads};
pub(super) use self::limits::{ENTRY_GAS, LENGTH_LIMIT};
pub(super) use self::pairs::{Claims, PairReads};
pub(super) use self::providers::{OtherProviders, ProviderHead, Registries, RegistryFacts};
pub(super) use self::rollup::{RollupFigures, RollupLists};
pub(super) use self::splits::{SplitHashes, intact};
