//! Reads of contracts at endpoints that read elsewhere, let calls revert, or refuse much at once.

mod refused;
mod setting;

use std::time::Duration;

use butler_core::client::error::ErrorKind;
use butler_core::client::l1::BlockTag;
use butler_core::contracts::bindings::rollup::{GetAttesterViewCall, GetEpochDurationCall};
use butler_core::contracts::call::Call;
use butler_testkit::devnet::{Chain, DevnetSpec, ensure};
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy, Getter, Lie, OverrideRefusal, When};
use ethers_core::types::Address;

use crate::liars_calls::setting::{Setting, answered};

#[tokio::test]
async fn an_endpoint_that_reads_at_another_block_is_found_with_one_call_and_with_many() {
    for lie in [Lie::ReadsAtLatest, Lie::ReadsOneBefore] {
        for count in [1, 5] {
            let setting = Setting::start(1).await;
            assert!(setting.read(&setting.calls(count)).await.unwrap().iter().all(answered));
            assert_eq!(setting.requests(), [1], "the proof costs no request");
            setting.set(0, Fault::Lie(lie));
            let error = setting.read(&setting.calls(count)).await.unwrap_err();
            assert_eq!(error.failure.kind(), ErrorKind::WrongBlock, "{lie} with {count}");
            assert_eq!(setting.failure(0), Some(ErrorKind::WrongBlock));
        }
    }
}

#[tokio::test]
async fn without_multicall3_and_overrides_one_call_more_proves_the_block() {
    for lie in [Lie::ReadsAtLatest, Lie::ReadsOneBefore] {
        for max_batch in [1, 100] {
            let chain = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
            let proxy = FaultProxy::start(chain.url()).await.unwrap();
            chain
                .rpc("anvil_setCode", serde_json::json!([butler_core::contracts::multicall::MULTICALL3, "0x"]))
                .await
                .unwrap();
            for _ in 0..3 {
                chain.mine().await.unwrap();
            }
            let mut endpoint = crate::support::endpoint("direct", &proxy.url());
            endpoint.max_batch = max_batch;
            let client = crate::support::client(&[endpoint]);
            let number = chain.block_number().await.unwrap() - 1;
            let block = client.head(BlockTag::Number(number), &[]).await.unwrap().block;
            let rollup = chain.oracle().unwrap().contracts.rollup_address;
            let view = |n| Call::new(rollup, GetAttesterViewCall { attester: Address::from_low_u64_be(n) });
            let calls = [view(1), view(2), view(3)];
            proxy.set(FaultPlan::always(Fault::RefuseOverrides(OverrideRefusal::Ignored)));
            assert!(client.calls(&block, &calls).await.unwrap().outcomes.iter().all(answered));
            proxy.reset();
            client.calls(&block, &calls).await.unwrap();
            assert_eq!(proxy.stats().calls_by_method["eth_call"], 4, "three and the proof");
            proxy.set(FaultPlan::always(Fault::Lie(lie)));
            let error = client.calls(&block, &calls).await.unwrap_err();
            assert_eq!(error.failure.kind(), ErrorKind::WrongBlock, "{lie}");
        }
    }
}

#[tokio::test]
async fn an_endpoint_that_does_not_run_code_is_read_all_the_same() {
    let setting = Setting::start(1).await;
    setting.remove_multicall3().await;
    let plan = FaultPlan::always(Fault::RevertCalls("0x43600052".to_owned()));
    setting.proxies[0].set(plan.with(Fault::RefuseOverrides(OverrideRefusal::Ignored), When::Always));
    assert!(setting.read(&setting.calls(3)).await.unwrap().iter().all(answered));
}

