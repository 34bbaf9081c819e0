//! `transactions replace` and `transactions cancel`: the same nonce again, which offers more; with the same call, or with none.

use butler_core::client::l1::BlockTag;
use butler_core::client::trial::{Message, Order};
use butler_core::runtime::clock::unix_now;
use butler_core::runtime::exit::Exit;
use butler_core::transaction::permitted::purpose_of;
use butler_core::transaction::refusal::Refusal;
use butler_core::transaction::signed::{Draft, Fate, SignedTransaction};

use super::account::Standing;
use super::deliver::Delivery;
use super::draft::check_balance;
use super::journal::Journal;
use super::report::SentReport;
use super::signer::{confirm, limits, market, open, open_any, sign};
use crate::args::{Global, ReplaceArgs};
use crate::error::{CliError, SignedFault};
use crate::gather::{Look, beside, gather};
use crate::output::Output;
use crate::view::format;

/// What takes the place of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::commands) enum Replacement {
    /// The same call.
    Dearer,
    /// None.
    Nothing,
}

/// Runs the command.
///
/// # Errors
/// See [`CliError`].
pub(in crate::commands) async fn run(
    global: &Global,
    args: &ReplaceArgs,
    replacement: Replacement,
    output: Output,
) -> Result<Exit, CliError> {
    let ReplaceArgs { nonce, signing } = args;
    let gathered = gather(global, BlockTag::Latest, Look::Overview).await?;
    if let Some(endpoint) = &gathered.snapshot.unconfirmed {
        return Err(Refusal::Unconfirmed(endpoint.clone()).into());
    }
    // It is opened again when something is signed.
    let account = open_any(&gathered.network.config, &signing.key)?.address();
    let mut journal = Journal::open(&gathered.network.folder, gathered.snapshot.chain_id, account)?;
    let (client, block) = (gathered.network.reader.client(), &gathered.snapshot.block);
    let config = &gathered.network.config;
    let standing = Standing::read(client, block, config.confirmations, &journal).await?.confirmed()?;
    journal.end(&standing.ends())?;
    let kept = journal.open_at(*nonce).ok_or(SignedFault::NotUnderWay(*nonce))?;
    if !matches!(standing.fates.get(nonce), Some(Fate::Waiting | Fate::Gone)) {
        return Err(SignedFault::NotUnderWay(*nonce).into());
    }
    let last = kept.last().map(SignedTransaction::draft).ok_or(SignedFault::NotUnderWay(*nonce))?.clone();
    let (effect, says) = (kept.entry.effect.clone(), kept.entry.says.clone());
    let message = Message { from: account, to: account, value: 0.into(), data: Vec::new().into() };
    let base_fee = client.try_messages(block, &[message], Order::Apart).await.map_err(CliError::Rpc)?.base_fee;
    let market = market(&config.signer, base_fee.unwrap_or_default());
    let (limits, before) = (limits(&config.signer, signing), last.fees);
    let draft = match replacement {
        Replacement::Dearer => {
            if !last.is_cancellation() {
                purpose_of(&last.call, &gathered.places()).map_err(Refusal::from)?;
            }
            let fees = before.raised(market, &limits, last.gas).map_err(SignedFault::from)?;
            Draft { fees, ..last }
        }
        Replacement::Nothing => {
            let gas = last.clone().cancelled(before).gas;
            let fees = before.raised(market, &limits, gas).map_err(SignedFault::from)?;
            last.cancelled(fees)
        }
    };
    check_balance(&gathered, std::slice::from_ref(&draft)).await?;
    let what = if draft.is_cancellation() { format!("so that nothing comes of: {says}") } else { says.clone() };
    let (cost, was) = (draft.fees.max_fee, before.max_fee);
    let shown = format!(
        "nonce {nonce} of {}, {what}\noffers {} wei for each unit of gas, and no longer {}; costs at most {} ETH\n",
        format::address(&account),
        cost,
        was,
        format::amount(draft.worst_cost(), 6)
    );
    confirm(&output.fitted(&shown), &signing.key)?;
    let key = open(&gathered.network.config, &signing.key, account)?;
    let signed = sign(&key, draft)?;
    drop(key);
    journal.note(signed, (&effect, &says), unix_now())?;
    let mut delivery = Delivery::new(journal, signing.wait);
    let done = async {
        delivery.send_now(&gathered, *nonce).await?;
        delivery.mined(&gathered, *nonce).await?;
        delivery.finish(&gathered).await
    };
    beside(async |_| Box::pin(done).await).await?;
    let report = SentReport::new(gathered.scope(), account, delivery.sent);
    output.result(&report, |report, _| report.told())?;
    Ok(gathered.finish(Exit::Success))
}
