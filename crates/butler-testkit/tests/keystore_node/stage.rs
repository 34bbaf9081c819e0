//! A node with a keystore folder of its own, and the keystore of the recorded validator to change.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use butler_testkit::keystore_node::{KeystoreNode, Settings};
use bytes::Bytes;
use ethers_core::types::Address;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The test keys of the recorded node, the coinbases are the attesters.
const KEYSTORE: &str = include_str!("keystore-5-validators.json");
/// The coinbases that the recorded node had, in the order of its attesters.
const COINBASES: [&str; 4] = [
    "0x330981485Dbd4EAcD7f14AD4e6A1324B48B09995",
    "0x6c615C766EE6b7e69275b0D070eF50acc93ab880",
    "0x04ED4ad3cDe36FE8ba944E3D6CFC54f7Fe6c3C72",
    "0x972B2c69B067FFF06fB054f3Ad36210C75792f95",
];
/// The recorded attesters.
pub(crate) const ATTESTERS: [&str; 5] = [
    "0xaf4311d557fbc876059e39306ec1f3343753df29",
    "0xd2378898c87f72de22eb67673fd23889796c694e",
    "0x40cba5b7a6dc4fd081e247a64029cb6b63dfb595",
    "0xa7e65f9aab1b22ae918ec5e66af94f2b1a35ab49",
    "0xd3a01ed4e1d0554a179daebf95508b668767d441",
];

/// The keystore of four validators that the recorded node ran with.
pub(crate) fn good() -> Value {
    let mut keystore = five();
    keystore["validators"].as_array_mut().unwrap().truncate(4);
    for (index, coinbase) in COINBASES.into_iter().enumerate() {
        keystore["validators"][index]["coinbase"] = json!(coinbase);
    }
    keystore
}

/// All five validators, where the fifth was never loaded.
pub(crate) fn five() -> Value {
    serde_json::from_str(KEYSTORE).unwrap()
}

/// The good keystore with another coinbase for the first validator.
pub(crate) fn with_coinbase(coinbase: Value) -> Value {
    let mut keystore = good();
    keystore["validators"][0]["coinbase"] = coinbase;
    keystore
}

pub(crate) fn address(text: &str) -> Address {
    text.parse().unwrap()
}

/// A keystore folder and the node that reads it.
#[derive(Debug)]
pub(crate) struct Stage {
    folder: TempDir,
    pub(crate) node: KeystoreNode,
}

impl Stage {
    /// A node that runs the good keystore, and does not wait for remote signers.
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// The same with other settings.
    pub(crate) async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = TempDir::new().unwrap();
        let keys = folder.path().join("keys");
        fs::create_dir(&keys).unwrap();
        write(&keys.join("keystore.json"), good().to_string().as_bytes());
        let mut settings = Settings::of(&keys);
        settings.shown_folder = "/data/keys".into();
        settings.signer_patience = Duration::from_millis(31);
        change(&mut settings);
        Self { folder, node: KeystoreNode::start_with(settings).await.unwrap() }
    }

    /// A path in the keystore folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("keys").join(name)
    }

    /// Replaces whatever the folder has by this one file.
    pub(crate) fn only(&self, keystore: &Value) {
        self.only_text(keystore.to_string().as_bytes());
    }

    pub(crate) fn only_text(&self, content: &[u8]) {
        self.clear();
        fs::create_dir(self.path("")).unwrap();
        self.put("keystore.json", content);
    }

    /// Writes one more file.
    pub(crate) fn put(&self, name: &str, content: &[u8]) {
        write(&self.path(name), content);
    }

    /// Removes the folder.
    pub(crate) fn clear(&self) {
        if self.path("").exists() {
            fs::remove_dir_all(self.path("")).unwrap();
        }
    }

    /// Reloads; the status and the answer.
    pub(crate) async fn reload(&self) -> (u16, Value) {
        let (status, body) = call(&self.node.admin_url(), "nodeAdmin_reloadKeystore", json!([])).await;
        (status, serde_json::from_str(&body).unwrap())
    }

    /// The words with which a reload is refused, or "accepted".
    pub(crate) async fn reload_words(&self) -> String {
        let (status, answer) = self.reload().await;
        match (status, answer["error"]["message"].as_str()) {
            (200, None) => "accepted".to_owned(),
            (400, Some(message)) => message.to_owned(),
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) fn write(path: &Path, content: &[u8]) {
    File::create(path).unwrap().write_all(content).unwrap();
}

/// One call with the admin key.
pub(crate) async fn call(url: &str, method: &str, params: Value) -> (u16, String) {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
    send(Request::post(url).header("x-api-key", KeystoreNode::ADMIN_KEY), body).await.unwrap()
}

/// Any exchange; an error where the connection ends without an answer.
pub(crate) async fn send(request: hyper::http::request::Builder, body: String) -> anyhow::Result<(u16, String)> {
    let request = request.header("content-type", "application/json").body(Full::<Bytes>::from(body))?;
    let response = Client::builder(TokioExecutor::new()).build_http().request(request).await?;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await?.to_bytes();
    Ok((status, String::from_utf8(body.to_vec())?))
}
