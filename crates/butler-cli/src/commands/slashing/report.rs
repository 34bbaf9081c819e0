//! The report of `slashing`: each rollup that may slash attesters of ours, with whoever may do so there.

use butler_core::domain::capability::Capability;
use butler_core::domain::rollups::RollupId;
use butler_core::domain::slashing::{
    Blindness, NetworkSlashing, RollupSlashing, SlasherFacts, SlasherRole, Stage, Standing,
};
use butler_core::domain::snapshot::NetworkSnapshot;
use ethers_core::types::Address;
use serde::{Serialize, Serializer};

use crate::view::json::{JsonAddress, JsonAmount, JsonRollup, Scope};

/// The report of `slashing`.
#[derive(Debug, Serialize)]
pub(super) struct SlashingReport {
    pub(super) scope: Scope,
    /// The canonical one first, then former ones that have attesters of ours.
    pub(super) rollups: Vec<Rollup>,
}

#[derive(Debug, Serialize)]
pub(super) struct Rollup {
    #[serde(flatten)]
    pub(super) rollup: JsonRollup,
    /// Whoever may slash there, or may be installed to.
    pub(super) slashers: Vec<Slasher>,
    /// What is expected of that rollup, and is not there.
    pub(super) missing: Vec<Capability>,
}

#[derive(Debug, Serialize)]
pub(super) struct Slasher {
    pub(super) role: SlasherRole,
    pub(super) address: JsonAddress,
    /// The contract that counts its votes.
    pub(super) proposer: Option<JsonAddress>,
    /// Of one that waits.
    pub(super) may_be_installed_at: Option<u64>,
    /// Of the one before.
    pub(super) may_slash_until: Option<u64>,
    pub(super) paused_until: Option<u64>,
    /// Why its votes, or whether they count, cannot be read.
    #[serde(serialize_with = "name_of")]
    pub(super) unreadable: Option<Blindness>,
    pub(super) round: Option<Round>,
    /// Attesters of ours that open rounds have votes against.
    pub(super) attesters: Vec<Voted>,
}

#[derive(Debug, Serialize)]
pub(super) struct Round {
    pub(super) number: u64,
    pub(super) votes: u64,
    pub(super) quorum: u64,
    pub(super) ends_at: u64,
    /// Rounds with votes that may still be executed, or are voted in.
    pub(super) open_rounds: usize,
}

#[derive(Debug, Serialize)]
pub(super) struct Voted {
    pub(super) attester: JsonAddress,
    #[serde(serialize_with = "stage_name")]
    pub(super) stage: Stage,
    pub(super) votes: u64,
    pub(super) amount: Option<JsonAmount>,
    pub(super) executable_from: Option<u64>,
    pub(super) expires_at: Option<u64>,
}

fn name_of<S: Serializer>(why: &Option<Blindness>, serializer: S) -> Result<S::Ok, S::Error> {
    why.map(Blindness::name).serialize(serializer)
}

fn stage_name<S: Serializer>(stage: &Stage, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(stage.name())
}

pub(super) fn report(scope: Scope, snapshot: &NetworkSnapshot, facts: &NetworkSlashing) -> SlashingReport {
    let canonical = snapshot.canonical();
    SlashingReport { scope, rollups: facts.rollups.iter().map(|one| rollup(one, snapshot, canonical)).collect() }
}

fn rollup(one: &RollupSlashing, snapshot: &NetworkSnapshot, canonical: RollupId) -> Rollup {
    let figures = snapshot.figures_of(one.rollup.address);
    let real = one.slashers.iter().filter(|slasher| !slasher.address.is_zero());
    Rollup {
        rollup: JsonRollup::new(one.rollup, canonical),
        slashers: real.map(|found| slasher(found, one)).collect(),
        missing: figures.map(|figures| figures.missing.iter().copied().collect()).unwrap_or_default(),
    }
}

fn slasher(found: &SlasherFacts, rollup: &RollupSlashing) -> Slasher {
    let tally = found.facts.proposer.tally();
    let round = tally.map(|tally| Round {
        number: tally.current_round,
        votes: tally.current_votes,
        quorum: tally.rules.quorum,
        ends_at: tally.current_end,
        open_rounds: tally.rounds.len(),
    });
    let standings = found.standings(rollup).unwrap_or_default();
    Slasher {
        role: found.role,
        address: found.address.into(),
        proposer: found.proposer().map(Into::into),
        may_be_installed_at: found.at.filter(|_| found.role == SlasherRole::Pending),
        may_slash_until: found.at.filter(|_| found.role == SlasherRole::Legacy),
        paused_until: found.facts.pause.until(),
        unreadable: found.facts.blindness(),
        round,
        attesters: standings.into_iter().map(voted).collect(),
    }
}

fn voted((attester, standing): (Address, Standing)) -> Voted {
    Voted {
        attester: attester.into(),
        stage: standing.stage,
        votes: standing.votes,
        amount: standing.decision.map(|decision| decision.amount.into()),
        executable_from: standing.decision.map(|decision| decision.executable_from),
        expires_at: standing.decision.map(|decision| decision.expires_at),
    }
}
