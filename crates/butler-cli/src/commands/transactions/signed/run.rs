//! A change signed and sent here: one call at a time, each of them wanted by the state that the one before left behind.

use std::time::Duration;

use butler_core::runtime::clock::unix_now;
use butler_core::runtime::exit::Exit;
use butler_core::transaction::Call;
use butler_core::transaction::change::Step;
use butler_core::transaction::plan::Decision;
use butler_core::transaction::refusal::Refusal;
use butler_core::transaction::signed::{Next, is_covered, is_same, next};
use tokio::time::{Instant, sleep};

use super::account::Standing;
use super::deliver::Delivery;
use super::draft::{check_balance, draft};
use super::journal::Journal;
use super::signer::{confirm, open, sign};
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
    delivery: Delivery,
    /// What was shown: nothing else is signed.
    approved: Vec<Step>,
    /// What is in blocks by now: an approval is for one call.
    delivered: Vec<Call>,
}

/// Signs and sends what is planned.
///
/// # Errors
/// See [`CliError`]; whatever was signed is written down, and the next run goes on with it.
pub(in crate::commands) async fn run(
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
    // Whether it is the right key is known before anybody is asked. It is opened again when something is signed.
    drop(open(&gathered.network.config, &args.signing.key, from)?);
    let journal = Journal::open(&gathered.network.folder, gathered.snapshot.chain_id, from)?;
    let mut report = Report::planned(gathered.scope(), &tried.plan, &tried.simulation, None);
    confirm(&output.fitted(&render(&report, &output)), &args.signing.key)?;
    let (delivery, approved) = (Delivery::new(journal, args.signing.wait), tried.plan.steps().to_vec());
    let mut run = Run { decide, args, delivery, approved, delivered: Vec::new() };
    let work = Box::pin(run.all(gathered.snapshot.block.number));
    let (gathered, already) = Box::pin(beside(async |_| work.await)).await?;
    if run.delivery.sent.is_empty() {
        // Somebody else did it while it was asked.
        report = Report::already(gathered.scope(), tried.plan.change().name(), already);
    } else {
        report.sent(run.delivery.sent);
    }
    show(&report, output)?;
    Ok(gathered.finish(Exit::Success))
}

impl Run<'_, '_> {
    /// Sends all of it; what the chain says in the end, which is never older than that block.
    ///
    /// Everything is decided anew before anything is signed: it may have been asked for long.
    async fn all(&mut self, mut block: u64) -> Result<(Gathered, String), CliError> {
        loop {
            match self.decide_after(block).await? {
                (gathered, Decision::Already { says, .. }) => {
                    self.delivery.finish(&gathered).await?;
                    return Ok((gathered, says));
                }
                (gathered, Decision::Wanted(wanted)) => {
                    let tried = Tried::new(&gathered, wanted).await?;
                    let nonce = self.prepare(&gathered, &tried).await?;
                    block = self.delivery.mined(&gathered, nonce).await?;
                    self.delivered.extend(self.delivery.journal.call_of(nonce).cloned());
                }
            }
        }
    }

    /// The nonce of what is to be delivered next, which is written down.
    async fn prepare(&mut self, gathered: &Gathered, tried: &Tried) -> Result<u64, CliError> {
        let (client, block) = (gathered.network.reader.client(), &gathered.snapshot.block);
        let standing = Standing::read(client, block, gathered.network.config.confirmations, &self.delivery.journal)
            .await?
            .confirmed()?;
        self.delivery.journal.end(&standing.ends())?;
        let is_wanted = |one: &&Step| tried.plan.steps().iter().any(|step| is_same(&step.call, &one.call));
        let wanted: Vec<Step> = self.approved.iter().filter(is_wanted).cloned().collect();
        let calls: Vec<_> = wanted.iter().map(|step| step.call.clone()).collect();
        let written = self.delivery.journal.written(&standing.outcomes());
        match next(&calls, &written, &standing.nonces).map_err(SignedFault::from)? {
            Next::Resume { nonce } => {
                if self.delivery.sent.iter().any(|sent| sent.nonce == nonce) {
                    self.delivery.pause(nonce).await?;
                } else {
                    remark(&format!("going on with nonce {nonce}, which was signed before"));
                }
                Ok(nonce)
            }
            Next::Sign { nonce } => {
                let fresh: Vec<Call> = tried.plan.steps().iter().map(|step| step.call.clone()).collect();
                let step = wanted.first().filter(|step| is_covered(&step.call, &fresh, &self.delivered));
                let step = step.ok_or(SignedFault::Changed)?;
                let draft = draft(gathered, tried, (step, nonce), &self.args.signing)?;
                check_balance(gathered, std::slice::from_ref(&draft)).await?;
                let key = open(&gathered.network.config, &self.args.signing.key, tried.plan.from())?;
                let signed = sign(&key, draft)?;
                drop(key);
                self.delivery.journal.note(signed, (tried.plan.key(), &step.says), unix_now())?;
                Ok(nonce)
            }
        }
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
}
