//! No secret is shown, whatever goes wrong.

use std::path::Path;

use butler_testkit::proxy::{Fault, FaultPlan};

use crate::bad_input::behind_proxy;
use crate::bad_input::key_files::plant_private_key;
use crate::support::{Bench, PASSWORD, URL_KEY, run_in};

/// Fails where the output of a command is nothing but silence.
async fn talks(folder: &Path, arguments: &[&str]) {
    let ran = run_in(folder, arguments).await;
    assert!(!ran.stdout.is_empty() || !ran.stderr.is_empty(), "{arguments:?}");
}

#[tokio::test]
async fn no_secret_is_shown_by_any_command_whatever_the_endpoint_does() {
    let bench = Bench::start().await;
    let proxy = behind_proxy(&bench).await;
    bench.write("password", PASSWORD);
    bench.endpoint(
        "name = \"own\"\nurl_file = \"l1-url\"\nbasic_user = \"butler\"\nbasic_password_file = \"password\"\n\
         timeout = \"1s\"\n\n[[networks.devnet.aztec_nodes]]\nurl_file = \"l1-url\"\ntimeout = \"1s\"",
    );
    plant_private_key(&bench);
    let upstream = format!("upstream https://rpc.example/{URL_KEY} says no");
    let status = |code| Fault::Status { code, retry_after: None, body: upstream.clone() };
    let faults =
        [None, Some(status(500)), Some(status(403)), Some(Fault::NotJson), Some(Fault::Close), Some(Fault::WrongId)];
    let address = bench.shown("A0");
    let commands: [&[&str]; 11] = [
        &["status"],
        &["queue"],
        &["audit"],
        &["provider", "show"],
        &["provider", "find", &address],
        &["publishers"],
        &["chain"],
        &["events"],
        &["doctor"],
        &["config", "check"],
        &["config", "show"],
    ];
    for fault in faults {
        let name = format!("{fault:?}");
        proxy.set(fault.map_or_else(FaultPlan::none, FaultPlan::always));
        if name != "None" {
            // All commands fail the same way; the doctor goes on.
            talks(bench.folder.path(), &["status", "-vvv"]).await;
            talks(bench.folder.path(), &["doctor", "-vvv", "--json"]).await;
            continue;
        }
        for command in commands {
            talks(bench.folder.path(), &[command, &["-vvv"]].concat()).await;
            talks(bench.folder.path(), &[command, &["-vvv", "--json"]].concat()).await;
        }
    }
}
