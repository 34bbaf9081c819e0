//! The client of an Aztec node against recorded exchanges with real nodes.

use std::collections::BTreeSet;
use std::time::Duration;

use butler_core::client::aztec_node::{
    AztecNode, L2Tips, NodeStatus, OffenceRange, PeerCounts, ReloadError, ReloadRefusal, WorldState,
};
use butler_core::client::error::{ErrorKind, RpcFailure};
use butler_core::client::http::HttpSettings;
use butler_core::domain::slashing::inactivity::InactivityRule;
use butler_core::domain::slashing::offence::OffenceKind;
use butler_core::domain::slashing::sentinel::DutyCounts;
use butler_core::runtime::clock::unix_now;
use butler_testkit::aztec_node::FakeAztecNode;
use ethers_core::types::Address;
use serde_json::json;

fn client(url: &str) -> AztecNode {
    client_with_key(url, None)
}

fn client_with_key(url: &str, api_key: Option<&str>) -> AztecNode {
    let settings = HttpSettings {
        url: url.parse().unwrap(),
        authorization: None,
        api_key: api_key.map(Into::into),
        timeout: Duration::from_secs(5),
        max_response_bytes: 1 << 20,
        ca_file: None,
        clock: unix_now,
    };
    AztecNode::new("recorded", &settings).unwrap()
}

#[tokio::test]
async fn a_recorded_node_tells_what_it_follows() {
    for name in
        ["validator-node-4.1.2", "validator-node-4.1.2-proven", "validator-node-4.1.2-slashed", "prover-node-4.1.2"]
    {
        let node = FakeAztecNode::replay(name).await.unwrap();
        let client = client(&node.url());
        let info = client.node_info().await.unwrap();
        assert_eq!((info.node_version.as_str(), info.l1_chain_id), ("4.1.2", 31337), "{name}");
        let rollup = "0x322813fd9a801c5507c9de605d63cea4f2ce6c44".parse().unwrap();
        assert_eq!(info.l1_contract_addresses.rollup_address, rollup, "{name}");
        assert!(client.is_ready().await.unwrap(), "{name}");
        let tips = client.l2_tips().await.unwrap();
        assert!(tips.finalized <= tips.proven && tips.proven <= tips.proposed && tips.proposed > 0, "{name}: {tips:?}");
    }
}

#[tokio::test]
async fn tips_of_the_recorded_validator_are_read_as_they_are() {
    let node = FakeAztecNode::replay("validator-node-4.1.2").await.unwrap();
    assert_eq!(
        client(&node.url()).l2_tips().await.unwrap(),
        L2Tips { proposed: 2, proven: 0, finalized: 0, pending_checkpoint: 2, proven_checkpoint: 0 }
    );
}

#[tokio::test]
async fn a_node_in_standby_is_an_http_error_and_not_ready() {
    let node = FakeAztecNode::replay("standby-4.1.2").await.unwrap();
    let failure = client(&node.url()).is_ready().await.unwrap_err();
    assert!(matches!(&failure, RpcFailure::Http { status: 404, text } if text == "Not Found"), "{failure:?}");
}

#[tokio::test]
async fn an_error_in_http_400_is_read_and_its_urls_are_cut() {
    let node = FakeAztecNode::replay("validator-node-4.1.2").await.unwrap();
    node.set_error("node_isReady", -32702, "HTTP request failed. URL: http://user:pw@10.0.0.1:8545/SECRET-KEY");
    let failure = client(&node.url()).is_ready().await.unwrap_err();
    assert_eq!(failure.kind(), ErrorKind::Rpc);
    let text = failure.to_string();
    assert!(text.contains("HTTP request failed") && !text.contains("SECRET") && !text.contains("pw@"), "{text}");
}

#[tokio::test]
async fn a_node_with_the_newer_names_is_found_out_once() {
    let node = FakeAztecNode::replay("validator-node-4.1.2").await.unwrap();
    node.set_error("node_isReady", -32601, "Method not found: node_isReady");
    node.set_result("aztec_isReady", json!(true));
    let client = client(&node.url());
    assert!(client.is_ready().await.unwrap());
    assert!(client.is_ready().await.unwrap());
    let asked = node.asked();
    assert_eq!((asked["node_isReady"], asked["aztec_isReady"]), (1, 2), "{asked:?}");
}