#[tokio::test]
async fn a_revert_of_one_endpoint_is_put_right_by_another() {
    for endpoints in [2, 3] {
        for lie in [Lie::Reverted(Getter::AttesterView), Lie::AllReverted, Lie::NoCode] {
            let setting = Setting::start(endpoints).await;
            let calls = setting.calls(3);
            let truth = setting.read(&calls).await.unwrap();
            setting.reset();
            setting.set(0, Fault::Lie(lie));
            assert_eq!(setting.read(&calls).await.unwrap(), truth, "{lie} at one of {endpoints}");
            assert_eq!(setting.failure(0), Some(ErrorKind::Contradicted), "{lie}");
            // It stands back: nobody has to ask twice.
            setting.proxies[0].reset();
            assert_eq!(setting.read(&calls).await.unwrap(), truth);
            assert_eq!(setting.proxies[0].stats().http_requests, 0, "{lie}");
        }
    }
}

#[tokio::test]
async fn of_two_neither_is_believed_about_a_function_that_may_not_be_there() {
    for liar in [0, 1] {
        let setting = Setting::start(2).await;
        let calls = [setting.calls(1).remove(0).optional()];
        setting.set(liar, Fault::Lie(Lie::Reverted(Getter::AttesterView)));
        let told = setting.client.calls(&setting.block, &calls).await.unwrap();
        assert_eq!(told.disputed.keys().copied().collect::<Vec<_>>(), [0]);
        assert!((0..2).all(|index| setting.failure(index).is_none()), "nobody knows who is right");
    }
}

#[tokio::test]
async fn an_answer_that_two_others_let_revert_is_not_believed() {
    let setting = Setting::start(3).await;
    let calls = setting.calls(1);
    for index in [0, 1] {
        setting.set(index, Fault::Lie(Lie::Reverted(Getter::AttesterView)));
    }
    assert!(!answered(&setting.read(&calls).await.unwrap()[0]));
}

#[tokio::test]
async fn what_two_endpoints_let_revert_costs_no_further_request() {
    let setting = Setting::start(2).await;
    let calls = [setting.missing(), setting.calls(1).remove(0)];
    for _ in 0..2 {
        let told = setting.read(&calls).await.unwrap();
        assert!(!answered(&told[0]) && answered(&told[1]));
        // Each is asked for both, and once more for the one that failed among others.
        assert_eq!(setting.requests(), [2, 2]);
        setting.reset();
    }
    assert!((0..2).all(|index| setting.failure(index).is_none()));
}

#[tokio::test]
async fn an_answer_is_believed_when_two_endpoints_give_it() {
    for lie in [Lie::Zeros, Lie::Zero(Getter::EpochDuration), Lie::OneMore(Getter::AttesterView)] {
        for liar in 0..3 {
            let setting = Setting::start(3).await;
            let mut calls = setting.calls(3);
            calls.push(Call::new(calls[0].address(), GetEpochDurationCall));
            let truth = setting.read(&calls).await.unwrap();
            assert_eq!(setting.requests(), [1, 1, 0], "a second one is asked beside the first");
            setting.set(liar, Fault::Lie(lie));
            let told = setting.client.calls(&setting.block, &calls).await.unwrap();
            assert_eq!(told.outcomes, truth, "{lie} at {liar}");
            assert!(told.witness.is_some() && told.disputed.is_empty());
            // The third one is asked when the others differ, and whoever is outvoted stands back.
            let caught = (liar < 2).then_some(ErrorKind::Contradicted);
            assert_eq!(setting.failure(liar), caught, "{lie} at {liar}");
            setting.reset();
            assert_eq!(setting.read(&calls).await.unwrap(), truth);
            assert_eq!(setting.requests()[liar], 0, "{lie} at {liar}");
        }
    }
}

#[tokio::test]
async fn of_two_that_answer_differently_neither_is_believed_nor_blamed() {
    for liar in 0..2 {
        let setting = Setting::start(2).await;
        let calls = setting.calls(3);
        setting.set(liar, Fault::Lie(Lie::OneMore(Getter::AttesterView)));
        let told = setting.client.calls(&setting.block, &calls).await.unwrap();
        assert_eq!(told.disputed.keys().copied().collect::<Vec<_>>(), [0, 1, 2]);
        assert!((0..2).all(|index| setting.failure(index).is_none()));
    }
}

