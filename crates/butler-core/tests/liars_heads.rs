//! Which block several endpoints give when one of them lies about it, and that honest ones never fail on a moving chain.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use butler_core::client::error::{ErrorKind, RpcError};
use butler_core::client::l1::{BlockTag, Head, L1Client};
use butler_core::contracts::bindings::rollup::GetAttesterViewCall;
use butler_core::contracts::call::Call;
use butler_core::contracts::multicall::Outcome;
use butler_core::domain::block::BlockRef;
use butler_testkit::devnet::{Chain, DevnetSpec, History, Move, ensure};
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy, Lie, When};
use ethers_core::types::Address;

use crate::support;

struct Setting {
    chain: Arc<Chain>,
    proxies: Vec<FaultProxy>,
    client: L1Client,
}

/// A clock that no block of the devnet is ahead of.
fn far_future() -> u64 {
    u64::MAX / 2
}

impl Setting {
    async fn start(endpoints: usize) -> Self {
        let state = ensure(&DevnetSpec::scenario()).unwrap();
        let chain = Arc::new(Chain::start_with(&state, History::Archive, None).await.unwrap());
        for _ in 0..12 {
            chain.mine().await.unwrap();
        }
        let mut proxies = Vec::new();
        for _ in 0..endpoints {
            proxies.push(FaultProxy::start(chain.url()).await.unwrap());
        }
        let client = client(&proxies);
        Self { chain, proxies, client }
    }

    /// Forgets who lied.
    fn begin_anew(&mut self) {
        for proxy in &self.proxies {
            proxy.set(FaultPlan::none());
        }
        self.client = client(&self.proxies);
    }

    fn lie(&self, index: usize, lie: Lie) {
        self.proxies[index].set(FaultPlan::always(Fault::Lie(lie)));
    }

    async fn head(&self) -> Result<Head, RpcError> {
        self.client.head(BlockTag::Latest, &[]).await
    }

    /// The chain's own block at that height.
    async fn truth(&self, number: u64) -> BlockRef {
        let alone = support::client(&[support::endpoint("truth", self.chain.url())]);
        alone.head(BlockTag::Number(number), &[]).await.unwrap().block
    }

    async fn top(&self) -> BlockRef {
        self.truth(self.chain.block_number().await.unwrap()).await
    }

    fn failure(&self, index: usize) -> Option<ErrorKind> {
        self.client.endpoints()[index].health().last_failure()
    }
}

fn client(proxies: &[FaultProxy]) -> L1Client {
    let urls = proxies.iter().map(FaultProxy::url).enumerate();
    let settings: Vec<_> = urls.map(|(index, url)| support::endpoint(&format!("e{index}"), &url)).collect();
    support::client(&settings).with_clock(far_future)
}

#[tokio::test]
async fn one_liar_of_three_does_not_move_the_head() {
    let mut setting = Setting::start(3).await;
    for (lie, blamed) in [
        (Lie::HeadAhead(1), None),
        (Lie::HeadAhead(3), None),
        (Lie::HeadAhead(1_000), Some(ErrorKind::Leading)),
        (Lie::HeadNumberAhead(3), None),
        (Lie::HeadNumberAhead(1_000), Some(ErrorKind::Leading)),
        (Lie::HeadForged, None),
        (Lie::HeadInFuture(3_600), None),
        (Lie::HeadBehind(2), None),
        (Lie::HeadBehind(20), Some(ErrorKind::Lagging)),
        (Lie::FinalityAtGenesis, None),
        (Lie::FinalityAhead, None),
        (Lie::FinalityForged, Some(ErrorKind::Disagrees)),
        (Lie::OtherChain(1), Some(ErrorKind::WrongChain)),
    ] {
        for place in 0..3 {
            setting.begin_anew();
            setting.lie(place, lie);
            for _ in 0..2 {
                assert_eq!(setting.head().await.unwrap().block, setting.top().await, "{lie} at {place}");
            }
            assert_eq!(setting.failure(place), blamed, "{lie}");
            let honest = (0..3).filter(|index| *index != place);
            assert!(honest.into_iter().all(|index| setting.failure(index).is_none()), "{lie}");
        }
    }
}

