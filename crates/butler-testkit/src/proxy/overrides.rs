//! What endpoints make of state overrides that they do not take.

use anyhow::Context as _;
use serde_json::{Value, json};

use super::fault::OverrideRefusal;
use super::lies::{ask_instead, failure, result};
use crate::http::Client;
use crate::multicall::{Ended, Pack, is_balance};

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
        OverrideRefusal::AloneInTheState => told_inside(upstream, call, |_, _, _| (true, Vec::new())).await.map(Some),
        OverrideRefusal::BalancesOnly => {
            let balance_or_nothing = |_, is_balance, honest| if is_balance { honest } else { (true, Vec::new()) };
            told_inside(upstream, call, balance_or_nothing).await.map(Some)
        }
        OverrideRefusal::FailAfter(count) => {
            let first_or_nothing = |place, _, honest| if place < *count { honest } else { (false, Vec::new()) };
            told_inside(upstream, call, first_or_nothing).await.map(Some)
        }
        OverrideRefusal::EverySecondSilent => {
            let honest_or_silent = |place, _, honest| if place % 2 == 0 { honest } else { (true, Vec::new()) };
            told_inside(upstream, call, honest_or_silent).await.map(Some)
        }
        OverrideRefusal::Status(_) | OverrideRefusal::Hang | OverrideRefusal::Close => Ok(None),
    }
}

/// The answer to a pack with what `tell` makes of each place, of whether it is a balance's, and of the honest result there.
async fn told_inside(
    upstream: &Client,
    call: &Value,
    tell: impl Fn(usize, bool, Ended) -> Ended,
) -> anyhow::Result<Value> {
    let mut answer = ask_instead(upstream, call, call["params"].clone()).await?;
    let pack = Pack::of(call)?.context("an override without a pack")?;
    let honest = answer["result"].as_str().context("no answer to a pack")?;
    let honest = ethers_core::utils::hex::decode(honest).context("an answer that is no hex")?;
    let results = pack.results(&honest)?.into_iter().zip(&pack.inputs).enumerate();
    let told = results.map(|(place, (result, input))| tell(place, is_balance(input), result)).collect();
    answer["result"] = json!(format!("0x{}", ethers_core::utils::hex::encode(pack.answer(&honest, told)?)));
    Ok(answer)
}
