//! Asking remote signers whether they have the keystore's addresses: six times within half a minute, then giving up.

use std::{collections::BTreeSet, io, time::Duration};

use bytes::Bytes;
use ethers_core::types::Address;
use futures_util::future::join_all;
use serde_json::{Value, json};
use url::Url;

use crate::http::Client;

/// The pauses between two tries, of which all together are the node's patience.
const PAUSES: [u32; 5] = [1, 2, 4, 8, 16];
const ALL_PAUSES: u32 = 31;

/// Asks every signer.
///
/// # Errors
/// With the node's words, which repeat the signer's address with whatever is in it.
pub(super) async fn check(signers: &[(String, BTreeSet<Address>)], patience: Duration) -> Result<(), String> {
    let answers = join_all(signers.iter().map(|(url, addresses)| ask(url, addresses, patience))).await;
    answers.into_iter().collect()
}

async fn ask(url: &str, addresses: &BTreeSet<Address>, patience: Duration) -> Result<(), String> {
    let mut last = ask_once(url, addresses).await;
    for pause in PAUSES {
        if last.is_ok() {
            break;
        }
        tokio::time::sleep(patience * pause / ALL_PAUSES).await;
        last = ask_once(url, addresses).await;
    }
    last
}

async fn ask_once(url: &str, addresses: &BTreeSet<Address>) -> Result<(), String> {
    if Url::parse(url).is_ok_and(|url| !url.username().is_empty() || url.password().is_some()) {
        return Err(format!("Request cannot be constructed from a URL that includes credentials: {url}"));
    }
    let call = json!({ "jsonrpc": "2.0", "method": "eth_accounts", "params": [], "id": 1 });
    let client = Client::new(url).map_err(|_| "fetch failed".to_owned())?;
    let (status, body) = client.post(Bytes::from(call.to_string())).await.map_err(|error| {
        let is_refused = |cause: &(dyn std::error::Error + 'static)| {
            cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
        };
        if error.chain().any(is_refused) {
            format!("Unable to connect to web3signer at {url}. Please ensure it is running and accessible.")
        } else {
            "fetch failed".to_owned()
        }
    })?;
    if !status.is_success() {
        let reason = status.canonical_reason().unwrap_or_default();
        let body = String::from_utf8_lossy(&body);
        return Err(format!("Web3Signer validation failed: {} {reason} - {body}", status.as_u16()));
    }
    let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
    if let Some(error) = answer.get("error").filter(|error| !error.is_null()) {
        let message = error["message"].as_str().unwrap_or_default();
        return Err(format!("Web3Signer JSON-RPC error during validation: {} - {message}", error["code"]));
    }
    let Some(accounts) = answer["result"].as_array() else {
        return Err("Invalid response from Web3Signer: expected array of accounts".to_owned());
    };
    let has = |address: &Address| {
        let text = format!("{address:?}");
        accounts.iter().any(|account| account.as_str().is_some_and(|account| account.eq_ignore_ascii_case(&text)))
    };
    let missing: Vec<_> =
        addresses.iter().filter(|address| !has(address)).map(|address| format!("{address:?}")).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!("The following addresses are not available in the web3signer: {}", missing.join(", ")))
}
