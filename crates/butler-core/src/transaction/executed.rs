//! A change found in the chain's own logs: in which block and by which transaction it was made.
//!
//! Only so many blocks back are looked through. What is not found there may be older: whether something is so is told by the state, never by
//! this.

use std::collections::BTreeSet;

use ethers_core::abi::{AbiEncode as _, ParamType, Token, decode};
use ethers_core::types::{Address, H256, Log, U256};
use thiserror::Error;

use super::change::Change;
use super::permitted::Places;
use crate::client::error::RpcError;
use crate::client::l1::{BlockTag, L1Client};
use crate::client::logs::LogFilter;
use crate::contracts::bindings::{rollup, staking_registry};
use crate::domain::block::BlockRef;
use crate::domain::ids::ProviderId;

/// How many blocks are looked through: about a week.
pub const LOOK: u64 = 50_400;

/// Where a change was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Executed {
    /// The block.
    pub block: u64,
    /// The transaction.
    pub transaction: H256,
    /// Whether that block is final.
    pub is_final: bool,
}

/// What a change leaves in the logs.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Trace {
    filter: LogFilter,
    /// What the data must hold, where topics do not say all.
    says: Says,
}

/// What the data of a log must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Says {
    /// Anything.
    Anything,
    /// This word.
    Word(H256),
    /// A list that ends with the last of these addresses, and has none but them.
    Lists(Vec<Address>),
}

/// Where a change is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Span<'a> {
    /// The first block.
    pub from: u64,
    /// The last one.
    pub head: &'a BlockRef,
    /// After how many blocks one is final, as configured; the chain says it where that is `None`.
    pub confirmations: Option<u64>,
}

/// Why it is not known where a change was made.
#[derive(Debug, Error)]
pub enum NotKnown {
    /// No endpoint tells the logs, or the last final block.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// One endpoint has it, and another that was asked did not tell: it may be so, or not.
    #[error("transaction {0:?} is told by one endpoint alone, while another does not tell")]
    Unconfirmed(H256),
}

/// What an endpoint has of a transaction's logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// Such a log.
    Log,
    /// Others.
    Others,
    /// No receipt, or no answer.
    Nothing,
}

/// Finds the last log up to the head that made a change; `None` where none is found, or the change leaves none, or where one endpoint has it and
/// another one's receipt has not.
///
/// # Errors
/// See [`NotKnown`].
pub async fn find(
    client: &L1Client,
    span: Span<'_>,
    change: &Change,
    places: &Places,
) -> Result<Option<Executed>, NotKnown> {
    let Span { from, head, confirmations } = span;
    let Some(trace) = Trace::of(change, places) else { return Ok(None) };
    let from = from.max(head.number.saturating_sub(LOOK));
    let mut scan = client.log_scan(&trace.filter, (from, head.number), Some(*head), BTreeSet::new());
    let mut found = None;
    while let Some(step) = scan.next().await? {
        found = step.logs.iter().rev().find(|log| trace.matches(log)).and_then(place_of).or(found);
    }
    let Some((block, transaction)) = found else { return Ok(None) };
    let unconfirmed = NotKnown::Unconfirmed(transaction);
    if !is_confirmed(&told(client, &trace, transaction).await).ok_or(unconfirmed)?
        || !carries(client, change, transaction).await?
    {
        return Ok(None);
    }
    let last_final = match confirmations {
        None => client.head(BlockTag::Finalized, &[]).await?.block.number,
        Some(blocks) => head.number.saturating_sub(blocks),
    };
    Ok(Some(Executed { block, transaction, is_final: block <= last_final }))
}

fn place_of(log: &Log) -> Option<(u64, H256)> {
    Some((u64::try_from(log.block_number?).ok()?, log.transaction_hash?))
}

/// What each endpoint has in the transaction's receipt.
async fn told(client: &L1Client, trace: &Trace, transaction: H256) -> Vec<Told> {
    let mut told = Vec::new();
    for index in 0..client.endpoints().len() {
        let receipt =
            client.receipts(index, &[transaction]).await.ok().and_then(|receipts| receipts.into_iter().next());
        told.push(match receipt.flatten() {
            Some(logs) if logs.iter().any(|log| trace.is_of(log) && trace.matches(log)) => Told::Log,
            Some(_) => Told::Others,
            None => Told::Nothing,
        });
    }
    told
}

/// Whether two endpoints have such a log, or the only one; `None` where those that did not tell could make it two.
fn is_confirmed(told: &[Told]) -> Option<bool> {
    let count = |told_is: Told| told.iter().filter(|told| **told == told_is).count();
    let (needed, has) = (told.len().min(2), count(Told::Log));
    if has >= needed {
        return Some(true);
    }
    (has.saturating_add(count(Told::Nothing)) < needed).then_some(false)
}

