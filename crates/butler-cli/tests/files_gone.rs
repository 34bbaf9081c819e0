//! Key files that are gone or empty when a command runs: nothing is concluded from not finding what they said.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::Bench;

/// The attesters of the example's first file; the last one waits in the queue.
const OF_FIRST: [&str; 5] = ["A0", "A1", "A2", "A6", "A8"];

/// Kind and subject of every finding, with how often.
fn findings(report: &Value) -> BTreeMap<(String, String), usize> {
    let mut found = BTreeMap::new();
    for finding in report["findings"].as_array().unwrap() {
        let text = |key: &str| finding[key].as_str().unwrap().to_owned();
        *found.entry((text("kind"), text("subject"))).or_default() += 1;
    }
    found
}

/// Why the coinbases of these attesters are unknown, as `status` tells it; each of them must be.
async fn unknown(bench: &Bench, names: &[&str]) -> Vec<String> {
    let status = bench.json(&["status"], 0).await;
    let rows = status["attesters"].as_array().unwrap();
    let why = |name: &&str| {
        let row =
            rows.iter().find(|row| row["address"] == bench.shown(name)).unwrap_or_else(|| panic!("{name}: {status:#}"));
        row["coinbase"]["unknown"].as_str().unwrap_or_else(|| panic!("{name}: {row:#}")).to_owned()
    };
    names.iter().map(why).collect()
}

#[tokio::test]
async fn a_file_that_was_there_and_is_gone_makes_its_own_attesters_unknown_and_nobody_else() {
    let bench = Bench::start().await;
    // A7 is in no file from the beginning, and that stays wrong.
    bench.edit("keys/server-2.json", |keys| drop(keys["validators"].as_array_mut().unwrap().remove(3)));
    let before = findings(&bench.json(&["audit"], 5).await);
    std::fs::create_dir(bench.path("away")).unwrap();
    std::fs::rename(bench.path("keys/server-1.json"), bench.path("away/server-1.json")).unwrap();
    for _ in 0..2 {
        let report = bench.json(&["audit"], 5).await;
        let mut found = findings(&report);
        assert_eq!(found.remove(&("key_file".to_owned(), "keys/server-1.json".to_owned())), Some(1), "{report:#}");
        // The missing coinbase of A6, and whatever else was wrong with those of the file, is not known any more.
        let of_first = |subject: &str| OF_FIRST.iter().any(|name| bench.shown(name) == subject);
        let unknown = found.keys().filter(|(kind, _)| kind == "coinbase_unknown").count();
        assert_eq!(unknown, 4, "A8 only waits in the queue: {report:#}");
        found.retain(|(kind, _), _| kind != "coinbase_unknown");
        let mut kept = before.clone();
        // A3 shares its split with A2, of which nothing is known now.
        // What waits at an attester's own address waits there whatever its file says.
        let is_of_chain = |kind: &str| kind == "rewards_at_attester";
        kept.retain(|(kind, subject), _| (is_of_chain(kind) || !of_first(subject)) && kind != "split_shared");
        assert_eq!(found, kept, "{report:#}");
    }
    let why = unknown(&bench, &OF_FIRST).await;
    assert!(why.iter().all(|why| why == "keys/server-1.json: it is gone"), "{why:?}");
    let told = bench.run(&["status"]).await;
    assert!(told.stderr.contains("warning: keys/server-1.json: it was here and is gone, with 5 attesters"), "{told:?}");

    std::fs::rename(bench.path("away/server-1.json"), bench.path("keys/server-1.json")).unwrap();
    assert_eq!(findings(&bench.json(&["audit"], 5).await), before);
    let memory = bench.read(".cache/butler/devnet-keys.json");
    let keys: Value = serde_json::from_str(&bench.read("keys/server-1.json")).unwrap();
    let bls: Vec<&str> =
        keys["validators"].as_array().unwrap().iter().filter_map(|one| one["attester"]["bls"].as_str()).collect();
    assert!(!bls.is_empty() && bls.iter().all(|key| !memory.contains(key.trim_start_matches("0x"))), "{memory}");
    assert!(memory.contains("server-1.json"), "{memory}");
}

#[tokio::test]
async fn a_file_that_names_nobody_is_no_proof_that_somebody_is_in_none() {
    let bench = Bench::start().await;
    bench.correct_coinbases();
    bench.edit("keys/server-1.json", |keys| keys["validators"] = json!([]));
    let report = bench.json(&["audit"], 5).await;
    let found = findings(&report);
    assert!(found.keys().all(|(kind, _)| kind == "coinbase_unknown" || kind == "key_file"), "{report:#}");
    assert_eq!(found.keys().filter(|(kind, _)| kind == "coinbase_unknown").count(), 4, "{report:#}");
    let why = unknown(&bench, &OF_FIRST).await;
    assert!(why.iter().all(|why| why == "keys/server-1.json: it names nobody"), "{why:?}");
}

#[tokio::test]
async fn what_the_exporter_remembers_is_known_to_a_command_that_remembers_nothing() {
    let bench = Bench::start().await;
    bench.correct_coinbases();
    bench.json(&["audit"], 0).await;
    std::fs::create_dir(bench.path("state")).unwrap();
    let memory = bench.path(".cache/butler/devnet-keys.json");
    std::fs::rename(memory, bench.path("state/exporter-devnet-keys.json")).unwrap();
    let config = bench.read("butler.toml");
    bench.write("butler.toml", &format!("{config}\n[exporter]\nstate_directory = \"state\"\n"));
    let remembered = bench.read("state/exporter-devnet-keys.json");
    std::fs::remove_file(bench.path("keys/server-2.json")).unwrap();
    let report = bench.json(&["audit"], 5).await;
    let expected = ["coinbase_unknown", "key_file", "rewards_at_attester"];
    assert!(findings(&report).keys().all(|(kind, _)| expected.contains(&kind.as_str())), "{report:#}");
    assert_eq!(bench.read("state/exporter-devnet-keys.json"), remembered, "it is the exporter's own");
}
