//! Labels: the two servers' own, and one that the configuration adds.

use super::with;
use crate::support::{Bench, shown};

/// Adds a label for the second server and one attester of the first.
pub(crate) fn stand_up(bench: &Bench) {
    let attester = shown(bench.oracle().attester("A6").unwrap().address);
    let lines = format!("label = \"operator:alpha\"\nattesters = [\"{attester}\"]\nservers = [\"server-2\"]");
    bench.append(&format!("[[networks.devnet.labels]]\n{lines}"));
}

pub(crate) fn expected() -> Vec<(String, f64)> {
    // Server 1 runs A0, A1, A2, A6, A8; server 2 runs A3, A4, A5, A7, A9.
    let groups = [
        ("server:server-1", [0.0, 1.0, 1.0, 0.0, 3.0, 0.0], 1.0, 0.0),
        ("server:server-2", [0.0, 1.0, 1.0, 1.0, 2.0, 0.0], 0.0, 1.0),
        ("operator:alpha", [0.0, 1.0, 2.0, 1.0, 2.0, 0.0], 1.0, 1.0),
    ];
    let states =
        ["NEW", "IN_STAKING_PROVIDER_QUEUE", "COINBASE_NEEDED", "IN_STAKING_QUEUE", "ACTIVE", "NO_LONGER_ACTIVE"];
    let mut all = Vec::new();
    for (label, counts, missing, wrong) in groups {
        for (state, count) in states.into_iter().zip(counts) {
            let labels = format!("network=\"devnet\",label=\"{label}\",state=\"{state}\"");
            all.push((format!("butler_labelled_attesters{{{labels}}}"), count));
        }
        all.push((with("butler_labelled_coinbases_missing", "label", label), missing));
        all.push((with("butler_labelled_coinbases_wrong", "label", label), wrong));
    }
    all
}
