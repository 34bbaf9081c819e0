//! Which coinbases own proposals paid, held against those that they must pay.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::Address;

use super::Seen;
use crate::domain::duties::{CoinbaseProof, Expected, Fate, SeenProposal, Used, all_proposals, proofs};
use crate::domain::findings::{Finding, FindingKind, Severity, Subject};
use crate::text::address::checksummed;

/// What the proposals prove, attester by attester, and of how many they prove nothing. The last proposal of an attester counts at each
/// rollup where it can have duties.
pub(super) fn of_proposals(seen: &Seen<'_>, expected: &Expected, validating: &BTreeSet<Address>) -> Vec<Finding> {
    let merged;
    let proposals = if seen.former.is_empty() {
        seen.canonical.proposals.as_slice()
    } else {
        merged = all_proposals(&seen.canonical.proposals, seen.former);
        merged.as_slice()
    };
    let proofs = proofs(proposals, seen.former, expected);
    let of_one = |(attester, proof)| of_proof(seen, proposals, attester, proof);
    let mut found: Vec<Finding> = proofs.iter().filter_map(of_one).collect();
    found.extend(unproven(seen, &proofs, validating));
    found
}

fn of_proof(seen: &Seen<'_>, proposals: &[SeenProposal], attester: &Address, proof: &CoinbaseProof) -> Option<Finding> {
    let about =
        |severity, what| Finding::new(FindingKind::CoinbaseUsedWrong, severity, Subject::Attester(*attester), what);
    if let (Some(since), Some((last, used))) = (proof.run.first(), proof.last) {
        let remedy = format!(
            "write {} as its coinbase into the keystore of the node that runs it, whatever its file says, and reload the node: `butler-cli proposals --astray` lists what has to be repaid by hand",
            proof.expected
        );
        return Some(about(Severity::Critical, still_astray(seen, proof, (since, &last), used)).with_remedy(remedy));
    }
    let in_span: Vec<&SeenProposal> =
        proof.astray.iter().map(|(one, _)| one).filter(|one| seen.is_in_span(one)).collect();
    let (first, last) = (in_span.first()?, in_span.last()?);
    let is_right = |one: &&SeenProposal| one.proposer == *attester && one.coinbase == proof.expected.address();
    let right = proposals.iter().filter(is_right).find(|one| one.place() > last.place());
    // At a rollup that it left it paid another one until the end.
    let (right, _) = right.map(|one| (*one, Used::Right)).or(proof.last)?;
    let what = format!(
        "its node paid {} instead of {} for {}, {}, and pays the right one since {}: what was paid has to be repaid by hand",
        paid(&in_span),
        proof.expected,
        count(in_span.len()),
        seen.slots(first, last),
        seen.slot(&right)
    );
    Some(about(Severity::Warning, what))
}

/// What to say while the last proposal paid another address.
fn still_astray(
    seen: &Seen<'_>,
    proof: &CoinbaseProof,
    (since, last): (&SeenProposal, &SeenProposal),
    used: Used,
) -> String {
    let now: Vec<&SeenProposal> = proof.run.iter().collect();
    let whose = match used {
        Used::Unset => " (its own address: its node has no coinbase set for it)",
        Used::Wrong | Used::Right | Used::Unjudged => "",
    };
    let before = match proof.astray.len().saturating_sub(now.len()) {
        0 => String::new(),
        before => format!(" (and {before} before a time when it paid the right one)"),
    };
    let lost = now.iter().filter(|one| !earns(one.fate)).count();
    let but = if lost == 0 { String::new() } else { format!(" (but for {lost} that were pruned or invalid)") };
    format!(
        "its node pays {}{whose} instead of {} for {}{before} since {}, the last in {} by transaction {:#x}: the rewards of all of them{but} and of each one to come go there, and cannot be taken back",
        paid(&now),
        proof.expected,
        count(now.len()),
        seen.slot(since),
        seen.slot(last),
        last.transaction
    )
}

/// Whether a checkpoint pays anybody.
fn earns(fate: Fate) -> bool {
    match fate {
        Fate::Stands | Fate::Unknown => true,
        Fate::Pruned(_) | Fate::Invalidated(_) => false,
    }
}

/// The address that the last of these paid, and of how many others there are.
fn paid(astray: &[&SeenProposal]) -> String {
    let all: BTreeSet<Address> = astray.iter().map(|one| one.coinbase).collect();
    let last = astray.last().map(|one| checksummed(&one.coinbase).to_string()).unwrap_or_default();
    match all.len().saturating_sub(1) {
        0 => last,
        others => format!("{last} (and {others} other wrong before)"),
    }
}

fn count(count: usize) -> String {
    if count == 1 { "one proposal".to_owned() } else { format!("{count} proposals") }
}

/// Of how many of those that validate no proposal is known since their coinbase counts. One finding of all: there may be hundreds, and
/// nothing is to be done about any of them.
fn unproven(
    seen: &Seen<'_>,
    proofs: &BTreeMap<Address, CoinbaseProof>,
    validating: &BTreeSet<Address>,
) -> Option<Finding> {
    let of_now: Vec<&CoinbaseProof> =
        proofs.iter().filter(|(attester, _)| validating.contains(*attester)).map(|(_, proof)| proof).collect();
    let count = of_now.iter().filter(|proof| proof.last.is_none()).count();
    if count == 0 {
        return None;
    }
    let what = format!(
        "{count} of {} validating attesters whose coinbase is known made no proposal that was read since it counts, up to slot {}: nobody can know what their nodes use",
        of_now.len(),
        seen.canonical.slots.1
    );
    Some(Finding::new(FindingKind::CoinbaseUnproven, Severity::Info, Subject::Network, what))
}
