//! What is to be done because the chain says so: an action with its key, its life and its evidence.
//!
//! An action says what is done to whom, why, until when and how sure it is; its key is the effect and not the log that
//! caused it, so that the same effect is planned once whatever is read again. Where it stands in its life is
//! [`Phase`]'s; who acts, and when, is not decided here. Pure: the watcher's plans make actions, its journal keeps them.

mod edit;
mod key;
mod keystore;
mod kind;
mod life;
mod place;
mod proposal;
mod short;
mod window;

use ethers_core::types::{Address, H256};
use serde::{Deserialize, Serialize};

pub use self::edit::{CoinbaseBefore, KeystoreEdit};
pub use self::key::{EffectKey, InvalidKey, KEY_LIMIT, Part};
pub use self::keystore::{FILES_SHOWN, KeystoreContent, KeystoreFile};
pub use self::kind::{ActionKind, Policy, Priority};
pub use self::life::{LifeError, Phase, Step, UnknownPhase};
pub use self::place::Place;
pub use self::proposal::{Proposal, ProposedCall, Wish};
pub use self::short::{ActionName, ShortKey, short_keys};
pub use self::window::{DailyHours, InvalidWindow, Window};
use crate::domain::attester::delegation::LogId;
use crate::domain::ids::{Coinbase, ProviderId};
use crate::domain::job::{Item, JobId};

/// The version of an action as it is kept. It grows with every change that an older program would misread.
pub const ACTION_SCHEMA: u32 = 1;
/// The longest [`Action::why`], in bytes.
pub const WHY_LIMIT: usize = 640;

/// Whom an action is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ActionSubject {
    /// An attester.
    Attester(Address),
    /// One of our providers.
    Provider(ProviderId),
    /// A rollup.
    Rollup(Address),
    /// Whatever a finding is about, as `domain/findings` prints it.
    Named(String),
    /// The network as a whole.
    Network,
    /// A job of a pipeline, for one of its items.
    Job {
        /// The job.
        job: JobId,
        /// The item.
        item: Item,
    },
}

/// What holds when the action is done.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Goal {
    /// The operator was told.
    Told,
    /// The attester's node has this coinbase.
    CoinbaseConfigured {
        /// Whose delegation it is.
        provider_id: ProviderId,
        /// The rollup that the stake was made for.
        rollup: Address,
        /// The split of the delegation.
        coinbase: Coinbase,
    },
    /// The nodes of a server took its keystore as a person saw it.
    KeystoreLoaded {
        /// The server, as the configuration names it.
        server: String,
        /// Its nodes, as the configuration names them.
        nodes: Vec<String>,
        /// What they are to load.
        content: KeystoreContent,
    },
    /// A Safe executed these calls.
    Executed(Box<Proposal>),
    /// The job is done for its item.
    JobDone {
        /// SHA-256 of what the job does, as it is configured.
        definition: H256,
        /// How often it is tried and looked at.
        budget: Budget,
    },
}

/// How often one action is tried and looked at, instead of what holds for all. Pauses are always the same, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Tries before it is parked.
    pub tries: u32,
    /// Time between two tries.
    pub retry_pause: u64,
    /// Looks after a try before it is parked.
    pub looks: u32,
    /// Time between two looks.
    pub look_pause: u64,
}

/// Owners take as long as they take: a proposal is looked at until something became of it, and whoever looks says how often.
const PROPOSED: Budget = Budget { tries: 20, retry_pause: 5_000, looks: u32::MAX, look_pause: 5_000 };

/// What an action rests on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Evidence {
    /// A log of a final block.
    Log(LogId),
    /// A finding, by its code, and the block at which it was found.
    Finding {
        /// The code.
        code: String,
        /// Height of the block.
        block_number: u64,
        /// Hash of the block.
        block_hash: H256,
    },
    /// What a contract answered at a block, and no log told.
    State {
        /// Height of the block.
        block_number: u64,
        /// Hash of the block.
        block_hash: H256,
    },
    /// What an attester proposed to L1, signed by its key.
    Proposal {
        /// The slot.
        slot: u64,
        /// The transaction.
        transaction: H256,
        /// Height of the block that has it.
        block_number: u64,
    },
}