#[tokio::test]
async fn one_liar_of_two_moves_the_head_down_only() {
    for (lie, down) in [
        (Lie::HeadAhead(3), 0),
        (Lie::HeadAhead(1_000), 0),
        (Lie::HeadNumberAhead(3), 0),
        (Lie::HeadForged, 1),
        (Lie::HeadInFuture(3_600), 1),
        (Lie::HeadBehind(20), 20),
    ] {
        let setting = Setting::start(2).await;
        setting.lie(0, lie);
        let head = setting.head().await.unwrap().block;
        let top = setting.chain.block_number().await.unwrap();
        assert_eq!(head, setting.truth(top - down).await, "{lie}");
    }
    let setting = Setting::start(2).await;
    setting.lie(0, Lie::FinalityForged);
    assert_eq!(setting.head().await.unwrap_err().failure.kind(), ErrorKind::Disagrees);
}

#[tokio::test]
async fn a_made_up_block_is_not_resolved_by_its_number_either() {
    let setting = Setting::start(3).await;
    setting.lie(1, Lie::HeadAhead(3));
    let made_up = setting.chain.block_number().await.unwrap() + 2;
    assert!(setting.client.head(BlockTag::Number(made_up), &[]).await.is_err());
    let old = BlockTag::Number(made_up - 20);
    assert_eq!(setting.client.head(old, &[]).await.unwrap().block, setting.truth(made_up - 20).await);
}

#[tokio::test]
async fn what_most_endpoints_tell_of_earlier_blocks_counts() {
    let setting = Setting::start(3).await;
    setting.lie(0, Lie::FinalityForged);
    let finalized = setting.client.head(BlockTag::Finalized, &[]).await.unwrap().block;
    assert_eq!(finalized, setting.truth(finalized.number).await);
    let head = setting.client.head(BlockTag::Latest, &[finalized.number]).await.unwrap();
    assert_eq!(head.known, [Some(finalized)]);
}

#[tokio::test]
async fn a_fork_of_one_block_among_honest_endpoints_gives_what_they_have_in_common() {
    let setting = Setting::start(2).await;
    let state = ensure(&DevnetSpec::scenario()).unwrap();
    let other = Chain::start_with(&state, History::Archive, None).await.unwrap();
    for _ in 0..11 {
        other.mine().await.unwrap();
    }
    // The newest block has another time, hence another hash.
    other.play(Move::JumpSeconds(36)).await.unwrap();
    let top = setting.chain.block_number().await.unwrap();
    assert_eq!(other.block_number().await.unwrap(), top);
    for also_honest in [1, 2] {
        let mut settings = vec![support::endpoint("forked", other.url())];
        for (index, proxy) in setting.proxies.iter().take(also_honest).enumerate() {
            settings.push(support::endpoint(&format!("e{index}"), &proxy.url()));
        }
        let client = support::client(&settings);
        let number = if also_honest == 1 { top - 1 } else { top };
        assert_eq!(client.head(BlockTag::Latest, &[]).await.unwrap().block, setting.truth(number).await);
        assert!(client.endpoints().iter().all(|endpoint| endpoint.health().last_failure().is_none()));
    }
}

#[tokio::test]
async fn a_head_in_the_future_is_malformed_when_the_others_disagree_and_the_clocks_fault_when_they_agree() {
    fn devnets_time() -> u64 {
        NOW.load(Ordering::Relaxed)
    }
    static NOW: AtomicU64 = AtomicU64::new(0);
    let mut setting = Setting::start(3).await;
    let top = setting.top().await;
    NOW.store(top.timestamp, Ordering::Relaxed);
    setting.client = setting.client.with_clock(devnets_time);
    setting.lie(2, Lie::HeadInFuture(3_600));
    assert_eq!(setting.head().await.unwrap().block, top);
    assert_eq!(setting.failure(2), Some(ErrorKind::Malformed));
    assert_eq!(setting.client.clock_behind(), None);
    setting.proxies[2].set(FaultPlan::none());
    NOW.store(top.timestamp - 600, Ordering::Relaxed);
    assert_eq!(setting.head().await.unwrap().block, top);
    assert_eq!(setting.client.clock_behind(), Some(600));
    NOW.store(top.timestamp - 60, Ordering::Relaxed);
    setting.head().await.unwrap();
    assert_eq!(setting.client.clock_behind(), None, "a minute is nothing");
    // A machine whose clock stands at zero reads all the same, with one endpoint too.
    NOW.store(0, Ordering::Relaxed);
    assert_eq!(setting.head().await.unwrap().block, top);
    let alone = support::client(&[support::endpoint("alone", setting.chain.url())]).with_clock(devnets_time);
    assert_eq!(alone.head(BlockTag::Latest, &[]).await.unwrap().block, top);
    assert!(alone.clock_behind().is_some());
}

