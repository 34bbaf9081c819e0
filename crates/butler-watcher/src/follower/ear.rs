//! Which logs are kept of those that are heard while the ledger is scanned: those that may matter, by what is ours so far.

use std::collections::{BTreeMap, BTreeSet};

use butler_core::chain::{DutiesBook, EventSources, Heard, Keep};
use butler_core::client::logs::LogFilter;
use butler_core::contracts::checkpoint_events::checkpoint_topics;
use butler_core::contracts::events::Source;
use ethers_core::types::{Address, H256, Log};

use super::decode::{self, happened, may_matter};
use crate::plan::Happened;

/// Everything that is listened to: followed events of these contracts, and what the rollups among them tell of checkpoints.
pub(super) fn filter(sources: &EventSources) -> LogFilter {
    let (followed, checkpoints) = (decode::filter(&sources.contracts), DutiesBook::filter([sources.rollup]));
    let addresses: BTreeSet<Address> = followed.addresses.into_iter().chain(checkpoints.addresses).collect();
    let topics: BTreeSet<H256> = followed.topics.concat().into_iter().chain(checkpoints.topics.concat()).collect();
    LogFilter { addresses: addresses.into_iter().collect(), topics: vec![topics.into_iter().collect()] }
}

/// Whether a log tells of checkpoints.
fn is_of_checkpoints(topics: &[H256], log: &Log) -> bool {
    log.topics.first().is_some_and(|topic| topics.contains(topic))
}

/// Whether nothing that is planned from was told from that block on, by any of so many endpoints.
pub(super) fn is_silent(heard: &Heard, endpoints: usize, from: u64) -> bool {
    let topics = checkpoint_topics();
    let is_silent = |endpoint| {
        let (logs, _) = heard.of(Some(endpoint), (from, u64::MAX));
        logs.into_iter().all(|log| is_of_checkpoints(&topics, log))
    };
    (0..endpoints).all(is_silent)
}

/// Keeps what may matter to these attesters, and to those that our providers' events name on the way. Nothing that a rollup tells
/// of somebody matters before he is ours. What rollups tell of checkpoints is kept, too.
pub(super) fn keep(sources: &EventSources, attesters: BTreeSet<Address>) -> Keep {
    let contracts: BTreeMap<Address, Source> = sources.contracts.clone();
    let topics = checkpoint_topics();
    let mut attesters = attesters;
    Box::new(move |log, providers| {
        if is_of_checkpoints(&topics, log) {
            return contracts.get(&log.address) == Some(&Source::Rollup);
        }
        if !may_matter(log, &contracts, providers, &attesters) {
            return false;
        }
        if contracts.get(&log.address) == Some(&Source::StakingRegistry) {
            match happened(Source::StakingRegistry, log) {
                Ok(Some((_, what))) => attesters.extend(named(what)),
                // An event that is not followed, as the ledger has some.
                Ok(None) => return false,
                // Whoever decodes it for good says so.
                Err(_) => {}
            }
        }
        true
    })
}

/// The attesters that an event of the registry names.
fn named(what: Happened) -> Vec<Address> {
    match what {
        Happened::KeysAdded { attesters, .. } => attesters,
        Happened::Staked { attester, .. } | Happened::Dripped { attester, .. } => vec![attester],
        Happened::AdminChangeBegun { .. }
        | Happened::AdminChanged { .. }
        | Happened::TakeRateChanged { .. }
        | Happened::RecipientChanged { .. }
        | Happened::Queued { .. }
        | Happened::Accepted { .. }
        | Happened::Refunded { .. }
        | Happened::Slashed { .. }
        | Happened::ExitByWithdrawer { .. }
        | Happened::ExitByAttester { .. }
        | Happened::ExitFinalized { .. }
        | Happened::RollupChanged { .. }
        | Happened::SlasherChanged { .. }
        | Happened::SlashingPaused { .. }
        | Happened::SlashVetoed { .. } => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use butler_core::domain::ids::ProviderId;
    use ethers_core::abi::{Token, encode};
    use ethers_core::types::U256;

    use super::*;

    const REGISTRY: Address = Address::repeat_byte(0xf0);
    const ROLLUP: Address = Address::repeat_byte(0xe0);

    fn log(source: Source, name: &str, topics: &[H256], data: &[Token]) -> Log {
        let address = if source == Source::StakingRegistry { REGISTRY } else { ROLLUP };
        let topics = [&[source.abi().event(name).unwrap().signature()], topics].concat();
        let (block_hash, transaction_hash) = (Some(H256::zero()), Some(H256::zero()));
        let (block_number, log_index) = (Some(1.into()), Some(U256::zero()));
        Log {
            address,
            topics,
            data: encode(data).into(),
            block_hash,
            transaction_hash,
            block_number,
            log_index,
            ..Log::default()
        }
    }

    #[test]
    fn what_a_rollup_tells_of_somebody_is_kept_once_he_is_ours() {
        let contracts = BTreeMap::from([(REGISTRY, Source::StakingRegistry), (ROLLUP, Source::Rollup)]);
        let sources = EventSources { contracts, rollup: ROLLUP, clocks: BTreeMap::new(), unconfirmed: None };
        let ours = BTreeSet::from([ProviderId::try_from(1).unwrap()]);
        let [known, added, other] = [1, 2, 3].map(Address::repeat_byte);
        let mut keep = keep(&sources, BTreeSet::from([known]));
        let queued = |attester: Address| log(Source::Rollup, "ValidatorQueued", &[attester.into(), other.into()], &[]);
        let adds = |provider: u64| {
            let keys = Token::Array(vec![Token::Address(added)]);
            log(Source::StakingRegistry, "AttestersAddedToProvider", &[H256::from_low_u64_be(provider)], &[keys])
        };
        assert!(keep(&queued(known), &ours) && !keep(&queued(added), &ours));
        assert!(!keep(&adds(2), &ours) && !keep(&queued(added), &ours));
        assert!(keep(&adds(1), &ours) && keep(&queued(added), &ours) && !keep(&queued(other), &ours));
        let changed = log(Source::Rollup, "SlasherUpdated", &[other.into(), known.into()], &[]);
        assert!(keep(&changed, &ours));
        let rate = [H256::from_low_u64_be(1), other.into(), H256::from_low_u64_be(5)];
        assert!(!keep(&log(Source::StakingRegistry, "ProviderRegistered", &rate, &[]), &ours));
    }
}
