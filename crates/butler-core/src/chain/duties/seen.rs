//! What a range that was read shows, in the form that findings are made from.

use super::ReadDuties;
use super::request::DutiesRequest;
use crate::domain::block::BlockRef;
use crate::domain::duties::{DutiesSeen, KnownCheckpoint, NetworkRates, SeenProposal};

impl ReadDuties {
    /// What was seen, of the request that it was read for. What the network did is known as far as that needs no transaction that does
    /// not matter: of all slots whether they have a checkpoint, and of attestations those of committees with one of ours. Where a log is
    /// missing, nothing is known of the network.
    #[must_use]
    pub fn seen(&self, request: &DutiesRequest<'_>) -> DutiesSeen {
        let slot = |block: &BlockRef| request.clock.slot_at(block.timestamp).unwrap_or_default();
        let slots = (slot(&request.from).saturating_add(1), slot(&request.to).saturating_sub(1));
        let is_ours = |one: &SeenProposal| request.own.is_none_or(|own| own.contains(&one.proposer));
        let proposals = self.checkpoints.iter().filter_map(KnownCheckpoint::proposal).filter(is_ours);
        let proposals = proposals.map(|one| one.at(request.rollup));
        let network = match self.gap {
            Some(_) => NetworkRates::default(),
            None => NetworkRates::of(&self.checkpoints, slots, &request.clock, |epoch| !self.hatches.contains(&epoch)),
        };
        DutiesSeen {
            rollup: request.rollup,
            clock: request.clock,
            blocks: (request.from.number, request.to.number),
            slots,
            proposals: proposals.collect(),
            duties: self.duties.clone(),
            network,
            hatches: self.hatches.clone(),
            gap: self.gap,
            unread: self.unread.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use ethers_core::types::{Address, H256};

    use super::*;
    use crate::domain::duties::Carried;
    use crate::domain::duties::Fate;
    use crate::domain::rollup::RollupClock;

    #[test]
    fn own_proposals_and_what_all_did_are_taken_from_what_was_read_and_no_rate_from_logs_with_a_gap() {
        let [own, other] = [1, 2].map(Address::from_low_u64_be);
        let clock = RollupClock { genesis_time: 0, slot_seconds: 72, epoch_slots: 32 };
        let block = |slot: u64| BlockRef { number: slot * 6, hash: H256::zero(), timestamp: slot * 72 };
        let checkpoint = |slot: u64, proposer: Option<Address>| KnownCheckpoint {
            number: slot,
            slots: if proposer.is_some() { (slot, slot) } else { (slot, slot + 1) },
            transaction: H256::from_low_u64_be(slot),
            block: slot * 6,
            fate: Fate::Stands,
            carried: proposer.map(|proposer| Carried {
                proposer,
                coinbase: Address::repeat_byte(9),
                committee: vec![(own, true), (other, false)],
            }),
        };
        let ours = BTreeSet::from([own]);
        let request = DutiesRequest {
            rollup: Address::repeat_byte(8),
            clock,
            own: Some(&ours),
            from: block(99),
            to: block(140),
            pending: None,
            newest: block(140),
        };
        let mut read = ReadDuties {
            // The last one is of a hatch, which is open in epoch 4: slots 128 to 139.
            checkpoints: vec![
                checkpoint(100, Some(own)),
                checkpoint(101, Some(other)),
                checkpoint(101, Some(own)),
                checkpoint(104, None),
                checkpoint(130, Some(own)),
            ],
            hatches: BTreeSet::from([4]),
            ..ReadDuties::default()
        };
        let seen = read.seen(&request);
        assert_eq!((seen.slots, seen.blocks), ((100, 139), (594, 840)));
        assert_eq!(seen.proposals.iter().map(|one| one.slot).collect::<Vec<_>>(), [100, 101, 130]);
        assert_eq!(seen.network, NetworkRates { slots: 28, proposed: 3, members: 6, attested: 3 });
        read.gap = Some(crate::domain::duties::Gap { last: 1, found: 3, block: 600 });
        assert_eq!(read.seen(&request).network, NetworkRates::default());
    }
}
