//! Every attester, queue, publisher and figure of the rollup of the scenario's oracle comes out of the real binary.

use std::collections::{BTreeMap, BTreeSet};

use butler_testkit::devnet::{History, Move, Oracle, Status};
use ethers_core::types::U256;
use serde_json::{Value, json};

use crate::support::{Bench, butler, finish, shown};

/// Name, state, position, place in the entry queue, provider and place in its queue.
type Expected<'a> = (&'a str, &'a str, &'a str, Option<u64>, Option<(u64, u64)>);

/// The story as `examples/devnet/lib/scenario.mjs` tells it, seen by somebody who runs providers 1 to 3.
const STORY: [Expected<'_>; 18] = [
    ("A0", "ACTIVE", "validating", None, None),
    ("A1", "ACTIVE", "validating", None, None),
    ("A2", "ACTIVE", "validating", None, None),
    ("A3", "ACTIVE", "validating", None, None),
    ("A4", "ACTIVE", "validating", None, None),
    ("A5", "COINBASE_NEEDED", "unregistered", None, None),
    ("A6", "COINBASE_NEEDED", "entry_queue", Some(0), None),
    ("A7", "IN_STAKING_QUEUE", "entry_queue", Some(1), None),
    ("A8", "IN_STAKING_PROVIDER_QUEUE", "provider_queue", None, Some((1, 0))),
    ("A9", "IN_STAKING_PROVIDER_QUEUE", "provider_queue", None, Some((1, 1))),
    ("B0", "IN_STAKING_PROVIDER_QUEUE", "provider_queue", None, Some((2, 0))),
    ("B1", "IN_STAKING_PROVIDER_QUEUE", "provider_queue", None, Some((2, 1))),
    ("S0", "NO_LONGER_ACTIVE", "exiting", None, None),
    ("S1", "NO_LONGER_ACTIVE", "withdrawn", None, None),
    ("S2", "ACTIVE", "validating", None, None),
    ("S3", "NO_LONGER_ACTIVE", "zombie", None, None),
    ("S4", "COINBASE_NEEDED", "entry_queue", Some(2), None),
    ("BADPOP", "NEW", "unregistered", None, None),
];

/// A bench that tracks every attester of the story and owns its three providers.
async fn whole_story(history: History) -> Bench {
    let bench = Bench::with_history(history).await;
    let names: Vec<String> = bench.oracle().attesters.keys().cloned().collect();
    bench.track(names.iter().map(String::as_str));
    bench.reconfigure("provider_ids = [1]", "provider_ids = [1, 2, 3]");
    bench
}

fn by_address(report: &Value) -> BTreeMap<String, &Value> {
    let rows = report["attesters"].as_array().unwrap();
    rows.iter().map(|row| (row["address"].as_str().unwrap().to_owned(), row)).collect()
}

fn number(value: &Value) -> U256 {
    U256::from_dec_str(value.as_str().unwrap_or_else(|| panic!("{value} is not a decimal text"))).unwrap()
}

