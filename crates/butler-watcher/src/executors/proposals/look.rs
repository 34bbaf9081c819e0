//! One look: what became of a proposal, from the chain first. The service is asked now and then only.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use butler_core::client::l1::L1Client;
use butler_core::client::logs::LogFilter;
use butler_core::client::safe::ListedTransaction;
use butler_core::contracts::safe::{Execution, Outcome, decode_execution, execution_topics};
use butler_core::domain::action::{Proposal, Wish};
use butler_core::runtime::clock::unix_now;
use butler_core::transaction::change::Change;
use butler_core::transaction::executed::{Span, find};
use butler_core::transaction::plan::Decision;
use butler_core::transaction::safe::{Fate, KeptProposal, ProposalFacts, fate_of, is_rejection};
use butler_core::transaction::wish::keys_of;
use ethers_core::types::H256;
use tokio::task::block_in_place;

use super::desk::Desk;
use super::end::End;
use super::item::Item;
use super::record::Begun;
use super::round::Round;
use super::trouble::Trouble;
use crate::catalogue::ProposalState;
use crate::journal::{Journal, JournalError};

/// What a person can do about it.
const AGAIN: &str = "(hint: `butler-cli actions retry` has it checked and proposed anew, once it is approved again; `drop` where nobody wants it)";

/// What a look found.
struct Found {
    begun: Begun,
    end: End,
}

/// Looks what became of a proposal.
pub(super) async fn look(
    round: &mut Round<'_>,
    desk: &mut Desk,
    item: &mut Item,
    journal: &dyn Journal,
) -> Result<End, JournalError> {
    let pause = round.pause();
    let (Some(proposal), false) = (item.proposal().cloned(), item.is_strange) else {
        return Ok(End::Refused("what it asks for, or what was begun of it, is of another version".to_owned()));
    };
    // Whoever was killed before it wrote anything down sent nothing.
    let Some(begun) = item.begun.clone() else { return Ok(End::Again(Duration::ZERO, "nothing was sent".to_owned())) };
    let kept = block_in_place(|| desk.kept(journal))?;
    let before = begun.clone();
    let found = if desk.final_nonce > begun.nonce {
        Box::pin(ended(round, desk, &proposal, begun)).await
    } else if desk.state.nonce > begun.nonce {
        let end = End::Waits(pause, "its nonce is used, in a block that is not final yet".to_owned());
        Ok(Found { begun, end })
    } else {
        Box::pin(waiting(round, desk, (&proposal, begun), &kept)).await
    };
    Ok(match found {
        Ok(Found { begun, end }) => {
            let is_kept = begun == before || block_in_place(|| item.intend(journal, begun))?;
            if is_kept { end } else { End::Lost }
        }
        Err(trouble) => End::of(&trouble, pause, true),
    })
}

