//! What own attesters proposed and attested, by L1 alone.

use butler_core::domain::duties::{Done, DutyKind, ProofState};
use butler_core::metric_families as families;
use butler_core::text::closed::names;

families! {
    COINBASE_PROOFS: Gauge "butler_coinbase_proofs" ["network", "proof": names::<ProofState>] "" "Own attesters that must have a coinbase, by what their last proposal on L1, at each rollup where they have duties, paid since it counts: the right one, their own address (unset), a wrong one, which counts before a right one elsewhere; unproven where there is none. Every proof is there.";
    COINBASE_ASTRAY: Gauge "butler_coinbase_astray_proposals" ["network"] "" "Known proposals of own attesters, at all rollups, that paid another address than the coinbase that counted then.";
    DUTIES: Gauge "butler_duties" ["network", "duty": names::<DutyKind>, "duty_outcome": names::<Done>] "" "Duties of own attesters at the canonical rollup in the last day, as L1 has them. Missed alone is what most others did; excused is around a cut of the chain.";
    NETWORK_DUTIES: Gauge "butler_network_duties" ["network", "duty": names::<DutyKind>] "" "Duties of all attesters of the canonical rollup in the last day: turns to propose, and attestations of those checkpoints that were read.";
    NETWORK_DUTIES_DONE: Gauge "butler_network_duties_done" ["network", "duty": names::<DutyKind>] "" "Those of them that were done.";
    DUTIES_LAST_SLOT: Gauge "butler_duties_last_slot" ["network"] "" "The last slot of the canonical rollup whose duties were read.";
    DUTIES_UNREAD: Gauge "butler_duties_unread_transactions" ["network"] "" "Proposals at the canonical rollup that matter and whose transactions could not be read.";
    DUTIES_GAP: Gauge "butler_duties_gap" ["network"] "" "Whether a log of the canonical rollup is missing that no endpoint tells: then nothing counts as missed. What is missing of a former one is in butler_findings.";
    LABELLED_PROOFS: Gauge "butler_labelled_coinbase_proofs" ["network", "label", "proof": names::<ProofState>] "" "Own attesters under a label that must have a coinbase, by what their last proposal paid.";
    LABELLED_DUTIES: Gauge "butler_labelled_duties" ["network", "label", "duty": names::<DutyKind>, "duty_outcome": names::<Done>] "" "Duties of own attesters under a label at the canonical rollup in the last day, as L1 has them.";
}
