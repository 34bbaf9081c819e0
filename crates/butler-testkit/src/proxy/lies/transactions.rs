//! Lies about transactions: none is known, or proposals pay somebody else.

use anyhow::Context as _;
use ethers_core::utils::hex;
use serde_json::Value;

use super::parts::STRANGER;
use super::{Lie, ask_instead, method, result};
use crate::http::Client;

/// `propose` of 4.1.2, and the place of its coinbase in hexadecimal digits behind it.
const PROPOSE: (&str, usize) = ("85b98fd8", 8 + 9 * 64);

pub(super) async fn tell(upstream: &Client, call: &Value, lie: Lie) -> anyhow::Result<Option<Value>> {
    if method(call) != "eth_getTransactionByHash" {
        return Ok(None);
    }
    if lie == Lie::NoTransactions {
        return Ok(Some(result(call, &Value::Null)));
    }
    let mut answer = ask_instead(upstream, call, call["params"].clone()).await?;
    let input = answer["result"]["input"].as_str().context("a transaction without calldata")?;
    let Some(start) = input.find(PROPOSE.0) else { return Ok(Some(answer)) };
    let (from, payee) = (start + PROPOSE.1 + 24, hex::encode(STRANGER));
    let changed = format!("{}{payee}{}", &input[..from], &input[from + payee.len()..]);
    answer["result"]["input"] = changed.into();
    Ok(Some(answer))
}
