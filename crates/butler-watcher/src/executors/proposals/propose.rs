//! One try: what was approved is checked anew, tried as the Safe, and proposed once.
//!
//! What is signed is durable before its first byte leaves. Whatever ends the program then, the next try finds it: it sends the very same bytes
//! where the service lacks them, and nothing where anybody proposed the same.

use butler_core::chain::fetch_transaction_hash;
use butler_core::client::l1::L1Client;
use butler_core::client::safe::PreparedProposal;
use butler_core::domain::action::{Proposal, Wish};
use butler_core::runtime::clock::unix_now;
use butler_core::runtime::report::one_line;
use butler_core::sign::LocalKey;
use butler_core::transaction::Call;
use butler_core::transaction::plan::Plan;
use butler_core::transaction::reading::balance;
use butler_core::transaction::refusal::Refusal;
use butler_core::transaction::safe::{
    Decision, KeptProposal, NewProposal, Repeated, SafeView, Undecided, check_proposer, decide, origin_of_effect,
};
use butler_core::transaction::simulation::simulate;
use ethers_core::types::H256;
use tokio::task::block_in_place;

use super::desk::Desk;
use super::end::End;
use super::ground::Ground;
use super::item::Item;
use super::record::Begun;
use super::round::{Round, VOID};
use super::trouble::Trouble;
use crate::catalogue::ProposalState;
use crate::journal::{Journal, JournalError};
use crate::plan::proposals::{Approved, as_approved};

/// What came of the checks.
enum Checked {
    /// It is so.
    Already(String),
    /// It may be proposed.
    Good(Box<Plan>),
    /// It is not what was shown any more.
    Void,
}

/// Tries what was approved.
pub(super) async fn attempt(
    round: &mut Round<'_>,
    desk: &mut Desk,
    item: &mut Item,
    journal: &dyn Journal,
) -> Result<End, JournalError> {
    let pause = round.pause();
    let Some(approved) = item.proposal().cloned() else { return Ok(strange()) };
    if item.is_strange {
        return Ok(strange());
    }
    // What was signed before may still arrive: it is looked for until its nonce is used.
    let is_out = item.begun.as_ref().is_some_and(|begun| begun.may_arrive() && desk.final_nonce <= begun.nonce);
    let plan = match Box::pin(check(round, &approved)).await {
        Ok(Checked::Already(says)) => return Ok(if is_out { End::Waits(pause, says) } else { End::Done(says) }),
        Ok(Checked::Void) if is_out => return Ok(End::Refused(outdated(item))),
        Ok(Checked::Void) => return Ok(End::Again(pause, VOID.to_owned())),
        Ok(Checked::Good(plan)) => plan,
        Err(trouble) => return Ok(End::of(&trouble, pause, false)),
    };
    let kept = block_in_place(|| desk.kept(journal))?;
    let decided = match Box::pin(decided(round, desk, &plan, &kept)).await {
        Ok(decided) => decided,
        Err(trouble) => return Ok(End::of(&trouble, pause, false)),
    };
    let begun = match decided {
        Decided::Waits(begun) => {
            // Of the same transaction more may be known.
            let known = item.begun.clone().filter(|known| known.hash == begun.hash);
            let begun = known.map_or(begun, |known| Begun { has_arrived: true, state: ProposalState::Waits, ..known });
            let said = format!("transaction {:?} of nonce {} does that, and waits", begun.hash, begun.nonce);
            let kept = block_in_place(|| item.intend(journal, begun))?;
            return Ok(if kept { End::Waits(pause, said) } else { End::Lost });
        }
        Decided::Send(begun) => begun,
    };
    if !block_in_place(|| item.intend(journal, begun.clone()))? {
        return Ok(End::Lost);
    }
    Ok(match Box::pin(send(desk, &begun)).await {
        Ok(taken) => {
            let (has_arrived, state) = taken.standing();
            let begun = Begun { has_arrived, state, ..begun };
            let said = format!("proposed as transaction {:?} of nonce {}", begun.hash, begun.nonce);
            if block_in_place(|| item.intend(journal, begun))? { End::Waits(pause, said) } else { End::Lost }
        }
        // It may have arrived: whoever looks finds it, or has the same bytes sent again.
        Err(trouble) if trouble.passes() => End::Waits(pause, trouble.told()),
        Err(trouble) => End::Refused(trouble.told()),
    })
}

/// Why what was signed is not replaced by what would be proposed now.
fn outdated(item: &Item) -> String {
    let (hash, nonce) = item.begun.as_ref().map(|begun| (begun.hash, begun.nonce)).unwrap_or_default();
    format!(
        "{VOID}, and transaction {hash:?} of nonce {nonce} was signed for it and may still arrive at the service (hint: delete it there if it does, then `butler-cli actions drop`)"
    )
}

fn strange() -> End {
    End::Refused("what it asks for, or what was begun of it, is of another version".to_owned())
}

/// The checks of the command, with what the chain has now.
async fn check(round: &mut Round<'_>, approved: &Proposal) -> Result<Checked, Trouble> {
    let keys = matches!(approved.wish, Wish::AddKeys { .. }).then_some(approved);
    let (ground, client, keys) = round.ground(keys).await?;
    if let Some(doubt) = ground.doubt(&approved.wish) {
        return Err(Trouble::NotNow(doubt));
    }
    let decision = match ground.decision(&approved.wish, approved.from, keys.as_ref()) {
        Ok(decision) => decision,
        // Others of the file may be good.
        Err(Refusal::Keys(_)) => return Ok(Checked::Void),
        Err(refusal) => return Err(refusal.into()),
    };
    let plan = match as_approved(approved, decision, ground.places()).map_err(Refusal::from)? {
        Approved::Already(says) => return Ok(Checked::Already(says)),
        Approved::Void => return Ok(Checked::Void),
        Approved::Plan(plan) => plan,
    };
    tried(&ground, client, &plan).await?;
    Ok(Checked::Good(plan))
}