#[tokio::test]
async fn an_answer_of_another_shape_is_malformed_and_no_default_stands_in() {
    let node = FakeAztecNode::replay("validator-node-4.1.2").await.unwrap();
    let client = client(&node.url());
    for answer in [json!(null), json!({}), json!({ "proposed": { "number": 1 } }), json!("ready")] {
        node.set_result("node_getL2Tips", answer.clone());
        node.set_result("node_isReady", answer.clone());
        node.set_result("node_getNodeInfo", answer.clone());
        assert_eq!(client.l2_tips().await.unwrap_err().kind(), ErrorKind::Malformed, "{answer}");
        assert_eq!(client.is_ready().await.unwrap_err().kind(), ErrorKind::Malformed, "{answer}");
        assert_eq!(client.node_info().await.unwrap_err().kind(), ErrorKind::Malformed, "{answer}");
    }
}

#[tokio::test]
async fn peers_are_counted_and_the_world_state_is_read() {
    let node = FakeAztecNode::replay("validator-node-4.1.2").await.unwrap();
    let client = client(&node.url());
    assert_eq!(client.peers().await.unwrap(), PeerCounts { connected: 1, ..PeerCounts::default() });
    assert_eq!(client.world_state().await.unwrap(), WorldState { latest_block_number: 2, trees_are_synched: true });
    let peer = |status: &str| json!({ "status": status, "id": "x", "addresses": ["y"] });
    node.set_result("p2p_getPeers", json!([peer("dialing"), peer("cached"), peer("cached"), peer("sleeping")]));
    let counts = PeerCounts { connected: 0, dialing: 1, cached: 2, other: 1 };
    assert_eq!(client.peers().await.unwrap(), counts);
    node.set_result("p2p_getPeers", json!([{ "id": "x" }]));
    assert_eq!(client.peers().await.unwrap_err().kind(), ErrorKind::Malformed);
}

#[tokio::test]
async fn a_node_whose_l1_is_gone_gives_it_away_by_its_fees() {
    let good = FakeAztecNode::replay("validator-node-4.1.2").await.unwrap();
    client(&good.url()).current_fees().await.unwrap();
    let gone = FakeAztecNode::replay("l1-down").await.unwrap();
    let client = client(&gone.url());
    assert!(client.is_ready().await.unwrap(), "it calls itself ready");
    assert_eq!(client.current_fees().await.unwrap_err().kind(), ErrorKind::Rpc);
}

#[tokio::test]
async fn a_node_that_was_updated_is_asked_by_its_new_names() {
    let node = FakeAztecNode::replay("validator-node-4.1.2").await.unwrap();
    let client = client(&node.url());
    let before = client.l2_tips().await.unwrap();
    node.set_error("node_getL2Tips", -32601, "Method not found: node_getL2Tips");
    let tip = |number: u64| json!({ "block": { "number": number }, "checkpoint": { "number": number / 2 } });
    let tips = json!({ "proposed": { "number": "9" }, "checkpointed": tip(8), "proven": tip(6), "finalized": tip(4) });
    node.set_result("aztec_getChainTips", tips);
    let after = client.l2_tips().await.unwrap();
    assert_eq!(after, L2Tips { proposed: 9, proven: 6, finalized: 4, pending_checkpoint: 4, proven_checkpoint: 3 });
    assert!(before.proposed < after.proposed);
}

fn own(addresses: &[&str]) -> BTreeSet<Address> {
    addresses.iter().map(|address| address.parse().unwrap()).collect()
}

/// The validator that was offline while the exchanges were recorded, and one that was not.
const OFFLINE: &str = "0xd3a01ed4e1d0554a179daebf95508b668767d441";
const ONLINE: &str = "0x40cba5b7a6dc4fd081e247a64029cb6b63dfb595";

