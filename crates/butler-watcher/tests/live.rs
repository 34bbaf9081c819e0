//! A chain that moves while the watcher is killed, starts late, or meets a reorg: always what one clean pass plans.

use butler_core::domain::action::ActionKind;
use butler_testkit::devnet::{Chain, DevnetSpec, Move, ensure};

use crate::support;
use crate::support::Bench;

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_that_is_killed_again_and_again_plans_what_one_clean_pass_does() {
    let bench = Bench::start().await;
    let spare = bench.oracle().spare_keys.clone();
    let stranger = bench.oracle().account("stranger").unwrap();
    let active = bench.attester("A0");
    let mut watcher = bench.watch();
    let moves = [
        Move::Stake { provider: 1 },
        Move::AddKeys { provider: 1, keys: vec![spare[0].clone(), spare[1].clone()] },
        Move::SetTakeRate { provider: 1, rate: 777 },
        Move::Flush,
        Move::Drip { provider: 1, count: 1 },
        Move::DepositKey { key: spare[1].clone() },
        Move::Slash { attester: active, tokens: 1 },
        Move::ProposeAdmin { provider: 1, admin: stranger },
        Move::AcceptAdmin { provider: 1 },
        Move::InitiateWithdraw { attester: active },
    ];
    for (index, one) in moves.into_iter().enumerate() {
        let played = bench.chain.play(one).await.unwrap();
        match index % 3 {
            // Killed while it has nothing to do, or in the middle of a look.
            0 => {
                watcher.kill();
                watcher = bench.watch();
            }
            1 => {
                bench.settle().await;
                watcher.reached(played.block).await;
            }
            _ => {
                bench.settle().await;
                watcher.kill();
                watcher = bench.watch();
            }
        }
    }
    bench.settle().await;
    let last = bench.last_block().await;
    watcher.reached(last).await;
    let (code, log) = watcher.stop();
    assert_eq!(code, 0, "{log}");
    let kept = bench.journal();
    assert!(kept.planned.values().all(|count| *count == 1), "{:?}", kept.planned);
    let clean = bench.clean_pass(last).await;
    assert_eq!(kept.of_events(), clean.of_events());
    let kinds: std::collections::BTreeSet<ActionKind> = kept.actions.iter().map(|action| action.kind).collect();
    for kind in [
        ActionKind::ConfigureCoinbase,
        ActionKind::KeysAdded,
        ActionKind::TakeRateChanged,
        ActionKind::KeyDripped,
        ActionKind::QueuedKeyTaken,
        ActionKind::Slashed,
        ActionKind::AdminChangeBegun,
        ActionKind::AdminChanged,
        ActionKind::ExitByWithdrawer,
        ActionKind::ConditionBegan,
    ] {
        assert!(kinds.contains(&kind), "{kind} was never planned: {kinds:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_takes_our_admins_place_is_told_and_the_provider_is_followed_on_also_after_a_restart() {
    let bench = Bench::start().await;
    let stranger = bench.oracle().account("stranger").unwrap();
    let admin = bench.oracle().providers[&1].provider_admin;
    bench.configure(
        &bench.config().replace("\nprovider_ids", &format!("\nprovider_admins = [\"{admin:?}\"]\nprovider_ids")),
    );
    bench.settle().await;
    let watcher = bench.watch();
    watcher.reached(bench.last_block().await).await;
    bench.chain.play(Move::ProposeAdmin { provider: 1, admin: stranger }).await.unwrap();
    let taken = bench.chain.play(Move::AcceptAdmin { provider: 1 }).await.unwrap();
    bench.settle().await;
    watcher.reached(taken.block).await;
    watcher.kill();
    let watcher = bench.watch();
    let stake = bench.chain.play(Move::Stake { provider: 1 }).await.unwrap();
    bench.settle().await;
    watcher.reached(stake.block).await;
    watcher.stop();
    let kept = bench.journal();
    let planned = kept.of_events();
    assert!(planned.iter().any(|(kind, _, block)| *kind == ActionKind::AdminChanged && *block == taken.block));
    assert!(planned.iter().any(|(kind, _, block)| *kind == ActionKind::ConfigureCoinbase && *block == stake.block));
    let urgent = kept.actions.iter().find(|action| action.kind == ActionKind::AdminChanged).unwrap();
    assert_eq!(urgent.priority, butler_core::domain::action::Priority::Urgent);
    assert!(kept.actions.iter().any(|action| action.why.contains("whom `provider_admins` names")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reorg_before_the_final_block_plans_nothing_of_the_lost_branch_and_one_behind_it_stops_the_watcher() {
    let bench = Bench::start().await;
    bench.settle().await;
    let watcher = bench.watch();
    watcher.reached(bench.last_block().await).await;
    let lost = bench.chain.play(Move::Stake { provider: 1 }).await.unwrap();
    // Told early, and taken back.
    let says = async |watcher: &support::Watcher, what: &str| {
        let line = |line: &str| line.contains(what) && line.contains("needs the coinbase");
        watcher.until(what, async || watcher.log().lines().any(line).then_some(())).await;
    };
    says(&watcher, "not final yet").await;
    bench.chain.play(Move::Reorg { depth: 1 }).await.unwrap();
    bench.chain.mine().await.unwrap();
    says(&watcher, "taken back").await;
    let kept = bench.chain.play(Move::SetTakeRate { provider: 1, rate: 777 }).await.unwrap();
    bench.settle().await;
    watcher.reached(kept.block).await;
    watcher.stop();
    let journal = bench.journal();
    let planned = journal.of_events();
    assert!(planned.iter().all(|(kind, _, block)| *kind != ActionKind::ConfigureCoinbase || *block < lost.block));
    assert!(planned.iter().any(|(kind, _, block)| *kind == ActionKind::TakeRateChanged && *block == kept.block));
    // What was final is not any more.
    bench.chain.play(Move::Reorg { depth: 4 }).await.unwrap();
    let (code, log) = bench.watch().ended().await;
    assert_eq!(code, 6, "{log}");
    assert!(log.contains("on the chain, and"), "{log}");
    assert_eq!(bench.journal(), journal, "its state is as it was");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_over_is_planned_once_and_the_new_rollup_is_followed_without_a_restart() {
    let state = ensure(&DevnetSpec::scenario()).unwrap().upgrade();
    let mut bench = Bench::on(Chain::start(&state).await.unwrap());
    bench.settle().await;
    let watcher = bench.watch();
    watcher.reached(bench.last_block().await).await;
    let former = bench.oracle().contracts.rollup_address;
    bench.chain.cut_over(&state).await.unwrap();
    let next = bench.oracle().contracts.rollup_address;
    // One on the new rollup, and one who waited on the old one.
    let active =
        bench.oracle().attesters.iter().find(|(name, attester)| {
            name.starts_with('A') && bench.oracle().active_attesters.contains(&attester.address)
        });
    let active = active.unwrap().1.address;
    let slashed = bench.chain.play(Move::Slash { attester: active, tokens: 1 }).await.unwrap();
    let flushed = bench.chain.play_at(former, Move::Flush).await.unwrap();
    bench.settle().await;
    watcher.reached(bench.last_block().await).await;
    let (_, log) = watcher.stop();
    let kept = bench.journal();
    let planned = kept.of_events();
    let changes: Vec<_> = planned.iter().filter(|(kind, _, _)| *kind == ActionKind::RollupChanged).collect();
    assert_eq!(changes.iter().filter(|(_, rollup, _)| *rollup == next).count(), 1, "{changes:?}");
    assert!(planned.contains(&(ActionKind::Slashed, active, slashed.block)), "{planned:?}\n{log}");
    let refunds =
        planned.iter().filter(|(kind, _, block)| *kind == ActionKind::DepositRefunded && *block == flushed.block);
    assert!(refunds.count() > 0, "{planned:?}");
    let clean = bench.clean_pass(bench.last_block().await).await;
    assert_eq!(planned, clean.of_events());
}
