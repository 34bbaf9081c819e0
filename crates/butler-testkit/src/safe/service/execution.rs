//! What the indexer finds: executions in the logs of the Safes that the service knows.

use ethers_core::types::{H256, Log};
use ethers_core::utils::keccak256;
use serde_json::json;

use super::state::Service;

const SUCCESS: &str = "ExecutionSuccess(bytes32,uint256)";
const FAILURE: &str = "ExecutionFailure(bytes32,uint256)";

pub(super) async fn index(service: &Service) -> anyhow::Result<()> {
    let topics = [SUCCESS, FAILURE].map(|signature| H256(keccak256(signature)));
    let filter = json!([{ "fromBlock": "0x0", "toBlock": "latest", "topics": [topics] }]);
    let logs: Vec<Log> = serde_json::from_value(service.chain.call("eth_getLogs", &filter).await?)?;
    let mut state = service.state();
    for kept in state.transactions.values_mut() {
        kept.is_listed = true;
        // What was reorged away is not executed any more.
        kept.is_executed = false;
        kept.told["isExecuted"] = false.into();
    }
    for log in logs {
        // A topic of its own, or the first word of the data.
        let data = log.data.get(..32).map(H256::from_slice);
        let Some(hash) = log.topics.get(1).copied().or(data) else { continue };
        let Some(kept) = state.transactions.get_mut(&hash).filter(|kept| kept.safe == log.address) else { continue };
        kept.is_executed = true;
        kept.is_trusted = true;
        kept.told["trusted"] = true.into();
        kept.told["isExecuted"] = true.into();
        kept.told["isSuccessful"] = (log.topics.first() == Some(&topics[0])).into();
        kept.told["transactionHash"] = json!(log.transaction_hash);
    }
    Ok(())
}
