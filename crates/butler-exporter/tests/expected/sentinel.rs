//! What the node saw of own attesters: its capture, with addresses and slots of the devnet.

use std::collections::BTreeMap;

use butler_core::domain::slashing::offence::OffenceKind;
use butler_testkit::aztec_node::FakeAztecNode;
use butler_testkit::devnet::Block;
use serde_json::{Value, json};

use super::{World, number, slot_at, with};
use crate::support::Bench;

/// The recorded validators that stand for own attesters: one that was offline, one that was not.
const PLAYED_BY: [(&str, &str); 2] =
    [("A0", "0xd3a01ed4e1d0554a179daebf95508b668767d441"), ("A1", "0x40cba5b7a6dc4fd081e247a64029cb6b63dfb595")];

/// Lets the node tell of the devnet's attesters at the devnet's time. It is to be the slashed one's recording.
pub(crate) fn play(bench: &Bench, head: Block, node: &FakeAztecNode) {
    let mut stats = node.recorded("node_getValidatorsStats", &json!([]));
    let played: BTreeMap<String, Value> = PLAYED_BY
        .iter()
        .map(|(own, recorded)| (bench.shown(own).to_lowercase(), stats["stats"][recorded].clone()))
        .collect();
    stats["stats"] = json!(played);
    stats["lastProcessedSlot"] = json!(last_slot(bench, head));
    node.set_result("node_getValidatorsStats", stats);
    let offences = node.recorded("nodeAdmin_getSlashOffenses", &json!(["current"])).to_string();
    let offences = PLAYED_BY.iter().fold(offences, |text, (own, recorded)| text.replace(recorded, &bench.shown(own)));
    node.set_result("nodeAdmin_getSlashOffenses", serde_json::from_str(&offences).unwrap());
}

/// The slot that the node looked at last.
fn last_slot(bench: &Bench, head: Block) -> u64 {
    slot_at(bench.oracle(), head.timestamp) - 2
}

pub(crate) fn expected(bench: &Bench, world: &World) -> Vec<(String, f64)> {
    let offline = bench.shown("A0");
    let of_node = |family| with(family, "node", "alpha");
    let of_offline = |family| bench.about(family, &offline);
    let mut all = vec![
        (of_node("butler_sentinel_enabled"), 1.0),
        (of_node("butler_sentinel_last_processed_slot"), number(last_slot(bench, world.head))),
        (of_node("butler_sentinel_lag_slots"), 2.0),
        (of_node("butler_sentinel_own_attesters"), 2.0),
        (of_node("butler_sentinel_missed_attestations_ratio"), 16.0 / 31.0),
        (of_node("butler_sentinel_missed_proposals_ratio"), 0.5),
        (of_offline("butler_attester_missed_attestations"), 16.0),
        (of_offline("butler_attester_missed_attestations_streak"), 16.0),
        (of_offline("butler_attester_missed_proposals"), 8.0),
        (of_offline("butler_attester_missed_proposals_streak"), 8.0),
        (of_node("butler_node_admin_up"), 1.0),
        // The node calls inactive who missed half of an epoch; half of that is told.
        (
            "butler_inactive_streak{network=\"devnet\"}".to_owned(),
            number(bench.oracle().rollup.epoch_duration.div_ceil(2).div_ceil(2)),
        ),
    ];
    for round in ["current", "all"] {
        for kind in OffenceKind::ALL.into_iter().map(OffenceKind::name) {
            let offences = if kind == "inactivity" { 2.0 } else { 0.0 };
            let labels = format!("network=\"devnet\",kind=\"{kind}\",round=\"{round}\"");
            all.push((format!("butler_offences{{{labels}}}"), offences));
        }
        let server = bench.server_of(&offline);
        let labels = format!(
            "network=\"devnet\",attester=\"{offline}\",kind=\"inactivity\",round=\"{round}\",server=\"{server}\""
        );
        all.push((format!("butler_attester_offences{{{labels}}}"), 2.0));
        all.push((format!("butler_attester_offences_amount_tokens{{{labels}}}"), 4_000.0));
    }
    all
}
