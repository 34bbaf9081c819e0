//! The chore: a delegation arrives, a person says yes, and its coinbase stands in every keystore and in every node, once.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::chore::{address, approve, delegated, ended, wanted, with_servers};
use crate::support::person::text;
use crate::support::servers::nothing_kept;

#[tokio::test(flavor = "multi_thread")]
async fn a_delegation_is_shown_approved_written_and_taken_by_the_node_once() {
    let (bench, servers) = with_servers(&["paris", "oslo"], "").await;
    let watcher = bench.watch();
    let row = delegated(&bench, &watcher).await;
    let (attester, coinbase) = wanted(&row);
    let edits = row["action"]["edits"].as_array().unwrap();
    assert_eq!(edits.len(), 2, "{row:#}");
    assert_eq!((&edits[0]["server"], &edits[0]["before"]), (&"oslo".into(), &"not_set".into()), "{row:#}");
    let before = std::fs::read(servers[0].file()).unwrap();
    assert!(servers.iter().all(|server| server.written(attester).is_none() && server.node.reloads().asked == 0));

    approve(&bench, &row).await;
    let done = ended(&bench, &watcher, &row, "done").await;
    assert!(text(&done, "reason").contains("oslo, paris"), "{done:#}");
    for server in &servers {
        assert_eq!(server.written(attester).map(|text| address(&text)), Some(coinbase));
        assert_eq!(server.used(attester), coinbase);
        assert_eq!((server.node.reloads().accepted, server.node.overlapping()), (1, 0));
        assert_eq!(server.beside(), Vec::<String>::new());
        assert_eq!(server.file().metadata().unwrap().permissions().mode() & 0o7777, 0o600);
    }
    nothing_kept(&bench, &watcher).await;
    // Nothing but the coinbase is another one.
    let after = std::fs::read_to_string(servers[0].file()).unwrap();
    let rest: String =
        after.lines().filter(|line| !line.contains("coinbase")).map(|line| format!("{line}\n")).collect();
    assert_eq!(rest, String::from_utf8(before).unwrap());
    let log = watcher.log();
    let secret = butler_testkit::devnet::attester_secret(attester).unwrap();
    assert!(!log.contains(secret.trim_start_matches("0x")), "{log}");
    watcher.stop();
}