/// Whether the transaction carries what the log does not tell: a provider is registered with a recipient that no event has. However many contracts are
/// called in between, the bytes of the call are in what the transaction carries.
async fn carries(client: &L1Client, change: &Change, transaction: H256) -> Result<bool, NotKnown> {
    let Change::CreateProvider { admin, take_rate_bps, rewards_recipient } = change else { return Ok(true) };
    let call = staking_registry::RegisterProviderCall {
        provider_admin: *admin,
        provider_take_rate: *take_rate_bps,
        provider_rewards_recipient: *rewards_recipient,
    }
    .encode();
    let (_, sent) = client.transactions(&[transaction], &BTreeSet::new()).await?;
    let sent = sent.get(&transaction).ok_or(NotKnown::Unconfirmed(transaction))?;
    Ok(sent.input.windows(call.len()).any(|part| part == call))
}

impl Trace {
    fn of(change: &Change, places: &Places) -> Option<Self> {
        let registry = |event: &str, topics: Vec<H256>, says: Says| {
            trace(&staking_registry::STAKINGREGISTRY_ABI, places.staking_registry, event, topics, says)
        };
        match change {
            Change::CreateProvider { admin, take_rate_bps, .. } => {
                let rate = word(U256::from(*take_rate_bps));
                // The number of the provider is not known before.
                let mut trace = registry("ProviderRegistered", vec![H256::from(*admin), rate], Says::Anything)?;
                trace.filter.topics.insert(1, Vec::new());
                Some(trace)
            }
            Change::AddKeys { provider, keys } => {
                let keys = keys.iter().map(|key| key.attester).collect();
                registry("AttestersAddedToProvider", vec![id(*provider)], Says::Lists(keys))
            }
            Change::Drip { .. } | Change::Fund { .. } => None,
            Change::NameAdmin { provider, admin } => {
                registry("ProviderAdminUpdateInitiated", vec![id(*provider), H256::from(*admin)], Says::Anything)
            }
            Change::AcceptAdmin { provider, admin } => {
                registry("ProviderAdminUpdated", vec![id(*provider), H256::from(*admin)], Says::Anything)
            }
            Change::SetRecipient { provider, rewards_recipient } => {
                let topics = vec![id(*provider), H256::from(*rewards_recipient)];
                registry("ProviderRewardsRecipientUpdated", topics, Says::Anything)
            }
            Change::SetTakeRate { provider, take_rate_bps } => {
                let rate = Says::Word(word(U256::from(*take_rate_bps)));
                registry("ProviderTakeRateUpdated", vec![id(*provider)], rate)
            }
            Change::Deposit { withdrawer, keys, .. } => {
                let topics = vec![H256::from(keys.last()?.attester), H256::from(*withdrawer)];
                trace(&rollup::ROLLUP_ABI, places.rollup, "ValidatorQueued", topics, Says::Anything)
            }
        }
    }

    /// Whether a log of a receipt is one that the filter asks for.
    fn is_of(&self, log: &Log) -> bool {
        let topics = self.filter.topics.iter().enumerate();
        let mut fits =
            topics.map(|(place, any)| any.is_empty() || log.topics.get(place).is_some_and(|topic| any.contains(topic)));
        self.filter.addresses.contains(&log.address) && fits.all(|fits| fits)
    }

    fn matches(&self, log: &Log) -> bool {
        match &self.says {
            Says::Anything => true,
            Says::Word(expected) => log.data.as_ref() == expected.as_bytes(),
            Says::Lists(addresses) => {
                let list = ParamType::Array(Box::new(ParamType::Address));
                let decoded = decode(&[list], &log.data).unwrap_or_default();
                let listed = decoded.into_iter().next().and_then(Token::into_array).unwrap_or_default();
                let is_one = |token: &Token| addresses.iter().any(|address| *token == Token::Address(*address));
                let last = addresses.last().map(|address| Token::Address(*address));
                listed.last() == last.as_ref() && listed.iter().all(is_one)
            }
        }
    }
}

fn trace(abi: &ethers_core::abi::Abi, address: Address, event: &str, topics: Vec<H256>, says: Says) -> Option<Trace> {
    let first = abi.event(event).ok()?.signature();
    let topics = std::iter::once(first).chain(topics).map(|topic| vec![topic]).collect();
    Some(Trace { filter: LogFilter { addresses: vec![address], topics }, says })
}

fn id(provider: ProviderId) -> H256 {
    word(provider.into())
}

fn word(number: U256) -> H256 {
    H256::from_slice(&number.encode())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_endpoint_does_not_tell_is_not_that_it_was_never_done() {
        use Told::{Log, Nothing, Others};
        for (told, expected) in [
            (&[Log][..], Some(true)),
            (&[Others], Some(false)),
            (&[Nothing], None),
            (&[Log, Log], Some(true)),
            (&[Log, Others, Log], Some(true)),
            (&[Log, Nothing], None),
            (&[Nothing, Nothing], None),
            (&[Log, Others], Some(false)),
            (&[Others, Nothing], Some(false)),
            (&[Log, Others, Nothing], None),
        ] {
            assert_eq!(is_confirmed(told), expected, "{told:?}");
        }
    }
}
