//! What own proposals prove of coinbases, on a chain that took them: told once, by L1 alone, through kills; and what mends it.

use std::collections::BTreeSet;

use butler_core::domain::action::{Action, ActionKind, ActionSubject, Phase};
use butler_testkit::devnet::{Chain, CheckpointWish, DevnetSpec, ProposedCheckpoint, ensure};
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy, Lie, LogKind};
use ethers_core::types::Address;

use crate::support::person::begun;
use crate::support::proposals::{WRONG, propose, two_looks};
use crate::support::receiver::Receiver;
use crate::support::{Bench, Kept, Watcher};

/// Somebody whose coinbase is known proposes at the former rollup with that one, or with another one; slots of others pass.
async fn propose_at(bench: &Bench, former: Address, is_right: bool) -> ProposedCheckpoint {
    for _ in 0..200 {
        let (_, proposer) = bench.chain.next_proposer_at(former).await.unwrap();
        let Some(right) = bench.oracle().coinbases().get(&proposer).copied() else {
            bench.chain.pass_slot_at(former).await.unwrap();
            continue;
        };
        let wish = CheckpointWish { coinbase: if is_right { right } else { WRONG }, ..CheckpointWish::default() };
        let made = bench.chain.propose_checkpoint_at(former, &wish).await.unwrap();
        bench.settle().await;
        return made;
    }
    panic!("none of them ever proposes");
}

/// Attesters whose file names the right coinbase.
fn well_configured(bench: &Bench) -> BTreeSet<Address> {
    ["A0", "A1", "A2", "A4", "A7"].map(|name| bench.attester(name)).into()
}

async fn count(watcher: &Watcher, proof: &str) -> f64 {
    watcher.metric(&format!("butler_watcher_coinbases{{network=\"devnet\",proof=\"{proof}\"}}")).await.unwrap()
}

fn of(kept: &Kept, kind: ActionKind, attester: Address) -> Vec<&Action> {
    let is_of = |action: &&Action| action.kind == kind && action.subject == ActionSubject::Attester(attester);
    kept.actions.iter().filter(is_of).collect()
}

/// Every one was planned once, and told.
fn once(kept: &Kept, actions: &[&Action]) {
    for action in actions {
        assert_eq!((kept.planned[&action.key], kept.finished.get(&action.key)), (1, Some(&Phase::Done)), "{action:?}");
    }
}

/// Waits until nothing is left to tell.
async fn told(watcher: &Watcher, kind: ActionKind, count: f64) {
    let series = format!("butler_watcher_actions{{kind=\"{kind}\",phase=\"done\"}}");
    watcher.until(&series, async || (watcher.metric(&series).await? >= count).then_some(())).await;
}

/// A bench whose watcher begins now and posts to a receiver.
async fn posting() -> (Bench, Receiver) {
    let bench = begun("", "").await;
    let (receiver, url) = Receiver::start(&[]).await;
    bench.configure(&format!("{}[[watcher.webhooks]]\nname = \"pager\"\nurl = \"{url}\"\n", bench.config()));
    (bench, receiver)
}

