//! The fake signer: keys come and go by a reload only, and every release says so in its own way.

use std::{fs::File, io::Write as _, time::Duration};

use butler_testkit::{
    keystore_node::{KeystoreNode, Settings},
    keystores::{Shape, key},
    order::Order,
    web3signer::{FakeWeb3Signer, Fault, Release},
};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Method, Request};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::{Value, json};
use tempfile::TempDir;

async fn ask(method: Method, url: &str, body: &str) -> anyhow::Result<(u16, String)> {
    let request = Request::builder().method(method).uri(url).header("x-api-key", KeystoreNode::ADMIN_KEY);
    let request = request.body(Full::<Bytes>::from(body.to_owned()))?;
    let response = Client::builder(TokioExecutor::new()).build_http().request(request).await?;
    let status = response.status().as_u16();
    Ok((status, String::from_utf8(response.into_body().collect().await?.to_bytes().to_vec())?))
}

async fn reload(signer: &FakeWeb3Signer) -> anyhow::Result<(u16, String)> {
    ask(Method::POST, &format!("{}/reload", signer.url()), "").await
}

async fn status(signer: &FakeWeb3Signer) -> Value {
    let (_, body) = ask(Method::GET, &format!("{}/reload", signer.url()), "").await.unwrap();
    serde_json::from_str(&body).unwrap()
}

async fn signer() -> FakeWeb3Signer {
    FakeWeb3Signer::start("signer", &Order::new()).await.unwrap()
}

#[tokio::test]
async fn keys_come_and_go_by_a_reload_only() {
    let signer = signer().await;
    let (first, second) = (key(1), key(2));
    signer.hold(&[&first.secret]).unwrap();
    assert!(signer.loaded().is_empty());
    assert_eq!(status(&signer).await, json!({ "status": "idle" }));
    assert_eq!(reload(&signer).await.unwrap().0, 202);
    assert_eq!(signer.loaded(), [first.address]);
    signer.hold(&[&second.secret]).unwrap();
    reload(&signer).await.unwrap();
    assert_eq!((signer.loaded(), signer.reloads()), (vec![second.address], 2), "the first one was stale");
    let (code, keys) = ask(Method::GET, &format!("{}/api/v1/eth1/publicKeys", signer.url()), "").await.unwrap();
    let keys: Vec<String> = serde_json::from_str(&keys).unwrap();
    assert_eq!((code, keys.len(), keys[0].len()), (200, 1, 130));
    let (code, up) = ask(Method::GET, &format!("{}/upcheck", signer.url()), "").await.unwrap();
    assert_eq!((code, up.as_str()), (200, "OK"));
}

#[tokio::test]
async fn each_release_answers_in_its_own_way() {
    let signer = signer().await;
    for (release, code, part) in [
        (Release::Silent, 200, ""),
        (Release::Told, 202, r#""status":"accepted""#),
        (Release::Coded, 202, r#""code":202"#),
    ] {
        signer.set_release(release);
        let (status, body) = reload(&signer).await.unwrap();
        assert_eq!((status, body.contains(part), body.is_empty()), (code, true, part.is_empty()), "{release:?}");
    }
}

#[tokio::test]
async fn reloads_go_wrong_as_told() {
    let signer = signer().await;
    signer.hold(&[&key(1).secret, &key(2).secret]).unwrap();
    signer.set_fault(Some(Fault::Status(503)));
    assert_eq!(reload(&signer).await.unwrap().0, 503);
    signer.set_fault(Some(Fault::Page));
    assert!(reload(&signer).await.unwrap().1.starts_with("<html>"));
    signer.set_fault(Some(Fault::Fails));
    assert_eq!(reload(&signer).await.unwrap().0, 202);
    assert_eq!(status(&signer).await["status"], "failed");
    assert!(signer.loaded().is_empty());
    signer.set_fault(Some(Fault::Errors(1)));
    reload(&signer).await.unwrap();
    let told = status(&signer).await;
    assert_eq!(told["status"], "completed_with_errors");
    assert_eq!(told["lastError"], "Reload completed with 1 signer loading error(s)");
    assert_eq!(signer.loaded(), [key(2).address]);
    signer.set_fault(Some(Fault::Close));
    assert!(reload(&signer).await.is_err());
    assert_eq!(signer.loaded().len(), 2, "it reloaded, and its answer was lost");
    signer.set_fault(Some(Fault::Slow(Duration::from_secs(600))));
    assert_eq!(reload(&signer).await.unwrap().0, 202);
    assert_eq!(status(&signer).await["status"], "running");
    assert_eq!(reload(&signer).await.unwrap().0, 409);
    signer.set_fault(Some(Fault::Hang));
    assert!(tokio::time::timeout(Duration::from_millis(50), reload(&signer)).await.is_err());
    signer.stop();
    let refused = async { while reload(&signer).await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(20), refused).await.unwrap();
}

#[tokio::test]
async fn a_node_takes_a_new_key_only_after_the_signer_has_and_the_order_proves_it() {
    let folder = TempDir::new().unwrap();
    let order = Order::watching(folder.path());
    let signer = FakeWeb3Signer::start("signer", &order).await.unwrap();
    let before = Shape::RemoteDefault.keystore(1, 1, &signer.url());
    let after = Shape::RemoteDefault.keystore(1, 2, &signer.url());
    signer.hold(&before.secrets_of_accounts()).unwrap();
    reload(&signer).await.unwrap();
    before.write(folder.path(), "keystore.json").unwrap();
    let settings = Settings { order: order.clone(), signer_patience: Duration::ZERO, ..Settings::of(folder.path()) };
    let node = KeystoreNode::start_with(settings).await.unwrap();
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"nodeAdmin_reloadKeystore","params":[]}"#;
    // Both accounts publish by the first one's key, or the node refuses the second.
    File::create(folder.path().join("keystore.json")).unwrap().write_all(after.text.as_bytes()).unwrap();
    signer.hold(&after.secrets_of_accounts()).unwrap();
    let (_, body) = ask(Method::POST, &node.admin_url(), call).await.unwrap();
    assert!(body.contains("The following addresses are not available in the web3signer"), "{body}");
    reload(&signer).await.unwrap();
    let (_, body) = ask(Method::POST, &node.admin_url(), call).await.unwrap();
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), json!({ "jsonrpc": "2.0", "id": 1 }));
    assert_eq!(node.coinbases().into_keys().collect::<Vec<_>>(), after.sorted_attesters());
    let told = order.told();
    let last = told.iter().rposition(|event| event == "signer: POST /reload").unwrap();
    assert_eq!(
        told[last..],
        [
            "signer: POST /reload",
            "node: reload asked",
            "signer: eth_accounts",
            "node: files read",
            "node: reload taken"
        ]
    );
}