/// How many endpoints say it. Nothing is done without a person on the word of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[derive(strum::IntoStaticStr, strum::VariantArray, strum::EnumCount)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Assurance {
    /// One, and nobody contradicts it.
    OneEndpoint,
    /// Two agree on the final range.
    TwoEndpoints,
}

/// Something to be done, as it was planned. What the journal adds (phase, tries, leases) is not in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// The version of this record.
    pub schema: Schema,
    /// What is done to whom; the action's identity.
    pub key: EffectKey,
    /// What it is.
    pub kind: ActionKind,
    /// Where it is.
    pub place: Place,
    /// Whom it is about.
    pub subject: ActionSubject,
    /// What holds when it is done.
    pub goal: Goal,
    /// How soon it is taken among the due ones.
    pub priority: Priority,
    /// When it is too late; unix seconds. `None`: there is no such moment.
    pub until: Option<u64>,
    /// Why, in one sentence of our own words; at most [`WHY_LIMIT`] bytes.
    pub why: String,
    /// What it rests on, in the chain's order.
    pub evidence: Vec<Evidence>,
    /// How many endpoints say it.
    pub assurance: Assurance,
    /// What it changes in keystores, by server and file; empty where it only tells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<KeystoreEdit>,
}

impl Action {
    /// How often it is tried and looked at, where that is said of this one.
    #[must_use]
    pub fn budget(&self) -> Option<Budget> {
        match &self.goal {
            Goal::JobDone { budget, .. } => Some(*budget),
            Goal::Executed(_) => Some(PROPOSED),
            Goal::Told | Goal::CoinbaseConfigured { .. } | Goal::KeystoreLoaded { .. } => None,
        }
    }

    /// What the owners of a Safe are asked for, where that is what is done.
    #[must_use]
    pub fn proposal(&self) -> Option<&Proposal> {
        match &self.goal {
            Goal::Executed(proposal) => Some(proposal),
            Goal::Told | Goal::CoinbaseConfigured { .. } | Goal::KeystoreLoaded { .. } | Goal::JobDone { .. } => None,
        }
    }

    /// Whether it is done at keystores: it changes some, or has nodes load one.
    #[must_use]
    pub fn is_at_keystores(&self) -> bool {
        !self.edits.is_empty() || self.kind == ActionKind::ReloadKeystore
    }

    /// The job that it is, and for which item.
    #[must_use]
    pub fn job(&self) -> Option<(&JobId, Item)> {
        match &self.subject {
            ActionSubject::Job { job, item } => Some((job, *item)),
            ActionSubject::Attester(_)
            | ActionSubject::Provider(_)
            | ActionSubject::Rollup(_)
            | ActionSubject::Named(_)
            | ActionSubject::Network => None,
        }
    }

    /// What its kind's queue is called: every job of a pipeline has one of its own.
    #[must_use]
    pub fn lane(&self) -> String {
        self.job().map_or_else(|| self.kind.name().to_owned(), |(job, _)| lane_of(job))
    }

    /// What may be done without a person, given the operator's policy for this kind: `auto` needs the word of two endpoints, and
    /// replaces nothing that somebody set.
    #[must_use]
    pub fn policy(&self, wanted: Policy) -> Policy {
        let is_sure =
            self.assurance == Assurance::TwoEndpoints && !self.edits.iter().any(|edit| edit.before.is_somebodys());
        match wanted {
            Policy::Auto if self.kind.writes() && !is_sure => Policy::Approve,
            Policy::Off | Policy::Notify | Policy::Approve | Policy::Auto => wanted,
        }
    }
}

/// What the queue of a job is called.
#[must_use]
pub fn lane_of(job: &JobId) -> String {
    format!("{LANE_PREFIX}{job}")
}

/// What the queues of jobs begin with; no kind's name does.
pub const LANE_PREFIX: &str = "job:";

/// The version of a kept action: this program reads its own and no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Schema;

/// An action of another program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the action has schema {0}, this program knows {ACTION_SCHEMA}")]
pub struct UnknownSchema(pub u32);

impl TryFrom<u32> for Schema {
    type Error = UnknownSchema;

    fn try_from(version: u32) -> Result<Self, UnknownSchema> {
        if version == ACTION_SCHEMA { Ok(Self) } else { Err(UnknownSchema(version)) }
    }
}

impl From<Schema> for u32 {
    fn from(_: Schema) -> Self {
        ACTION_SCHEMA
    }
}

#[cfg(test)]
mod tests;
