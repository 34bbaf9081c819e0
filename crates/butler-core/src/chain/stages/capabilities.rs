//! What a rollup of some version does and others do not: the slow change of its slasher, and exits that attesters begin.
//!
//! A getter that the rollup lacks costs an exchange more (decision 2), so what it was found to lack is handed in and not
//! asked again. What one half of a pair says is expected of the other half; what is expected and not there is told.

use std::collections::BTreeSet;

use ethers_core::abi::{AbiDecode, AbiEncode, AbiType};
use ethers_core::types::{Address, U256};
use serde::{Deserialize, Serialize};

use crate::chain::error::{Contract, SnapshotError};
use crate::chain::reads::{Answers, Reads, Slot};
use crate::contracts::bindings::rollup;
use crate::contracts::call::{DecodeError, GETTER_GAS};
use crate::contracts::decode;
use crate::domain::capability::{AttesterExits, Capability, DatedSlasher, ExitLimit, SlasherChange};
use crate::domain::rollup::RollupFacts;

/// A getter that some versions lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::chain) enum Getter {
    /// Since 5.0.
    PendingSlasher,
    /// Since 5.0.
    LegacySlasher,
    /// Since 6.0.
    ExitWindow,
    /// Since 6.0.
    ExitLimit,
    /// Until 4.x.
    RewardsClaimable,
}

/// Reads of all of them that the rollup is not known to lack.
pub(in crate::chain) struct CapabilityReads {
    known: BTreeSet<Getter>,
    pending: Option<Slot<rollup::GetPendingSlasherReturn>>,
    legacy: Option<Slot<rollup::GetLegacySlasherReturn>>,
    window: Option<Slot<U256>>,
    limit: Option<Slot<rollup::GetAttesterExitLimitStateReturn>>,
    committee: Option<Slot<U256>>,
    claimable: Option<Slot<bool>>,
}

/// What was heard of a getter.
pub(super) enum Heard<T> {
    /// The rollup does not have it.
    Absent,
    /// It answers in a form that is not known.
    Strange,
    Told(T),
}

impl<T> Heard<T> {
    pub(super) fn told(self) -> Option<T> {
        match self {
            Self::Told(answer) => Some(answer),
            Self::Absent | Self::Strange => None,
        }
    }

    fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

impl CapabilityReads {
    /// `lacks` is what the rollup is known to lack; `None` where nothing is known of it. `at_once` is whether the rest must be
    /// known from these answers alone; else [`EraRead`] asks for what is missing then.
    pub(in crate::chain) fn plan(
        reads: &mut Reads,
        address: Address,
        lacks: Option<&BTreeSet<Getter>>,
        at_once: bool,
    ) -> Self {
        let is_asked = |getter: Getter| lacks.is_none_or(|lacks| !lacks.contains(&getter));
        Self {
            known: lacks.cloned().unwrap_or_default(),
            pending: push(reads, address, is_asked(Getter::PendingSlasher), rollup::GetPendingSlasherCall),
            legacy: push(reads, address, is_asked(Getter::LegacySlasher), rollup::GetLegacySlasherCall),
            window: push(reads, address, is_asked(Getter::ExitWindow), rollup::GetAttesterExitWindowCall),
            limit: push(reads, address, is_asked(Getter::ExitLimit), rollup::GetAttesterExitLimitStateCall),
            // Every version has it; the limit's figures are held against it.
            committee: is_asked(Getter::ExitLimit).then(|| {
                reads.push_if_supported(Contract::Rollup, address, GETTER_GAS, rollup::GetTargetCommitteeSizeCall)
            }),
            claimable: push(reads, address, at_once && lacks.is_none(), rollup::IsRewardsClaimableCall),
        }
    }

    /// Puts what was heard into the rollup's facts; what it lacks. An answer that cannot be is the rollup's own where nobody
    /// else can be heard (`is_alone`), or where two say it.
    pub(in crate::chain) fn take(
        &self,
        answers: &Answers,
        facts: &mut RollupFacts,
        active_count: u64,
        is_alone: bool,
    ) -> Result<BTreeSet<Getter>, SnapshotError> {
        let dated = |name: &'static str, slasher: Address, at: U256| {
            let at = decode::small(name, at)?;
            Ok(decode::optional(slasher).map(|slasher| DatedSlasher { slasher, at }))
        };
        let pending = hear(answers, self.pending.as_ref(), is_alone, |told| {
            dated("getPendingSlasher", told.slasher, told.ready_at)
        })?;
        let legacy =
            hear(answers, self.legacy.as_ref(), is_alone, |told| dated("getLegacySlasher", told.slasher, told.until))?;
        let window =
            hear(answers, self.window.as_ref(), is_alone, |told| decode::small("getAttesterExitWindow", told))?;
        let limit = hear(answers, self.limit.as_ref(), is_alone, Ok)?;
        let committee = hear(answers, self.committee.as_ref(), is_alone, Ok)?.told();
        let claimable = hear(answers, self.claimable.as_ref(), is_alone, Ok)?;
        let mut lacks = self.known.clone();
        lacks.extend(
            [
                (Getter::PendingSlasher, pending.is_absent()),
                (Getter::LegacySlasher, legacy.is_absent()),
                (Getter::ExitWindow, window.is_absent()),
                (Getter::ExitLimit, limit.is_absent()),
                (Getter::RewardsClaimable, self.claimable.is_some() && claimable.is_absent()),
            ]
            .into_iter()
            .filter_map(|(getter, is_absent)| is_absent.then_some(getter)),
        );

