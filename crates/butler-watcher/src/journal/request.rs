//! What the journal is asked for.

use std::collections::BTreeMap;
use std::time::Duration;

use butler_core::domain::action::{Action, EffectKey, Phase, Policy};
use ethers_core::types::H256;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::entry::{Cursor, Entry, Lease, Work};

/// The largest action, intent or note, in bytes of JSON.
pub const BODY_LIMIT: usize = 64 * 1024;
/// The longest name of a cursor, and of an actor, in bytes.
pub const NAME_LIMIT: usize = 128;
/// The longest reason in bytes; what is beyond is cut off.
pub const REASON_LIMIT: usize = 1024;
/// The most plans, retractions and notes of one batch.
pub const BATCH_LIMIT: usize = 100_000;

/// Everything that one range of blocks, or one look, asks for. It is taken as a whole or not at all.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    /// The cursor that moves with it.
    pub cursor: Option<CursorMove>,
    /// What is to be done.
    pub plans: Vec<Plan>,
    /// How long a person may take to approve one of them.
    pub approval: Option<Duration>,
    /// What is not wanted any more. Taken after the plans.
    pub retractions: Vec<Retraction>,
    /// What somebody did by hand while it waited for a person.
    pub fulfilled: Vec<Fulfilment>,
    /// What is kept beside, for whoever planned it.
    pub keeps: Vec<Keep>,
    /// What the history shall say beside.
    pub notes: Vec<Note>,
}

/// Something small that is kept under a name, durable together with what comes with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keep {
    /// Its name: visible ASCII.
    pub name: String,
    /// What it is; `None` for what is kept no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
}

/// A cursor's step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CursorMove {
    /// Its name: visible ASCII.
    pub name: String,
    /// Where it must be; `None` when there must be none yet.
    pub expected: Option<Cursor>,
    /// Where it goes: never back.
    pub to: Cursor,
}

/// An action that the chain asks for. Planning it again changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What is to be done.
    pub action: Action,
    /// What the operator wants of it.
    pub policy: Policy,
}

/// An action that nobody asks for any more. One that is being done is not taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retraction {
    /// The action.
    pub key: EffectKey,
    /// Why.
    pub reason: String,
}

/// An action whose goal holds by now. One that is being done is not touched: whoever does it looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fulfilment {
    /// The action.
    pub key: EffectKey,
    /// What shows it.
    pub proof: String,
}

/// Something that the history shall say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// Who says it, such as `follower`.
    pub from: String,
    /// What it says.
    pub what: Value,
}

impl Note {
    /// Who says of an action that was done that it is not asked for any more.
    const TAKEN_BACK: &str = "taken_back";

    /// An action that was told, and is not asked for any more.
    pub(crate) fn taken_back(key: &EffectKey, reason: &str) -> Self {
        Self { from: Self::TAKEN_BACK.to_owned(), what: json!({ "key": key, "reason": reason }) }
    }

    /// The action and the reason of such a note; `None` for any other one.
    #[must_use]
    pub fn of_taken_back(&self) -> Option<(EffectKey, String)> {
        let what = (self.from == Self::TAKEN_BACK).then_some(&self.what)?;
        Some((what.get("key")?.as_str()?.parse().ok()?, what.get("reason")?.as_str()?.to_owned()))
    }
}

/// What a commit did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Committed {
    /// The journal's sequence after it.
    pub sequence: u64,
    /// Actions that are new, or wanted again.
    pub planned: Vec<EffectKey>,
    /// Actions whose content was replaced; an approval of the old content is void.
    pub replaced: Vec<EffectKey>,
    /// Actions that were dropped.
    pub dropped: Vec<EffectKey>,
    /// Actions that could not be taken back, since they are being done.
    pub kept: Vec<EffectKey>,
    /// Actions that are done, and were not done here.
    pub fulfilled: Vec<EffectKey>,
}

