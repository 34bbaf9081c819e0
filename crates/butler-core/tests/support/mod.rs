//! A reader and a request for a chain of the testkit.

use std::collections::BTreeSet;
use std::time::Duration;

use butler_core::chain::{LedgerCache, LedgerKey, SnapshotReader, SnapshotRequest};
use butler_core::client::endpoint::EndpointSettings;
use butler_core::client::http::HttpSettings;
use butler_core::client::l1::{BlockTag, L1Client, Policy};
use butler_core::contracts::multicall::MULTICALL3;
use butler_core::domain::rollup::RollupClock;
use butler_core::runtime::clock::unix_now;
use butler_testkit::devnet::{Chain, Oracle};

/// The clock of the canonical rollup.
pub(crate) fn clock(chain: &Chain) -> RollupClock {
    let rollup = &chain.oracle().unwrap().rollup;
    RollupClock {
        genesis_time: rollup.genesis_time,
        slot_seconds: rollup.slot_duration,
        epoch_slots: rollup.epoch_duration,
    }
}

/// An endpoint with short deadlines.
pub(crate) fn endpoint(name: &str, url: &str) -> EndpointSettings {
    EndpointSettings {
        name: name.to_owned(),
        http: HttpSettings {
            url: url.parse().unwrap(),
            authorization: None,
            api_key: None,
            timeout: Duration::from_secs(10),
            max_response_bytes: 16 << 20,
            ca_file: None,
            clock: unix_now,
        },
        max_concurrency: 16,
        max_batch: 100,
        log_range_blocks: 10_000,
        multicall3: MULTICALL3,
        credits: butler_core::domain::credits::CreditPlan::default(),
    }
}

/// A client of these endpoints.
pub(crate) fn client(endpoints: &[EndpointSettings]) -> L1Client {
    let policy = Policy { rounds: 3, patience: Duration::from_secs(5) };
    L1Client::new(31337, endpoints, policy).unwrap()
}

/// A reader with a ledger in memory.
pub(crate) fn reader(oracle: &Oracle, url: &str) -> SnapshotReader {
    reader_at(oracle, &[endpoint("devnet", url)])
}

/// A reader of these endpoints with a ledger in memory.
pub(crate) fn reader_at(oracle: &Oracle, endpoints: &[EndpointSettings]) -> SnapshotReader {
    SnapshotReader::new(client(endpoints), LedgerCache::in_memory(key(oracle)))
}

/// The key of the devnet's ledger.
pub(crate) fn key(oracle: &Oracle) -> LedgerKey {
    LedgerKey { chain_id: 31337, staking_registry: oracle.contracts.staking_registry_address, from_block: 0 }
}

/// Everything about provider 1 and the given attesters, at the newest block.
pub(crate) fn request(oracle: &Oracle) -> SnapshotRequest {
    SnapshotRequest {
        at: BlockTag::Latest,
        aztec_registry: oracle.contracts.registry_address,
        staking_registry: oracle.contracts.staking_registry_address,
        provider_ids: BTreeSet::from([1.try_into().unwrap()]),
        provider_admins: BTreeSet::new(),
        admins_may_be_gone: false,
        attesters: oracle.attesters.values().map(|attester| attester.address).collect(),
        coinbases: BTreeSet::new(),
        publishers: oracle.publishers.iter().map(|publisher| publisher.address).collect(),
        with_other_providers: true,
        with_queue_proofs: true,
        with_cut_over_time: false,
        preset: None,
    }
}
