//! The chain: what the oracle says.

use super::{World, number, of, slot_at, with};
use crate::support::{Bench, shown};

/// Every value that the oracle has an answer to, by series.
pub(crate) fn expected(bench: &Bench, world: &World) -> Vec<(String, f64)> {
    let oracle = bench.oracle();
    let (rollup, head) = (&oracle.rollup, &world.head);
    let mut all = vec![
        (of("butler_snapshot_block_number"), number(head.number)),
        (of("butler_snapshot_block_timestamp_seconds"), number(head.timestamp)),
        (of("butler_canonical_rollup_version"), number(rollup.version)),
        (of("butler_snapshot_unconfirmed"), number(0)),
        (of("butler_active_attesters"), number(rollup.active_attester_count)),
        (of("butler_epoch"), number(slot_at(oracle, head.timestamp) / rollup.epoch_duration)),
        (of("butler_entry_queue_length"), number(rollup.entry_queue_length)),
        (of("butler_entry_queue_own"), 2.0),
        (of("butler_entry_queue_flush_size"), number(rollup.entry_queue_flush_size)),
        (of("butler_entry_queue_available_flushes"), number(rollup.available_validator_flushes)),
        (of("butler_key_file_faults"), 0.0),
        (bench.about("butler_coinbase_missing", &bench.shown("A6")), 1.0),
        (bench.about("butler_coinbase_wrong", &bench.shown("A3")), 1.0),
        (with("butler_duplicates", "kind", "key_file_twice"), 0.0),
        (with("butler_provider_queue_length", "provider", "1"), 2.0),
        (
            with("butler_provider_admin_change_pending", "provider", "1"),
            f64::from(u8::from(!oracle.providers[&1].pending_admin.is_zero())),
        ),
        (
            with("butler_provider_delegations", "provider", "1"),
            number(
                oracle
                    .events_named("StakedWithProvider")
                    .filter(|event| event.args["providerIdentifier"] == "1")
                    .count()
                    .try_into()
                    .unwrap(),
            ),
        ),
        (
            with("butler_provider_take_rate_ratio", "provider", "1"),
            f64::from(oracle.providers[&1].provider_take_rate) / 10_000.0,
        ),
        (
            format!(
                "butler_build_info{{version=\"{}\",revision=\"{}\"}}",
                env!("CARGO_PKG_VERSION"),
                env!("BUTLER_REVISION")
            ),
            1.0,
        ),
        (with("butler_endpoint_healthy", "endpoint", "127.0.0.1"), 1.0),
        (with("butler_rpc_credits_per_day", "endpoint", "127.0.0.1"), 1e9),
        (with("butler_scrape_slowed_seconds", "scraper", "l1"), 0.0),
        (with("butler_endpoint_head_block_number", "endpoint", "127.0.0.1"), number(head.number)),
        ("butler_rpc_errors_total{network=\"devnet\",endpoint=\"127.0.0.1\",kind=\"timeout\"}".to_owned(), 0.0),
    ];
    for (state, attesters) in [
        ("NEW", 0.0),
        ("IN_STAKING_PROVIDER_QUEUE", 2.0),
        ("COINBASE_NEEDED", 2.0),
        ("IN_STAKING_QUEUE", 1.0),
        ("ACTIVE", 5.0),
        ("NO_LONGER_ACTIVE", 0.0),
    ] {
        all.push((with("butler_attesters", "state", state), attesters));
    }
    for (position, attesters) in [
        ("unregistered", 1.0),
        ("provider_queue", 2.0),
        ("entry_queue", 2.0),
        ("validating", 5.0),
        ("zombie", 0.0),
        ("exiting", 0.0),
        ("withdrawn", 0.0),
        ("unknown", 0.0),
    ] {
        all.push((with("butler_attesters_at_position", "position", position), attesters));
    }
    for (publisher, load, required) in [(0, 5.0, 0.5), (2, 5.0, 0.5)] {
        let publisher = &oracle.publishers[publisher];
        let label = shown(publisher.address);
        let mut balance: f64 = ethers_core::utils::format_ether(publisher.balance).parse().unwrap();
        if world.has_spent && publisher.address == oracle.publishers[0].address {
            balance -= 1.0;
        }
        all.push((with("butler_publisher_load_attesters", "publisher", &label), load));
        all.push((with("butler_publisher_required_ether", "publisher", &label), required));
        all.push((with("butler_publisher_balance_ether", "publisher", &label), balance));
        all.push((with("butler_publisher_top_up_ether", "publisher", &label), (required - balance).max(0.0)));
    }
    all
}
