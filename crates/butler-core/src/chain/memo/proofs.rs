//! What is remembered of proofs of possession, and of the keys whose deposits waited last.

use std::collections::BTreeSet;

use ethers_core::types::H256;

use super::Memo;
use super::file::Proof;
use super::told::Told;
use crate::client::l1::L1Client;
use crate::domain::attester::proof::ProofVerdict;

impl Memo {
    /// The verdict on a proof under that cap, when it need not be asked for at block `number`.
    pub(in crate::chain) fn proof(
        &self,
        client: &L1Client,
        number: u64,
        digest: H256,
        cap: Option<u64>,
    ) -> Option<ProofVerdict> {
        let known = self.proofs.get(&(digest, cap))?;
        known.told.holds(client, number).then_some(known.verdict)
    }

    /// Whether nothing is known of a proof, whatever the cap.
    pub(in crate::chain) fn is_new(&self, digest: H256) -> bool {
        self.proofs.range((digest, None)..=(digest, Some(u64::MAX))).next().is_none()
    }

    /// Keeps a verdict.
    pub(in crate::chain) fn note_proof(&mut self, digest: H256, cap: Option<u64>, verdict: ProofVerdict, told: Told) {
        let proof = Proof { digest, cap, verdict, told };
        if self.proofs.get(&(digest, cap)) != Some(&proof) {
            self.proofs.insert((digest, cap), proof);
            self.is_saved = false;
        }
    }

    /// Forgets verdicts on proofs that are in no queue of ours any more, and of other caps.
    pub(in crate::chain) fn keep_proofs(&mut self, cap: Option<u64>, is_queued: impl Fn(H256) -> bool) {
        let before = self.proofs.len();
        self.proofs.retain(|(digest, of), _| *of == cap && is_queued(*digest));
        self.is_saved &= self.proofs.len() == before;
    }

    /// The hashes of BLS keys whose deposits waited last: that they are asked about beside other reads saves a round trip.
    pub(in crate::chain) fn waiting(&self) -> &BTreeSet<H256> {
        &self.waiting
    }

    /// Keeps the hashes of BLS keys whose deposits wait.
    pub(in crate::chain) fn note_waiting(&mut self, hashes: BTreeSet<H256>) {
        self.is_saved &= self.waiting == hashes;
        self.waiting = hashes;
    }
}
