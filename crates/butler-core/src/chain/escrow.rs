//! Whether the staking escrow will take the keys that wait in our queues: each proof is put to the escrow's own verifier,
//! with the gas that the escrow grants, once for each key and cap.
//!
//! A verdict is one when two endpoints give it, where there are two. Not getting any is no reason to have no snapshot: then
//! nothing is said of that proof.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ethers_core::types::{Address, H256};
use tokio::time::{Instant, timeout};

use super::memo::{Memo, Told};
use super::stages::EscrowFacts;
use crate::client::capped::{CappedCall, CappedOutcome};
use crate::client::error::RpcError;
use crate::client::l1::L1Client;
use crate::contracts::proof::{PRESUMED_CAP, ProvenKey, VerifierAnswer, verifier_answer, verifier_of};
use crate::domain::attester::proof::ProofVerdict;
use crate::domain::block::BlockRef;
use crate::domain::provider::facts::EscrowView;

/// The most proofs that are put to the verifier for one snapshot, those at the front of queues first.
const AT_MOST: usize = 500;
/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Far more gas than any right proof needs: they take some 150,000, and 8,000 for each further try at a point.
const PLENTY: u64 = 2_000_000;

/// What one endpoint's verifier says; `None` where there is no verifier.
type Opinion = BTreeMap<H256, Option<ProofVerdict>>;

/// The endpoints that are not asked for one more opinion: those that gave theirs and those that stand back. `None` when nobody
/// is left.
pub(super) fn to_pass_over(client: &L1Client, asked: BTreeSet<usize>) -> Option<BTreeSet<usize>> {
    let now = Instant::now();
    let mut beside = asked;
    if !beside.is_empty() {
        let standing_back = client.endpoints().iter().filter(|endpoint| endpoint.health().is_quarantined(now));
        beside.extend(standing_back.map(|endpoint| endpoint.index()));
    }
    (beside.len() < client.endpoints().len()).then_some(beside)
}

/// What the escrow says of each of these keys, by the digest of key and proof; its verifier is asked about new ones of `tried`.
pub(super) async fn escrow_views(
    client: &L1Client,
    pin: &BlockRef,
    gse: Address,
    (keys, tried): (&[ProvenKey], &[ProvenKey]),
    facts: &EscrowFacts,
    memo: &mut Memo,
) -> BTreeMap<H256, EscrowView> {
    let queued: BTreeSet<H256> = keys.iter().map(ProvenKey::digest).collect();
    memo.keep_proofs(facts.cap, |digest| queued.contains(&digest));
    if let [only] = client.endpoints()
        && facts.cap.is_none_or(|cap| cap >= PRESUMED_CAP)
    {
        for digest in facts.right.intersection(&queued) {
            let told = Told::by_one(client, only.index(), pin.number);
            memo.note_proof(*digest, facts.cap, ProofVerdict::Valid, told);
        }
    }
    let mut new = BTreeMap::new();
    for key in tried {
        let digest = key.digest();
        if new.len() < AT_MOST && memo.proof(client, pin.number, digest, facts.cap).is_none() {
            new.insert(digest, key);
        }
    }
    let fresh = Verifier { client, pin, address: verifier_of(gse), cap: facts.cap }.judge(&new, memo).await;
    let view = |key: &ProvenKey| {
        let digest = key.digest();
        let known = memo.proof(client, pin.number, digest, facts.cap);
        let bls_key_used = *facts.is_used.get(&key.key_hash())?;
        Some((digest, EscrowView { bls_key_used, proof: fresh.get(&digest).copied().or(known) }))
    };
    keys.iter().filter_map(view).collect()
}

#[derive(Debug, Clone, Copy)]
struct Verifier<'a> {
    client: &'a L1Client,
    pin: &'a BlockRef,
    address: Address,
    cap: Option<u64>,
}

