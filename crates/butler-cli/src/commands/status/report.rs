//! The report of `status`: one object for each attester, made of its row.

use std::collections::{BTreeMap, BTreeSet};

use butler_core::domain::attester::arrival::Arrival;
use butler_core::domain::attester::coinbase::{CoinbaseCheck, Deadline, Severity, Unverified};
use butler_core::domain::attester::entry_queue::Refusal;
use butler_core::domain::attester::fate::Fate;
use butler_core::domain::attester::overview::{AttesterRow, StakeRow};
use butler_core::domain::attester::position::Position;
use butler_core::domain::attester::state::State;
use butler_core::domain::attester::view::{ExitStep, OnChainStatus};
use butler_core::domain::attester::zombie::ZombieCause;
use butler_core::domain::rollups::{FormerRollup, RollupId};
use ethers_core::types::U256;
use serde::Serialize;

use crate::view::json::{JsonAddress, JsonAmount, JsonRewardsLeft, JsonRollup, Scope};

/// The report of `status`.
#[derive(Debug, Serialize)]
pub(in crate::commands) struct StatusReport {
    pub(super) scope: Scope,
    /// Of all tracked attesters, filtered or not.
    pub(super) counts_by_state: BTreeMap<State, u64>,
    pub(super) counts_by_position: BTreeMap<Position, u64>,
    pub(super) attesters: Vec<Attester>,
    /// Rollups that were canonical before and hold something of ours, or cannot be read.
    pub(super) former_rollups: Vec<Former>,
    /// What is wrong with key files; the attesters of such a file are missing above.
    pub(super) key_file_faults: Vec<String>,
}

/// A rollup that was canonical before.
#[derive(Debug, Serialize)]
pub(super) struct Former {
    pub(super) address: JsonAddress,
    pub(super) version: JsonAmount,
    /// Of our attesters that are there.
    pub(super) counts_by_position: BTreeMap<Position, u64>,
    pub(super) pending_rewards: JsonAmount,
    /// How many coinbases, own addresses of attesters among them, they are for.
    pub(super) coinbases: usize,
    /// The first function that it does not answer: not all that it holds is known.
    pub(super) unread: Option<String>,
}

/// What each former rollup holds of these rows; none that holds nothing.
pub(super) fn former(rollups: &[FormerRollup], rows: &[AttesterRow]) -> Vec<Former> {
    let is_told = |rollup: &&FormerRollup| !rollup.is_empty() || rollup.unread.is_some();
    let one = |rollup: &FormerRollup| {
        let mut counts_by_position = BTreeMap::new();
        for row in rows.iter().filter(|row| row.rollup == Some(rollup.id)) {
            *counts_by_position.entry(row.position).or_default() += 1;
        }
        let sum = rollup.pending_rewards.values().fold(U256::zero(), |sum, each| sum.saturating_add(*each));
        Former {
            address: rollup.id.address.into(),
            version: rollup.id.version.into(),
            counts_by_position,
            pending_rewards: sum.into(),
            coinbases: rollup.pending_rewards.len(),
            unread: rollup.unread.clone(),
        }
    };
    rollups.iter().filter(is_told).map(one).collect()
}

