//! The reports of `proposals` and `duties`.

use butler_core::chain::ReadDuties;
use butler_core::domain::block::BlockRef;
use butler_core::domain::duties::{Duty, DutyKind, Fate, KnownCheckpoint, Used, used};
use ethers_core::types::H256;
use serde::{Serialize, Serializer};

use super::reading::ReadAt;
use super::rollups::FoundAll;
use super::whose::Whose;
use crate::view::format;
use crate::view::json::{JsonAddress, JsonRollup, Scope};

/// The report of `proposals`.
#[derive(Debug, Serialize)]
pub(super) struct ProposalsReport {
    pub(super) scope: Scope,
    pub(super) span: Span,
    pub(super) rollups: Vec<SpanAt>,
    pub(super) proposals: Vec<Proposal>,
}

/// What was read.
#[derive(Debug, Clone, Default, Serialize)]
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

/// What was read of one rollup.
#[derive(Debug, Serialize)]
pub(super) struct SpanAt {
    pub(super) rollup: JsonRollup,
    /// What was read; absent where nothing was.
    pub(super) span: Option<Span>,
    /// Why nothing was read.
    pub(super) unread: Option<String>,
}

/// One proposal.
#[derive(Debug, Serialize)]
pub(super) struct Proposal {
    pub(super) rollup: JsonRollup,
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
    pub(in crate::commands) fn of(read: &ReadDuties, (from, to): &(BlockRef, BlockRef)) -> Self {
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

impl FoundAll {
    /// What was read first: the canonical rollup, or the one that was asked for.
    pub(super) fn span(&self) -> Span {
        self.rollups.first().map(|at| Span::of(&at.read, &at.blocks)).unwrap_or_default()
    }

    /// What was read of each rollup.
    pub(super) fn spans(&self) -> Vec<SpanAt> {
        let canonical = self.whose.gathered.snapshot.canonical();
        let rollup = |id| JsonRollup::new(id, canonical);
        let read = self.rollups.iter().map(|at| SpanAt {
            rollup: rollup(at.id),
            span: Some(Span::of(&at.read, &at.blocks)),
            unread: None,
        });
        let unread =
            self.unread.iter().map(|(id, why)| SpanAt { rollup: rollup(*id), span: None, unread: Some(why.clone()) });
        read.chain(unread).collect()
    }
}

/// What was read of each rollup, in a line or two each; with the rollup's version where there are several, or it is a former one.
pub(super) fn span_lines(spans: &[SpanAt]) -> String {
    let is_plain = is_canonical_alone(spans);
    let line = |at: &SpanAt| {
        let which = if at.rollup.is_canonical { "rollup" } else { "former rollup" };
        let version = format!("{which}, version {}", at.rollup.version.0);
        match (&at.span, &at.unread) {
            (Some(span), _) if is_plain => span.line(),
            (Some(span), _) => format!("{version}: {}", span.line()),
            (None, why) => format!("{version}: NOT READ: {}\n\n", why.as_deref().unwrap_or_default()),
        }
    };
    spans.iter().map(line).collect()
}

/// Whether only the canonical rollup was looked at, so that nobody needs to be told which one it is.
pub(super) fn is_canonical_alone(spans: &[SpanAt]) -> bool {
    matches!(spans, [only] if only.rollup.is_canonical)
}

impl ProposalsReport {
    pub(super) fn new(found: &FoundAll) -> Self {
        let proposals = found.rollups.iter().flat_map(|at| {
            let shown = at.read.checkpoints.iter().filter(|one| is_shown(&found.whose, at, one));
            shown.map(|one| proposal(&found.whose, at, one))
        });
        let mut proposals: Vec<Proposal> = proposals.collect();
        proposals.sort_by_key(|one| one.block_number);
        Self { scope: found.whose.gathered.scope(), span: found.span(), rollups: found.spans(), proposals }
    }
}

/// Whether a checkpoint was proposed by one of those that are wanted, or may have been.
fn is_shown(whose: &Whose, at: &ReadAt, one: &KnownCheckpoint) -> bool {
    match (&one.carried, &whose.own) {
        (Some(carried), Some(own)) => own.contains(&carried.proposer),
        (Some(_), None) => true,
        (None, None) => at.read.unread.contains_key(&one.transaction),
        // What others propose in ways that are not readable is nobody's business here.
        (None, Some(own)) => {
            let is_turn = |duty: &Duty| {
                let is_here = (one.slots.0..=one.slots.1).contains(&duty.slot);
                duty.kind == DutyKind::Propose && is_here && own.contains(&duty.attester)
            };
            at.read.unread.contains_key(&one.transaction) && at.read.duties.iter().any(is_turn)
        }
    }
}

fn proposal(whose: &Whose, at: &ReadAt, one: &KnownCheckpoint) -> Proposal {
    let clock = &at.clock;
    let carried = one.carried.as_ref();
    let expected = carried.and_then(|carried| whose.expected.get(&carried.proposer).copied());
    Proposal {
        rollup: JsonRollup::new(at.id, whose.gathered.snapshot.canonical()),
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
        unread: at.read.unread.get(&one.transaction).cloned(),
    }
}

fn hash(hash: H256) -> String {
    format!("{hash:#x}")
}