/// What is known of one whose nonce is not used.
async fn waiting(
    round: &mut Round<'_>,
    desk: &mut Desk,
    (proposal, begun): (&Proposal, Begun),
    kept: &[KeptProposal],
) -> Result<Found, Trouble> {
    let (pause, now, hash) = (round.pause(), unix_now(), begun.hash);
    let interval = round.config().wanted.service_interval.as_secs();
    if now < begun.asked_at.saturating_add(interval) {
        let end = End::Waits(pause, said(&begun));
        return Ok(Found { begun, end });
    }
    let is_in_list = desk.listed().await?.iter().any(|one| one.hash == hash);
    // A list may lag, and the answer about one transaction does not.
    let is_listed = is_in_list || desk.service.transaction(hash).await?.is_some();
    if !is_listed && begun.may_arrive() {
        // What is so already is not sent again, and what was sent may come late.
        if holds(round, proposal, None).await?.is_some() {
            let begun = Begun { asked_at: now, state: ProposalState::Unsent, ..begun };
            let end = End::Waits(pause, said(&begun));
            return Ok(Found { begun, end });
        }
        let end = End::Again(Duration::ZERO, "it did not arrive, and is sent again as it is".to_owned());
        return Ok(Found { begun, end });
    }
    let dead = desk.dead(round.client(), kept).await?;
    let nonces: BTreeSet<u64> = desk
        .listed()
        .await?
        .iter()
        .filter(|one| one.executed.is_none() && (one.is_trusted || !one.confirmed_by.is_empty()))
        .map(|one| one.transaction.nonce)
        .chain(kept.iter().filter(|one| one.has_arrived).map(|one| one.proposal.nonce))
        .collect();
    let gap = (desk.state.nonce..begun.nonce).rev().find(|nonce| !nonces.contains(nonce));
    let fate = fate_of(&ProposalFacts {
        nonce: begun.nonce,
        executed: None,
        chain_nonce: desk.state.nonce,
        instead: None,
        is_listed: Some(is_listed),
        gap,
        reverts: Some(is_listed && dead.contains(&hash)),
        age: Duration::from_secs(now.saturating_sub(begun.since)),
        stale_after: round.config().safe.stale_after,
    });
    let state = state_of(&fate);
    let begun = Begun { has_arrived: true, asked_at: now, state, ..begun };
    let end = if state == ProposalState::Deleted {
        End::Refused(format!("transaction {hash:?} was deleted at the service before it was executed {AGAIN}"))
    } else {
        End::Waits(pause, said(&begun))
    };
    Ok(Found { begun, end })
}

fn said(begun: &Begun) -> String {
    let Begun { hash, nonce, state, .. } = begun;
    let how = match state {
        ProposalState::Stale => "waits for longer than it should",
        ProposalState::Dead => "cannot be executed as things are",
        ProposalState::Unsent => "was signed for what is so by now, and may arrive until its nonce is used",
        ProposalState::Waits
        | ProposalState::Executed
        | ProposalState::Failed
        | ProposalState::Rejected
        | ProposalState::Replaced
        | ProposalState::Deleted => "waits for its owners",
    };
    format!("transaction {hash:?} of nonce {nonce} {how}")
}

/// What became of one whose nonce is used in a final block: the Safe's own logs say it.
async fn ended(round: &mut Round<'_>, desk: &mut Desk, proposal: &Proposal, begun: Begun) -> Result<Found, Trouble> {
    let executions = executions(round.client(), desk, begun.block).await?;
    let own = executions.get(&begun.hash).copied();
    let mut instead = None;
    if own.is_none() {
        let listed = desk.listed_from(begun.nonce).await?;
        let is_other =
            |one: &&ListedTransaction| one.transaction.nonce == begun.nonce && executions.contains_key(&one.hash);
        instead = listed.iter().find(is_other).map(|one| (one.hash, is_rejection(&one.transaction, begun.safe)));
    }
    let fate = fate_of(&ProposalFacts {
        nonce: begun.nonce,
        executed: own.map(|execution| execution.outcome),
        chain_nonce: desk.final_nonce,
        instead,
        is_listed: None,
        gap: None,
        reverts: None,
        age: Duration::ZERO,
        stale_after: Duration::MAX,
    });
    let state = state_of(&fate);
    let hash = begun.hash;
    let end = match (own, fate) {
        (Some(Execution { outcome: Outcome::Success, log, .. }), _) => {
            let at = format!("executed in block {} by {:?}", log.block_number, log.transaction_hash);
            match holds(round, proposal, Some((begun.block, log.transaction_hash))).await? {
                Some(says) => End::Done(format!("{at}: {says}")),
                None => End::Refused(format!(
                    "{at}, and what it is for is not seen on the chain (hint: `butler-cli provider show` says what is there)"
                )),
            }
        }
        (Some(Execution { outcome: Outcome::Failure, log, .. }), _) => End::Refused(format!(
            "it was executed by {:?} and what it called reverted: nothing of it happened {AGAIN}",
            log.transaction_hash
        )),
        (None, fate) => match holds(round, proposal, None).await? {
            Some(says) => End::Done(format!("transaction {hash:?} was replaced, and it is so all the same: {says}")),
            None => End::Refused(unwanted(hash, &fate)),
        },
    };
    Ok(Found { begun: Begun { state, ..begun }, end })
}

