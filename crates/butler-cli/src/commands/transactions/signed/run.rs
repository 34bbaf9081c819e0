//! A change signed and sent here: one call at a time, each of them wanted by the state that the one before left behind.

use std::time::Duration;

use butler_core::runtime::clock::unix_now;
use butler_core::runtime::exit::Exit;
use butler_core::sign::LocalKey;
use butler_core::transaction::change::Step;
use butler_core::transaction::permitted::purpose_of;
use butler_core::transaction::plan::Decision;
use butler_core::transaction::reading::balance;
use butler_core::transaction::refusal::Refusal;
use butler_core::transaction::signed::{Draft, Fees, Next, Outcome, gas_limit, is_same, next};
use tokio::time::{Instant, sleep};

use super::account::Standing;
use super::deliver::{Goal, deliver};
use super::journal::Journal;
use super::report::Sent;
use super::signer::{confirm, limits, market, open, sign};
use crate::args::TransactionArgs;
use crate::commands::transactions::report::{Report, render, show};
use crate::commands::transactions::tried::{Decide, Tried};
use crate::error::{CliError, SignedFault};
use crate::gather::{Gathered, beside};
use crate::output::{Output, remark};

/// How long the state of a block is waited for that an endpoint told.
const LAG: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_secs(1);

/// One change on its way.
struct Run<'a, 'd> {
    decide: &'a Decide<'d>,
    args: &'a TransactionArgs,
    key: LocalKey,
    journal: Journal,
    /// What was shown: nothing else is signed.
    approved: Vec<Step>,
    sent: Vec<Sent>,
    until: Instant,
}

/// Signs and sends what is planned.
///
/// # Errors
/// See [`CliError`]; whatever was signed is written down, and the next run goes on with it.
pub(in crate::commands::transactions) async fn run(
    decide: &Decide<'_>,
    gathered: Gathered,
    tried: Tried,
    args: &TransactionArgs,
    output: Output,
) -> Result<Exit, CliError> {
    if args.out.is_some() {
        return Err(SignedFault::NoFile.into());
    }
    let from = tried.plan.from();
    let key = open(&gathered, &args.signing.key, from)?;
    let journal = Journal::open(&gathered.network.folder, gathered.snapshot.chain_id, from)?;
    let mut report = Report::planned(gathered.scope(), &tried.plan, &tried.simulation, None);
    confirm(&output.fitted(&render(&report, &output)), &args.signing.key)?;
    let until = Instant::now().checked_add(args.signing.wait).unwrap_or_else(Instant::now);
    let approved = tried.plan.steps().to_vec();
    let mut run = Run { decide, args, key, journal, approved, sent: Vec::new(), until };
    let gathered = beside(async |_| Box::pin(run.all(gathered, tried)).await).await?;
    report.sent(run.sent);
    show(&report, output)?;
    Ok(gathered.finish(Exit::Success))
}

impl Run<'_, '_> {
    /// Sends all of it; what the chain says in the end.
    async fn all(&mut self, mut gathered: Gathered, mut tried: Tried) -> Result<Gathered, CliError> {
        loop {
            let nonce = self.prepare(&gathered, &tried).await?;
            let block = self.mined(&gathered, nonce).await?;
            let decision;
            (gathered, decision) = self.decide_after(block).await?;
            match decision {
                Decision::Already { .. } => break,
                Decision::Wanted(wanted) => tried = Tried::new(&gathered, wanted).await?,
            }
        }
        self.finish(&gathered).await?;
        Ok(gathered)
    }

    /// The nonce of what is to be delivered next, which is written down.
    async fn prepare(&mut self, gathered: &Gathered, tried: &Tried) -> Result<u64, CliError> {
        let (client, block) = (gathered.network.reader.client(), &gathered.snapshot.block);
        let standing = Standing::read(client, block, gathered.network.config.confirmations, &self.journal).await?;
        self.journal.end(&standing.ends())?;
        let is_wanted = |one: &&Step| tried.plan.steps().iter().any(|step| is_same(&step.call, &one.call));
        let wanted: Vec<Step> = self.approved.iter().filter(is_wanted).cloned().collect();
        let calls: Vec<_> = wanted.iter().map(|step| step.call.clone()).collect();
        let written = self.journal.written(&standing.outcomes());
        match next(&calls, &written, &standing.nonces).map_err(SignedFault::from)? {
            Next::Resume { nonce } => {
                if !self.sent.iter().any(|sent| sent.nonce == nonce) {
                    remark(&format!("going on with nonce {nonce}, which was signed before"));
                }
                Ok(nonce)
            }
            Next::Sign { nonce } => {
                let step = wanted.first().ok_or(SignedFault::Changed)?;
                let draft = self.draft(gathered, tried, step, nonce).await?;
                let signed = sign(&self.key, draft)?;
                self.journal.note(signed, (tried.plan.key(), &step.says), unix_now())?;
                Ok(nonce)
            }
        }
    }

