//! `transactions broadcast`: what was signed elsewhere is checked by the chain as it is now, and sent.

use std::time::Duration;

use butler_core::client::l1::BlockTag;
use butler_core::client::trial::{Message, Order, Tried};
use butler_core::runtime::clock::unix_now;
use butler_core::runtime::exit::Exit;
use butler_core::transaction::keys::called_keys;
use butler_core::transaction::refusal::Refusal;
use butler_core::transaction::revert;
use butler_core::transaction::signed::{
    Blocked, Bundle, Checked, FeeRefusal, Grant, Next, Signed, SignedTransaction, next,
};
use ethers_core::types::{Address, H256};
use tokio::time::sleep;

use super::account::Standing;
use super::deliver::Delivery;
use super::draft::check_balance;
use super::held_keys::check_keys;
use super::journal::Journal;
use super::offline::{read, unusable, words};
use super::repeated::so_already;
use super::report::SentReport;
use crate::args::{BroadcastArgs, Global};
use crate::error::{CliError, SignedFault};
use crate::gather::{Gathered, Look, beside, gather_also};
use crate::output::{Output, remark};

/// How often the state of a block is waited for that an endpoint told.
const LOOKS: u32 = 60;
const PAUSE: Duration = Duration::from_secs(1);

/// Runs the command.
///
/// # Errors
/// See [`CliError`]; what was sent is written down, and the same command goes on with it.
pub(in crate::commands) async fn run(global: &Global, args: &BroadcastArgs, output: Output) -> Result<Exit, CliError> {
    let file: Bundle<Signed> = read(&args.file)?;
    let attesters = attesters_of(args, &file)?;
    let mut gathered = gather_also(global, BlockTag::Latest, Look::Everybody, attesters.clone()).await?;
    let account = file.account();
    let count = check(&gathered, args, &file)?.len();
    let journal = Journal::open(&gathered.network.folder, gathered.snapshot.chain_id, account)?;
    let mut delivery = Delivery::new(journal, args.wait);
    for place in 0..count {
        // Held against the list of this moment, each time.
        let all = check(&gathered, args, &file)?;
        let rest = all.get(place..).unwrap_or_default();
        let Some(one) = rest.first() else { break };
        let block = beside(async |_| Box::pin(send(&gathered, &mut delivery, &file, (one, rest))).await).await?;
        if place + 1 < count {
            gathered = gather_after(global, &attesters, block).await?;
        }
    }
    beside(async |_| Box::pin(delivery.finish(&gathered)).await).await?;
    let report = SentReport::new(gathered.scope(), account, delivery.sent);
    output.result(&report, |report, _| report.told())?;
    Ok(gathered.finish(Exit::Success))
}

/// Whose keys the file registers, as it says itself: their state is read, too.
fn attesters_of(args: &BroadcastArgs, file: &Bundle<Signed>) -> Result<Vec<Address>, CliError> {
    let checked = file.check(&file.places()).map_err(|fault| unusable(&args.file, &fault))?;
    let keys = checked.iter().flat_map(|one| called_keys(&one.draft.call, one.purpose));
    Ok(keys.map(|key| key.attester).filter(|attester| !attester.is_zero()).collect())
}

/// A snapshot of a block that is no older than that one.
async fn gather_after(global: &Global, attesters: &[Address], block: u64) -> Result<Gathered, CliError> {
    for _ in 0..LOOKS {
        let attesters = attesters.iter().copied();
        let gathered = gather_also(global, BlockTag::Latest, Look::Everybody, attesters).await?;
        if gathered.snapshot.block.number >= block {
            return Ok(gathered);
        }
        sleep(PAUSE).await;
    }
    Err(SignedFault::NoEffect(block).into())
}

/// What used this nonce for nothing, where that is what became of it.
fn cancelled(delivery: &Delivery, nonce: u64) -> Option<H256> {
    let hash = delivery.sent.iter().find(|sent| sent.nonce == nonce)?.hash;
    let mut versions = delivery.journal.kept().iter().flat_map(|kept| &kept.transactions);
    versions.any(|one| one.hash() == hash && one.draft().is_cancellation()).then_some(hash)
}