impl Verifier<'_> {
    /// Verdicts that may be believed now; those that may be believed later, too, are noted.
    async fn judge(&self, keys: &BTreeMap<H256, &ProvenKey>, memo: &mut Memo) -> BTreeMap<H256, ProofVerdict> {
        let mut verdicts = BTreeMap::new();
        let Ok(opinions) = timeout(PATIENCE, self.opinions(keys)).await else { return verdicts };
        let is_alone = self.client.endpoints().len() == 1;
        for digest in keys.keys() {
            let told: Vec<(usize, ProofVerdict)> = opinions
                .iter()
                .filter_map(|(endpoint, opinion)| Some((*endpoint, opinion.get(digest).copied()??)))
                .collect();
            let agreed = told.iter().find(|(_, one)| told.iter().filter(|(_, other)| one == other).count() > 1);
            let (verdict, by) = match (agreed, told.as_slice()) {
                (Some((_, verdict)), _) => (*verdict, Told::ByTwo),
                (None, [(endpoint, verdict)]) => (*verdict, Told::by_one(self.client, *endpoint, self.pin.number)),
                (None, _) => continue,
            };
            // What speaks against a key is not kept on one endpoint's word, and of several not even told.
            let is_good = verdict == ProofVerdict::Valid;
            if is_good || by == Told::ByTwo {
                memo.note_proof(*digest, self.cap, verdict, by);
            } else if !is_alone {
                continue;
            }
            verdicts.insert(*digest, verdict);
        }
        verdicts
    }

    /// Opinions of endpoints until two agree on each key.
    async fn opinions(&self, keys: &BTreeMap<H256, &ProvenKey>) -> Vec<(usize, Opinion)> {
        let mut opinions: Vec<(usize, Opinion)> = Vec::new();
        let mut open = keys.clone();
        while !open.is_empty() && opinions.len() < self.client.endpoints().len() {
            let asked: BTreeSet<usize> = opinions.iter().map(|(endpoint, _)| *endpoint).collect();
            let Some(asked) = to_pass_over(self.client, asked) else { break };
            match self.ask(&open, &asked).await {
                Ok(opinion) => opinions.push(opinion),
                Err(error) => {
                    tracing::debug!("proofs of possession cannot be checked: {error}");
                    break;
                }
            }
            let is_settled = |digest: &H256| {
                let told = |opinion: &(usize, Opinion)| opinion.1.get(digest).copied();
                let told: Vec<_> = opinions.iter().filter_map(told).collect();
                told.iter().any(|one| told.iter().filter(|other| *other == one).count() > 1)
            };
            open.retain(|digest, _| !is_settled(digest));
        }
        opinions
    }

    /// One endpoint's opinion on all keys.
    async fn ask(
        &self,
        keys: &BTreeMap<H256, &ProvenKey>,
        asked: &BTreeSet<usize>,
    ) -> Result<(usize, Opinion), RpcError> {
        let mut opinion = Opinion::new();
        let cap = self.cap.unwrap_or(PLENTY);
        let (endpoint, answers) = self.answers(keys, cap, asked).await?;
        let mut refused = BTreeMap::new();
        for (digest, answer) in answers {
            match answer {
                VerifierAnswer::Right => {
                    opinion.insert(digest, Some(ProofVerdict::Valid));
                }
                VerifierAnswer::NoVerifier => {
                    opinion.insert(digest, None);
                }
                VerifierAnswer::Refused => {
                    refused.extend(keys.get_key_value(&digest).map(|(digest, key)| (*digest, *key)));
                }
            }
        }
        if refused.is_empty() {
            return Ok((endpoint, opinion));
        }
        // The same endpoint, with plenty of gas: a right proof is only too dear.
        let others = (0..self.client.endpoints().len()).filter(|index| *index != endpoint).collect();
        for (digest, answer) in self.answers(&refused, PLENTY, &others).await?.1 {
            let verdict = match answer {
                VerifierAnswer::Right => ProofVerdict::TooDear { cap },
                VerifierAnswer::Refused | VerifierAnswer::NoVerifier => ProofVerdict::Wrong,
            };
            opinion.insert(digest, Some(verdict));
        }
        Ok((endpoint, opinion))
    }

    async fn answers(
        &self,
        keys: &BTreeMap<H256, &ProvenKey>,
        gas: u64,
        beside: &BTreeSet<usize>,
    ) -> Result<(usize, Vec<(H256, VerifierAnswer)>), RpcError> {
        let calls: Vec<CappedCall> =
            keys.values().map(|key| CappedCall { to: self.address, data: key.question(), gas }).collect();
        let (endpoint, outcomes) = self.client.capped_calls(self.pin, &calls, beside).await?;
        let answer = |outcome: &CappedOutcome| match outcome {
            CappedOutcome::Returned(data) => verifier_answer(Some(data)),
            CappedOutcome::Failed => verifier_answer(None),
        };
        Ok((endpoint, keys.keys().copied().zip(outcomes.iter().map(answer)).collect()))
    }
}
