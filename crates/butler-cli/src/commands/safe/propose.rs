//! A plan as a proposal to the owners of the Safe that sends it: once, whatever gets lost.

use std::collections::BTreeSet;

use butler_core::chain::fetch_transaction_hash;
use butler_core::client::safe::{NotPrepared, PreparedProposal};
use butler_core::config::NetworkConfig;
use butler_core::sign::LocalKey;
use butler_core::transaction::Call;
use butler_core::transaction::plan::Plan;
use butler_core::transaction::safe::{
    Decision, NewProposal, Repeated, SafeView, Undecided, check_proposer, decide, origin_of_effect,
};
use ethers_core::types::{Address, H256};
use serde::Serialize;

use super::desk::Desk;
use crate::error::{CliError, SafeFault};
use crate::gather::{Gathered, beside};
use crate::view::format;
use crate::view::json::JsonAddress;

/// What became of a proposal.
#[derive(Debug, Serialize)]
pub(in crate::commands) struct Proposed {
    safe: JsonAddress,
    outcome: Outcome,
    hash: H256,
    nonce: u64,
    by: Option<JsonAddress>,
    threshold: u64,
    replaces: BTreeSet<H256>,
    unreadable: BTreeSet<H256>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    /// It was proposed now.
    Proposed,
    /// It was proposed before, and it was not known whether it had arrived.
    SentAgain,
    /// It waits already: nothing was sent.
    Waits,
}

impl Proposed {
    /// What it says to people.
    pub(in crate::commands) fn told(&self) -> String {
        let Self { hash, nonce, threshold, .. } = self;
        let waits = format!("waits for {} and its execution, nonce {nonce}", format::count(*threshold, "signature"));
        let mut text = match self.outcome {
            Outcome::Proposed => format!("proposed: it {waits}\n"),
            Outcome::SentAgain => format!("sent again as it was: it {waits}\n"),
            Outcome::Waits => format!("nothing to do: it {waits}\n"),
        };
        text.push_str(&format!("transaction {hash:?}\n"));
        for one in &self.replaces {
            text.push_str(&format!("note: once it is executed, {one:?} never will be, which has the same nonce\n"));
        }
        for one in &self.unreadable {
            text.push_str(&format!("note: look yourself whether {one:?}, which waits, does the same\n"));
        }
        text
    }
}

/// Proposes a plan to the Safe that sends it, unless it waits there.
///
/// # Errors
/// See [`CliError`]; after an error of the service it may have arrived, and the next call finds that.
pub(in crate::commands) async fn propose(gathered: &Gathered, plan: &Plan) -> Result<Proposed, CliError> {
    let key = proposer_key(&gathered.network.config)?;
    beside(async |_| Box::pin(at_desk(gathered, &key, plan)).await).await
}

/// Opens the key that proposes.
pub(super) fn proposer_key(network: &NetworkConfig) -> Result<LocalKey, SafeFault> {
    let files = network.safe.proposer.as_ref().ok_or_else(|| SafeFault::NoProposer(network.name.clone()))?;
    LocalKey::load(&files.keystore, &files.password).map_err(SafeFault::Key)
}

async fn at_desk(gathered: &Gathered, key: &LocalKey, plan: &Plan) -> Result<Proposed, CliError> {
    let mut desk = Desk::open(gathered, plan.from()).await?;
    let done = settled(&mut desk, key, plan).await;
    desk.close(done)
}

async fn settled(desk: &mut Desk<'_>, key: &LocalKey, plan: &Plan) -> Result<Proposed, CliError> {
    let sender = key.address();
    let delegations = desk.service.delegations(sender).await.map_err(SafeFault::from)?;
    check_proposer(sender, &desk.state, &delegations).map_err(SafeFault::from)?;
    let listed = desk.service.transactions_from(desk.final_nonce).await.map_err(SafeFault::from)?;
    let (kept, dead) = (desk.journal.kept(), desk.dead(&listed).await?);
    let view =
        SafeView { state: &desk.state, final_nonce: desk.final_nonce, listed: &listed, kept: &kept, dead: &dead };
    let calls: Vec<Call> = plan.steps().iter().map(|step| step.call.clone()).collect();
    match decide(plan.key(), &calls, &view).map_err(SafeFault::from)? {
        Decision::Waits { transaction, nonce, repeated: Repeated::Partly, .. } => {
            Err(SafeFault::Partly { transaction, nonce }.into())
        }
        Decision::Waits { transaction, nonce, repeated: Repeated::Wholly, by } => {
            desk.journal.arrived(transaction);
            Ok(told(desk, Outcome::Waits, (transaction, nonce), by))
        }
        Decision::SendAgain(hash) => {
            let nonce = send(desk, hash).await?;
            Ok(told(desk, Outcome::SentAgain, (hash, nonce), Some(sender)))
        }
        Decision::Propose(new) => {
            let NewProposal { transaction, replaces, unreadable } = *new;
            let (safe, nonce) = (*desk.service.safe(), transaction.nonce);
            let (client, block) = (desk.gathered.network.reader.client(), &desk.gathered.snapshot.block);
            let computed = transaction.hash(&safe);
            let said = fetch_transaction_hash(client, block, safe.address, &transaction).await;
            let said = said.map_err(SafeFault::Read)?;
            if said != computed {
                return Err(SafeFault::OtherHash { told: said, computed }.into());
            }
            let signature = key.sign(computed).map_err(SafeFault::Sign)?;
            let version = desk.state.version.clone().map_err(|error| SafeFault::from(Undecided::from(error)))?;
            let origin = origin_of_effect(plan.key());
            let proposal = PreparedProposal::new(&safe, version, &transaction, (sender, &signature), &origin);
            desk.journal.note(plan.key().clone(), proposal.map_err(SafeFault::NotPrepared)?)?;
            send(desk, computed).await?;
            let proposed = told(desk, Outcome::Proposed, (computed, nonce), Some(sender));
            Ok(Proposed { replaces, unreadable, ..proposed })
        }
    }
}

/// Sends what was written down, and sees whether the service has it; its nonce.
async fn send(desk: &mut Desk<'_>, hash: H256) -> Result<u64, CliError> {
    let proposal = desk.journal.proposal(hash).ok_or(SafeFault::NotPrepared(NotPrepared::Changed))?;
    let nonce = proposal.nonce;
    desk.service.propose(proposal).await.map_err(SafeFault::from)?;
    if desk.service.transaction(hash).await.map_err(SafeFault::from)?.is_some() {
        desk.journal.arrived(hash);
    }
    Ok(nonce)
}

fn told(desk: &Desk<'_>, outcome: Outcome, (hash, nonce): (H256, u64), by: Option<Address>) -> Proposed {
    Proposed {
        safe: desk.service.safe().address.into(),
        outcome,
        hash,
        nonce,
        by: by.map(Into::into),
        threshold: desk.state.threshold,
        replaces: BTreeSet::new(),
        unreadable: BTreeSet::new(),
    }
}
