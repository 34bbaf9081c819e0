//! What was followed of duties as readings.

use std::collections::BTreeMap;

use butler_core::domain::duties::{
    CoinbaseProof, Done, DutiesSeen, Duty, DutyKind, FormerDuties, ProofState, Tally, all_proposals, proofs, tally,
};
use strum::VariantArray as _;

use super::basis::DutiesBasis;
use super::{Readings, count, number, truth};
use crate::catalogue::{self, Family};

/// The readings of the canonical rollup's duties, and of what own proposals at all rollups prove.
#[must_use]
pub fn duties_readings(seen: &DutiesSeen, former: &[FormerDuties], basis: &DutiesBasis) -> Readings {
    let mut readings = Readings::default();
    let proofs = proofs(&all_proposals(&seen.proposals, former), former, &basis.expected);
    push_proofs(&mut readings, &catalogue::COINBASE_PROOFS, None, proofs.values());
    let astray = proofs.values().map(|proof| proof.astray.len()).sum();
    readings.push(&catalogue::COINBASE_ASTRAY, [], count(astray));
    push_duties(&mut readings, &catalogue::DUTIES, None, &tally(&seen.duties).0);
    let network = seen.network;
    for (kind, all, done) in
        [(DutyKind::Propose, network.slots, network.proposed), (DutyKind::Attest, network.members, network.attested)]
    {
        readings.push(&catalogue::NETWORK_DUTIES, [kind.name().to_owned()], number(all));
        readings.push(&catalogue::NETWORK_DUTIES_DONE, [kind.name().to_owned()], number(done));
    }
    readings.push(&catalogue::DUTIES_LAST_SLOT, [], number(seen.slots.1));
    readings.push(&catalogue::DUTIES_UNREAD, [], count(seen.unread.len()));
    readings.push(&catalogue::DUTIES_GAP, [], truth(seen.gap.is_some()));
    for (label, attesters) in &basis.labels {
        let of_label = proofs.iter().filter(|(attester, _)| attesters.contains(*attester)).map(|(_, proof)| proof);
        push_proofs(&mut readings, &catalogue::LABELLED_PROOFS, Some(label), of_label);
        let duties: Vec<&Duty> = seen.duties.iter().filter(|duty| attesters.contains(&duty.attester)).collect();
        push_duties(&mut readings, &catalogue::LABELLED_DUTIES, Some(label), &tally(duties).0);
    }
    readings
}

fn push_proofs<'a>(
    readings: &mut Readings,
    family: &'static Family,
    label: Option<&String>,
    proofs: impl Iterator<Item = &'a CoinbaseProof>,
) {
    let mut counts: BTreeMap<ProofState, u64> = ProofState::VARIANTS.iter().map(|state| (*state, 0)).collect();
    for proof in proofs {
        let count = counts.entry(proof.state()).or_default();
        *count = count.saturating_add(1);
    }
    for (state, attesters) in counts {
        let (state, attesters) = (state.name().to_owned(), number(attesters));
        match label {
            Some(label) => readings.push(family, [label.clone(), state], attesters),
            None => readings.push(family, [state], attesters),
        }
    }
}

fn push_duties(readings: &mut Readings, family: &'static Family, label: Option<&String>, tally: &Tally) {
    for kind in DutyKind::VARIANTS {
        for done in Done::VARIANTS {
            let (duty, outcome) = (kind.name().to_owned(), done.name().to_owned());
            let count = number(tally.of(*kind).of(*done));
            match label {
                Some(label) => readings.push(family, [label.clone(), duty, outcome], count),
                None => readings.push(family, [duty, outcome], count),
            }
        }
    }
}
