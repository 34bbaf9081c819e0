//! The reports of `proposals` and `duties`.

use butler_core::domain::duties::{Duty, DutyKind, Fate, KnownCheckpoint, Used, used};
use ethers_core::types::H256;
use serde::{Serialize, Serializer};

use super::reading::Found;
use crate::view::format;
use crate::view::json::{JsonAddress, Scope};

/// The report of `proposals`.
#[derive(Debug, Serialize)]
pub(super) struct ProposalsReport {
    pub(super) scope: Scope,
    pub(super) span: Span,
    pub(super) proposals: Vec<Proposal>,
}

/// What was read.
#[derive(Debug, Serialize)]
pub(in crate::commands) struct Span {
    pub(in crate::commands) from_block: u64,
    pub(in crate::commands) to_block: u64,
    pub(in crate::commands) from_time: u64,
    pub(in crate::commands) to_time: u64,
    /// Epochs that it touches.
    pub(in crate::commands) epochs: u64,
    /// Those in whose committees one of these attesters was.
    pub(in crate::commands) own_epochs: u64,
    /// Whether the numbers of all checkpoints follow one another.
    pub(in crate::commands) is_complete: bool,
    /// Where a log is missing, in words.
    pub(in crate::commands) gap: Option<String>,
    /// Checkpoints that were proposed in it.
    pub(in crate::commands) checkpoints: usize,
}

/// One proposal.
#[derive(Debug, Serialize)]
pub(super) struct Proposal {
    pub(super) number: u64,
    pub(super) slot: Option<u64>,
    pub(super) epoch: Option<u64>,
    pub(super) slot_began: Option<u64>,
    pub(super) proposer: Option<JsonAddress>,
    pub(super) coinbase: Option<JsonAddress>,
    /// What the coinbase was to the proposer.
    #[serde(serialize_with = "used_name")]
    pub(super) used: Option<Used>,
    pub(super) expected: Option<JsonAddress>,
    pub(super) attested: Option<usize>,
    pub(super) committee: Option<usize>,
    #[serde(serialize_with = "fate_name")]
    pub(super) fate: Fate,
    pub(super) transaction: String,
    pub(super) block_number: u64,
    /// Why the transaction could not be read.
    pub(super) unread: Option<String>,
}

fn used_name<S: Serializer>(used: &Option<Used>, serializer: S) -> Result<S::Ok, S::Error> {
    used.map(Used::name).serialize(serializer)
}

fn fate_name<S: Serializer>(fate: &Fate, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(fate.name())
}

impl Span {
    pub(in crate::commands) fn of(found: &Found) -> Self {
        let ((from, to), read) = (&found.blocks, &found.read);
        Self {
            from_block: from.number,
            to_block: to.number,
            from_time: from.timestamp,
            to_time: to.timestamp,
            epochs: read.epochs.0,
            own_epochs: read.epochs.1,
            is_complete: read.gap.is_none(),
            gap: read.gap.map(|gap| gap.to_string()),
            checkpoints: read.checkpoints.len(),
        }
    }

    /// It in a line or two.
    pub(in crate::commands) fn line(&self) -> String {
        let (from, to) = (format::moment(self.from_time), format::moment(self.to_time));
        let mut text = format!(
            "{from} to {to}: {} in {}, {} with these attesters in the committee\n",
            format::count(self.checkpoints, "checkpoint"),
            format::count(self.epochs, "epoch"),
            self.own_epochs
        );
        if let Some(gap) = &self.gap {
            text.push_str(&format!("NOT COMPLETE: {gap}: nothing is said of what is missing\n"));
        }
        text.push('\n');
        text
    }
}

impl ProposalsReport {
    pub(super) fn new(found: &Found) -> Self {
        let shown = found.read.checkpoints.iter().filter(|one| is_shown(found, one));
        let proposals = shown.map(|one| proposal(found, one)).collect();
        Self { scope: found.gathered.scope(), span: Span::of(found), proposals }
    }
}

/// Whether a checkpoint was proposed by one of those that are wanted, or may have been.
fn is_shown(found: &Found, one: &KnownCheckpoint) -> bool {
    match (&one.carried, &found.own) {
        (Some(carried), Some(own)) => own.contains(&carried.proposer),
        (Some(_), None) => true,
        (None, None) => found.read.unread.contains_key(&one.transaction),
        // What others propose in ways that are not readable is nobody's business here.
        (None, Some(own)) => {
            let is_turn = |duty: &Duty| {
                let is_here = (one.slots.0..=one.slots.1).contains(&duty.slot);
                duty.kind == DutyKind::Propose && is_here && own.contains(&duty.attester)
            };
            found.read.unread.contains_key(&one.transaction) && found.read.duties.iter().any(is_turn)
        }
    }
}

fn proposal(found: &Found, one: &KnownCheckpoint) -> Proposal {
    let clock = &found.gathered.snapshot.rollup.clock;
    let carried = one.carried.as_ref();
    let expected = carried.and_then(|carried| found.expected.get(&carried.proposer).copied());
    Proposal {
        number: one.number,
        slot: one.slot(),
        epoch: one.slot().and_then(|slot| slot.checked_div(clock.epoch_slots)),
        slot_began: one.slot().and_then(|slot| clock.slot_start(slot)),
        proposer: carried.map(|carried| carried.proposer.into()),
        coinbase: carried.map(|carried| carried.coinbase.into()),
        used: carried.map(|carried| used(carried.coinbase, carried.proposer, one.block, expected)),
        expected: expected.map(|(coinbase, _)| coinbase.into()),
        attested: carried.map(|carried| carried.committee.iter().filter(|(_, attested)| *attested).count()),
        committee: carried.map(|carried| carried.committee.len()),
        fate: one.fate,
        transaction: hash(one.transaction),
        block_number: one.block,
        unread: found.read.unread.get(&one.transaction).cloned(),
    }
}

fn hash(hash: H256) -> String {
    format!("{hash:#x}")
}