#[tokio::test]
async fn whoever_lied_has_no_vote_for_a_while_unless_nobody_else_answers() {
    let setting = Setting::start(2).await;
    setting.client.distrust(0, &butler_core::client::error::RpcFailure::Contradicted { function: "f".to_owned() });
    setting.lie(0, Lie::HeadBehind(20));
    for _ in 0..3 {
        assert_eq!(setting.head().await.unwrap().block, setting.top().await);
    }
    assert_eq!(setting.failure(0), Some(ErrorKind::Contradicted), "an answer is no excuse");
    setting.proxies[0].set(FaultPlan::none());
    setting.proxies[1].set(FaultPlan::always(Fault::Close));
    assert_eq!(setting.head().await.unwrap().block, setting.top().await);
}

#[tokio::test]
async fn a_quick_liar_does_not_outrun_slow_honest_endpoints() {
    let setting = Setting::start(3).await;
    setting.lie(0, Lie::HeadForged);
    for index in [1, 2] {
        setting.proxies[index].set(FaultPlan::always(Fault::Latency(Duration::from_millis(1_500))));
    }
    assert_eq!(setting.head().await.unwrap().block, setting.top().await);
}

#[tokio::test]
async fn a_silent_endpoint_of_two_is_not_waited_for_each_time_and_not_faulty_before_its_own_deadline() {
    let setting = Setting::start(2).await;
    setting.proxies[0].set(FaultPlan::always(Fault::Hang));
    setting.head().await.unwrap();
    let began = tokio::time::Instant::now();
    setting.head().await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    assert_eq!(setting.failure(0), None);
}

/// Heads and reads at them while blocks come in between requests and one endpoint is a block or two late.
async fn run_on_a_moving_chain(runs: u64) {
    for endpoints in [2, 3] {
        let setting = Setting::start(endpoints).await;
        let requests = Arc::new(AtomicU64::new(0));
        let hook = {
            let chain = Arc::clone(&setting.chain);
            Fault::before_each(move || {
                let (chain, requests) = (Arc::clone(&chain), Arc::clone(&requests));
                async move {
                    if requests.fetch_add(1, Ordering::Relaxed) % 2 == 0 {
                        chain.mine().await.unwrap();
                    }
                }
            })
        };
        let late = |blocks| (Fault::Lie(Lie::HeadBehind(blocks)), When::Always);
        for (index, proxy) in setting.proxies.iter().enumerate() {
            let plan = FaultPlan::none().with(hook.clone(), When::Always);
            let (fault, when) = late(u64::from(index == 1) * 2);
            proxy.set(if index == 1 { plan.with(fault, when) } else { plan });
        }
        let rollup = setting.chain.oracle().unwrap().contracts.rollup_address;
        let calls: Vec<Call> =
            (1..4).map(|n| Call::new(rollup, GetAttesterViewCall { attester: Address::from_low_u64_be(n) })).collect();
        let mut last = 0;
        for run in 0..runs {
            let head = setting.head().await.unwrap_or_else(|error| panic!("run {run}: {error:?}")).block;
            assert!(head.number + 5 > last, "run {run}: from {last} back to {}", head.number);
            last = head.number;
            let outcomes = setting.client.calls(&head, &calls).await.unwrap().outcomes;
            assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Returned(data) if !data.is_empty())));
        }
        for index in 0..endpoints {
            let failure = setting.failure(index);
            // Anvil reads at the next block when that one is mined meanwhile; it is found out, and the reading goes on.
            let of_anvil = |kind| matches!(kind, ErrorKind::BlockUnknown | ErrorKind::WrongBlock);
            assert!(failure.is_none_or(of_anvil), "{failure:?} of honest {index}");
        }
    }
}

#[tokio::test]
async fn honest_endpoints_never_fail_on_a_moving_chain() {
    run_on_a_moving_chain(100).await;
}

#[tokio::test]
#[ignore = "takes minutes: the long form of the test before it"]
async fn honest_endpoints_never_fail_on_a_moving_chain_in_a_thousand_runs() {
    run_on_a_moving_chain(1_000).await;
}