#[tokio::test]
async fn a_second_endpoint_that_hangs_is_waited_for_once() {
    let setting = Setting::start(2).await;
    let calls = setting.calls(3);
    let truth = setting.read(&calls).await.unwrap();
    setting.set(1, Fault::Hang);
    for asked in [1, 0] {
        let before = setting.requests()[1];
        assert_eq!(setting.read(&calls).await.unwrap(), truth);
        assert_eq!(setting.requests()[1] - before, asked);
    }
}

/// Longer than a second answer is waited for when there is a third endpoint to ask.
const SLOW: Duration = Duration::from_millis(1_300);

#[tokio::test]
async fn a_fast_liar_of_three_is_outvoted_by_two_that_are_slow() {
    let setting = Setting::with_deadline(3, Duration::from_secs(20)).await;
    let calls = setting.calls(3);
    let truth = setting.read(&calls).await.unwrap();
    setting.set(0, Fault::Lie(Lie::OneMore(Getter::AttesterView)));
    setting.set(1, Fault::Latency(SLOW));
    setting.set(2, Fault::Latency(SLOW));
    let told = setting.client.calls(&setting.block, &calls).await.unwrap();
    assert_eq!(told.outcomes, truth);
    assert!(told.disputed.is_empty());
    assert_eq!([0, 1, 2].map(|index| setting.failure(index)), [Some(ErrorKind::Contradicted), None, None]);
}

#[tokio::test]
async fn a_second_endpoint_that_is_slow_is_heard_each_time_and_not_held_to_be_faulty() {
    let setting = Setting::with_deadline(2, Duration::from_secs(20)).await;
    let calls = setting.calls(3);
    for lies in [false, true] {
        let fault = if lies { Fault::Lie(Lie::OneMore(Getter::AttesterView)) } else { Fault::Latency(Duration::ZERO) };
        setting.set(0, fault);
        setting.set(1, Fault::Latency(SLOW));
        let told = setting.client.calls(&setting.block, &calls).await.unwrap();
        assert_eq!((told.witness, told.disputed.len()), (Some(1), if lies { 3 } else { 0 }));
        assert!((0..2).all(|index| setting.failure(index).is_none()));
        assert!(setting.client.endpoints().iter().all(|endpoint| endpoint.record().failures.is_empty()));
    }
}

#[tokio::test]
async fn an_endpoint_that_was_waited_for_in_vain_is_not_faulty_and_not_waited_for_again_soon() {
    let setting = Setting::with_deadline(2, Duration::from_secs(60)).await;
    let calls = setting.calls(3);
    setting.set(1, Fault::Hang);
    for asked in [1, 0] {
        let before = setting.requests()[1];
        assert_eq!(setting.client.calls(&setting.block, &calls).await.unwrap().witness, None);
        assert_eq!((setting.requests()[1] - before, setting.failure(1)), (asked, None));
    }
}

#[tokio::test]
async fn a_second_endpoint_without_the_block_is_not_to_blame() {
    let setting = Setting::start(3).await;
    let calls = setting.calls(3);
    setting.set(1, Fault::Lie(Lie::HeadBehind(20)));
    setting.chain.mine().await.unwrap();
    let head = setting.client.head(BlockTag::Latest, &[]).await.unwrap().block;
    setting.reset();
    setting.set(1, Fault::Lie(Lie::HeadBehind(20)));
    let told = setting.client.calls(&head, &calls).await.unwrap();
    assert!(told.giver != 1 && told.witness.is_some_and(|witness| witness != 1), "{told:?}");
    assert_eq!(setting.requests()[1], 0, "whoever told of an older head is not asked");
}

#[tokio::test]
async fn a_revert_is_believed_when_nobody_else_answers() {
    let setting = Setting::start(2).await;
    setting.set(1, Fault::Status { code: 502, retry_after: None, body: String::new() });
    assert!(!answered(&setting.read(&[setting.missing()]).await.unwrap()[0]));
    assert_eq!(setting.failure(0), None);
}
