//! Lies about logs: none, too few, too many, or others than the chain has.

use ethers_core::{
    types::{Address, H256},
    utils::{hex, keccak256},
};
use serde_json::{Value, json};

use super::{ForgedCoinbase, Lie, LogKind, STRANGE_ATTESTER, STRANGER, SplitEvent, method, result};
use crate::{devnet::quantity, http::Client};

const STAKE: &str = "StakedWithProvider(uint256,address,address,address,address)";
const DRIP: &str = "ProviderQueueDripped(uint256,address)";
const KEYS: &str = "AttestersAddedToProvider(uint256,address[])";
const RECIPIENT: &str = "ProviderRewardsRecipientUpdated(uint256,address)";
const TAKE_RATE: &str = "ProviderTakeRateUpdated(uint256,uint16)";
const SPLIT: &str = "SplitCreated(address,(address[],uint256[],uint256,uint16),address,address,uint256)";
/// Forged logs stand behind the real ones of their block.
const BEHIND: u64 = 10_000;

pub(super) async fn tell(upstream: &Client, call: &Value, lie: Lie) -> anyhow::Result<Option<Value>> {
    if method(call) != "eth_getLogs" {
        return Ok(None);
    }
    let filter = &call["params"][0];
    let mut logs = real_logs(upstream, filter).await?;
    change(upstream, filter, &mut logs, lie).await?;
    logs.sort_by_key(|log| (quantity(&log["blockNumber"]).unwrap_or(0), quantity(&log["logIndex"]).unwrap_or(0)));
    Ok(Some(result(call, &Value::Array(logs))))
}

/// The chain's own logs; also for a range that ends beyond the head, which another lie may have told.
async fn real_logs(upstream: &Client, filter: &Value) -> anyhow::Result<Vec<Value>> {
    let mut filter = filter.clone();
    if let Ok(to) = quantity(&filter["toBlock"]) {
        let head = quantity(&upstream.call("eth_blockNumber", &json!([])).await?)?;
        if quantity(&filter["fromBlock"]).is_ok_and(|from| from > head) {
            return Ok(Vec::new());
        }
        filter["toBlock"] = json!(format!("{:#x}", to.min(head)));
    }
    let logs = upstream.call("eth_getLogs", &json!([filter])).await?;
    Ok(logs.as_array().cloned().unwrap_or_default())
}

#[expect(clippy::wildcard_enum_match_arm, reason = "other lies have no part here")]
async fn change(upstream: &Client, filter: &Value, logs: &mut Vec<Value>, lie: Lie) -> anyhow::Result<()> {
    match lie {
        Lie::EmptyLogs => logs.clear(),
        Lie::LateLogs(blocks) => {
            let head = quantity(&upstream.call("eth_blockNumber", &json!([])).await?)?;
            logs.retain(|log| quantity(&log["blockNumber"]).is_ok_and(|number| number + blocks <= head));
        }
        Lie::PrunedLogs(first) => {
            logs.retain(|log| quantity(&log["blockNumber"]).is_ok_and(|number| number >= first));
        }
        Lie::LeftOut(LogKind::Terms) => {
            let left_out = [RECIPIENT, TAKE_RATE].map(topic);
            logs.retain(|log| {
                let first = log["topics"][0].as_str().unwrap_or_default();
                !left_out.iter().any(|topic| first.eq_ignore_ascii_case(topic))
            });
        }
        Lie::LeftOut(kind @ (LogKind::Stake | LogKind::Drip | LogKind::Keys)) => {
            let signature = match kind {
                LogKind::Stake => STAKE,
                LogKind::Drip => DRIP,
                LogKind::Keys | LogKind::Terms => KEYS,
            };
            if let Some(index) = last(logs, signature) {
                logs.remove(index);
            }
        }
        Lie::Attester => {
            if let Some(log) = last(logs, STAKE).and_then(|index| logs.get_mut(index)) {
                log["topics"][3] = json!(word(STRANGE_ATTESTER));
            }
        }
        Lie::Staker => {
            if let Some(log) = last(logs, STAKE).and_then(|index| logs.get_mut(index)) {
                log["data"] = json!(two_words(address_in(log, 0), STRANGER));
            }
        }
        Lie::StakeAsDrip => {
            if let Some(index) = last(logs, STAKE) {
                let log = &mut logs[index];
                log["topics"] = json!([topic(DRIP), log["topics"][1], log["topics"][3]]);
                log["data"] = json!("0x");
                logs.retain(|log| is_asked_for(filter, log));
            }
        }
        Lie::DripAsStake => {
            if let Some(index) = last(logs, DRIP) {
                let rollup = stakes(upstream).await?.first().map(|stake| stake["topics"][2].clone());
                let log = &mut logs[index];
                log["topics"] = json!([topic(STAKE), log["topics"][1], rollup, log["topics"][2]]);
                log["data"] = json!(two_words(STRANGER, STRANGER));
                logs.retain(|log| is_asked_for(filter, log));
            }
        }
        Lie::Coinbase(whose, event) => {
            if let Some(log) = last(logs, STAKE).and_then(|index| logs.get_mut(index)) {
                let forged = forged_coinbase(upstream, log, whose).await?;
                log["data"] = json!(two_words(forged, staker_of(log)));
            }
            if event == SplitEvent::Forged {
                let mut created = Vec::new();
                for stake in stakes_within(upstream, filter).await? {
                    let forged = forged_coinbase(upstream, &stake, whose).await?;
                    created.extend(split_created(upstream, &stake, forged).await?);
                }
                add(logs, filter, created);
            }
        }
        Lie::ExtraStake(event) => {
            let mut more = Vec::new();
            for mut stake in stakes_within(upstream, filter).await?.into_iter().rev().take(1) {
                if event == SplitEvent::Forged {
                    more.extend(split_created(upstream, &stake, STRANGER).await?);
                }
                stake["topics"][3] = json!(word(STRANGE_ATTESTER));
                stake["data"] = json!(two_words(STRANGER, staker_of(&stake)));
                more.push(behind(stake)?);
            }
            add(logs, filter, more);
        }
        _ => {}
    }
    Ok(())
}