#[tokio::test]
async fn a_sentinels_answer_is_read_for_own_attesters_only() {
    let node = FakeAztecNode::replay("validator-node-4.1.2-slashed").await.unwrap();
    let client = client(&node.url());
    let report = client.validators_stats(&own(&[OFFLINE, ONLINE])).await.unwrap();
    assert_eq!((report.last_processed_slot, report.slot_window, report.duties.len()), (Some(96), 96, 2));
    let offline = report.duties[&OFFLINE.parse().unwrap()];
    assert_eq!(offline.attestations, DutyCounts { missed: 16, streak: 16, total: Some(16) });
    assert_eq!(offline.proposals, DutyCounts { missed: 8, streak: 8, total: Some(8) });
    let online = report.duties[&ONLINE.parse().unwrap()];
    assert_eq!(online.attestations, DutyCounts { missed: 0, streak: 0, total: Some(15) });
    assert!(report.is_enabled());
    for answer in
        [json!({}), json!({ "stats": {} }), json!({ "slotWindow": 4 }), json!({ "stats": [], "slotWindow": 4 })]
    {
        node.set_result("node_getValidatorsStats", answer.clone());
        let failure = client.validators_stats(&own(&[ONLINE])).await.unwrap_err();
        assert_eq!(failure.kind(), ErrorKind::Malformed, "{answer}");
    }
    // A stranger's figures may be anything: they are not read.
    let strange = json!({ "stats": { ONLINE: "?" }, "slotWindow": "4", "lastProcessedSlot": "7" });
    node.set_result("node_getValidatorsStats", strange);
    assert_eq!(client.validators_stats(&own(&[OFFLINE])).await.unwrap().last_processed_slot, Some(7));
    assert!(client.validators_stats(&own(&[ONLINE])).await.is_err());
}

#[tokio::test]
async fn a_node_without_a_sentinel_answers_an_empty_window() {
    let node = FakeAztecNode::replay("prover-node-4.1.2").await.unwrap();
    let report = client(&node.url()).validators_stats(&own(&[ONLINE])).await.unwrap();
    assert!(!report.is_enabled() && report.duties.is_empty());
}

#[tokio::test]
async fn offences_need_the_admins_key() {
    let node = FakeAztecNode::replay("validator-node-4.1.2-slashed").await.unwrap();
    let client = client_with_key(&node.admin_url(), Some(FakeAztecNode::ADMIN_KEY));
    let current = client.slash_offences(OffenceRange::Current).await.unwrap();
    assert_eq!(current.iter().map(|offence| offence.epoch_or_slot).collect::<Vec<_>>(), [22, 23]);
    assert!(current.iter().all(|offence| offence.read(Some(4)).kind == OffenceKind::Inactivity));
    assert_eq!(current[0].amount.to_string(), "2000000000000000000000");
    assert_eq!(client.slash_offences(OffenceRange::All).await.unwrap().len(), 8);
    for key in [None, Some("wrong-key")] {
        let failure = client_with_key(&node.admin_url(), key).slash_offences(OffenceRange::All).await.unwrap_err();
        assert_eq!(failure.kind(), ErrorKind::Unauthorized);
        assert!(!failure.to_string().contains("wrong-key"));
    }
}

#[tokio::test]
async fn a_node_tells_when_it_takes_an_attester_for_inactive() {
    let node = FakeAztecNode::replay("validator-node-4.1.2-slashed").await.unwrap();
    let client = client_with_key(&node.admin_url(), Some(FakeAztecNode::ADMIN_KEY));
    let rule = |missed_permille, epochs| Some(InactivityRule { missed_permille, epochs });
    assert_eq!(client.inactivity_rule().await.unwrap(), rule(500, 1));
    node.set_error("nodeAdmin_getConfig", -32601, "Method not found: nodeAdmin_getConfig");
    let told = |share: serde_json::Value, epochs: serde_json::Value| {
        node.set_result(
            "aztecAdmin_getConfig",
            json!({ "slashInactivityTargetPercentage": share, "slashInactivityConsecutiveEpochThreshold": epochs }),
        );
    };
    told(json!(0.85), json!(2));
    assert_eq!(client.inactivity_rule().await.unwrap(), rule(850, 2), "a node of the newer names");
    told(json!(90), json!("3"));
    assert_eq!(client.inactivity_rule().await.unwrap(), rule(900, 3), "whole percents");
    for share in [json!(null), json!(0), json!(-1), json!(101)] {
        told(share.clone(), json!(1));
        assert_eq!(client.inactivity_rule().await.unwrap(), None, "{share}");
    }
}

#[tokio::test]
async fn a_status_of_either_form_is_read_and_other_words_are_not_repeated() {
    let node = FakeAztecNode::replay("validator-node-4.1.2").await.unwrap();
    let client = client(&node.url());
    assert_eq!(client.status().await.unwrap(), NodeStatus { is_ok: true, p2p: None });
    let text =
        json!({ "ok": true, "components": { "p2p": { "healthy": true, "enabled": true, "connectedPeers": 7 } } });
    node.set_status(200, &text.to_string());
    assert_eq!(client.status().await.unwrap().p2p.unwrap().connected_peers, Some(7));
    for (status, text) in [(200, "<html>PLANTED</html>"), (502, "PLANTED")] {
        node.set_status(status, text);
        let failure = client.status().await.unwrap_err();
        assert!(!failure.to_string().contains("PLANTED"), "{failure}");
    }
}

