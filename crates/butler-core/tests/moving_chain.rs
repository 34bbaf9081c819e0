//! While blocks that move attesters are mined between any two requests, a snapshot equals the chain at its block.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use butler_core::client::l1::BlockTag;
use butler_testkit::devnet::{Chain, DevnetSpec, DevnetState, Move, ensure};
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy};
use proptest::prelude::*;

use crate::naive;
use crate::support;

fn any_move(state: &DevnetState) -> impl Strategy<Value = Move> + use<> {
    let oracle = state.oracle().unwrap();
    let active = oracle.active_attesters.clone();
    let spare = oracle.attesters["A5"].address;
    prop_oneof![
        3 => Just(Move::Stake { provider: 1 }),
        3 => Just(Move::Flush),
        1 => Just(Move::Drip { provider: 1, count: 1 }),
        2 => Just(Move::AddKeysRaw { provider: 1, attester: spare }),
        1 => Just(Move::AddKeysRaw { provider: 2, attester: spare }),
        1 => Just(Move::Deposit { attester: spare }),
        2 => prop::sample::select(active.clone()).prop_map(|attester| Move::InitiateWithdraw { attester }),
        2 => prop::sample::select(active).prop_map(|attester| Move::Slash { attester, tokens: 12_000 }),
        1 => Just(Move::Mine),
        1 => Just(Move::JumpEpochs(1)),
        1 => (0_u16..10_000).prop_map(|rate| Move::SetTakeRate { provider: 1, rate }),
    ]
}

/// Reads a snapshot through a proxy that plays the next moves before each request.
async fn read_while_moving(state: &DevnetState, moves: Vec<Vec<Move>>, with_batches: bool) {
    let chain = Arc::new(Chain::start(state).await.unwrap());
    let oracle = chain.oracle().unwrap().clone();
    let proxy = FaultProxy::start(chain.url()).await.unwrap();
    let queue = Arc::new(Mutex::new(VecDeque::from(moves)));
    let hook = {
        let chain = Arc::clone(&chain);
        move || {
            let (chain, queue) = (Arc::clone(&chain), Arc::clone(&queue));
            async move {
                let next = queue.lock().unwrap().pop_front();
                for action in next.into_iter().flatten() {
                    // A move may be impossible by now, such as staking from an empty queue: then nothing moves.
                    let _ = chain.play(action).await;
                }
            }
        }
    };
    proxy.set(FaultPlan::always(Fault::before_each(hook)));
    let mut endpoint = support::endpoint("moving", &proxy.url());
    endpoint.max_batch = if with_batches { 100 } else { 1 };
    let mut reader = support::reader_at(&oracle, &[endpoint]);
    let request = support::request(&oracle);
    let first = reader.read(&request, &|_| ()).await.unwrap();
    let second = reader.read(&request, &|_| ()).await.unwrap();
    proxy.set(FaultPlan::none());
    for snapshot in [first, second] {
        let expected = naive::read(&chain, &request, snapshot.block).await;
        assert_eq!(snapshot, expected);
    }
}

#[test]
fn a_snapshot_equals_the_chain_at_its_block_while_attesters_move_between_requests() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let state = ensure(&DevnetSpec::scenario()).unwrap();
    let moves = prop::collection::vec(prop::collection::vec(any_move(&state), 0..3), 4..14);
    let config =
        ProptestConfig { cases: 16, failure_persistence: None, max_shrink_iters: 20, ..ProptestConfig::default() };
    proptest!(config, |(moves in moves, with_batches in any::<bool>())| {
        runtime.block_on(read_while_moving(&state, moves, with_batches));
    });
}

#[tokio::test]
async fn a_block_that_is_reorged_away_between_requests_makes_the_snapshot_begin_again() {
    let chain = Arc::new(Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap());
    let oracle = chain.oracle().unwrap().clone();
    chain.play(Move::Stake { provider: 1 }).await.unwrap();
    let proxy = FaultProxy::start(chain.url()).await.unwrap();
    let requests = Arc::new(Mutex::new(0_u32));
    let hook = {
        let chain = Arc::clone(&chain);
        move || {
            let (chain, requests) = (Arc::clone(&chain), Arc::clone(&requests));
            async move {
                let count = {
                    let mut requests = requests.lock().unwrap();
                    *requests += 1;
                    *requests
                };
                // The fourth request has no other beside it: a call that anvil is still at while it reorganises finds
                // the state half rolled back, which no real chain has.
                if count == 4 {
                    chain.play(Move::Reorg { depth: 1 }).await.unwrap();
                }
            }
        }
    };
    proxy.set(FaultPlan::always(Fault::before_each(hook)));
    let mut reader = support::reader_at(&oracle, &[support::endpoint("reorged", &proxy.url())]);
    let request = support::request(&oracle);
    let snapshot = reader.read(&request, &|_| ()).await.unwrap();
    assert_eq!(snapshot, naive::read(&chain, &request, snapshot.block).await);
    assert_eq!(snapshot.delegations.len(), oracle.coinbases().len(), "the reorged stake must be gone");
}

#[tokio::test]
async fn an_old_block_is_read_as_it_was_and_leaves_the_ledger_as_it_is() {
    let chain = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
    let oracle = chain.oracle().unwrap().clone();
    let old = chain.play(Move::Mine).await.unwrap().block;
    chain.play(Move::Stake { provider: 1 }).await.unwrap();
    let mut reader = support::reader(&oracle, chain.url());
    let mut request = support::request(&oracle);
    let new = reader.read(&request, &|_| ()).await.unwrap();
    request.at = BlockTag::Number(old);
    let snapshot = reader.read(&request, &|_| ()).await.unwrap();
    assert_eq!(snapshot, naive::read(&chain, &request, snapshot.block).await);
    assert_eq!(snapshot.delegations.len() + 1, new.delegations.len());
    request.at = BlockTag::Latest;
    assert_eq!(reader.read(&request, &|_| ()).await.unwrap(), new);
}