async fn tried(ground: &Ground<'_>, client: &L1Client, plan: &Plan) -> Result<(), Trouble> {
    let block = &ground.snapshot.block;
    if !plan.value().is_zero() {
        let (from, needs) = (plan.from(), plan.value());
        let has = balance(client, block, from).await?;
        if has < needs {
            return Err(Refusal::Poor { from, what: "ETH", has, needs }.into());
        }
    }
    Ok(simulate(client, block, plan).await?.check_batch()?)
}

/// What is to be sent, or what waits already.
enum Decided {
    Waits(Begun),
    Send(Begun),
}

async fn decided(round: &Round<'_>, desk: &mut Desk, plan: &Plan, kept: &[KeptProposal]) -> Result<Decided, Trouble> {
    let files = round.config().safe.proposer.as_ref().ok_or(Trouble::NoProposer)?;
    let key = block_in_place(|| LocalKey::load(&files.keystore, &files.password))?;
    let sender = key.address();
    let delegations = desk.service.delegations(sender).await?;
    check_proposer(sender, &desk.state, &delegations)?;
    let dead = desk.dead(round.client(), kept).await?;
    let (state, final_nonce) = (desk.state.clone(), desk.final_nonce);
    let listed = desk.listed().await?.to_vec();
    let view = SafeView { state: &state, final_nonce, listed: &listed, kept, dead: &dead };
    let calls: Vec<Call> = plan.steps().iter().map(|step| step.call.clone()).collect();
    let begun = |hash: H256, nonce: u64, ours: Option<PreparedProposal>, has_arrived: bool| Begun {
        effect: plan.key().clone(),
        safe: desk.safe(),
        hash,
        nonce,
        ours,
        has_arrived,
        since: unix_now(),
        block: desk.last.number,
        asked_at: 0,
        state: if has_arrived { ProposalState::Waits } else { ProposalState::Unsent },
    };
    let known = |hash: H256| kept.iter().map(|one| &one.proposal).find(|one| one.hash == hash).cloned();
    match decide(plan.key(), &calls, &view)? {
        Decision::Waits { transaction, nonce, repeated: Repeated::Partly, .. } => {
            Err(Trouble::Partly { transaction, nonce })
        }
        Decision::Waits { transaction, nonce, repeated: Repeated::Wholly, .. } => {
            Ok(Decided::Waits(begun(transaction, nonce, known(transaction), true)))
        }
        Decision::SendAgain(hash) => {
            let proposal = known(hash).ok_or_else(|| Trouble::NotNow("it is not known what was signed".to_owned()))?;
            Ok(Decided::Send(begun(hash, proposal.nonce, Some(proposal), false)))
        }
        Decision::Propose(new) => {
            let NewProposal { transaction, unreadable, .. } = *new;
            for one in unreadable {
                tracing::warn!(
                    "look whether transaction {one:?} of the Safe, which waits and is not legible, does the same"
                );
            }
            let safe = *desk.service.safe();
            let computed = transaction.hash(&safe);
            let told = fetch_transaction_hash(round.client(), &desk.block, safe.address, &transaction).await?;
            if told != computed {
                return Err(Trouble::OtherHash { told, computed });
            }
            let signature = key.sign(computed)?;
            let version = state.version.clone().map_err(Undecided::from)?;
            let origin = origin_of_effect(plan.key());
            let proposal = PreparedProposal::new(&safe, version, &transaction, (sender, &signature), &origin)?;
            Ok(Decided::Send(begun(computed, transaction.nonce, Some(proposal), false)))
        }
    }
}

/// What is known of something that the service took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// It was seen there.
    Seen,
    /// It is not there.
    NotThere,
    /// The service took it, and did not show it: it may well stand there.
    NotShown,
}

impl Taken {
    /// Whether it was seen to have arrived, and how it stands.
    fn standing(self) -> (bool, ProposalState) {
        match self {
            Self::Seen => (true, ProposalState::Waits),
            Self::NotThere => (false, ProposalState::Unsent),
            Self::NotShown => (false, ProposalState::Waits),
        }
    }
}

/// Sends what was written down. Once the service took it nothing is an error: it waits there, or is sent again.
async fn send(desk: &mut Desk, begun: &Begun) -> Result<Taken, Trouble> {
    let Some(proposal) = &begun.ours else { return Ok(Taken::Seen) };
    desk.service.propose(proposal).await?;
    desk.proposed();
    Ok(match desk.service.transaction(begun.hash).await {
        Ok(Some(_)) => Taken::Seen,
        Ok(None) => Taken::NotThere,
        Err(error) => {
            tracing::warn!("the service took {:?}, and did not show it: {}", begun.hash, one_line(&error));
            Taken::NotShown
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_service_took_and_did_not_show_is_told_and_looked_for() {
        assert_eq!(Taken::NotShown.standing(), (false, ProposalState::Waits));
        assert_eq!(Taken::NotThere.standing(), (false, ProposalState::Unsent));
    }
}
