//! A proposal in the making, and the action that it becomes.

use butler_core::domain::action::{
    Action, ActionSubject, Assurance, EffectKey, Evidence, Goal, Part, Place, Priority, Proposal, Schema,
};
use butler_core::domain::block::BlockRef;
use butler_core::text::address::checksummed;

use crate::plan::conditions::shortened_to;

/// What is said of it leaves room for the command that approves it.
const WORDS: usize = 400;

/// What is to be proposed, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The calls, and what they do.
    pub proposal: Proposal,
    /// Why, in words.
    pub why: String,
    /// The block whose state says so.
    pub block: BlockRef,
}

/// The action of a draft. On a new occasion its key names the block at which it was wanted first; `key` is that of one that is shown anew.
#[must_use]
pub fn action_of(draft: Draft, place: Place, assurance: Assurance, key: Option<EffectKey>) -> Action {
    let Draft { proposal, why, block } = draft;
    let kind = proposal.wish.kind();
    let (subject, about) = match proposal.wish.provider() {
        Some(id) => (ActionSubject::Provider(id), Part::Number(id.get())),
        None => (ActionSubject::Network, Part::Address(proposal.from)),
    };
    let effects = proposal.effects.join("; ");
    let why =
        format!("{why}: the owners of the Safe {} are asked to sign so that {effects}", checksummed(&proposal.from));
    Action {
        schema: Schema,
        key: key.unwrap_or_else(|| EffectKey::new(kind, &place, &[about, Part::Number(block.number)])),
        kind,
        place,
        subject,
        goal: Goal::Executed(Box::new(proposal)),
        priority: Priority::High,
        until: None,
        why: shortened_to(why, WORDS),
        evidence: vec![Evidence::State { block_number: block.number, block_hash: block.hash }],
        assurance,
        edits: Vec::new(),
    }
}