/// How often keys of that kind about an attester were posted.
fn posted(receiver: &Receiver, kind: ActionKind, attester: Address) -> Vec<u32> {
    let keys = receiver.keys().into_iter();
    let is_of = |key: &str| key.starts_with(kind.name()) && key.contains(&format!("{attester:?}"));
    keys.filter(|(key, _)| is_of(key)).map(|(_, count)| count).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_proposal_is_told_once_through_a_kill_and_a_wrong_one_at_once_though_every_file_is_right() {
    let (bench, receiver) = posting().await;
    let watcher = bench.watch();
    two_looks(&watcher).await;
    let right = propose(&bench, &well_configured(&bench), None).await;
    let (attester, only) = (right.proposer, BTreeSet::from([right.proposer]));
    two_looks(&watcher).await;
    assert_eq!((count(&watcher, "proven").await, count(&watcher, "contradicted").await), (1.0, 0.0));
    told(&watcher, ActionKind::CoinbaseProven, 1.0).await;
    watcher.kill();

    // Somebody gives the node another coinbase by hand; no file changes.
    let watcher = bench.watch();
    let wrong = propose(&bench, &only, Some(WRONG)).await;
    two_looks(&watcher).await;
    assert_eq!((count(&watcher, "proven").await, count(&watcher, "contradicted").await), (0.0, 1.0));
    told(&watcher, ActionKind::CoinbaseContradicted, 1.0).await;
    watcher.kill();
    let watcher = bench.watch();
    propose(&bench, &only, Some(WRONG)).await;
    two_looks(&watcher).await;
    assert_eq!(count(&watcher, "contradicted").await, 1.0);

    let again = propose(&bench, &only, None).await;
    two_looks(&watcher).await;
    assert_eq!((count(&watcher, "proven").await, count(&watcher, "contradicted").await), (1.0, 0.0));
    told(&watcher, ActionKind::CoinbaseProven, 2.0).await;
    assert_eq!(watcher.stop().0, 0);

    let kept = bench.journal();
    let contradicted = of(&kept, ActionKind::CoinbaseContradicted, attester);
    let [action] = contradicted.as_slice() else { panic!("{contradicted:#?}") };
    let why = &action.why;
    for part in [
        format!("in slot {} ", wrong.slot),
        format!("{:?}", wrong.played.transaction.unwrap()),
        "every file is right".into(),
    ] {
        assert!(why.contains(&part), "{part}: {why}");
    }
    let proven = of(&kept, ActionKind::CoinbaseProven, attester);
    let [first, end] = proven.as_slice() else { panic!("{proven:#?}") };
    assert!(first.why.contains(&format!("in slot {}: proven", right.slot)), "{}", first.why);
    assert!(end.why.starts_with("no longer: ") && end.why.contains(&format!("in slot {};", again.slot)), "{}", end.why);
    once(&kept, &[action, first, end]);
    assert!(of(&kept, ActionKind::ConfigureCoinbase, attester).is_empty(), "no file needs to be changed");
    assert_eq!(posted(&receiver, ActionKind::CoinbaseContradicted, attester), [1]);
    assert_eq!(posted(&receiver, ActionKind::CoinbaseProven, attester), [1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_file_names_another_coinbase_what_corrects_it_waits_for_a_person_once() {
    // The file of A3 has the coinbase of another attester, which a watcher that begins now was never asked to change.
    let bench = begun("", "").await;
    let watcher = bench.watch();
    two_looks(&watcher).await;
    let attester = bench.attester("A3");
    let used = bench.oracle().coinbases()[&bench.attester("A2")];
    propose(&bench, &BTreeSet::from([attester]), Some(used)).await;
    two_looks(&watcher).await;
    watcher.kill();
    let watcher = bench.watch();
    propose(&bench, &BTreeSet::from([attester]), Some(used)).await;
    two_looks(&watcher).await;
    told(&watcher, ActionKind::CoinbaseContradicted, 1.0).await;
    watcher.stop();
    let kept = bench.journal();
    let mends = of(&kept, ActionKind::ConfigureCoinbase, attester);
    let [mend] = mends.as_slice() else { panic!("{mends:#?}") };
    assert_eq!(kept.planned[&mend.key], 1);
    assert!(!kept.finished.contains_key(&mend.key), "it waits");
    let contradicted = of(&kept, ActionKind::CoinbaseContradicted, attester);
    assert!(contradicted[0].why.contains("the key files of server-2 do not name the right one"), "{contradicted:#?}");
    once(&kept, &contradicted);
}

#[tokio::test(flavor = "multi_thread")]
async fn withheld_transactions_are_told_unread_contradict_nothing_and_hold_up_nothing() {
    let bench = begun("", "").await;
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    proxy.set(FaultPlan::always(Fault::Lie(Lie::NoTransactions)));
    let text = bench.config().replace(bench.chain.url(), &proxy.url());
    bench.configure(&text);
    let watcher = bench.watch();
    two_looks(&watcher).await;
    let unread = "butler_watcher_duties_unread{network=\"devnet\"}";
    assert_eq!(watcher.metric(unread).await, Some(0.0));
    propose(&bench, &well_configured(&bench), Some(WRONG)).await;
    two_looks(&watcher).await;
    assert_eq!(watcher.metric(unread).await, Some(1.0));
    assert_eq!((count(&watcher, "proven").await, count(&watcher, "contradicted").await), (0.0, 0.0));
    watcher.reached(bench.last_block().await).await;
    // It is told as a condition, by the next look that reads the state.
    let is_told = async || {
        for _ in 0..2 {
            bench.settle().await;
        }
        watcher.log().contains("condition_began").then_some(())
    };
    watcher.until("a condition", is_told).await;
    watcher.stop();
    let kept = bench.journal();
    assert!(kept.actions.iter().all(|action| action.kind != ActionKind::CoinbaseContradicted));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_those_that_are_left_at_a_former_rollup_propose_is_proven_or_contradicted() {
    let state = ensure(&DevnetSpec::scenario()).unwrap().upgrade();
    let mut bench = Bench::on(Chain::start(&state).await.unwrap());
    bench.chain.cut_over(&state).await.unwrap();
    let former = bench.chain.stay_behind().await.unwrap();
    let version = bench.oracle().upgrade.as_ref().unwrap().former.version;
    let start = bench.chain.block_number().await.unwrap() + 1;
    let text = bench.config();
    let old = text.lines().find(|line| line.starts_with("start_block")).unwrap().to_owned();
    bench.configure(&text.replace(&old, &format!("start_block = {start}")));
    bench.settle().await;
    let watcher = bench.watch();
    two_looks(&watcher).await;
    let right = propose_at(&bench, former, true).await;
    two_looks(&watcher).await;
    assert_eq!((count(&watcher, "proven").await, count(&watcher, "contradicted").await), (1.0, 0.0));
    told(&watcher, ActionKind::CoinbaseProven, 1.0).await;
    let wrong = propose_at(&bench, former, false).await;
    two_looks(&watcher).await;
    assert_eq!(count(&watcher, "contradicted").await, 1.0);
    assert_eq!(watcher.metric("butler_watcher_duties_unread{network=\"devnet\"}").await, Some(0.0));
    told(&watcher, ActionKind::CoinbaseContradicted, 1.0).await;
    watcher.stop();
    let kept = bench.journal();
    for (kind, one) in [(ActionKind::CoinbaseProven, &right), (ActionKind::CoinbaseContradicted, &wrong)] {
        let actions = of(&kept, kind, one.proposer);
        let place = format!("in slot {} of the former rollup (version {version})", one.slot);
        assert!(actions.len() == 1 && actions[0].why.contains(&place), "{place}: {actions:#?}");
        once(&kept, &actions);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_withheld_stays_told_between_the_looks_that_count_checkpoints() {
    let bench = Bench::start().await;
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    bench.configure(&bench.config().replace(bench.chain.url(), &proxy.url()));
    let watcher = bench.watch();
    two_looks(&watcher).await;
    let who = well_configured(&bench);
    propose(&bench, &who, None).await;
    two_looks(&watcher).await;
    proxy.set(FaultPlan::always(Fault::Lie(Lie::LeftOut(LogKind::Checkpoint))));
    propose(&bench, &who, Some(WRONG)).await;
    let unread = async || watcher.metric("butler_watcher_duties_unread{network=\"devnet\"}").await;
    // Checkpoints are counted at the looks that read the state, which are a few blocks apart.
    let is_told = async || {
        bench.settle().await;
        (unread().await == Some(1.0)).then_some(())
    };
    watcher.until("something is missing", is_told).await;
    for _ in 0..4 {
        bench.settle().await;
        two_looks(&watcher).await;
        assert_eq!(unread().await, Some(1.0), "nothing was told that would fill the gap");
    }
    watcher.stop();
    let kept = bench.journal();
    let mut began = kept.actions.iter().filter(|action| action.kind == ActionKind::ConditionBegan);
    assert!(began.any(|action| action.why.contains("log of the rollup")));
}
