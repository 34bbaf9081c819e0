//! A local L1 with Aztec's real contracts: built once per change of `examples/devnet`, loaded by each test into an anvil
//! of its own.
//!
//! [`ensure`] gives the built state, [`Chain::start`] runs it, [`Oracle`] knows the right answers, [`Move`] changes the chain, and [`example_files`] writes the configuration and key files of an operator who runs validators on it.

mod bad_queue;
mod ballots;
mod build;
mod chain;
mod checkpoints;
mod example;
mod keys;
mod moves;
mod oracle;
mod proposals;
mod registrations;
mod rivals;
mod slashers;
mod stories;
mod strangers;
mod transact;
mod upgrade;

pub(crate) use crate::npm::write_file;
pub use bad_queue::BadQueueKey;
pub use build::{DevnetSpec, DevnetState, ensure};
pub(crate) use chain::quantity;
pub use chain::{Chain, History};
pub use example::{ExampleFiles, example_files};
pub use keys::attester_secret;
pub use moves::{Move, Played};
pub use oracle::{
    Attester, Block, Contracts, EntryQueueItem, Event, Exit, KeyStore, Oracle, Provider, Publisher, Rollup, RollupSide,
    Status, Upgrade,
};

pub use proposals::{CheckpointWish, ProposedCheckpoint, Way};
pub use registrations::registrations;
pub use rivals::{Rival, ToldOfRival, WITH_RIVAL};
pub use slashers::SlasherPair;
pub use stories::{TWICE_STAKED, Told, TwiceStaked, with_wrong_proof};
pub use strangers::{ToldOfStranger, WITH_STRANGER, WithStranger};
