//! Every attester, queue, provider and event of the scenario's oracle comes out of the real binary.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use support::Bench;

#[tokio::test]
async fn show() {
    let bench = Bench::start().await;
    for arguments in [
        &["status"][..],
        &["queue"],
        &["audit"],
        &["provider", "show"],
        &["publishers"],
        &["chain"],
        &["events", "--from-block", "75"],
        &["doctor"],
        &["config", "check"],
    ] {
        let output = bench.run(arguments).await;
        println!(
            "$ butler-cli {}  => {:?}\n{}\n{}",
            arguments.join(" "),
            output.status.code(),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