fn check(
    gathered: &Gathered,
    args: &BroadcastArgs,
    file: &Bundle<Signed>,
) -> Result<Vec<Checked<SignedTransaction>>, CliError> {
    if let Some(endpoint) = &gathered.snapshot.unconfirmed {
        return Err(Refusal::Unconfirmed(endpoint.clone()).into());
    }
    let checked = file.check(&gathered.places()).map_err(|fault| unusable(&args.file, &fault))?;
    let stake = gathered.snapshot.rollup.activation_threshold;
    Grant::check(&checked, stake).map_err(|fault| unusable(&args.file, &fault))?;
    Ok(checked)
}

/// Sees one of them into a block, the first of the rest of the file; which block.
async fn send(
    gathered: &Gathered,
    delivery: &mut Delivery,
    file: &Bundle<Signed>,
    (one, rest): (&Checked<SignedTransaction>, &[Checked<SignedTransaction>]),
) -> Result<u64, CliError> {
    let (draft, places) = (&one.draft, gathered.places());
    let (client, block) = (gathered.network.reader.client(), &gathered.snapshot.block);
    let says = words(draft, &places);
    let nonce = draft.nonce;
    let standing = Standing::read(client, block, gathered.network.config.confirmations, &delivery.journal).await?;
    let standing = standing.confirmed()?;
    delivery.journal.end(&standing.ends())?;
    let known = delivery.journal.kept().iter().rev().find(|kept| kept.entry.nonce == nonce);
    if let Some(known) = known {
        // The same bytes or what took their place: whatever became of them is waited for.
        if !known.hashes().any(|hash| hash == one.transaction.hash()) {
            let hash = known.last().map(SignedTransaction::hash).unwrap_or_default();
            return Err(SignedFault::Blocked(Blocked::Other { nonce, hash, says: known.entry.says.clone() }).into());
        }
        remark(&format!("going on with nonce {nonce}, which was sent before"));
        let block = delivery.resume(gathered, nonce).await?;
        return match cancelled(delivery, nonce) {
            Some(hash) => Err(SignedFault::Cancelled { nonce, hash }.into()),
            None => Ok(block),
        };
    }
    let written = delivery.journal.written(&standing.outcomes());
    match next(std::slice::from_ref(&draft.call), &written, &standing.nonces).map_err(SignedFault::from)? {
        Next::Sign { nonce: expected } if expected == nonce => {}
        Next::Sign { nonce: expected } => return Err(SignedFault::OtherNonce { nonce, expected }.into()),
        Next::Resume { nonce } => return Err(SignedFault::UnderWay(nonce).into()),
    }
    if let Some(why) = so_already(gathered, one, file.effect()) {
        return Err(SignedFault::SoAlready(why).into());
    }
    // Those of later ones, too: nothing is begun that cannot be ended.
    check_keys(gathered, rest).await?;
    let message =
        Message { from: draft.from, to: draft.call.to, value: draft.call.value, data: draft.call.data.clone() };
    let trial = client.try_messages(block, &[message], Order::Apart).await.map_err(CliError::Rpc)?;
    match trial.tried.first() {
        Some(Tried::Passed { gas }) if *gas > draft.gas => {
            return Err(Refusal::TooMuchGas { step: says, gas: *gas }.into());
        }
        Some(Tried::Reverted { data, words }) => {
            let why = revert::told(data, words.as_deref());
            return Err(Refusal::Reverts { from: draft.from, step: says, why }.into());
        }
        Some(Tried::Passed { .. } | Tried::Untried) | None => {}
    }
    let (needed, limit) = (trial.base_fee.unwrap_or_default(), draft.fees.max_fee);
    if needed > limit {
        return Err(SignedFault::Fee(FeeRefusal::Gas { needed, limit }).into());
    }
    check_balance(gathered, std::slice::from_ref(draft)).await?;
    delivery.journal.note(one.transaction.clone(), (file.effect(), &says), unix_now())?;
    delivery.mined(gathered, nonce).await
}
