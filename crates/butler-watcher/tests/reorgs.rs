//! Whatever can happen to an operator, on a branch that goes and again on the one that stays, with a watcher that is killed meanwhile and one
//! that comes later: exactly its actions, once.

use std::collections::BTreeSet;

use butler_core::domain::action::ActionKind;
use butler_testkit::devnet::{Chain, DevnetSpec, Move, ensure};
use ethers_core::types::Address;

use crate::support;
use crate::support::Bench;

/// A key whose deposit no flush lets in.
const BAD: Address = Address::repeat_byte(0xba);

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_is_planned_once_on_the_branch_that_stays() {
    let bench = Bench::start().await;
    let stranger = bench.oracle().account("stranger").unwrap();
    let spare = bench.oracle().spare_keys[0].clone();
    let active = bench.attester("A0");
    let happenings = [
        vec![Move::Stake { provider: 1 }],
        vec![Move::Drip { provider: 1, count: 1 }],
        vec![Move::AddKeysRaw { provider: 1, attester: BAD }, Move::Stake { provider: 1 }],
        // The failed deposit.
        vec![Move::Flush, Move::Flush, Move::Flush],
        vec![Move::ProposeAdmin { provider: 1, admin: stranger }, Move::AcceptAdmin { provider: 1 }],
        vec![Move::Slash { attester: active, tokens: 1 }],
        vec![Move::AddKeys { provider: 1, keys: vec![spare] }, Move::SetTakeRate { provider: 1, rate: 777 }],
        vec![Move::InitiateWithdraw { attester: active }],
    ];
    let mut watcher = bench.watch();
    for (index, moves) in happenings.into_iter().enumerate() {
        // On a branch that goes.
        let before = bench.chain.block_number().await.unwrap();
        bench.chain.play(moves[0].clone()).await.unwrap();
        let depth = bench.chain.block_number().await.unwrap() - before;
        assert!(depth <= support::CONFIRMATIONS, "{:?} takes {depth} blocks", moves[0]);
        bench.chain.play(Move::Reorg { depth }).await.unwrap();
        if index % 3 == 0 {
            watcher.kill();
            watcher = bench.watch();
        }
        // And on the one that stays.
        let mut last = 0;
        for one in moves {
            last = bench.chain.play(one).await.unwrap().block;
        }
        bench.settle().await;
        if index % 3 == 1 {
            watcher.reached(last).await;
        }
    }
    let last = bench.last_block().await;
    watcher.reached(last).await;
    let (code, log) = watcher.stop();
    assert_eq!(code, 0, "{log}");
    let kept = bench.journal();
    assert!(kept.planned.values().all(|count| *count == 1), "{:?}", kept.planned);
    let planned = kept.of_events();
    assert_eq!(planned, bench.clean_pass(last).await.of_events());
    let kinds: BTreeSet<ActionKind> = planned.iter().map(|(kind, _, _)| *kind).collect();
    for kind in [
        ActionKind::ConfigureCoinbase,
        ActionKind::KeyDripped,
        ActionKind::DepositQueued,
        ActionKind::DepositRefunded,
        ActionKind::AdminChangeBegun,
        ActionKind::AdminChanged,
        ActionKind::Slashed,
        ActionKind::KeysAdded,
        ActionKind::TakeRateChanged,
        ActionKind::ExitByWithdrawer,
    ] {
        assert!(kinds.contains(&kind), "{kind} was never planned: {kinds:?}");
    }
    let refunded = planned.iter().filter(|(kind, subject, _)| *kind == ActionKind::DepositRefunded && *subject == BAD);
    assert_eq!(refunded.count(), 1, "{planned:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_over_that_a_reorg_took_back_is_planned_where_it_stays_once_also_through_a_kill() {
    let state = ensure(&DevnetSpec::scenario()).unwrap().upgrade();
    let mut bench = Bench::on(Chain::start(&state).await.unwrap());
    bench.settle().await;
    let watcher = bench.watch();
    watcher.reached(bench.last_block().await).await;
    bench.chain.cut_over(&state).await.unwrap();
    let next = bench.oracle().contracts.rollup_address;
    // The execution and the block after it go; the proposal stands, and is executed again.
    bench.chain.play(Move::Reorg { depth: support::CONFIRMATIONS }).await.unwrap();
    watcher.kill();
    let watcher = bench.watch();
    bench.chain.cut_over(&state).await.unwrap();
    bench.settle().await;
    let last = bench.last_block().await;
    watcher.reached(last).await;
    let (code, log) = watcher.stop();
    assert_eq!(code, 0, "{log}");
    let planned = bench.journal().of_events();
    let changes = planned.iter().filter(|(kind, rollup, _)| *kind == ActionKind::RollupChanged && *rollup == next);
    assert_eq!(changes.count(), 1, "{planned:?}");
    assert_eq!(planned, bench.clean_pass(last).await.of_events());
}
