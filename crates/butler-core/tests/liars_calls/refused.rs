//! Endpoints that refuse much at once, or answer nothing for a while.

use butler_core::client::error::ErrorKind;
use butler_testkit::proxy::{Fault, FaultPlan, PackRefusal, When};

use crate::liars_calls::setting::{Setting, answered};

#[tokio::test]
async fn what_is_refused_for_many_in_any_words_is_asked_again_for_half() {
    let error = |code, message: &str| PackRefusal::Error { code, message: message.to_owned() };
    for style in [
        error(-32000, "execution aborted (timeout = 5s)"),
        error(-32603, "canceled due to enabled timeout"),
        error(-32000, "out of gas"),
        error(-32603, "Internal error"),
        error(35, "please make your question smaller"),
        PackRefusal::Status(504),
        PackRefusal::Status(500),
        PackRefusal::Close,
        PackRefusal::Hang,
    ] {
        let setting = Setting::start(1).await;
        let calls = setting.calls(60);
        let truth = setting.read(&calls).await.unwrap();
        setting.reset();
        setting.set(0, Fault::RefusePacks { max: 12, style: style.clone() });
        assert_eq!(setting.read(&calls).await.unwrap(), truth, "{style:?}");
        let first = setting.requests()[0];
        assert!(first <= 12, "{style:?}: {first} requests");
        // What was learnt is used the next time.
        setting.proxies[0].reset();
        assert_eq!(setting.read(&calls).await.unwrap(), truth, "{style:?}");
        assert_eq!(setting.requests(), [1], "{style:?}");
    }
}

#[tokio::test]
async fn an_endpoint_that_is_down_is_not_asked_for_ever_less() {
    for fault in [
        Fault::Status { code: 502, retry_after: None, body: "<html>Bad gateway</html>".to_owned() },
        Fault::Close,
        Fault::RefusePacks { max: 0, style: PackRefusal::Status(502) },
    ] {
        let setting = Setting::start(1).await;
        let calls = setting.calls(400);
        let is_partial = matches!(fault, Fault::RefusePacks { .. });
        setting.set(0, fault.clone());
        let result = setting.read(&calls).await;
        let requests = setting.requests()[0];
        // Per round one try and one small question; a connection that broke without a byte is tried once more.
        assert!(is_partial || result.is_err() && requests <= 9, "{fault:?}: {requests} requests");
        assert!(!is_partial || result.is_ok(), "without packs it is read call by call");
    }
}

#[tokio::test]
async fn a_deadline_is_waited_out_elsewhere_first_and_twice_at_most_alone() {
    let setting = Setting::start(2).await;
    setting.set(0, Fault::RefusePacks { max: 12, style: PackRefusal::Hang });
    let calls = setting.calls(60);
    assert!(setting.read(&calls).await.unwrap().iter().all(answered));
    assert_eq!(setting.requests(), [1, 1], "the next endpoint is asked before the first is asked for less");
    let setting = Setting::start(1).await;
    setting.set(0, Fault::RefusePacks { max: 1, style: PackRefusal::Hang });
    let error = setting.read(&setting.calls(400)).await.unwrap_err();
    assert_eq!(error.failure.kind(), ErrorKind::Timeout);
    let asked = setting.requests()[0];
    assert!(asked <= 13, "{asked} times half a second was waited");
}

#[tokio::test]
async fn one_refusal_in_passing_teaches_nothing() {
    let setting = Setting::start(1).await;
    let calls = setting.calls(60);
    let gas = setting.client.endpoints()[0].call_gas();
    for fault in [
        Fault::Status { code: 502, retry_after: None, body: String::new() },
        Fault::Close,
        Fault::RefusePacks {
            max: 12,
            style: PackRefusal::Error { code: -32603, message: "Internal error".to_owned() },
        },
    ] {
        setting.proxies[0].set(FaultPlan::none().with(fault.clone(), When::First(1)));
        assert!(setting.read(&calls).await.unwrap().iter().all(answered), "{fault:?}");
        assert_eq!(setting.client.endpoints()[0].call_gas(), gas, "{fault:?}");
    }
}
