//! The draws of many epochs: committee, seed, and whether the escape hatch was open.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::Address;

use crate::chain::error::{Contract, SnapshotError};
use crate::chain::proposers::{DrawSlots, Epoch, committee_gas};
use crate::chain::reads::{Reads, Slot};
use crate::client::l1::L1Client;
use crate::contracts::bindings::{escape_hatch, rollup as bindings};
use crate::contracts::call::GETTER_GAS;
use crate::domain::block::BlockRef;
use crate::domain::duties::EpochDraw;
use crate::domain::rollup::RollupClock;

/// Epochs whose draws are asked for together.
const AT_ONCE: usize = 64;
/// An epoch that began, and the one before, which is asked for once more.
const FEW: usize = 2;
/// Members that a committee is taken to have.
const MEMBERS: u64 = 48;

/// Reads the draws of these epochs, as they are told at `newest`. One that cannot be told yet is left out. Beside it are those that one of
/// several endpoints told alone. Of the escape hatch that was `known` it is asked along whether it is open, so that a second exchange is for
/// another hatch only; the last one told is known then.
pub(super) async fn read_draws(
    client: &L1Client,
    rollup: Address,
    clock: &RollupClock,
    newest: &BlockRef,
    epochs: impl IntoIterator<Item = u64>,
    known: &mut Option<Address>,
) -> Result<(BTreeMap<u64, EpochDraw>, BTreeSet<u64>), SnapshotError> {
    let (mut draws, mut alone) = (BTreeMap::new(), BTreeSet::new());
    let all: Vec<u64> = epochs.into_iter().collect();
    for some in all.chunks(AT_ONCE) {
        let mut reads = Reads::default();
        let slots = some.iter().filter_map(|number| Epoch::of(clock, *number));
        let slots: Vec<_> = slots
            .map(|epoch| {
                let draw = DrawSlots::plan(&mut reads, rollup, epoch, committee_gas(MEMBERS));
                let call = bindings::GetEscapeHatchForEpochCall { epoch: epoch.number.into() };
                // Where none was told yet most likely none can be told, which calls outside of a pack show at once. Of many that is too much.
                let hatch = if some.len() <= FEW && known.is_none() {
                    reads.push_doubtful(Contract::Rollup, rollup, GETTER_GAS, call)
                } else {
                    reads.push_if_supported(Contract::Rollup, rollup, GETTER_GAS, call)
                };
                let is_open = known.map(|hatch| (hatch, push_is_open(&mut reads, hatch, epoch.number)));
                (epoch.number, draw, hatch, is_open)
            })
            .collect();
        let answers = reads.fetch(client, newest).await?;
        let mut is_alone = client.endpoints().len() > 1 && answers.only_giver().is_some();
        let mut hatches = Vec::new();
        for (epoch, draw, hatch, is_open) in &slots {
            let hatch: Option<Address> = answers.get_if_supported(hatch)?;
            let hatch = hatch.filter(|hatch| !hatch.is_zero());
            let told = is_open.as_ref().filter(|(asked, _)| hatch == Some(*asked));
            let told: Option<(bool, Address)> =
                told.map(|(_, slot)| answers.get_if_supported(slot)).transpose()?.flatten();
            hatches.extend(hatch.filter(|_| told.is_none()).map(|hatch| (*epoch, hatch)));
            if let Some(draw) = draw.take(&answers)? {
                draws.insert(*epoch, EpochDraw { draw, is_hatch: told.is_some_and(|(is_open, _)| is_open) });
            }
        }
        if hatches.is_empty() {
            alone.extend(some.iter().copied().filter(|_| is_alone));
            continue;
        }
        let mut reads = Reads::default();
        *known = hatches.last().map(|(_, hatch)| *hatch);
        let open = hatches.iter().map(|(epoch, hatch)| {
            let call = escape_hatch::IsHatchOpenCall { epoch: (*epoch).into() };
            (*epoch, reads.push(Contract::EscapeHatch, *hatch, GETTER_GAS, call))
        });
        let open: Vec<_> = open.collect();
        let answers = reads.fetch(client, newest).await?;
        is_alone |= client.endpoints().len() > 1 && answers.only_giver().is_some();
        alone.extend(some.iter().copied().filter(|_| is_alone));
        for (epoch, slot) in open {
            let (is_open, _): (bool, Address) = answers.get(&slot)?;
            if let Some(draw) = draws.get_mut(&epoch) {
                draw.is_hatch = is_open;
            }
        }
    }
    Ok((draws, alone))
}

/// Asks a hatch that may be another one than that of the epoch, or be gone.
fn push_is_open(reads: &mut Reads, hatch: Address, epoch: u64) -> Slot<(bool, Address)> {
    reads.push_if_supported(
        Contract::EscapeHatch,
        hatch,
        GETTER_GAS,
        escape_hatch::IsHatchOpenCall { epoch: epoch.into() },
    )
}
