//! Scrapes, their snapshots, and the L1 endpoints that are asked.

use butler_core::client::error::ErrorKind;
use butler_core::metric_families as families;
use butler_core::text::closed::names;

use crate::catalogue::values::{FailureKind, ScraperKind};

families! {
    SCRAPE_SUCCESS: Gauge "butler_scrape_success" ["network", "scraper": names::<ScraperKind>] "" "Whether the last scrape succeeded; absent before the first ended.";
    SCRAPE_DURATION: Gauge "butler_scrape_duration_seconds" ["network", "scraper": names::<ScraperKind>] "seconds" "How long the last scrape took, good or bad.";
    SCRAPE_ERRORS: Counter "butler_scrape_errors_total" ["network", "scraper": names::<ScraperKind>, "kind": FailureKind::names] "" "Failures by kind; every kind is there from the start.";
    SCRAPER_RESTARTS: Counter "butler_scraper_restarts_total" ["network", "scraper": names::<ScraperKind>] "" "How often a scraper panicked and was started again.";
    SCRAPE_LAST_SUCCESS: Gauge "butler_scrape_last_success_timestamp_seconds" ["network", "scraper": names::<ScraperKind>] "seconds" "When a scrape last succeeded, by this machine's clock; absent before the first did.";
    SCRAPE_SLOWED: Gauge "butler_scrape_slowed_seconds" ["network", "scraper": names::<ScraperKind>] "seconds" "How much longer than its interval the next scrape waits, so that the day's credits of an endpoint last (`credits_per_day`); 0 while it does not.";
    SNAPSHOT_BLOCK_NUMBER: Gauge "butler_snapshot_block_number" ["network"] "" "The L1 block that all readings of the chain belong to.";
    SNAPSHOT_BLOCK_TIMESTAMP: Gauge "butler_snapshot_block_timestamp_seconds" ["network"] "seconds" "The time of that block.";
    SNAPSHOT_UNCONFIRMED: Gauge "butler_snapshot_unconfirmed" ["network"] "" "Whether one of several configured L1 endpoints told some of the snapshot alone, without another that confirmed it (1), or not (0).";
    RPC_REQUESTS: Counter "butler_rpc_requests_total" ["network", "endpoint"] "" "HTTP requests to an L1 endpoint, as of the last scrape.";
    RPC_SENT: Counter "butler_rpc_sent_bytes_total" ["network", "endpoint"] "bytes" "Bytes of request bodies to an L1 endpoint.";
    RPC_RECEIVED: Counter "butler_rpc_received_bytes_total" ["network", "endpoint"] "bytes" "Bytes of response bodies from an L1 endpoint.";
    RPC_CREDITS: Counter "butler_rpc_credits_total" ["network", "endpoint"] "" "Credits that calls to an L1 endpoint are estimated to have cost, each call of a batch for itself (`credits`).";
    RPC_REQUESTS_TODAY: Gauge "butler_rpc_requests_today" ["network", "endpoint"] "" "HTTP requests to an L1 endpoint since midnight (UTC), or since the program started.";
    RPC_BYTES_TODAY: Gauge "butler_rpc_today_bytes" ["network", "endpoint"] "bytes" "Bytes of bodies sent to an L1 endpoint and received from it since then.";
    RPC_CREDITS_TODAY: Gauge "butler_rpc_credits_today" ["network", "endpoint"] "" "Credits that calls to an L1 endpoint are estimated to have cost since then.";
    RPC_CREDITS_PER_DAY: Gauge "butler_rpc_credits_per_day" ["network", "endpoint"] "" "The credits of one day, where `credits_per_day` gives them.";
    RPC_DURATION: Histogram "butler_rpc_request_duration_seconds" ["network", "endpoint"] "seconds" "How long exchanges with an L1 endpoint took, good or bad, in buckets from 5 ms to 10 s.";
    RPC_DURATION_FORMER: Unknown "butler_rpc_request_duration_seconds_total" ["network", "endpoint"] "" "The name that 0.1.0 had for `butler_rpc_request_duration_seconds_sum`, which it is: use that, for this one ends with the next release.";
    RPC_ERRORS: Counter "butler_rpc_errors_total" ["network", "endpoint", "kind": names::<ErrorKind>] "" "What an L1 endpoint did instead of answering, by kind; every kind is there from the start.";
    ENDPOINT_HEAD: Gauge "butler_endpoint_head_block_number" ["network", "endpoint"] "" "The newest block that an L1 endpoint told at the last good scrape; absent for one that did not tell in time.";
    ENDPOINT_LAG: Gauge "butler_endpoint_lag_blocks" ["network", "endpoint"] "blocks" "How many blocks an L1 endpoint's newest block is behind the snapshot's; negative for one that is ahead of it. Absent for one that did not tell in time.";
    ENDPOINT_BATCH: Gauge "butler_endpoint_batch_calls" ["network", "endpoint"] "calls" "The most calls that an L1 endpoint gets in one batch at present; 1 means that it takes none. What was refused is tried again later.";
    ENDPOINT_GAS: Gauge "butler_endpoint_call_gas" ["network", "endpoint"] "gas" "The most gas that one call to an L1 endpoint may need at present.";
    ENDPOINT_RANGE: Gauge "butler_endpoint_log_range_blocks" ["network", "endpoint"] "blocks" "The widest range of logs that an L1 endpoint is asked for at present.";
    ENDPOINT_MULTICALL: Gauge "butler_endpoint_uses_multicall" ["network", "endpoint"] "" "Whether Multicall3 has code at an L1 endpoint, as far as is known (1), or not (0). Calls are packed into it where state overrides are not taken; with neither they are sent one by one.";
    ENDPOINT_OVERRIDES: Gauge "butler_endpoint_uses_overrides" ["network", "endpoint"] "" "Whether calls to an L1 endpoint are packed with a state override at present (1) or not (0).";
    CLOCK_BEHIND: Gauge "butler_clock_behind_seconds" ["network"] "seconds" "How far this machine's clock is behind the newest block that the L1 endpoints agree on; 0 while it is not.";
    ENDPOINT_HEALTHY: Gauge "butler_endpoint_healthy" ["network", "endpoint"] "" "Whether an L1 endpoint's last exchange was good (1) or not (0).";
}