#[tokio::test]
async fn a_node_that_knows_only_the_newer_names_is_asked_everything() {
    let node = FakeAztecNode::replay("validator-node-4.1.2-slashed").await.unwrap();
    node.rename_methods();
    let (public, admin) = (client(&node.url()), client_with_key(&node.admin_url(), Some(FakeAztecNode::ADMIN_KEY)));
    assert_eq!(public.node_info().await.unwrap().node_version, "4.1.2");
    assert!(public.is_ready().await.unwrap());
    assert_eq!(public.l2_tips().await.unwrap().proposed, 18);
    assert_eq!(public.peers().await.unwrap().connected, 1);
    assert!(public.world_state().await.unwrap().trees_are_synched);
    public.current_fees().await.unwrap();
    assert!(public.validators_stats(&own(&[ONLINE])).await.unwrap().is_enabled());
    assert_eq!(admin.slash_offences(OffenceRange::All).await.unwrap().len(), 8);
    assert!(admin.inactivity_rule().await.unwrap().is_some());
    let old = node.asked().into_keys().filter(|name| !name.starts_with("aztec")).count();
    public.is_ready().await.unwrap();
    assert_eq!(node.asked().into_keys().filter(|name| !name.starts_with("aztec")).count(), old, "it is learnt");
}

#[tokio::test]
async fn a_long_answer_of_a_sentinel_is_read_and_one_beyond_the_limit_is_refused() {
    let node = FakeAztecNode::replay("validator-node-4.1.2").await.unwrap();
    let history: Vec<_> = (0..40).map(|slot| json!({ "slot": slot, "status": "attestation-missed" })).collect();
    let counts = json!({ "currentStreak": 40, "rate": 1, "count": 40, "total": 40 });
    let address = |number: u64| format!("{:#x}", Address::from_low_u64_be(number));
    let stats: serde_json::Map<_, _> = (1..=500)
        .map(|number| {
            let one = json!({ "missedProposals": counts, "missedAttestations": counts, "history": history });
            (address(number), one)
        })
        .collect();
    let answer = json!({ "stats": stats, "lastProcessedSlot": 40, "slotWindow": 40 });
    assert!(answer.to_string().len() > 900_000 && answer.to_string().len() < 1 << 20);
    node.set_result("node_getValidatorsStats", answer);
    let report = client(&node.url()).validators_stats(&own(&[&address(7)])).await.unwrap();
    assert_eq!(report.duties.len(), 1);
    let longer: Vec<_> = (0..1 << 20).collect::<Vec<u32>>();
    node.set_result("node_getValidatorsStats", json!({ "stats": {}, "slotWindow": 40, "more": longer }));
    let failure = client(&node.url()).validators_stats(&own(&[&address(7)])).await.unwrap_err();
    assert_eq!(failure.kind(), ErrorKind::TooLarge);
}

#[tokio::test]
async fn a_refused_reload_is_told_apart_also_by_words_of_which_most_is_hidden_or_cut() {
    let node = FakeAztecNode::replay("validator-node-4.1.2-slashed").await.unwrap();
    let client = client_with_key(&node.admin_url(), Some(FakeAztecNode::ADMIN_KEY));
    let publishers = vec![format!("{:?}", Address::repeat_byte(0x11)); 40].join(", ");
    let cases = [
        (
            "Unable to connect to web3signer at https://user:s3cr3t-password@signer.example.com/. Please ensure it is running.".to_owned(),
            ReloadRefusal::RemoteSigner,
        ),
        (
            format!("Cannot reload keystore: validator 0x1 has publisher keys [{publishers}] but none match the L1 signers initialized at startup"),
            ReloadRefusal::UnknownPublisher,
        ),
        ("s3cr3t-password".to_owned(), ReloadRefusal::Other),
    ];
    for (words, expected) in cases {
        node.set_error("nodeAdmin_reloadKeystore", -32702, &words);
        let error = client.reload_keystore().await.unwrap_err();
        assert!(matches!(error, ReloadError::Refused(refusal) if refusal == expected), "{words}: {error}");
        assert!(!format!("{error:?} {error}").contains("s3cr3t"), "{error:?}");
    }
}
