//! Snapshots of the scenario's chain equal its oracle.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

use butler_testkit::devnet::{Chain, DevnetSpec, ensure};
#[tokio::test]
async fn smoke() {
    let state = ensure(&DevnetSpec::scenario()).unwrap();
    let chain = Chain::start(&state).await.unwrap();
    println!("{}", chain.url());
}