#[derive(Debug, Serialize)]
pub(super) struct Attester {
    pub(super) address: JsonAddress,
    pub(super) state: State,
    pub(super) position: Position,
    /// Why that is not known, where it is not.
    pub(super) position_unknown: Option<String>,
    /// The rollup where that is so.
    pub(super) rollup: Option<JsonRollup>,
    pub(super) status: OnChainStatus,
    pub(super) provider_id: Option<u64>,
    pub(super) provider_queue_place: Option<u64>,
    pub(super) entry_queue_place: Option<u64>,
    pub(super) arrival: Option<Arrival>,
    pub(super) coinbase: Coinbase,
    pub(super) effective_balance: JsonAmount,
    pub(super) withdrawer: Option<JsonAddress>,
    pub(super) staker: Option<JsonAddress>,
    /// Why it is a zombie.
    pub(super) zombie_cause: Option<ZombieCause>,
    pub(super) exit: Option<Leaving>,
    pub(super) pending_rewards: Option<JsonAmount>,
    /// What of them waits at former rollups.
    pub(super) rewards_left: Vec<JsonRewardsLeft>,
    /// Of its deposit that waits.
    pub(super) proof_checked: Option<bool>,
    pub(super) deposit_failed: bool,
    /// What became of each of its stakes, where that is not the plain story of one.
    pub(super) stakes: Vec<Stake>,
    pub(super) servers: BTreeSet<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Stake {
    pub(super) provider_id: u64,
    pub(super) staker: JsonAddress,
    /// The rollup that it was staked for.
    pub(super) rollup: Option<JsonRollup>,
    pub(super) coinbase: JsonAddress,
    pub(super) block: u64,
    pub(super) fate: Fate,
    pub(super) counts: bool,
    /// Why it waits and will be refunded.
    pub(super) refusal: Option<&'static str>,
    /// Whose deposit comes before it and takes its place.
    pub(super) overtaken_by: Option<Rival>,
}

#[derive(Debug, Serialize)]
pub(super) struct Rival {
    pub(super) attester: JsonAddress,
    pub(super) withdrawer: JsonAddress,
    pub(super) entry_queue_place: u64,
    pub(super) is_ours: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Coinbase {
    pub(super) verdict: &'static str,
    pub(super) severity: Severity,
    pub(super) configured: Vec<JsonAddress>,
    pub(super) expected: Option<JsonAddress>,
    /// `overdue`, `arrival` (see there) or `unknown`, where a coinbase is missing.
    pub(super) deadline: Option<&'static str>,
    /// What the log of its delegation names and the chain does not confirm: not to be configured because of this.
    pub(super) claimed: Option<JsonAddress>,
    /// Why a coinbase cannot be verified.
    pub(super) why: Option<Unverified>,
    /// As `FILE: why`, where a file cannot be read that may name it.
    pub(super) unknown: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Leaving {
    pub(super) withdrawal_id: JsonAmount,
    pub(super) amount: JsonAmount,
    pub(super) exitable_at: u64,
    /// When the governance gives the stake out.
    pub(super) unlocks_at: Option<u64>,
    /// When both delays are over.
    pub(super) finalizable_at: Option<u64>,
    /// Who does what next.
    pub(super) next: ExitStep,
    pub(super) recipient_or_withdrawer: JsonAddress,
    pub(super) is_recipient: bool,
}

pub(super) fn attester(row: &AttesterRow, knows_coinbases: bool, (canonical, now): (RollupId, u64)) -> Attester {
    let deadline = match row.coinbase {
        CoinbaseCheck::Missing { deadline: Deadline::Overdue } => Some("overdue"),
        CoinbaseCheck::Missing { deadline: Deadline::Arrival(_) } => Some("arrival"),
        CoinbaseCheck::Missing { deadline: Deadline::Unknown } => Some("unknown"),
        CoinbaseCheck::NotApplicable
        | CoinbaseCheck::Matches
        | CoinbaseCheck::Wrong { .. }
        | CoinbaseCheck::Zero
        | CoinbaseCheck::Differs { .. }
        | CoinbaseCheck::Unknown
        | CoinbaseCheck::Unverifiable { .. } => None,
    };
    Attester {
        address: row.attester.into(),
        state: row.state,
        position: row.position,
        position_unknown: row.position_unknown.clone(),
        rollup: row.rollup.map(|rollup| JsonRollup::new(rollup, canonical)),
        status: row.view.status,
        provider_id: row.provider_id.map(u64::from),
        provider_queue_place: row.provider_queue_place,
        entry_queue_place: row.entry_queue_place,
        arrival: row.arrival,
        coinbase: Coinbase {
            verdict: if knows_coinbases { verdict(&row.coinbase) } else { "unknown" },
            severity: row.coinbase_severity,
            configured: row.coinbase_configured.iter().map(|coinbase| (*coinbase).into()).collect(),
            expected: row.coinbase_expected.map(Into::into),
            deadline,
            claimed: row.coinbase_claimed.map(Into::into),
            why: match row.coinbase {
                CoinbaseCheck::Unverifiable { why, .. } => Some(why),
                CoinbaseCheck::Missing { .. } => row.coinbase_doubt,
                CoinbaseCheck::NotApplicable
                | CoinbaseCheck::Matches
                | CoinbaseCheck::Wrong { .. }
                | CoinbaseCheck::Zero
                | CoinbaseCheck::Unknown
                | CoinbaseCheck::Differs { .. } => None,
            },
            unknown: row.coinbase_unknown.clone(),
        },
        effective_balance: row.view.effective_balance.into(),
        withdrawer: row.view.withdrawer.map(Into::into),
        staker: row.staker.map(Into::into),
        zombie_cause: row.zombie_cause,
        exit: row.view.exit.map(|exit| Leaving {
            withdrawal_id: exit.withdrawal_id.into(),
            amount: exit.amount.into(),
            exitable_at: exit.exitable_at,
            unlocks_at: exit.unlocks_at,
            finalizable_at: exit.finalizable_at(),
            next: exit.next_step(now),
            recipient_or_withdrawer: exit.recipient_or_withdrawer.into(),
            is_recipient: exit.is_recipient,
        }),
        pending_rewards: row.pending_rewards.map(Into::into),
        rewards_left: row.rewards_left.iter().copied().map(Into::into).collect(),
        proof_checked: row.proof_checked,
        deposit_failed: row.deposit_failed,
        stakes: row.stakes.iter().map(|row| stake(row, canonical)).collect(),
        servers: row.servers.clone(),
    }
}

fn stake(stake: &StakeRow, canonical: RollupId) -> Stake {
    Stake {
        provider_id: stake.provider_id.into(),
        staker: stake.staker.into(),
        rollup: stake.rollup.map(|rollup| JsonRollup::new(rollup, canonical)),
        coinbase: stake.coinbase.into(),
        block: stake.block,
        fate: stake.fate,
        counts: stake.counts,
        refusal: stake.refusal.map(Refusal::name),
        overtaken_by: stake.rival.map(|rival| Rival {
            attester: rival.attester.into(),
            withdrawer: rival.withdrawer.into(),
            entry_queue_place: rival.place,
            is_ours: rival.is_ours,
        }),
    }
}

fn verdict(check: &CoinbaseCheck) -> &'static str {
    match check {
        CoinbaseCheck::NotApplicable => "not_applicable",
        CoinbaseCheck::Matches => "matches",
        CoinbaseCheck::Missing { .. } => "missing",
        CoinbaseCheck::Wrong { .. } => "wrong",
        CoinbaseCheck::Zero => "zero",
        CoinbaseCheck::Differs { .. } => "differs",
        CoinbaseCheck::Unknown => "unknown",
        CoinbaseCheck::Unverifiable { .. } => "unverifiable",
    }
}