#[tokio::test]
async fn the_readme_shows_what_the_devnet_says() {
    let bench = Bench::start().await;
    let ran = finish(butler(bench.folder.path()).env("COLUMNS", "112").arg("status")).await;
    let readme = include_str!("../../../README.md");
    let shown = readme.split("$ butler-cli status\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    assert!(ran.stdout.starts_with(shown), "README.md shows\n{shown}\nand the program says\n{}", ran.stdout);
}

#[tokio::test]
async fn status_shows_every_attester_as_the_chain_has_it() {
    let bench = whole_story(History::Recent).await;
    let oracle = bench.oracle();
    let report = bench.json(&["status"], 0).await;
    assert_eq!(report["scope"]["block"]["number"], oracle.block.number);
    assert_eq!(report["scope"]["block"]["timestamp"], oracle.block.timestamp);
    assert_eq!(report["scope"]["chain_id"], oracle.chain_id);
    assert_eq!(report["scope"]["rollup"], shown(oracle.contracts.rollup_address));
    let rows = by_address(&report);
    assert_eq!(rows.len(), STORY.len());
    assert_eq!(oracle.attesters.len(), STORY.len());
    for (name, state, position, entry_place, provider) in STORY {
        let row = rows[&bench.shown(name)];
        let expected = oracle.attester(name).unwrap();
        assert_eq!(row["state"], state, "{name}");
        assert_eq!(row["position"], position, "{name}");
        assert_eq!(row["entry_queue_place"], json!(entry_place), "{name}");
        assert_eq!(row["provider_queue_place"], json!(provider.map(|(_, place)| place)), "{name}");
        let status = match expected.status {
            Status::None => "none",
            Status::Validating => "validating",
            Status::Zombie => "zombie",
            Status::Exiting => "exiting",
        };
        assert_eq!(row["status"], status, "{name}");
        assert_eq!(number(&row["effective_balance"]), expected.effective_balance, "{name}");
        let withdrawer = (!expected.withdrawer.is_zero()).then(|| shown(expected.withdrawer));
        assert_eq!(row["withdrawer"], json!(withdrawer), "{name}");
        assert_eq!(row["exit"].is_object(), expected.exit.exists, "{name}");
        if expected.exit.exists {
            let exit = &row["exit"];
            assert_eq!(number(&exit["withdrawal_id"]), expected.exit.withdrawal_id, "{name}");
            assert_eq!(number(&exit["amount"]), expected.exit.amount, "{name}");
            assert_eq!(exit["exitable_at"], expected.exit.exitable_at, "{name}");
            assert_eq!(exit["recipient_or_withdrawer"], shown(expected.exit.recipient_or_withdrawer), "{name}");
            assert_eq!(exit["is_recipient"], expected.exit.is_recipient, "{name}");
        }
        // Whatever was staked belongs to provider 1.
        let split = oracle.coinbases().get(&expected.address).copied();
        assert_eq!(row["coinbase"]["expected"], json!(split.map(shown)), "{name}");
        let provider_id = provider.map(|(id, _)| id).or(split.map(|_| 1));
        assert_eq!(row["provider_id"], json!(provider_id), "{name}");
        assert_eq!(row["deposit_failed"], false, "{name}");
    }
}

#[tokio::test]
async fn status_judges_coinbases_by_the_splits_of_the_delegations() {
    let bench = whole_story(History::Recent).await;
    let report = bench.json(&["status"], 0).await;
    let rows = by_address(&report);
    let verdict = |name: &str| {
        let coinbase = &rows[&bench.shown(name)]["coinbase"];
        (coinbase["verdict"].as_str().unwrap(), coinbase["severity"].as_str().unwrap(), coinbase["deadline"].as_str())
    };
    for name in ["A0", "A1", "A2", "A4", "A7"] {
        assert_eq!(verdict(name), ("matches", "ok", None), "{name}");
    }
    assert_eq!(verdict("A3"), ("wrong", "critical", None));
    assert_eq!(verdict("A6"), ("missing", "critical", Some("arrival")));
    assert_eq!(verdict("S4"), ("missing", "critical", Some("arrival")));
    assert_eq!(verdict("S2"), ("missing", "critical", Some("overdue")));
    for name in ["A5", "A8", "A9", "B0", "B1", "S0", "S1", "S3", "BADPOP"] {
        assert_eq!(verdict(name), ("not_applicable", "ok", None), "{name}");
    }
    let coinbases = bench.oracle().coinbases();
    let a3 = &rows[&bench.shown("A3")]["coinbase"];
    assert_eq!(a3["configured"], json!([shown(coinbases[&bench.attester("A2")])]));
    assert_eq!(a3["expected"], shown(coinbases[&bench.attester("A3")]));
    assert_eq!(rows[&bench.shown("A3")]["servers"], json!(["server-2"]));
    assert_eq!(rows[&bench.shown("B0")]["servers"], json!([]));
    assert_eq!(report["key_file_faults"], json!([]));
}

#[tokio::test]
async fn status_counts_every_attester_once_by_state_and_by_position() {
    let bench = whole_story(History::Recent).await;
    let report = bench.json(&["status", "--state", "ACTIVE"], 0).await;
    for (key, of) in [("counts_by_state", 1), ("counts_by_position", 2)] {
        let mut expected = BTreeMap::<&str, u64>::new();
        for row in STORY {
            *expected.entry(if of == 1 { row.1 } else { row.2 }).or_default() += 1;
        }
        let counts = report[key].as_object().unwrap();
        for (name, count) in counts {
            assert_eq!(*count, json!(expected.remove(name.as_str()).unwrap_or_default()), "{name}");
        }
        assert_eq!(expected, BTreeMap::new());
    }
}

#[tokio::test]
async fn filters_of_status_choose_rows_and_together_they_narrow() {
    let bench = whole_story(History::Recent).await;
    let story = |wanted: &dyn Fn(&Expected<'_>) -> bool| -> BTreeSet<String> {
        STORY.iter().filter(|row| wanted(row)).map(|row| bench.shown(row.0)).collect()
    };
    let named = |names: &[&str]| -> BTreeSet<String> { names.iter().map(|name| bench.shown(name)).collect() };
    let a6 = bench.shown("A6");
    let table: [(&[&str], BTreeSet<String>); 9] = [
        (&["--state", "ACTIVE"], story(&|row| row.1 == "ACTIVE")),
        (&["--state", "active", "--state", "NEW"], story(&|row| row.1 == "ACTIVE" || row.1 == "NEW")),
        (&["--position", "entry_queue"], story(&|row| row.2 == "entry_queue")),
        (&["--position", "zombie", "--position", "exiting"], named(&["S0", "S3"])),
        (&["--server", "server-2"], named(&["A3", "A4", "A5", "A7", "A9"])),
        (&["--attester", &a6], named(&["A6"])),
        // B0 and B1 wait in own queues, and no key file has them; at A0's own address rewards wait.
        (&["--attention"], named(&["A0", "A3", "A6", "B0", "B1", "S2", "S4"])),
        (&["--attention", "--server", "server-1"], named(&["A0", "A6"])),
        (&["--state", "ACTIVE", "--position", "entry_queue"], named(&[])),
    ];
    for (filter, expected) in table {
        let report = bench.json(&[&["status"], filter].concat(), 0).await;
        let found: BTreeSet<String> = by_address(&report).into_keys().collect();
        assert_eq!(found, expected, "{filter:?}");
    }
}

#[tokio::test]
async fn status_at_an_older_block_shows_what_the_chain_was_then() {
    let bench = whole_story(History::Archive).await;
    let at = async |block: &str| bench.json(&["status", "--at", block], 0).await;
    let of = |report: &Value, name: &str| -> Value {
        let rows = by_address(report);
        rows[&bench.shown(name)].clone()
    };
    // Block 67 holds the first slash, of S2; block 73 the one that ejected S3; block 74 the exit of S0.
    let before = at("66").await;
    assert_eq!(before["scope"]["block"]["number"], 66);
    assert_eq!(of(&before, "S2")["effective_balance"], "200000000000000000000000");
    assert_eq!(of(&before, "S3")["position"], "validating");
    assert_eq!(of(&before, "S0")["position"], "validating");
    assert_eq!(of(&before, "S1")["position"], "withdrawn");
    assert_eq!(of(&before, "A6")["position"], "provider_queue");
    assert_eq!(of(&before, "A6")["coinbase"]["expected"], Value::Null);
    let after = at("67").await;
    assert_eq!(of(&after, "S2")["effective_balance"], "198000000000000000000000");
    let earlier = at("53").await;
    assert_eq!(of(&earlier, "A0")["entry_queue_place"], 0);
    assert_eq!(of(&earlier, "A2")["entry_queue_place"], 2);
    assert_eq!(of(&earlier, "S3")["entry_queue_place"], 6);
    assert_eq!(of(&earlier, "A3")["provider_queue_place"], 0);
    assert_eq!(of(&earlier, "BADPOP")["position"], "unregistered");
    // Going back did not spoil what is kept of later blocks.
    let now = bench.json(&["status"], 0).await;
    assert_eq!(of(&now, "A6")["position"], "entry_queue");
    assert_eq!(now["scope"]["block"]["number"], bench.oracle().block.number);
}

/// Lets a queue in epoch by epoch: every entry with its epoch and the span in which that epoch lies.
fn naive_arrivals(oracle: &Oracle, length: u64, now: u64) -> Vec<Value> {
    let rollup = &oracle.rollup;
    let epoch_seconds = rollup.slot_duration * rollup.epoch_duration;
    let start = |epoch: u64| rollup.genesis_time + epoch * epoch_seconds;
    let mut epoch = (now - rollup.genesis_time) / epoch_seconds;
    let mut left = rollup.available_validator_flushes;
    let mut arrivals = Vec::new();
    for _ in 0..length {
        if left == 0 {
            epoch += 1;
            left = rollup.entry_queue_flush_size;
        }
        left -= 1;
        arrivals.push(json!({ "epoch": epoch, "earliest": start(epoch).max(now), "expected": start(epoch + 1) }));
    }
    arrivals
}

#[tokio::test]
async fn queue_lists_every_deposit_in_order_with_its_arrival() {
    let bench = Bench::start().await;
    let oracle = bench.oracle();
    // Three deposits wait already; with six more the queue takes three epochs.
    let key = oracle.spare_keys[0].clone();
    bench.chain.play(Move::DepositKey { key }).await.unwrap();
    for last in 1..=5 {
        let attester = ethers_core::types::Address::from_low_u64_be(last);
        bench.chain.play(Move::Deposit { attester }).await.unwrap();
    }
    let report = bench.json(&["queue"], 0).await;
    let now = report["scope"]["block"]["timestamp"].as_u64().unwrap();
    let queue = &report["entry_queue"];
    let entries = queue["entries"].as_array().unwrap();
    assert_eq!((queue["length"].as_u64(), queue["own"].as_u64()), (Some(9), Some(2)));
    assert_eq!(queue["current_epoch"], oracle.rollup.current_epoch);
    assert_eq!(queue["epoch_seconds"], oracle.rollup.slot_duration * oracle.rollup.epoch_duration);
    for (place, expected) in oracle.entry_queue.iter().enumerate() {
        let entry = &entries[place];
        assert_eq!(entry["place"], place);
        assert_eq!(entry["attester"], shown(expected.attester));
        assert_eq!(entry["withdrawer"], shown(expected.withdrawer));
        assert_eq!(entry["move_with_latest_rollup"], expected.move_with_latest_rollup);
        // S4 was deposited by somebody else.
        assert_eq!(entry["is_own"], expected.attester != bench.attester("S4"));
    }
    let arrivals: Vec<Value> = entries.iter().map(|entry| entry["arrival"].clone()).collect();
    assert_eq!(arrivals, naive_arrivals(oracle, 9, now));
    for entry in &entries[3..] {
        assert_eq!(entry["withdrawer"], shown(oracle.account("solo").unwrap()));
        assert_eq!(entry["is_own"], false);
    }
    let own = &report["provider_queues"];
    assert_eq!(own.as_object().unwrap().len(), 1);
    let provider = &oracle.providers[&1];
    for (place, (entry, expected)) in own["1"].as_array().unwrap().iter().zip(&provider.queue).enumerate() {
        assert_eq!(entry["place"], place);
        assert_eq!(entry["attester"], shown(*expected));
        assert_eq!(entry["index"], provider.first_index + u64::try_from(place).unwrap());
    }

    // The contract agrees with the arrivals: a flush in an epoch lets in exactly those who may arrive in it.
    bench.chain.play(Move::Flush).await.unwrap();
    let report = bench.json(&["queue"], 0).await;
    let left: Vec<_> =
        report["entry_queue"]["entries"].as_array().unwrap().iter().map(|entry| &entry["attester"]).collect();
    assert_eq!(left, entries[4..].iter().map(|entry| &entry["attester"]).collect::<Vec<_>>());
    let queue = &report["entry_queue"];
    assert_eq!(queue["flush"]["available_flushes"], 0);
    let next = queue["current_epoch"].as_u64().unwrap() + 1;
    assert_eq!(queue["entries"][0]["arrival"]["epoch"], next);
}

#[tokio::test]
async fn chain_has_the_rollups_figures() {
    let bench = Bench::start().await;
    let (oracle, report) = (bench.oracle(), bench.json(&["chain"], 0).await);
    let (expected, rollup) = (&oracle.rollup, &report["rollup"]);
    assert_eq!(rollup["version"], expected.version.to_string());
    assert_eq!(rollup["current_epoch"], expected.current_epoch);
    assert_eq!(rollup["clock"]["genesis_time"], expected.genesis_time);
    assert_eq!(rollup["clock"]["slot_seconds"], expected.slot_duration);
    assert_eq!(rollup["clock"]["epoch_slots"], expected.epoch_duration);
    assert_eq!(rollup["flush"]["flush_size"], expected.entry_queue_flush_size);
    assert_eq!(rollup["flush"]["available_flushes"], expected.available_validator_flushes);
    assert_eq!(rollup["flush"]["next_flushable_epoch"], expected.next_flushable_epoch);
    assert_eq!(rollup["flush"]["is_bootstrapped"], expected.is_bootstrapped);
    assert_eq!(rollup["active_attesters"], expected.active_attester_count);
    assert_eq!(rollup["entry_queue_length"], expected.entry_queue_length);
    assert_eq!(number(&rollup["activation_threshold"]), expected.activation_threshold);
    assert_eq!(number(&rollup["ejection_threshold"]), expected.ejection_threshold);
    assert_eq!(number(&rollup["local_ejection_threshold"]), expected.local_ejection_threshold);
    assert_eq!(rollup["exit_delay_seconds"], expected.exit_delay);
    let clock = &rollup["clock"];
    let age = oracle.block.timestamp - clock["genesis_time"].as_u64().unwrap();
    assert_eq!(age / clock["slot_seconds"].as_u64().unwrap(), expected.current_slot);
    for (ours, address) in [
        ("aztec_registry", oracle.contracts.registry_address),
        ("staking_registry", oracle.contracts.staking_registry_address),
        ("rollup", oracle.contracts.rollup_address),
        ("gse", oracle.contracts.gse_address),
        ("slasher", oracle.contracts.slasher_address),
        ("staking_asset", oracle.contracts.staking_asset_address),
    ] {
        assert_eq!(report["contracts"][ours], shown(address), "{ours}");
    }
    let [endpoint] = report["endpoints"].as_array().unwrap().as_slice() else { panic!("{report}") };
    assert_eq!(endpoint["host"], bench.chain.url());
    assert_eq!((endpoint["takes_batches"].as_bool(), endpoint["has_multicall"].as_bool()), (Some(true), Some(true)));
}

#[tokio::test]
async fn publishers_have_their_balance_load_and_lack() {
    let bench = Bench::start().await;
    let (oracle, report) = (bench.oracle(), bench.json(&["publishers"], 0).await);
    let minimum = U256::exp10(17);
    assert_eq!(number(&report["minimum_wei_per_attester"]), minimum);
    let rows: BTreeMap<&str, &Value> =
        report["publishers"].as_array().unwrap().iter().map(|row| (row["address"].as_str().unwrap(), row)).collect();
    assert_eq!(rows.len(), 2);
    let mut total = U256::zero();
    for (index, server) in [(0, "server-1"), (2, "server-2")] {
        let publisher = oracle.publishers[index];
        let row = rows[shown(publisher.address).as_str()];
        let required: U256 = minimum * 5;
        let lack = required.saturating_sub(publisher.balance);
        assert_eq!(row["servers"], json!([server]));
        assert_eq!(row["load_thousandths"], 5000);
        assert_eq!(number(&row["balance"]), publisher.balance);
        assert_eq!(number(&row["required"]), required);
        assert_eq!(number(&row["top_up"]), lack);
        total += lack;
    }
    assert_eq!(number(&report["total_top_up"]), total);
}
