//! A running exporter sees another rollup become canonical: nobody gets out of sight, and nothing pages that should not.

use std::collections::BTreeSet;

use butler_testkit::aztec_node::cases::{CASES, Followed};
use butler_testkit::devnet::{DevnetSpec, Move, ensure};
use serde_json::json;

use crate::support;
use crate::support::film::{Clock, Film, MINUTES, without_prometheus};
use crate::support::{Bench, Program, Series};

fn critical(series: &Series) -> BTreeSet<&str> {
    let is_critical = |key: &&String| key.starts_with("butler_findings{") && key.contains("critical");
    series
        .iter()
        .filter(|(_, value)| **value > 0.0)
        .map(|(key, _)| key)
        .filter(is_critical)
        .map(String::as_str)
        .collect()
}

fn of_attesters(series: &Series) -> Vec<(&String, &f64)> {
    let names = ["butler_attesters{", "butler_attesters_at_position{", "butler_transitions_total{"];
    series.iter().filter(|(key, _)| names.iter().any(|name| key.starts_with(name))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_over_is_seen_and_pages_nobody() {
    let state = ensure(&DevnetSpec::scenario()).unwrap().upgrade();
    let mut bench = Bench::of(&state).await;
    let program = bench.run().await;
    let version = "butler_canonical_rollup_version{network=\"devnet\"}";
    let before = program.when_scraped("devnet", "l1").await;
    let sides = bench.oracle().upgrade.clone().unwrap();
    let number = |value: u64| f64::from(u32::try_from(value).unwrap());
    assert_eq!(before[version], number(sides.former.version));
    assert!(!before.keys().any(|key| key.starts_with("butler_former_rollup_")));

    bench.chain.cut_over(&state).await.unwrap();
    let is_new = |series: &Series| series.get(version) == Some(&number(sides.next.version));
    let after = program.when("the new rollup", is_new).await;
    // The one that will be refunded needs no coinbase, so its state is another one; nothing else changed.
    let (was, is) = (of_attesters(&before), of_attesters(&after));
    let changed: Vec<_> = was.iter().zip(&is).filter(|(was, is)| was != is).collect();
    assert!(changed.is_empty(), "{changed:?}");
    assert!(critical(&after).is_subset(&critical(&before)), "{:?} {:?}", critical(&before), critical(&after));
    let at = |position: &str| {
        let (old, family) = (sides.former.version, "butler_former_rollup_attesters");
        after[&format!("{family}{{network=\"devnet\",version=\"{old}\",position=\"{position}\"}}")]
    };
    assert_eq!(["entry_queue", "validating", "zombie", "exiting"].map(at), [2.0, 1.0, 1.0, 1.0]);
    let left = format!("butler_former_rollup_rewards{{network=\"devnet\",version=\"{}\"}}", sides.former.version);
    // With what waits at A0's own address.
    assert_eq!(after[&left], 1_193.5);
    let duties = "butler_former_rollup_duties_end_timestamp_seconds";
    let duties = format!("{duties}{{network=\"devnet\",version=\"{}\"}}", sides.former.version);
    assert!(after[&duties] > number(bench.chain.timestamp().await.unwrap()));
    let split = support::shown(bench.oracle().coinbases()[&bench.oracle().attester("A0").unwrap().address]);
    let pending = format!("butler_sequencer_rewards_pending_tokens{{network=\"devnet\",coinbase=\"{split}\"}}");
    let pending = after
        .iter()
        .find(|(key, _)| key.contains(&split) && key.contains("pending"))
        .map(|(_, value)| *value)
        .or(after.get(&pending).copied());
    assert_eq!(pending, Some(1_000.0));
    let page = program.get("/").text();
    let former = sides.former.version.to_string();
    for row in ["2 entry_queue", "1 validating", "1 zombie", "1 exiting", "tokens of rewards", "have duties until"] {
        assert!(page.contains(&former) && page.contains(row), "{row}: {page}");
    }

    // Who may slash there and here, and what leaving takes.
    let (old, new) = (sides.former.version, sides.next.version);
    for version in [old, new] {
        let readable = format!("butler_slasher_readable{{network=\"devnet\",version=\"{version}\",role=\"current\"}}");
        program.when("both slashers", |series| series.get(&readable) == Some(&1.0)).await;
    }
    let of_new = |family: &str| format!("{family}{{network=\"devnet\",version=\"{new}\"}}");
    assert_eq!(
        (after[&of_new("butler_attester_exits_used")], after[&of_new("butler_attester_exit_possible")]),
        (0.0, 1.0)
    );
    assert!(after[&of_new("butler_attester_exit_window_seconds")] > 0.0);
    assert!(!after.contains_key(&format!("butler_attester_exits_used{{network=\"devnet\",version=\"{old}\"}}")));
    assert!(!after.keys().any(|key| key.starts_with("butler_capability_missing{")));
    let second = bench.chain.another_slasher(sides.next.address).await.unwrap();
    bench.chain.queue_slasher(second.slasher).await.unwrap();
    let queued = bench.chain.timestamp().await.unwrap();
    let pending = format!(
        "butler_slasher_pending_timestamp_seconds{{network=\"devnet\",version=\"{new}\",slasher=\"{}\"}}",
        support::shown(second.slasher)
    );
    let told = program.when("the queued slasher", |series| series.contains_key(&pending)).await;
    assert_eq!(told[&pending], number(queued + 60 * 86_400));
    let page = program.get("/").text();
    assert!(page.contains("Slashers") && page.contains("pending"), "{page}");

    // A stake that is still made for the old version eats a key, waits there and needs no coinbase.
    let eaten = bench.shown("D3");
    bench.chain.play_at(sides.former.address, Move::Stake { provider: 1 }).await.unwrap();
    let waits = |series: &Series| {
        series.iter().any(|(key, value)| {
            key.contains("butler_former_rollup_attesters") && key.contains("entry_queue") && *value == 3.0
        })
    };
    let staked = program.when("the stake for the old version", waits).await;
    let told: Vec<&String> = staked.keys().filter(|key| key.contains("coinbase") && key.contains(&eaten)).collect();
    assert!(told.is_empty(), "{told:?}");

    // What that flush does is seen, and a rollup that does not answer is told.
    bench.chain.play_at(sides.former.address, Move::Flush).await.unwrap();
    let arrived = |series: &Series| {
        series.iter().any(|(key, value)| {
            key.contains("butler_former_rollup_attesters") && key.contains("validating") && *value == 2.0
        })
    };
    program.when("the one that stays to validate there", arrived).await;
    bench.chain.rpc("anvil_setCode", json!([sides.former.address, "0x"])).await.unwrap();
    bench.chain.mine().await.unwrap();
    let unread = |series: &Series| series.keys().any(|key| key.starts_with("butler_former_rollup_unread{"));
    program.when("a rollup that does not answer", unread).await;
}

/// Looks now, and once more after another scrape of the chain.
async fn look(film: &mut Film, program: &Program, first: &Series) {
    film.look(first);
    let at = "butler_scrape_last_success_timestamp_seconds{network=\"devnet\",scraper=\"l1\"}";
    film.look(&program.when("another scrape", |series| series[at] > first[at]).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shipped_alert_rules_tell_what_a_cut_over_leaves_once_and_page_nobody() {
    if without_prometheus() {
        return;
    }
    let state = ensure(&DevnetSpec::scenario()).unwrap().upgrade();
    let mut bench = Bench::of(&state).await;
    let sides = bench.oracle().upgrade.clone().unwrap();
    let followed = Followed {
        chain_id: bench.oracle().chain_id,
        registry: format!("{:#x}", bench.oracle().contracts.registry_address),
        rollup: format!("{:#x}", sides.former.address),
        version: sides.former.version,
        slot: bench.oracle().rollup.current_slot,
    };
    let well = CASES.iter().find(|case| case.name == "well-52").unwrap();
    let (node, section) = well.start("devnet", &followed, ("", "")).await.unwrap();
    bench.append(&section);
    let program = bench.run().await;
    for scraper in ["l1", "slashing", "governance", "rewards", "nodes"] {
        program.when_scraped("devnet", scraper).await;
    }
    let mut film = Film::new(Clock::OfEachLook);
    look(&mut film, &program, &program.series()).await;
    // Long enough for the alert that waits longest, which is an hour.
    film.hold(8);
    let good = film.looks.len();

    let begun = bench.chain.timestamp().await.unwrap();
    // The sentinel of the node goes on.
    let goes_on = async |bench: &Bench| {
        let slots = (bench.chain.timestamp().await.unwrap() - begun) / bench.oracle().rollup.slot_duration;
        let mut stats = node.result("node_getValidatorsStats");
        stats["lastProcessedSlot"] = json!(followed.slot + slots);
        node.set_result("node_getValidatorsStats", stats);
    };
    bench.chain.cut_over(&state).await.unwrap();
    goes_on(&bench).await;
    let version = "butler_canonical_rollup_version{network=\"devnet\"}";
    let next = f64::from(u32::try_from(sides.next.version).unwrap());
    let after = program.when("the new rollup", |series| series.get(version) == Some(&next)).await;
    look(&mut film, &program, &after).await;
    film.hold(8);
    let cut = film.looks.len();
    // One is refunded there, another one let in to be left behind.
    bench.chain.play_at(sides.former.address, Move::Flush).await.unwrap();
    goes_on(&bench).await;
    let at = |position: &str| {
        let old = sides.former.version;
        format!("butler_former_rollup_attesters{{network=\"devnet\",version=\"{old}\",position=\"{position}\"}}")
    };
    let flushed = program.when("the flush", |series| series.get(&at("validating")) == Some(&2.0)).await;
    look(&mut film, &program, &flushed).await;
    film.hold(3);

    // What a cut-over leaves is told, once each; and whoever is let in there is in no key file.
    let (baseline, last) = (good * MINUTES - 1, film.minutes() - 1);
    let firing = |which: &str| format!("ALERTS{{alertstate=\"firing\"{which}}}");
    let told = ",alertname!~\"ButlerDepositFailed|ButlerAttesterUnserved\",kind!=\"left_behind\"";
    // The one that is refunded needs no coinbase, and the one that was let in waits no more.
    let over =
        format!(",attester!=\"{}\",kind!=\"unserved\",alertname!=\"ButlerEntryQueueArrivalSoon\"", bench.shown("D1"));
    let at = baseline * 60;
    let empty = [
        format!("{} unless {} @ {at}", firing(told), firing("")),
        format!("{} @ {at} unless {}", firing(&over), firing("")),
    ];
    let count = |which: &str| format!("count({}) or vector(0)", firing(which));
    let (failed, left) = (",alertname=\"ButlerDepositFailed\"", ",kind=\"left_behind\"");
    let unserved = ",alertname=\"ButlerAttesterUnserved\"";
    let mut known = Vec::new();
    for (minute, expected) in
        [(baseline, [0.0, 0.0, 0.0]), (cut * MINUTES - 1, [1.0, 1.0, 0.0]), (last, [1.0, 1.0, 1.0])]
    {
        let counts = [failed, left, unserved].map(count).into_iter().zip(expected);
        known.extend(counts.map(|(expression, value)| (minute, expression, value)));
    }
    film.judge(bench.folder.path(), good, &empty, &known).unwrap_or_else(|said| panic!("{said}"));

    // As a program that loses sight of whoever did not move along would have it: the rules see that.
    for look in &mut film.looks[good..] {
        *look.get_mut("butler_attesters{network=\"devnet\",state=\"ACTIVE\"}").unwrap() -= 1.0;
    }
    let said = film.judge(bench.folder.path(), good, &empty, &known).unwrap_err();
    assert!(said.contains("ButlerActiveAttestersDropped"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shipped_alert_rules_call_an_own_exit_an_own_exit_and_a_slash_out_a_slash_out() {
    if without_prometheus() {
        return;
    }
    let state = ensure(&DevnetSpec::scenario()).unwrap().upgrade();
    let mut bench = Bench::of(&state).await;
    bench.chain.cut_over(&state).await.unwrap();
    let program = bench.run().await;
    for scraper in ["l1", "slashing", "governance", "rewards"] {
        program.when_scraped("devnet", scraper).await;
    }
    let mut film = Film::new(Clock::OfEachLook);
    look(&mut film, &program, &program.series()).await;
    film.hold(2);
    let good = film.looks.len();
    let [own, leaving, slashed] = ["A1", "A2", "A4"].map(|name| bench.oracle().attester(name).unwrap().address);
    let zombies = |cause: &str| format!("butler_zombies{{network=\"devnet\",cause=\"{cause}\"}}");
    let exiting = "butler_attesters_at_position{network=\"devnet\",position=\"exiting\"}";
    let before = program.series();

    bench.chain.exit_by_attester(own).await.unwrap();
    let key = zombies("own_exit");
    let seen = program.when("the own exit", |series| series[&key] == 1.0).await;
    look(&mut film, &program, &seen).await;
    let after_own = film.minutes() - 1;
    assert!(program.get("/").text().contains("began its exit itself"));

    bench.chain.play(Move::InitiateWithdraw { attester: leaving }).await.unwrap();
    let seen = program.when("the withdrawer's exit", |series| series[exiting] == before[exiting] + 1.0).await;
    look(&mut film, &program, &seen).await;
    let after_withdrawer = film.minutes() - 1;

    for _ in 0..6 {
        bench.chain.play(Move::Slash { attester: slashed, tokens: 2_000 }).await.unwrap();
    }
    let key = zombies("slashed_out");
    let seen = program.when("the slash-out", |series| series[&key] == before[&key] + 1.0).await;
    look(&mut film, &program, &seen).await;
    let after_slash = film.minutes() - 1;
    assert!(program.get("/").text().contains("was slashed out or ejected"));

    let count = |name: &str| format!("count(ALERTS{{alertstate=\"firing\",alertname=\"{name}\"}}) or vector(0)");
    let mut known = Vec::new();
    for (minute, slashed_out) in [(after_own, 0.0), (after_withdrawer, 0.0), (after_slash, 1.0)] {
        known.push((minute, count("ButlerAttesterOwnExit"), 1.0));
        known.push((minute, count("ButlerAttesterSlashedOut"), slashed_out));
    }
    film.judge(bench.folder.path(), good, &[], &known).unwrap_or_else(|said| panic!("{said}"));
}
