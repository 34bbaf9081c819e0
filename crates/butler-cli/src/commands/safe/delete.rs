//! `safe delete`: a proposal of ours is taken back, as long as that means something.

use butler_core::client::l1::BlockTag;
use butler_core::client::safe::ListedTransaction;
use butler_core::contracts::safe::ServiceRequest;
use butler_core::runtime::clock::unix_now;
use butler_core::runtime::exit::Exit;
use butler_core::sign::LocalKey;
use ethers_core::types::{Address, H256};
use serde::Serialize;

use super::desk::{Desk, address};
use super::proposals::told;
use super::propose::proposer_key;
use crate::args::{Global, OfSafe};
use crate::error::{CliError, SafeFault};
use crate::gather::{Gathered, Look, beside, gather};
use crate::output::Output;
use crate::view::json::{JsonAddress, Scope};

/// What became of it.
#[derive(Debug, Serialize)]
struct DeletedReport {
    scope: Scope,
    safe: JsonAddress,
    hash: H256,
    outcome: Outcome,
    nonce: Option<u64>,
    does: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    /// The service has it no more.
    Deleted,
    /// It did not have it: nothing was sent.
    NotThere,
}

/// Runs the command.
///
/// # Errors
/// See [`CliError`].
pub(in crate::commands) async fn delete(
    global: &Global,
    of: OfSafe,
    hash: H256,
    output: Output,
) -> Result<Exit, CliError> {
    let gathered = gather(global, BlockTag::Latest, Look::Overview).await?;
    let safe = address(&gathered, of)?;
    let report = beside(async |_| Box::pin(at_desk(&gathered, safe, hash)).await).await?;
    output.result(&report, render)?;
    Ok(gathered.finish(Exit::Success))
}

async fn at_desk(gathered: &Gathered, safe: Address, hash: H256) -> Result<DeletedReport, CliError> {
    let key = proposer_key(&gathered.network.config)?;
    let mut desk = Desk::open(gathered, safe).await?;
    let done = settled(&mut desk, &key, hash).await;
    desk.close(done)
}

async fn settled(desk: &mut Desk<'_>, key: &LocalKey, hash: H256) -> Result<DeletedReport, CliError> {
    let report = |outcome, nonce, does| DeletedReport {
        scope: desk.gathered.scope(),
        safe: desk.service.safe().address.into(),
        hash,
        outcome,
        nonce,
        does,
    };
    let Some(found) = desk.service.transaction(hash).await.map_err(SafeFault::from)? else {
        return Ok(report(Outcome::NotThere, None, Vec::new()));
    };
    check(desk, key.address(), &found)?;
    let report = report(Outcome::Deleted, Some(found.transaction.nonce), told(desk, &found).does);
    // Durable before the request: whoever is killed meanwhile must not send it again.
    desk.journal.arrived(hash);
    desk.journal.keep(desk.service.budget())?;
    let request = ServiceRequest::Delete { safe: *desk.service.safe(), transaction: hash };
    let signature = key.sign(request.hash(unix_now())).map_err(SafeFault::Sign)?;
    desk.service.delete(hash, &signature).await.map_err(SafeFault::from)?;
    match desk.service.transaction(hash).await.map_err(SafeFault::from)? {
        None => Ok(report),
        Some(_) => Err(SafeFault::StillThere(hash).into()),
    }
}

/// Whether deleting it means that it will not be executed.
fn check(desk: &Desk<'_>, own: Address, found: &ListedTransaction) -> Result<(), SafeFault> {
    let (hash, nonce) = (found.hash, found.transaction.nonce);
    if found.executed.is_some() || nonce < desk.state.nonce {
        return Err(SafeFault::Over { hash, nonce });
    }
    if found.delegate != Some(own) && found.proposer != Some(own) {
        return Err(SafeFault::NotOurs(hash));
    }
    let confirmed = found.confirmed_by.intersection(&desk.state.owners).count();
    if u64::try_from(confirmed).is_ok_and(|confirmed| confirmed >= desk.state.threshold) {
        return Err(SafeFault::Signed(hash));
    }
    Ok(())
}

fn render(report: &DeletedReport, _: &Output) -> String {
    let DeletedReport { scope, hash, outcome, nonce, does, .. } = report;
    let mut text = crate::view::scope_line(scope);
    text.push_str(&match (outcome, nonce) {
        (Outcome::Deleted, Some(nonce)) => format!("deleted: nonce {nonce} is free again\ntransaction {hash:?}\n"),
        (Outcome::Deleted | Outcome::NotThere, _) => {
            format!("nothing to do: the Safe service has no transaction {hash:?}\n")
        }
    });
    for does in does {
        text.push_str(&format!("  * it would have done: {does}\n"));
    }
    if *outcome == Outcome::Deleted {
        text.push_str("note: owners who signed it elsewhere can still execute it until its nonce is used\n");
    }
    text
}
