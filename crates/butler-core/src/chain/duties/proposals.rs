//! Transactions that proposed, held against their logs and against the draws of their epochs.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::{Address, H256};

use super::logs::Logged;
use crate::chain::error::SnapshotError;
use crate::client::l1::L1Client;
use crate::client::transactions::Sent;
use crate::contracts::propose::{Calldata, ProposeDecoder, attestation_signer};
use crate::domain::duties::{Carried, EpochDraw};
use crate::domain::proposals::{LoggedCheckpoint, Proposed};
use crate::domain::proposers::proposer;
use crate::domain::rollup::RollupClock;
use crate::runtime::report::Chain;

/// Why a transaction is not read that perhaps comes yet.
pub(super) const NOBODY_HAS_IT: &str = "no endpoint has the transaction";

/// Why one is not read that is not of its block, or whose block was told with another time.
pub(super) const OTHER_SLOT: &str = "its slot is not that of its block";

/// Transactions that are held at once: 12 kB each where 48 attest.
pub(super) const AT_ONCE: usize = 1_000;

/// What proposals are held against.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held<'a> {
    pub(super) rollup: Address,
    pub(super) clock: RollupClock,
    pub(super) draws: &'a BTreeMap<u64, EpochDraw>,
    /// The first and the last slot in which the block of each log can have been made, by the places of the logs.
    pub(super) slots: &'a BTreeMap<(u64, u64), (u64, u64)>,
}

impl Held<'_> {
    /// Why a proposal is not what the draw of its epoch demands. Neither log nor signature binds who proposed to the slot: the draw does. The rollup checks the
    /// proposer's own attestation, so that one is held, too.
    /// The rollup takes a proposal in the slot that it is of: an older one that somebody tells again is of another block.
    fn contradiction(&self, one: &Logged, proposed: &Proposed) -> Option<&'static str> {
        let slot = proposed.checkpoint().slot;
        if !self.slots.get(&place(one)).is_some_and(|(first, last)| (*first..=*last).contains(&slot)) {
            return Some(OTHER_SLOT);
        }
        let epoch = self.clock.epoch_of(slot);
        let Some(EpochDraw { draw, is_hatch }) = self.draws.get(&epoch) else {
            return Some("its epoch is not of this span");
        };
        let Proposed::ByCommittee(proposal) = proposed else {
            // Nobody signed it, so whoever makes up a log can make up this, too.
            let is_free = *is_hatch || draw.committee.is_empty();
            return (!is_free).then_some("nobody attested it, and its epoch has a committee");
        };
        if !proposal.committee.iter().map(|member| member.address).eq(draw.committee.iter().copied()) {
            return Some("its committee is not that of its epoch");
        }
        if proposer(&draw.committee, draw.seed, epoch, slot) != Some(proposal.proposer) {
            return Some("its proposer is not that of its slot");
        }
        // What the proposer attests is the header, with its coinbase: nobody who makes up a log can sign it.
        let own = proposal.committee.iter().find(|member| member.address == proposal.proposer);
        let is_signed = own.and_then(|member| attestation_signer(proposal, member)) == Some(proposal.proposer);
        (!is_signed).then_some("its proposer did not attest what it carries")
    }

    /// Each of these logs with what its transaction carried, or why that cannot be taken.
    fn each<'w>(
        &self,
        decoder: &ProposeDecoder,
        here: Vec<&'w Logged>,
        sent: &BTreeMap<H256, Sent>,
    ) -> Vec<(&'w Logged, Result<Found, String>)> {
        let calls: Vec<(Calldata<'_>, LoggedCheckpoint)> = here
            .iter()
            .filter_map(|one| {
                let sent = sent.get(&one.log.transaction_hash)?;
                Some((Calldata { to: sent.to, input: &sent.input }, one.checkpoint))
            })
            .collect();
        let found = here.iter().zip(decoder.each_logged(&calls)).map(|(one, decoded)| {
            let proposed = decoded.map_err(|problem| problem.to_string())?;
            match self.contradiction(one, &proposed) {
                Some(why) => Err(why.to_owned()),
                None => Ok((proposed.checkpoint().slot, carried_by(&proposed))),
            }
        });
        let found: Vec<_> = found.collect();
        here.into_iter().zip(found).collect()
    }
}

/// What of these logs came without that it was asked for here. What does not fit its log, or the draw of its epoch, is as if it had not come.
pub(super) fn take_along<'w>(
    client: &L1Client,
    held: &Held<'_>,
    wanted: impl Iterator<Item = &'w Logged> + Clone,
) -> Proposals {
    let came = client.came_along(wanted.clone().map(|one| one.log.transaction_hash));
    let decoder = ProposeDecoder::new(client.chain_id(), held.rollup, held.clock);
    let here = wanted.filter(|one| came.contains_key(&one.log.transaction_hash)).collect();
    held.each(&decoder, here, &came).into_iter().filter_map(|(one, told)| Some((place(one), told.ok()?))).collect()
}

/// Where a log stands.
pub(super) fn place(one: &Logged) -> (u64, u64) {
    (one.log.block_number, one.log.log_index)
}

/// The slot of a proposal, and what it carried where a committee stands behind it.
type Found = (u64, Option<Carried>);

/// What was read, by the place of the logs.
pub(super) type Proposals = BTreeMap<(u64, u64), Found>;

