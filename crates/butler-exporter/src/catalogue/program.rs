//! Scrapes, their snapshots, and the L1 endpoints that are asked.

families! {
    SCRAPE_SUCCESS: Gauge "butler_scrape_success" ["network", "scraper"] "" "Whether the last scrape succeeded; absent before the first ended.";
    SCRAPE_DURATION: Gauge "butler_scrape_duration_seconds" ["network", "scraper"] "seconds" "How long the last scrape took, good or bad.";
    SCRAPE_ERRORS: Counter "butler_scrape_errors_total" ["network", "scraper", "kind"] "" "Failures by kind; every kind is there from the start.";
    SCRAPER_RESTARTS: Counter "butler_scraper_restarts_total" ["network", "scraper"] "" "How often a scraper panicked and was started again.";
    SCRAPE_LAST_SUCCESS: Gauge "butler_scrape_last_success_timestamp_seconds" ["network", "scraper"] "seconds" "When a scrape last succeeded, by this machine's clock; absent before the first did.";
    SNAPSHOT_BLOCK_NUMBER: Gauge "butler_snapshot_block_number" ["network"] "" "The L1 block that all readings of the chain belong to.";
    SNAPSHOT_BLOCK_TIMESTAMP: Gauge "butler_snapshot_block_timestamp_seconds" ["network"] "seconds" "The time of that block.";
    RPC_REQUESTS: Counter "butler_rpc_requests_total" ["network", "endpoint"] "" "HTTP requests to an L1 endpoint, as of the last scrape.";
    RPC_SENT: Counter "butler_rpc_sent_bytes_total" ["network", "endpoint"] "bytes" "Bytes of request bodies to an L1 endpoint.";
    RPC_RECEIVED: Counter "butler_rpc_received_bytes_total" ["network", "endpoint"] "bytes" "Bytes of response bodies from an L1 endpoint.";
    RPC_DURATION: Counter "butler_rpc_request_duration_seconds_total" ["network", "endpoint"] "seconds" "How long all requests to an L1 endpoint took together; divide its rate by that of `butler_rpc_requests_total`.";
    RPC_ERRORS: Counter "butler_rpc_errors_total" ["network", "endpoint", "kind"] "" "What an L1 endpoint did instead of answering, by kind; every kind is there from the start.";
    ENDPOINT_HEAD: Gauge "butler_endpoint_head_block_number" ["network", "endpoint"] "" "The newest block that an L1 endpoint told at the last good scrape; absent for one that did not tell in time.";
    ENDPOINT_HEALTHY: Gauge "butler_endpoint_healthy" ["network", "endpoint"] "" "Whether an L1 endpoint's last exchange was good (1) or not (0).";
}
