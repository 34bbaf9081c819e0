//! Lies about logs: none, too few, too many, or others than the chain has.

use ethers_core::{
    types::{Address, H256},
    utils::{hex, keccak256},
};
use serde_json::{Value, json};

use super::{ForgedCoinbase, Lie, LogFault, LogKind, STRANGE_ATTESTER, STRANGER, SplitEvent, method, result};
use crate::{devnet::quantity, http::Client};

const STAKE: &str = "StakedWithProvider(uint256,address,address,address,address)";
const DRIP: &str = "ProviderQueueDripped(uint256,address)";
const KEYS: &str = "AttestersAddedToProvider(uint256,address[])";
const RECIPIENT: &str = "ProviderRewardsRecipientUpdated(uint256,address)";
const TAKE_RATE: &str = "ProviderTakeRateUpdated(uint256,uint16)";
const SPLIT: &str = "SplitCreated(address,(address[],uint256[],uint256,uint16),address,address,uint256)";
const REFUND: &str =
    "FailedDeposit(address,address,(uint256,uint256),(uint256,uint256,uint256,uint256),(uint256,uint256))";
const CHECKPOINT: &str = "CheckpointProposed(uint256,bytes32,bytes32[],bytes32,bytes32)";
const OWN_EXIT: &str = "WithdrawInitiatedByAttester(address,address,uint256,uint256)";
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
        Lie::LeftOut(LogKind::Refunds) => {
            let refund = topic(REFUND);
            logs.retain(|log| !log["topics"][0].as_str().is_some_and(|first| first.eq_ignore_ascii_case(&refund)));
        }
        Lie::LeftOut(LogKind::OwnExits) => {
            let exit = topic(OWN_EXIT);
            logs.retain(|log| !log["topics"][0].as_str().is_some_and(|first| first.eq_ignore_ascii_case(&exit)));
        }
        Lie::BadLog(fault) => spoil(logs, filter, fault)?,
        Lie::ExtraRefund => {
            let refund = refund_of_last_stake(upstream).await?;
            let to = quantity(&filter["toBlock"]).unwrap_or(u64::MAX);
            let is_within = |log: &Value| quantity(&log["blockNumber"]).is_ok_and(|number| number <= to);
            add(logs, filter, refund.into_iter().filter(is_within).collect());
        }
        Lie::LeftOut(kind @ (LogKind::Stake | LogKind::Drip | LogKind::Keys | LogKind::Checkpoint)) => {
            let signature = match kind {
                LogKind::Stake => STAKE,
                LogKind::Drip => DRIP,
                LogKind::Checkpoint => CHECKPOINT,
                LogKind::Keys | LogKind::Terms | LogKind::Refunds | LogKind::OwnExits => KEYS,
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

/// Changes the last log.
fn spoil(logs: &mut Vec<Value>, filter: &Value, fault: LogFault) -> anyhow::Result<()> {
    let Some(mut log) = logs.pop() else { return Ok(()) };
    match fault {
        LogFault::Address => log["address"] = json!(STRANGER),
        LogFault::Topic => log["topics"][0] = json!(word(STRANGER)),
        LogFault::Removed => log["removed"] = json!(true),
        LogFault::Repeated => logs.push(log.clone()),
        LogFault::Doubled => logs.push(behind(log.clone())?),
        LogFault::Transaction => log["transactionHash"] = json!(word(STRANGER)),
        LogFault::BlockHash => log["blockHash"] = json!(word(STRANGER)),
        LogFault::EarlierBlock => {
            let number = quantity(&log["blockNumber"])?;
            if quantity(&filter["fromBlock"]).is_ok_and(|from| from < number) {
                log["blockNumber"] = json!(format!("{:#x}", number - 1));
            }
        }
        LogFault::Swapped => {
            if let Some(before) = logs.last_mut().filter(|before| before["blockNumber"] == log["blockNumber"]) {
                let place = before["logIndex"].take();
                before["logIndex"] = log["logIndex"].take();
                log["logIndex"] = place;
            }
        }
    }
    logs.push(log);
    Ok(())
}

/// A refund of the last stake's deposit, told in the newest block.
async fn refund_of_last_stake(upstream: &Client) -> anyhow::Result<Option<Value>> {
    let Some(mut log) = stakes(upstream).await?.pop() else { return Ok(None) };
    let newest = upstream.call("eth_getBlockByNumber", &json!(["latest", false])).await?;
    log["address"] = json!(format!("0x{}", &log["topics"][2].as_str().unwrap_or_default()[26..]));
    let withdrawer = word(staker_of(&log));
    log["topics"] = json!([topic(REFUND), log["topics"][3], withdrawer]);
    log["data"] = json!(format!("0x{}", "00".repeat(8 * 32)));
    log["blockNumber"] = newest["number"].clone();
    log["blockHash"] = newest["hash"].clone();
    behind(log).map(Some)
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
