//! What a sentinel tells of one slot, as far as L1 can say the contrary.
//!
//! A node that saw an attestation on its way proves nothing against L1: who proposes may leave a late one out. So only that is kept
//! which cannot be true at the same time as what L1 has: a checkpoint that is there, or is not, and an attestation that is there.

/// What a sentinel tells of one attester in one slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ToldInSlot {
    /// Its checkpoint is on L1.
    Mined,
    /// It was its turn, and it proposed nothing.
    ProposalMissed,
    /// It did not attest.
    AttestationMissed,
}

impl ToldInSlot {
    /// What a status in a history means; `None` for one that L1 cannot contradict, and for an unknown one. Nodes 4.1, 5 and 6 speak of
    /// checkpoints, older ones of blocks.
    #[must_use]
    pub fn of(status: &str) -> Option<Self> {
        match status {
            "checkpoint-mined" | "block-mined" => Some(Self::Mined),
            "checkpoint-missed" | "blocks-missed" | "block-missed" => Some(Self::ProposalMissed),
            "attestation-missed" => Some(Self::AttestationMissed),
            _ => None,
        }
    }
}