fn topic(signature: &str) -> String {
    format!("{:#x}", H256(keccak256(signature)))
}

fn last(logs: &[Value], signature: &str) -> Option<usize> {
    let topic = topic(signature);
    logs.iter().rposition(|log| log["topics"][0].as_str().is_some_and(|first| first.eq_ignore_ascii_case(&topic)))
}

fn word(address: Address) -> String {
    format!("{:#x}", H256::from(address))
}

fn two_words(first: Address, second: Address) -> String {
    format!("{}{}", word(first), word(second).trim_start_matches("0x"))
}

/// The address in the word of the data with that index.
fn address_in(log: &Value, index: usize) -> Address {
    let data = hex::decode(log["data"].as_str().unwrap_or_default()).unwrap_or_default();
    let bytes = data.get(32 * index + 12..32 * (index + 1)).unwrap_or(&[0; 20]);
    Address::from_slice(bytes)
}

fn coinbase_of(stake: &Value) -> Address {
    address_in(stake, 0)
}

fn staker_of(stake: &Value) -> Address {
    address_in(stake, 1)
}

/// All stakes of the chain, of whatever registry.
async fn stakes(upstream: &Client) -> anyhow::Result<Vec<Value>> {
    let filter = json!({ "fromBlock": "0x0", "toBlock": "latest", "topics": [topic(STAKE)] });
    real_logs(upstream, &filter).await
}

/// The stakes in the blocks of this filter, whatever else it asks for.
async fn stakes_within(upstream: &Client, filter: &Value) -> anyhow::Result<Vec<Value>> {
    let mut filter = filter.clone();
    if let Some(filter) = filter.as_object_mut() {
        filter.remove("address");
    }
    filter["topics"] = json!([topic(STAKE)]);
    real_logs(upstream, &filter).await
}

async fn forged_coinbase(upstream: &Client, stake: &Value, whose: ForgedCoinbase) -> anyhow::Result<Address> {
    let own = coinbase_of(stake);
    Ok(match whose {
        ForgedCoinbase::Stranger => STRANGER,
        ForgedCoinbase::OfAnother => {
            stakes(upstream).await?.iter().map(coinbase_of).find(|other| *other != own).unwrap_or(STRANGER)
        }
    })
}

/// The event of the creation of this stake's split, told of `split` instead.
async fn split_created(upstream: &Client, stake: &Value, split: Address) -> anyhow::Result<Option<Value>> {
    let topics = json!([topic(SPLIT), word(coinbase_of(stake))]);
    let filter = json!({ "fromBlock": stake["blockNumber"], "toBlock": stake["blockNumber"], "topics": topics });
    let Some(mut created) = real_logs(upstream, &filter).await?.into_iter().next() else { return Ok(None) };
    created["topics"][1] = json!(word(split));
    behind(created).map(Some)
}

fn behind(mut log: Value) -> anyhow::Result<Value> {
    log["logIndex"] = json!(format!("{:#x}", quantity(&log["logIndex"])? + BEHIND));
    Ok(log)
}

fn add(logs: &mut Vec<Value>, filter: &Value, more: Vec<Value>) {
    logs.extend(more.into_iter().filter(|log| is_asked_for(filter, log)));
}

/// Whether a log fits the addresses and topics of a filter; its blocks are not looked at.
fn is_asked_for(filter: &Value, log: &Value) -> bool {
    let fits = |wanted: &Value, found: &Value| match wanted {
        Value::Null => true,
        Value::Array(any) if any.is_empty() => true,
        Value::Array(any) => any.iter().any(|one| same(one, found)),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => same(wanted, found),
    };
    let topics = filter["topics"].as_array();
    fits(&filter["address"], &log["address"])
        && topics.into_iter().flatten().enumerate().all(|(position, wanted)| fits(wanted, &log["topics"][position]))
}

fn same(one: &Value, other: &Value) -> bool {
    one.as_str().zip(other.as_str()).is_some_and(|(one, other)| one.eq_ignore_ascii_case(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_the_registrys() {
        assert_eq!(topic(STAKE), "0xc91c8b4e934fb8f46c6d08a34d60ceb8dbe4ab6844a7040ca4c580e5a837d5c7");
        assert_eq!(topic(DRIP), "0x973a89c42abd20693a9268df8b16ebbf2ef4e660750a885ff8f8fc5936413301");
        assert_eq!(topic(KEYS), "0x8dc338d3490cc6b09bdcf6e2a20a42d02c2da00c19901dea14363bc2897e87ab");
        assert_eq!(topic(SPLIT), "0xf36c74b44f70742fdc66fe7f34107c9e5025433a131e7797e9203203a3a74428");
    }
}