    /// What is signed for a step: on the list of this moment, and within what is granted and what the account has.
    async fn draft(&self, gathered: &Gathered, tried: &Tried, step: &Step, nonce: u64) -> Result<Draft, CliError> {
        let (client, block) = (gathered.network.reader.client(), &gathered.snapshot.block);
        purpose_of(&step.call, &gathered.places()).map_err(Refusal::from)?;
        let config = &gathered.network.config.signer;
        let place = tried.plan.steps().iter().position(|one| is_same(&one.call, &step.call));
        let tried_gas = place.and_then(|place| tried.simulation.gas.get(place).copied().flatten());
        let gas = gas_limit(tried_gas.ok_or_else(|| SignedFault::Untried(step.says.clone()))?);
        let market = market(config, tried.simulation.base_fee);
        let fees = Fees::first(market, &limits(config, &self.args.signing), gas).map_err(SignedFault::from)?;
        let from = tried.plan.from();
        let chain_id = gathered.snapshot.chain_id;
        let draft = Draft { chain_id, from, nonce, call: step.call.clone(), gas, fees };
        let needs = draft.call.value.saturating_add(draft.worst_cost());
        let has = balance(client, block, from).await?;
        if has < needs {
            return Err(Refusal::Poor { from, what: "ETH", has, needs }.into());
        }
        Ok(draft)
    }

    /// Sees it into a block; which one.
    async fn mined(&mut self, gathered: &Gathered, nonce: u64) -> Result<u64, CliError> {
        let done = deliver(gathered, &mut self.journal, nonce, Goal::Mined, self.until).await?;
        match done {
            Some((Outcome::Succeeded { hash, block }, is_final)) => {
                let says = self.says(nonce);
                self.sent.retain(|one| one.nonce != nonce);
                self.sent.push(Sent::new(says, (nonce, hash), block, is_final));
                Ok(block)
            }
            Some((Outcome::Reverted { hash, block }, _)) => Err(SignedFault::Reverted { hash, block }.into()),
            Some((Outcome::Displaced, _)) => Err(SignedFault::Displaced(nonce).into()),
            None => {
                let hash = self.journal.open_at(nonce).and_then(|kept| kept.last()).map(|one| one.hash());
                Err(SignedFault::NotMined { hash: hash.unwrap_or_default(), nonce }.into())
            }
        }
    }

    fn says(&self, nonce: u64) -> String {
        let kept = self.journal.kept().iter().rev().find(|kept| kept.entry.nonce == nonce);
        kept.map(|kept| kept.entry.says.clone()).unwrap_or_default()
    }

    /// Decides again, in a state that has that block.
    async fn decide_after(&self, block: u64) -> Result<(Gathered, Decision), CliError> {
        let began = Instant::now();
        loop {
            let (gathered, decision) = (self.decide)().await?;
            if let Some(endpoint) = &gathered.snapshot.unconfirmed {
                return Err(Refusal::Unconfirmed(endpoint.clone()).into());
            }
            if gathered.snapshot.block.number >= block {
                return Ok((gathered, decision));
            }
            if began.elapsed() > LAG {
                return Err(SignedFault::NoEffect(block).into());
            }
            sleep(PAUSE).await;
        }
    }

    /// Waits until all of it is final, or the time is over.
    async fn finish(&mut self, gathered: &Gathered) -> Result<(), CliError> {
        let nonces: Vec<u64> = self.sent.iter().filter(|sent| !sent.is_final()).map(|sent| sent.nonce).collect();
        for nonce in nonces {
            // What ended while another one was waited for has nothing to wait for.
            let ended = self.journal.kept().iter().rev().find(|kept| kept.entry.nonce == nonce);
            let ended = ended.and_then(|kept| kept.entry.ended);
            let reached = match ended {
                Some(end) => Some((end.into(), true)),
                None => deliver(gathered, &mut self.journal, nonce, Goal::Final, self.until).await?,
            };
            match reached {
                Some((Outcome::Succeeded { hash, block }, is_final)) => {
                    let says = self.says(nonce);
                    self.sent.iter_mut().filter(|one| one.nonce == nonce).for_each(|one| {
                        *one = Sent::new(says.clone(), (nonce, hash), block, is_final);
                    });
                }
                Some((Outcome::Reverted { hash, block }, _)) => return Err(SignedFault::Reverted { hash, block }.into()),
                Some((Outcome::Displaced, _)) => return Err(SignedFault::Displaced(nonce).into()),
                None => {
                    let hash = self.journal.open_at(nonce).and_then(|kept| kept.last()).map(|one| one.hash());
                    return Err(SignedFault::NotMined { hash: hash.unwrap_or_default(), nonce }.into());
                }
            }
        }
        Ok(())
    }
}
