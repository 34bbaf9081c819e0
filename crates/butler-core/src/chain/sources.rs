//! Which contracts' events belong to a network: the registries, the split factory, and every rollup there ever was.
//!
//! Earlier rollups count, for their events say what became of attesters that were staked there.

use std::collections::BTreeMap;

use ethers_core::types::{Address, U256};

use super::convicts::Convicts;
use super::error::{Contract, SnapshotError};
use super::reads::{Answers, Reads, Slot};
use super::witnesses::Witnesses;
use crate::client::l1::L1Client;
use crate::contracts::bindings::{aztec_registry, rollup, staking_registry};
use crate::contracts::call::GETTER_GAS;
use crate::contracts::decode;
use crate::contracts::events::Source;
use crate::domain::block::BlockRef;
use crate::domain::rollup::RollupClock;

/// The most rollup versions that are believed.
const VERSION_LIMIT: u64 = 1_000;

/// The contracts that emit a network's events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventSources {
    /// All of them, by address.
    pub contracts: BTreeMap<Address, Source>,
    /// The canonical rollup.
    pub rollup: Address,
    /// The clocks of the rollups that tell them. They never change.
    pub clocks: BTreeMap<Address, RollupClock>,
    /// The endpoint that alone told some of it, although several are configured. One that nobody stands beside tells the events
    /// alone, too.
    pub unconfirmed: Option<String>,
}

/// The contracts that emit a network's events, as far as they are known at `pin`. There are never fewer of them later, so
/// a recent block does, and nobody needs an archive.
///
/// # Errors
/// See [`SnapshotError`]; nothing partial is ever returned.
pub async fn event_sources(
    client: &L1Client,
    pin: &BlockRef,
    aztec_registry: Address,
    staking_registry: Address,
) -> Result<EventSources, SnapshotError> {
    let mut convicts = Convicts::default();
    loop {
        match read_once(client, pin, aztec_registry, staking_registry).await {
            Err(error) if convicts.take(client, &error) => {}
            result => return result,
        }
    }
}