        let has_exits = !window.is_absent() || !limit.is_absent();
        let is_of_4 = !lacks.contains(&Getter::RewardsClaimable);
        match (pending, legacy) {
            (Heard::Absent, Heard::Absent) if is_of_4 && !has_exits => {}
            (Heard::Absent, Heard::Absent) => facts.missing.extend([Capability::SlasherChange]),
            (pending, legacy) => {
                let (pending, legacy) = (pending.told(), legacy.told());
                facts.missing.extend(pending.is_none().then_some(Capability::PendingSlasher));
                facts.missing.extend(legacy.is_none().then_some(Capability::LegacySlasher));
                facts.slasher_change = Some(SlasherChange { pending: pending.flatten(), legacy: legacy.flatten() });
            }
        }
        if has_exits {
            let window = window.told();
            let limit = limit.told().and_then(|state| believed(&state, window?, active_count, committee?));
            facts.missing.extend(window.is_none().then_some(Capability::ExitWindow));
            facts.missing.extend(limit.is_none().then_some(Capability::ExitLimit));
            facts.attester_exits = Some(AttesterExits { window_seconds: window, limit });
        }
        facts.missing.extend(facts.untold());
        Ok(lacks)
    }
}

/// Whether a rollup that has neither half of the slow change is one of 4.x, which `isRewardsClaimable` says: it is gone since.
pub(in crate::chain) struct EraRead(Option<Slot<bool>>);

impl EraRead {
    /// Asks where it is not known: `lacks` is what the rollup was just found to lack, `known` what was known of it before.
    pub(in crate::chain) fn plan(
        reads: &mut Reads,
        address: Address,
        lacks: &BTreeSet<Getter>,
        known: Option<&BTreeSet<Getter>>,
    ) -> Self {
        let has_neither = [Getter::PendingSlasher, Getter::LegacySlasher].iter().all(|half| lacks.contains(half));
        Self(push(reads, address, has_neither && known != Some(lacks), rollup::IsRewardsClaimableCall))
    }

    /// Puts what follows into the rollup's facts, and into what it lacks.
    pub(in crate::chain) fn take(
        &self,
        answers: &Answers,
        facts: &mut RollupFacts,
        lacks: &mut BTreeSet<Getter>,
        is_alone: bool,
    ) -> Result<(), SnapshotError> {
        if self.0.is_some() && hear(answers, self.0.as_ref(), is_alone, Ok)?.is_absent() {
            lacks.insert(Getter::RewardsClaimable);
            facts.missing.insert(Capability::SlasherChange);
        }
        Ok(())
    }
}

/// The order of the limit's figures is not certain: they are believed where three of them are what other getters say, and
/// where they do not contradict each other.
fn believed(
    state: &rollup::GetAttesterExitLimitStateReturn,
    window: u64,
    active_count: u64,
    committee: U256,
) -> Option<ExitLimit> {
    if state.window != window.into()
        || state.validator_count != active_count.into()
        || state.committee_size != committee
    {
        return None;
    }
    let (used, allowance) = (u64::try_from(state.used).ok()?, u64::try_from(state.allowance).ok()?);
    let limit = ExitLimit { used, allowance, can_exit: state.can_exit };
    // One more may begin while the allowance lasts and the rest make a committee.
    let can_exit = limit.left() > 0 && U256::from(active_count) > committee;
    (allowance <= active_count && limit.can_exit == can_exit).then_some(limit)
}

fn push<C: ethers_contract::EthCall + AbiEncode, R>(
    reads: &mut Reads,
    address: Address,
    is_asked: bool,
    call: C,
) -> Option<Slot<R>> {
    is_asked.then(|| reads.push_doubtful(Contract::Rollup, address, GETTER_GAS, call))
}

pub(super) fn hear<R: AbiDecode + AbiType, T>(
    answers: &Answers,
    slot: Option<&Slot<R>>,
    is_alone: bool,
    check: impl Fn(R) -> Result<T, DecodeError>,
) -> Result<Heard<T>, SnapshotError> {
    let Some(slot) = slot else { return Ok(Heard::Absent) };
    if answers.is_longer(slot) {
        return Ok(Heard::Strange);
    }
    match answers.checked(slot, check) {
        Ok(answer) => Ok(Heard::Told(answer)),
        Err(SnapshotError::Unsupported { .. } | SnapshotError::NoContract { .. }) => Ok(Heard::Absent),
        Err(SnapshotError::Nonsense { giver, .. }) if is_alone || giver.is_none() => Ok(Heard::Strange),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_a_limit_in_another_order_are_none() {
        let truth = [4_u64, 2, 5];
        let at = |active: u64, [committee, used, allowance]: [u64; 3], can_exit| {
            let state = rollup::GetAttesterExitLimitStateReturn {
                window: 3_672.into(),
                validator_count: active.into(),
                committee_size: committee.into(),
                used: used.into(),
                allowance: allowance.into(),
                can_exit,
            };
            believed(&state, 3_672, active, 4.into()).map(|limit| (limit.used, limit.allowance))
        };
        assert_eq!(at(101, truth, true), Some((2, 5)));
        assert_eq!(at(101, truth, false), None, "three are left, and it says none");
        assert_eq!(at(101, [4, 5, 5], false), Some((5, 5)), "none are left");
        assert_eq!(at(4, [4, 0, 1], false), Some((0, 1)), "the rest would be no committee");
        for [one, two, three] in [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let other = [truth[one], truth[two], truth[three]];
            assert_eq!(at(101, other, true), None, "{other:?}");
        }
    }
}