/// Reads what these logs tell of, of one endpoint after the other until it is what they tell of; and why the rest could not be read, by
/// its transaction.
pub(super) async fn read_proposals(
    client: &L1Client,
    held: &Held<'_>,
    mut wanted: Vec<&Logged>,
) -> Result<(Proposals, BTreeMap<H256, String>), SnapshotError> {
    let decoder = ProposeDecoder::new(client.chain_id(), held.rollup, held.clock);
    let (mut read, mut unread, mut beside) = (Proposals::new(), BTreeMap::new(), BTreeSet::new());
    while !wanted.is_empty() && beside.len() < client.endpoints().len() {
        let hashes: BTreeSet<H256> = wanted.iter().map(|one| one.log.transaction_hash).collect();
        let hashes: Vec<H256> = hashes.into_iter().collect();
        let (giver, sent) = match client.transactions(&hashes, &beside).await {
            Ok(told) => told,
            // The others do not answer: what one of them does not have is not read for now.
            Err(error) if !beside.is_empty() => {
                tracing::debug!("nobody else has what is missing of {} proposals: {}", wanted.len(), Chain(&error));
                break;
            }
            Err(error) => return Err(SnapshotError::Rpc(error)),
        };
        let (here, missing): (Vec<&Logged>, Vec<&Logged>) =
            wanted.into_iter().partition(|one| sent.contains_key(&one.log.transaction_hash));
        let none = missing.iter().map(|one| (one.log.transaction_hash, NOBODY_HAS_IT.to_owned()));
        unread.extend(none.filter(|_| beside.is_empty()));
        wanted = missing;
        for (one, told) in held.each(&decoder, here, &sent) {
            match told {
                Ok(carried) => {
                    unread.remove(&one.log.transaction_hash);
                    read.insert(place(one), carried);
                }
                Err(problem) => {
                    unread.insert(one.log.transaction_hash, problem);
                    wanted.push(one);
                }
            }
        }
        beside.insert(giver);
    }
    Ok((read, unread))
}

fn carried_by(proposed: &Proposed) -> Option<Carried> {
    let Proposed::ByCommittee(proposal) = proposed else { return None };
    let members = proposal.committee.iter();
    Some(Carried {
        proposer: proposal.proposer,
        coinbase: proposal.checkpoint.coinbase,
        committee: members.map(|member| (member.address, member.attestation.is_some())).collect(),
    })
}

#[cfg(test)]
mod tests {
    use ethers_core::types::U256;

    use super::*;
    use crate::domain::attester::delegation::LogId;
    use crate::domain::duties::{Draw, Fate};
    use crate::domain::proposals::{Checkpoint, CommitteeMember, Proposal, ProposeVersion, SentSignature};

    const ATTESTER: Address = Address::repeat_byte(7);
    const CLOCK: RollupClock = RollupClock { genesis_time: 0, slot_seconds: 72, epoch_slots: 32 };

    const CHECKPOINT: Checkpoint = Checkpoint {
        version: ProposeVersion::V4,
        slot: 40,
        timestamp: 0,
        coinbase: Address::repeat_byte(9),
        fee_recipient: H256::zero(),
        archive: H256::zero(),
        header_hash: H256::zero(),
        payload_digest: H256::zero(),
        attestations_hash: H256::zero(),
    };

    /// What contradicts a proposal whose log is of these slots.
    fn contradiction(draws: &BTreeMap<u64, EpochDraw>, slots: (u64, u64), proposed: &Proposed) -> Option<&'static str> {
        let log = LogId { block_number: 240, log_index: 3, block_hash: H256::zero(), transaction_hash: H256::zero() };
        let checkpoint = LoggedCheckpoint {
            number: 1,
            archive: H256::zero(),
            payload_digest: H256::zero(),
            attestations_hash: H256::zero(),
        };
        let slots = BTreeMap::from([((240, 3), slots)]);
        let held = Held { rollup: Address::zero(), clock: CLOCK, draws, slots: &slots };
        held.contradiction(&Logged { log, checkpoint, fate: Fate::Stands }, proposed)
    }

    fn draws(committee: Vec<Address>) -> BTreeMap<u64, EpochDraw> {
        BTreeMap::from([(1, EpochDraw { draw: Draw { committee, seed: U256::one() }, is_hatch: false })])
    }

    #[test]
    fn what_its_proposer_did_not_attest_is_not_what_it_proposed() {
        let attestation = Some(SentSignature { v: 27, r: [3; 32], s: [4; 32] });
        let proposed = Proposed::ByCommittee(Proposal {
            checkpoint: CHECKPOINT,
            proposer: ATTESTER,
            committee: vec![CommitteeMember { address: ATTESTER, attestation }],
            attestation_digest: H256::repeat_byte(5),
        });
        for (draws, expected) in [
            (draws(vec![ATTESTER]), "its proposer did not attest what it carries"),
            (draws(vec![Address::repeat_byte(8)]), "its committee is not that of its epoch"),
            (BTreeMap::new(), "its epoch is not of this span"),
        ] {
            assert_eq!(contradiction(&draws, (39, 41), &proposed), Some(expected));
            // An older proposal that is told again is signed, and of another block.
            for others in [(41, 50), (0, 39)] {
                assert_eq!(contradiction(&draws, others, &proposed), Some(OTHER_SLOT));
            }
        }
    }

    #[test]
    fn what_nobody_attested_is_believed_where_nobody_has_to() {
        let proposed = Proposed::LeftOut(CHECKPOINT);
        let mut hatch = draws(vec![ATTESTER]);
        hatch.values_mut().for_each(|draw| draw.is_hatch = true);
        for (draws, is_believed) in [(draws(vec![ATTESTER]), false), (draws(Vec::new()), true), (hatch, true)] {
            assert_eq!(contradiction(&draws, (40, 40), &proposed).is_none(), is_believed, "{draws:?}");
        }
    }
}