async fn read_once(
    client: &L1Client,
    pin: &BlockRef,
    aztec_registry: Address,
    staking_registry: Address,
) -> Result<EventSources, SnapshotError> {
    let mut sources =
        BTreeMap::from([(aztec_registry, Source::AztecRegistry), (staking_registry, Source::StakingRegistry)]);
    let mut witnesses = Witnesses::new(client);
    let mut reads = Reads::default();
    let factory: Slot<Address> =
        reads.push(Contract::StakingRegistry, staking_registry, GETTER_GAS, staking_registry::PullSplitFactoryCall);
    let versions: Slot<U256> =
        reads.push(Contract::AztecRegistry, aztec_registry, GETTER_GAS, aztec_registry::NumberOfVersionsCall);
    let canonical: Slot<Address> =
        reads.push(Contract::AztecRegistry, aztec_registry, GETTER_GAS, aztec_registry::GetCanonicalRollupCall);
    let answers = reads.fetch(client, pin).await?;
    witnesses.note(&answers);
    let canonical = answers.checked(&canonical, |address| decode::present("getCanonicalRollup", address))?;
    let factory = answers.checked(&factory, |address| decode::present("PULL_SPLIT_FACTORY", address))?;
    sources.insert(factory, Source::SplitFactory);
    let versions = answers.checked(&versions, |count| decode::length("numberOfVersions", count, VERSION_LIMIT))?;
    let giver = answers.only_giver().cloned();

    let mut reads = Reads::default();
    let slots: Vec<Slot<U256>> = (0..versions)
        .map(|index| {
            let call = aztec_registry::GetVersionCall { index: index.into() };
            reads.push(Contract::AztecRegistry, aztec_registry, GETTER_GAS, call)
        })
        .collect();
    let answers = reads.fetch(client, pin).await?;
    witnesses.note(&answers);
    let mut reads = Reads::default();
    let mut rollups: Vec<(U256, Slot<Address>)> = Vec::new();
    for slot in &slots {
        let version = answers.get(slot)?;
        let call = aztec_registry::GetRollupCall { version };
        rollups.push((version, reads.push(Contract::AztecRegistry, aztec_registry, GETTER_GAS, call)));
    }
    let answers = reads.fetch(client, pin).await?;
    witnesses.note(&answers);
    let mut reads = Reads::default();
    let mut parts = Vec::new();
    for (version, slot) in &rollups {
        let rollup = answers.checked(slot, |address| decode::present("getRollup", address))?;
        sources.insert(rollup, Source::Rollup);
        let gse: Slot<Address> = reads.push_if_supported(Contract::Rollup, rollup, GETTER_GAS, rollup::GetGSECall);
        let slasher: Slot<Address> =
            reads.push_if_supported(Contract::Rollup, rollup, GETTER_GAS, rollup::GetSlasherCall);
        let own: Slot<U256> = reads.push_if_supported(Contract::Rollup, rollup, GETTER_GAS, rollup::GetVersionCall);
        parts.push((rollup, gse, slasher, ClockSlots::push(&mut reads, rollup), (*version, own)));
    }
    if parts.last().is_some_and(|(newest, ..)| *newest != canonical) {
        let problem = "another rollup than the one of the newest version";
        let registry = (Contract::AztecRegistry, aztec_registry);
        return Err(answers.contradicts(giver.as_ref(), registry, "getCanonicalRollup", problem));
    }
    let giver = answers.only_giver().cloned();
    let answers = reads.fetch(client, pin).await?;
    witnesses.note(&answers);
    let mut clocks = BTreeMap::new();
    for (rollup, gse, slasher, clock, (version, own)) in &parts {
        // A rollup is registered by the version that it tells itself.
        if answers.get_if_supported(own)?.is_some_and(|own| own != *version) {
            let problem = format!("another one than {version}, by which the registry has it");
            return Err(answers.contradicts(giver.as_ref(), (Contract::Rollup, *rollup), "getVersion", problem));
        }
        clocks.extend(clock.take(&answers)?.map(|clock| (*rollup, clock)));
        // The first rollups may not have had these.
        if let Some(gse) = answers.get_if_supported(gse)?.and_then(decode::optional) {
            sources.insert(gse, Source::Gse);
        }
        if let Some(slasher) = answers.get_if_supported(slasher)?.and_then(decode::optional) {
            sources.insert(slasher, Source::Slasher);
        }
    }
    Ok(EventSources { contracts: sources, rollup: canonical, clocks, unconfirmed: witnesses.only() })
}

/// Where the answers about a rollup's clock will be.
struct ClockSlots {
    genesis_time: Slot<U256>,
    slot_seconds: Slot<U256>,
    epoch_slots: Slot<U256>,
}

impl ClockSlots {
    fn push(reads: &mut Reads, rollup: Address) -> Self {
        Self {
            genesis_time: reads.push_if_supported(Contract::Rollup, rollup, GETTER_GAS, rollup::GetGenesisTimeCall),
            slot_seconds: reads.push_if_supported(Contract::Rollup, rollup, GETTER_GAS, rollup::GetSlotDurationCall),
            epoch_slots: reads.push_if_supported(Contract::Rollup, rollup, GETTER_GAS, rollup::GetEpochDurationCall),
        }
    }

    /// The clock, where the rollup tells one that goes.
    fn take(&self, answers: &Answers) -> Result<Option<RollupClock>, SnapshotError> {
        let number = |slot| Ok(answers.get_if_supported(slot)?.and_then(|word| u64::try_from(word).ok()));
        let clock = |genesis_time, slot_seconds, epoch_slots| RollupClock { genesis_time, slot_seconds, epoch_slots };
        let (genesis, slot, epoch) =
            (number(&self.genesis_time)?, number(&self.slot_seconds)?, number(&self.epoch_slots)?);
        let goes = |length: &u64| *length > 0;
        Ok(genesis
            .zip(slot.filter(goes))
            .zip(epoch.filter(goes))
            .map(|((genesis, slot), epoch)| clock(genesis, slot, epoch)))
    }
}