fn unwanted(hash: H256, fate: &Fate) -> String {
    match fate {
        Fate::Rejected(by) => format!("the owners rejected transaction {hash:?}, by {by:?} {AGAIN}"),
        Fate::Replaced(Some(by)) => format!("{by:?} was executed with the nonce of transaction {hash:?} {AGAIN}"),
        Fate::Replaced(None)
        | Fate::Pending
        | Fate::Executed
        | Fate::Failed
        | Fate::Deleted
        | Fate::Stale
        | Fate::Dead(_) => format!("something else was executed with the nonce of transaction {hash:?} {AGAIN}"),
    }
}

/// What the Safe executed since a block, by hash.
async fn executions(client: &L1Client, desk: &Desk, from: u64) -> Result<BTreeMap<H256, Execution>, Trouble> {
    let filter = LogFilter { addresses: vec![desk.safe()], topics: vec![execution_topics()] };
    let last = desk.last;
    let mut scan = client.log_scan(&filter, (from, last.number), Some(last), BTreeSet::new());
    let mut found = BTreeMap::new();
    while let Some(step) = scan.next().await? {
        // What is no execution is none of ours.
        let executions = step.logs.iter().filter_map(|log| decode_execution(log).ok());
        let executions = executions.filter(|execution| execution.safe == desk.safe());
        found.extend(executions.map(|execution| (execution.transaction, execution)));
    }
    Ok(found)
}

/// What shows on the chain that the goal holds, or that this transaction made it so; `None` where neither is seen.
async fn holds(
    round: &mut Round<'_>,
    proposal: &Proposal,
    executed: Option<(u64, H256)>,
) -> Result<Option<String>, Trouble> {
    let keys = matches!(proposal.wish, Wish::AddKeys { .. }).then_some(proposal);
    let (from, confirmations) = (round.config().staking_registry_from_block, round.config().confirmations);
    let (ground, client, keys) = round.ground(keys).await?;
    match ground.decision(&proposal.wish, proposal.from, keys.as_ref()) {
        Ok(Decision::Already { says, .. }) => return Ok(Some(says)),
        Ok(Decision::Wanted(_)) | Err(_) => {}
    }
    let Some((since, transaction)) = executed else { return Ok(None) };
    let Some(change) = change_of(proposal) else {
        // Ether leaves no log: that its calls did not revert is all there is.
        return Ok(Some("its calls did not revert".to_owned()));
    };
    let head = ground.snapshot.block;
    let span = Span { from: from.max(since), head: &head, confirmations };
    let made = find(client, span, &change, &ground.places()).await?;
    Ok(made.filter(|made| made.transaction == transaction).map(|_| "its log stands in that transaction".to_owned()))
}

/// The change that leaves a log, where there is one.
fn change_of(proposal: &Proposal) -> Option<Change> {
    Some(match proposal.wish {
        Wish::AddKeys { provider } => Change::AddKeys { provider, keys: keys_of(proposal)? },
        Wish::CreateProvider { admin, take_rate_bps, rewards_recipient } => {
            Change::CreateProvider { admin, take_rate_bps, rewards_recipient }
        }
        Wish::SetTakeRate { provider, take_rate_bps } => Change::SetTakeRate { provider, take_rate_bps },
        Wish::SetRecipient { provider, rewards_recipient } => Change::SetRecipient { provider, rewards_recipient },
        Wish::AcceptAdmin { provider, admin } => Change::AcceptAdmin { provider, admin },
        Wish::Drip { .. } | Wish::FundPublishers => return None,
    })
}

fn state_of(fate: &Fate) -> ProposalState {
    match fate {
        Fate::Pending => ProposalState::Waits,
        Fate::Stale => ProposalState::Stale,
        Fate::Dead(_) => ProposalState::Dead,
        Fate::Executed => ProposalState::Executed,
        Fate::Failed => ProposalState::Failed,
        Fate::Rejected(_) => ProposalState::Rejected,
        Fate::Replaced(_) => ProposalState::Replaced,
        Fate::Deleted => ProposalState::Deleted,
    }
}
