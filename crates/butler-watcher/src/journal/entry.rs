//! What the journal keeps: cursors, live actions with where they stand, and what is left of those that ended.

use std::collections::BTreeMap;

use butler_core::domain::action::{Action, ActionKind, EffectKey, Phase, Policy};
use butler_core::domain::block::BlockRef;
use ethers_core::types::H256;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How far a chain was read: every block up to this one, and nothing beyond it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    /// Height of the last block that was read.
    pub block: u64,
    /// Its hash, which must be the chain's at the next start.
    pub hash: H256,
    /// Its time, in unix seconds.
    pub time: u64,
}

impl From<&BlockRef> for Cursor {
    fn from(block: &BlockRef) -> Self {
        Self { block: block.number, hash: block.hash, time: block.timestamp }
    }
}

/// Where a live action stands. Times are the store's, in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// Its phase.
    pub phase: Phase,
    /// Grows with every change of the action or of where it stands.
    pub version: u64,
    /// What the operator's policy was when it was planned or revived.
    pub policy: Policy,
    /// When it may be claimed, or claimed again.
    pub due: u64,
    /// How often it was claimed; the lease with this number is the only one that counts.
    pub generation: u64,
    /// When the lease runs out; absent when nobody holds one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leased_until: Option<u64>,
    /// How often it was tried.
    pub tries: u32,
    /// How often it was looked whether the goal holds, since the last try.
    pub looks: u32,
    /// What is about to be sent, or was: body, nonce, hash, argv. Durable before the first byte leaves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<Value>,
    /// Why it waits, failed or was parked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who approved it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approved_by: Vec<String>,
    /// When nobody can approve it any more, or when its approval is of no use any more; absent where nobody is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
    /// SHA-256 of what it made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<H256>,
}

/// Whose work an action is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// That of whoever tells: somebody outside does what is to be done.
    Tell,
    /// That of whoever carries out what an action says it changes: [`Entry::is_carried_out`].
    CarryOut,
    /// That of whoever proposes to the owners of a Safe, and looks what became of it.
    Propose,
    /// That of whoever does the jobs of pipelines; it is asked for by [`Journal::claim_jobs`](super::Journal::claim_jobs).
    Job,
}

/// A live action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// What is to be done.
    pub action: Action,
    /// Where it stands.
    pub standing: Standing,
}

impl Entry {
    /// Whether the watcher itself does what is to be done, by what the action says that it changes.
    #[must_use]
    pub fn is_carried_out(&self) -> bool {
        self.standing.policy.acts() && self.action.is_at_keystores()
    }

    /// Whose work it is. A job that is only to be told of is told.
    #[must_use]
    pub fn work(&self) -> Work {
        if self.standing.policy.acts() && self.action.job().is_some() {
            Work::Job
        } else if self.standing.policy.acts() && self.action.proposal().is_some() {
            Work::Propose
        } else if self.is_carried_out() {
            Work::CarryOut
        } else {
            Work::Tell
        }
    }
}

/// What is left of an action that ended, so that it is not done again. The history has the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finished {
    /// The action.
    pub key: EffectKey,
    /// What it was.
    pub kind: ActionKind,
    /// `done` or `dropped`.
    pub phase: Phase,
    /// The version that it had at the end.
    pub version: u64,
    /// How often it was claimed.
    pub generation: u64,
    /// When it ended: the store's milliseconds.
    pub at: u64,
    /// Whether the same effect may be planned again: the chain took it back before anybody acted.
    #[serde(default, skip_serializing_if = "is_false")]
    pub again: bool,
    /// Why it ended, where there is more to say than its phase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// SHA-256 of what it made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<H256>,
}

impl Finished {
    /// Whether nobody was asked, as the operator's policy was: it was told, or not even that.
    pub fn is_unasked(&self) -> bool {
        self.reason.as_ref().is_none_or(|reason| *reason == unwanted(Policy::Off))
    }
}

/// Why an action ended that a policy does not want.
pub(crate) fn unwanted(policy: Policy) -> String {
    format!("the operator's policy is `{}`", policy.name())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands in a reference")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

/// The right to act on one action, until it runs out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The action.
    pub key: EffectKey,
    /// Which claim it came from; an older one is refused.
    pub generation: u64,
    /// When it runs out: the store's milliseconds.
    pub until: u64,
}

/// An action that was claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leased {
    /// The action: `running` is to be done, `verifying` is to be looked at.
    pub entry: Entry,
    /// The lease to renew and settle it with.
    pub lease: Lease,
}

/// What is known of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// It is live.
    Live(Box<Entry>),
    /// It ended.
    Finished(Finished),
}

impl Known {
    /// The key of the action.
    #[must_use]
    pub fn key(&self) -> &EffectKey {
        match self {
            Self::Live(entry) => &entry.action.key,
            Self::Finished(finished) => &finished.key,
        }
    }
}

/// How many actions there are, by kind and phase. Finished ones count as long as they are remembered.
pub type Counts = BTreeMap<ActionKind, BTreeMap<Phase, u64>>;

/// How many live jobs there are, by their queues and phases.
pub type LaneCounts = BTreeMap<String, BTreeMap<Phase, u64>>;

/// One job's queue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LaneStatus {
    /// Its live actions by phase.
    pub counts: BTreeMap<Phase, u64>,
    /// Since when the one that waits longest to be done is due, in the store's milliseconds.
    pub due_since: Option<u64>,
    /// The same of the one that waits longest to be looked at.
    pub look_since: Option<u64>,
}

/// The journal in figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// A random name, made when the journal was.
    pub id: String,
    /// The same with the folder that it is in: another one where a copy was taken over.
    pub place: String,
    /// How many commits were made.
    pub sequence: u64,
    /// How many lines the history has had.
    pub lines: u64,
    /// The hash that seals all of them.
    pub seal: H256,
    /// The store's clock, in milliseconds.
    pub now: u64,
    /// Every cursor by its name.
    pub cursors: BTreeMap<String, Cursor>,
    /// The actions.
    pub counts: Counts,
    /// Bytes on disk: the store.
    pub store_bytes: u64,
    /// Bytes on disk: the history.
    pub history_bytes: u64,
}