/// A request for work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// The most actions to hand out.
    pub limit: usize,
    /// How long the leases last.
    pub lease: Duration,
    /// The time of the newest final block, by which deadlines are judged, in unix seconds.
    pub chain_time: u64,
    /// Whether what changes something stays where it is, and only what is told is handed out.
    pub holds: bool,
    /// Which actions are asked for.
    pub work: Work,
}

/// A request for jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobClaim {
    /// The most to hand out.
    pub limit: usize,
    /// How long the leases last.
    pub lease: Duration,
    /// The queues that are asked for, and how many actions of each may be under way at the same time: being done, or begun and not known
    /// to be done. Looks take no place.
    pub lanes: BTreeMap<String, u64>,
    /// Whether nothing is begun; what was begun is looked at all the same.
    pub holds: bool,
}

/// A longer lease, with what is about to be done.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Renewal {
    /// How long it lasts from now.
    pub lease: Duration,
    /// What will be sent, durable before it is. `None` leaves what was said before.
    pub intent: Option<Value>,
    /// What is counted on with it: the number that is about to be used.
    pub number: Option<NextNumber>,
}

/// The next number of a counter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextNumber {
    /// Its name: visible ASCII.
    pub name: String,
    /// The number after the one that was used last, from 1; for what no lease is about, any.
    pub to: u64,
}

/// How a try, or a look, ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The effect was acknowledged; whether its goal holds is looked up after this pause.
    Acted {
        /// The pause before the first look.
        look_after: Duration,
    },
    /// The goal holds.
    Proven {
        /// What shows it, for the history.
        proof: Option<String>,
    },
    /// The goal holds, and something was made.
    Made {
        /// What shows it, for the history.
        proof: String,
        /// Its SHA-256.
        digest: H256,
    },
    /// It goes on elsewhere; it is looked at again after the pause of its own budget, or the journal's.
    Pending {
        /// What is known of it.
        reason: String,
    },
    /// Its time has not come: nothing was tried, and this try does not count.
    Postponed {
        /// Not before this pause.
        after: Duration,
        /// Why.
        reason: String,
    },
    /// It is known not to have happened.
    Retry {
        /// Not before this pause; the journal's own backoff may be longer.
        after: Option<Duration>,
        /// Why.
        reason: String,
    },
    /// It is not known whether it happened: it is looked up, and not repeated.
    Unknown {
        /// Why.
        reason: String,
    },
    /// It cannot be done, and trying again is of no use.
    Refused {
        /// Why.
        reason: String,
    },
}

/// An outcome with the lease that gives the right to say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// The lease.
    pub lease: Lease,
    /// How it ended.
    pub outcome: Outcome,
}

/// What became of a settlement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// It goes on: again, to be looked at, or parked.
    Live(Box<Entry>),
    /// It is done.
    Done(EffectKey),
    /// The lease was lost: nothing was changed.
    LostLease(EffectKey),
}

/// What a person decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Do it, once so many persons said so, and as long as that counts.
    Approve {
        /// Persons who must approve it, each once.
        persons: usize,
        /// How long the last approval counts.
        lasts: Duration,
    },
    /// Do not do it, now or later.
    Deny,
    /// Try a parked one again.
    Revive {
        /// Under this policy.
        policy: Policy,
        /// How long a person may take to approve it.
        approval: Duration,
    },
}

/// A decision, bound to what was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The action.
    pub key: EffectKey,
    /// The version that was shown.
    pub version: u64,
    /// What is decided.
    pub decision: Decision,
    /// Who decides.
    pub actor: String,
    /// Why, where something was said.
    pub reason: Option<String>,
}

/// Which actions to read, in the store's order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Live ones in this phase only, or finished ones for `done` and `dropped`; `None` means all live ones.
    pub phase: Option<Phase>,
    /// Those after this key.
    pub after: Option<EffectKey>,
    /// The most to hand out.
    pub limit: usize,
}

/// A page of live or finished actions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Live actions.
    pub live: Vec<Entry>,
    /// Finished ones.
    pub finished: Vec<super::entry::Finished>,
    /// Where the next page begins; absent on the last.
    pub next: Option<EffectKey>,
}
