//! What endpoints make of state overrides that they do not take.

use anyhow::Context as _;
use serde_json::{Value, json};

use super::fault::OverrideRefusal;
use super::lies::{ask_instead, failure, result};
use crate::http::Client;
use crate::multicall::Pack;

/// Whether the call brings one along.
pub(super) fn has_one(call: &Value) -> bool {
    call["method"] == "eth_call" && call["params"][2].is_object()
}

/// What is answered to a call that does; `None` for any other call, and where the whole request is refused.
pub(super) async fn tell(upstream: &Client, call: &Value, style: &OverrideRefusal) -> anyhow::Result<Option<Value>> {
    if !has_one(call) {
        return Ok(None);
    }
    let params = &call["params"];
    match style {
        OverrideRefusal::Error { code, message } => {
            Ok(Some(failure(call, &json!({ "code": code, "message": message }))))
        }
        OverrideRefusal::Ignored => ask_instead(upstream, call, json!([params[0], params[1]])).await.map(Some),
        OverrideRefusal::Answered(bytes) => Ok(Some(result(call, &json!(bytes)))),
        OverrideRefusal::AtLatest => {
            ask_instead(upstream, call, json!([params[0], "latest", params[2]])).await.map(Some)
        }
        OverrideRefusal::AloneInTheState => {
            let mut answer = ask_instead(upstream, call, params.clone()).await?;
            let pack = Pack::of(call)?.context("an override without a pack")?;
            let honest = answer["result"].as_str().context("no answer to a pack")?;
            let honest = ethers_core::utils::hex::decode(honest).context("an answer that is no hex")?;
            let gone = pack.inputs.iter().map(|_| (true, Vec::new())).collect();
            let bytes = ethers_core::utils::hex::encode(pack.answer(&honest, gone)?);
            answer["result"] = json!(format!("0x{bytes}"));
            Ok(Some(answer))
        }
        OverrideRefusal::Status(_) | OverrideRefusal::Hang | OverrideRefusal::Close => Ok(None),
    }
}
