//! Which rollups Aztec's registry knows: its list of versions, and the address of each.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::{Address, U256};

use super::book::RollupBook;
use crate::chain::error::{Contract, Giver, SnapshotError};
use crate::chain::reads::{Answers, Reads, Slot};
use crate::chain::witnesses::Witnesses;
use crate::client::l1::L1Client;
use crate::contracts::bindings::aztec_registry;
use crate::contracts::call::{DecodeError, GETTER_GAS};
use crate::contracts::decode;
use crate::domain::block::BlockRef;
use crate::domain::rollup::RollupFacts;
use crate::domain::rollups::RollupId;

/// The most versions that are believed.
const MOST: u64 = 64;
/// So many versions are asked for before it is known how many there are: past the end the registry reverts, and that costs
/// less than a round trip.
const PRESUMED: u64 = 4;

/// Reads of the registry's list.
pub(in crate::chain) struct VersionReads {
    registry: Address,
    count: Slot<U256>,
    versions: Vec<Slot<U256>>,
}

/// The registry's list, oldest first.
#[derive(Debug, Default)]
pub(in crate::chain) struct Versions {
    registry: Address,
    /// Whether the registry tells them.
    is_told: bool,
    known: Vec<U256>,
    /// Who alone told them.
    giver: Option<Giver>,
}

impl VersionReads {
    /// `known` is how many versions there were last.
    pub(in crate::chain) fn plan(reads: &mut Reads, registry: Address, known: usize) -> Self {
        let presumed = PRESUMED.max(u64::try_from(known).unwrap_or(MOST)).min(MOST);
        let count = reads.push_if_supported(
            Contract::AztecRegistry,
            registry,
            GETTER_GAS,
            aztec_registry::NumberOfVersionsCall,
        );
        let versions = (0..presumed).map(|index| {
            let call = aztec_registry::GetVersionCall { index: index.into() };
            reads.push_if_supported(Contract::AztecRegistry, registry, GETTER_GAS, call)
        });
        let versions = versions.collect();
        Self { registry, count, versions }
    }

    /// What the registry lists; asks once more where there are more versions than were presumed.
    pub(in crate::chain) async fn take(
        self,
        answers: &Answers,
        (client, block): (&L1Client, &BlockRef),
        witnesses: &mut Witnesses,
    ) -> Result<Versions, SnapshotError> {
        let registry = self.registry;
        // Of a registry that does not count its rollups no former ones are known, which is told.
        if answers.get_if_supported(&self.count)?.is_none() {
            return Ok(Versions { registry, ..Versions::default() });
        }
        let count = answers.checked(&self.count, |count| decode::length("numberOfVersions", count, MOST))?;
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let nonsense = |answers: &Answers, problem: String| {
            answers.nonsense((Contract::AztecRegistry, registry), "numberOfVersions", problem)
        };
        let is_beyond = |slot| matches!(answers.get(slot), Ok(version) if version != U256::zero());
        if self.versions.iter().skip(count).any(is_beyond) {
            return Err(nonsense(answers, format!("{count} versions, and there are more")));
        }
        let version = |answers: &Answers, slot| match answers.get(slot) {
            Err(SnapshotError::Unsupported { .. } | SnapshotError::NoContract { .. }) => {
                Err(nonsense(answers, format!("{count} versions, and there are fewer")))
            }
            version => version,
        };
        let mut known = Vec::new();
        let mut giver = answers.only_giver().cloned();
        for slot in self.versions.iter().take(count) {
            known.push(version(answers, slot)?);
        }
        if known.len() < count {
            let mut reads = Reads::default();
            let more: Vec<Slot<U256>> = (known.len()..count)
                .map(|index| {
                    let call = aztec_registry::GetVersionCall { index: index.into() };
                    reads.push(Contract::AztecRegistry, registry, GETTER_GAS, call)
                })
                .collect();
            let answers = reads.fetch(client, block).await?;
            witnesses.note(&answers);
            giver = answers.only_giver().cloned().or(giver);
            for slot in &more {
                known.push(version(&answers, slot)?);
            }
        }
        if known.iter().collect::<BTreeSet<_>>().len() < known.len() {
            return Err(nonsense(answers, "the same version twice".to_owned()));
        }
        Ok(Versions { registry, is_told: true, known, giver })
    }
}

/// Reads of the addresses of former rollups that the book does not have.
pub(in crate::chain) struct AddressReads {
    is_told: bool,
    /// Oldest first, without the canonical one.
    versions: Vec<U256>,
    asked: BTreeMap<U256, Slot<Address>>,
}

impl AddressReads {
    pub(in crate::chain) fn plan(reads: &mut Reads, versions: &Versions, is_known: impl Fn(U256) -> bool) -> Self {
        let former = versions.known.split_last().map(|(_, former)| former.to_vec()).unwrap_or_default();
        let unknown = former.iter().filter(|version| !is_known(**version));
        let asked = unknown.map(|version| {
            let call = aztec_registry::GetRollupCall { version: *version };
            (*version, reads.push(Contract::AztecRegistry, versions.registry, GETTER_GAS, call))
        });
        let asked = asked.collect();
        Self { is_told: versions.is_told, versions: former, asked }
    }

    /// The former rollups, oldest first.
    pub(in crate::chain) fn take(
        &self,
        answers: &Answers,
        canonical: Address,
        block: &BlockRef,
        book: &mut RollupBook,
    ) -> Result<Vec<RollupId>, SnapshotError> {
        if self.is_told {
            book.keep_only(&self.versions, block);
        }
        let mut former = Vec::new();
        for version in &self.versions {
            let address = match self.asked.get(version) {
                Some(slot) => {
                    let address = answers.checked(slot, |address| {
                        // A rollup has one version, and the registry takes none twice (`Registry.addRollup`).
                        if address == canonical {
                            return Err(DecodeError::nonsense(
                                "getRollup",
                                "the canonical rollup for an older version",
                            ));
                        }
                        decode::present("getRollup", address)
                    })?;
                    book.note_address(*version, address, answers.only_giver(), block);
                    Some(address)
                }
                None => book.address(*version),
            };
            former.extend(address.map(|address| RollupId { address, version: *version }));
        }
        Ok(former)
    }
}

impl Versions {
    /// Holds the canonical rollup's own version against the registry's newest one: a rollup is registered by the version that
    /// it tells itself (`Registry.addRollup`).
    pub(in crate::chain) fn check(&self, facts: &RollupFacts, answers: &Answers) -> Result<(), SnapshotError> {
        let Some(newest) = self.known.last().filter(|newest| **newest != facts.version) else { return Ok(()) };
        let problem = format!("{}, and the registry's newest one is {newest}", facts.version);
        Err(answers.contradicts(self.giver.as_ref(), (Contract::Rollup, facts.address), "getVersion", problem))
    }

    /// Whether the registry tells which there are.
    pub(in crate::chain) fn is_told(&self) -> bool {
        self.is_told
    }

    /// How many there are.
    pub(in crate::chain) fn count(&self) -> usize {
        self.known.len()
    }
}
