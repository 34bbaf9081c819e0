//! The logs of single transactions, as their receipts have them: whoever tells a log must have it in its own receipt, too.
//!
//! No receipt proves anything against whoever made both up. It tells an endpoint that contradicts itself from one that does not.

use ethers_core::types::{H256, Log};
use serde::Deserialize;
use serde_json::json;

use super::error::{RpcError, RpcFailure};
use super::l1::L1Client;
use super::log_text::LogText;
use super::wire::Request;

const METHOD: &str = "eth_getTransactionReceipt";
/// Transactions that are asked for in one exchange.
const AT_ONCE: usize = 100;

/// What a receipt says, as far as anybody needs it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReceiptText {
    logs: Vec<LogText>,
}

impl L1Client {
    /// The logs of each transaction as the endpoint at `index` has its receipt; `None` where it has none.
    ///
    /// # Errors
    /// The endpoint's failure; nobody else is asked.
    pub async fn receipts(&self, index: usize, transactions: &[H256]) -> Result<Vec<Option<Vec<Log>>>, RpcError> {
        let Some(endpoint) = self.endpoints().get(index) else {
            let failure = RpcFailure::Malformed("there is no such endpoint".to_owned());
            return Err(RpcError { endpoint: String::new(), method: METHOD, failure });
        };
        let mut found = Vec::with_capacity(transactions.len());
        for some in transactions.chunks(AT_ONCE) {
            let requests: Vec<Request> = some.iter().map(|hash| Request::new(METHOD, &json!([hash]))).collect();
            let answers =
                async { endpoint.exchange(&requests).await?.into_iter().map(|answer| logs(answer?.get())).collect() };
            let answers: Result<Vec<_>, RpcFailure> = answers.await;
            match answers {
                Ok(answers) => found.extend(answers),
                Err(failure) => {
                    endpoint.note(Some(&failure));
                    return Err(RpcError { endpoint: endpoint.name().to_owned(), method: METHOD, failure });
                }
            }
        }
        Ok(found)
    }
}

fn logs(json: &str) -> Result<Option<Vec<Log>>, RpcFailure> {
    let receipt: Option<ReceiptText> = serde_json::from_str(json)
        .map_err(|_| RpcFailure::Malformed(format!("the answer to {METHOD} is not a receipt")))?;
    Ok(receipt.map(|receipt| receipt.logs.into_iter().map(Log::from).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_has_logs_or_is_none() {
        assert_eq!(logs("null").unwrap(), None);
        assert_eq!(logs(r#"{"logs":[],"status":"0x1"}"#).unwrap(), Some(Vec::new()));
        assert!(logs("{}").is_err() && logs("[]").is_err());
    }
}
