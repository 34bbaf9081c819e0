//! Scripted reloads: what happens and what is said are two things.

use std::{sync::Arc, time::Duration};

use butler_testkit::{
    keystore_node::{Answer, Effect, KeystoreNode, Script, Settings},
    order::{Order, digest},
};
use hyper::Request;
use serde_json::json;
use tokio::time::timeout;

use super::stage::{ATTESTERS, Stage, address, good, send, with_coinbase};

const METHOD: &str = r#"{"jsonrpc":"2.0","id":1,"method":"nodeAdmin_reloadKeystore","params":[]}"#;

async fn ask(node: &KeystoreNode) -> anyhow::Result<(u16, String)> {
    send(Request::post(node.admin_url()).header("x-api-key", KeystoreNode::ADMIN_KEY), METHOD.to_owned()).await
}

async fn until(what: impl Fn() -> bool) {
    let waiting = async {
        while !what() {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(20), waiting).await.unwrap();
}

/// A stage whose file names a new coinbase that no reload has taken yet.
async fn changed() -> Stage {
    let stage = Stage::start().await;
    stage.only(&with_coinbase(json!("1".repeat(40))));
    stage
}

/// Whether the node took that coinbase.
fn has_new(stage: &Stage) -> bool {
    stage.node.coinbases()[&address(ATTESTERS[0])] == address(&"1".repeat(40))
}

#[tokio::test]
async fn what_happens_does_not_hang_on_what_is_said() {
    let answers = [Answer::Close, Answer::Status(502), Answer::Page, Answer::Huge(1 << 20), Answer::EchoKey];
    for answer in answers {
        for effect in [Effect::Nothing, Effect::Reload] {
            let stage = changed().await;
            stage.node.script(effect, answer.clone());
            let said = ask(&stage.node).await;
            assert_eq!(has_new(&stage), effect == Effect::Reload, "{answer:?}");
            match (&answer, said.ok()) {
                (Answer::Close, said) => assert_eq!(said, None),
                (Answer::Status(status), Some((said, _))) => assert_eq!(said, *status),
                (Answer::Page, Some((status, body))) => assert!(status == 200 && body.starts_with("<html>")),
                (Answer::Huge(bytes), Some((status, body))) => assert!(status == 200 && body.len() > *bytes),
                (_, Some((status, body))) => assert!(status == 400 && body.contains(KeystoreNode::ADMIN_KEY)),
                (_, None) => panic!("no answer: {answer:?}"),
            }
            assert_eq!(ask(&stage.node).await.unwrap().0, 200, "the script is used up");
        }
    }
}

#[tokio::test]
async fn a_lost_reply_and_a_silent_node_are_told_apart_by_what_is_in_use_only() {
    let stage = changed().await;
    stage.node.script(Effect::Reload, Answer::Hang);
    let node = ask(&stage.node);
    tokio::select! {
        said = node => panic!("{said:?}"),
        () = until(|| has_new(&stage)) => {}
    }
    until(|| !stage.node.is_reloading()).await;
    assert_eq!(stage.node.overlapping(), 0);
}

#[tokio::test]
async fn a_late_node_answers_after_its_time_with_the_truth() {
    let stage = changed().await;
    for effect in [Effect::ReadLate(Duration::from_millis(20)), Effect::TakeLate(Duration::from_millis(20))] {
        stage.node.script(effect, Answer::Late(Duration::from_millis(10)));
        assert_eq!(ask(&stage.node).await.unwrap().0, 200);
        assert!(has_new(&stage));
    }
}

#[tokio::test]
async fn a_slow_reload_goes_on_without_its_client_with_the_files_that_it_read() {
    let order = Order::new();
    let stage = Stage::start_with(|settings| settings.order = order.clone()).await;
    stage.only(&with_coinbase(json!("1".repeat(40))));
    stage.node.script(Effect::TakeLate(Duration::from_millis(200)), Answer::Truth);
    tokio::select! {
        said = ask(&stage.node) => panic!("{said:?}"),
        () = until(|| order.told().contains(&"node: files read".to_owned())) => {}
    }
    // The client gave up and puts the old file back; the node had read the new one.
    stage.only(&good());
    until(|| !stage.node.is_reloading()).await;
    assert_eq!(stage.node.reloads().accepted, 1);
    assert!(has_new(&stage));
}

#[tokio::test]
async fn a_second_reload_while_one_is_under_way_is_noticed() {
    let stage = Arc::new(Stage::start().await);
    stage.node.script_all(Some(Script { effect: Effect::Nothing, answer: Answer::Hang }));
    tokio::select! {
        said = ask(&stage.node) => panic!("{said:?}"),
        () = async {
            until(|| stage.node.is_reloading()).await;
            stage.node.script_all(None);
            assert_eq!(ask(&stage.node).await.unwrap().0, 200);
        } => {}
    }
    assert_eq!(stage.node.overlapping(), 1);
    until(|| !stage.node.is_reloading()).await;
    assert_eq!(ask(&stage.node).await.unwrap().0, 200);
    assert_eq!(stage.node.overlapping(), 1);
}

#[tokio::test]
async fn the_order_of_calls_tells_what_stood_in_the_folder() {
    let mut order = Order::new();
    let stage = Stage::start_with(|settings| {
        order = Order::watching(&settings.folder);
        settings.order = order.clone();
    })
    .await;
    let new = with_coinbase(json!("1".repeat(40))).to_string();
    stage.only_text(new.as_bytes());
    assert_eq!(stage.reload_words().await, "accepted");
    assert_eq!(order.told(), ["node: started", "node: reload asked", "node: files read", "node: reload taken"]);
    let events = order.events();
    assert_eq!(events[0].files["keystore.json"], digest(good().to_string().as_bytes()));
    assert_eq!(events[1].files["keystore.json"], digest(new.as_bytes()));
}

#[tokio::test]
async fn a_remote_signer_is_asked_six_times_within_the_patience_and_its_credentials_are_repeated() {
    let order = Order::new();
    let folder = tempfile::TempDir::new().unwrap();
    assert_eq!(Settings::of(folder.path()).signer_patience, Duration::from_secs(31));
    let stage = Stage::start_with(|settings| settings.order = order.clone()).await;
    let mut keystore = good();
    keystore["validators"][0]["attester"] = json!(ATTESTERS[0]);
    keystore["validators"][0]["remoteSigner"] = json!("http://user:password@127.0.0.1:9/");
    stage.only(&keystore);
    assert!(stage.reload_words().await.contains("user:password"));
    assert_eq!(order.told(), ["node: started", "node: reload asked", "node: files read", "node: reload refused"]);
}
