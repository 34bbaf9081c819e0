//! Both ends of the chain in one exchange: the newest block and the final one, each chosen only when it is wanted.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use futures_util::FutureExt as _;

use super::HEAD;
use crate::client::error::{RpcError, RpcFailure};
use crate::client::l1::{BlockTag, Head, L1Client};
use crate::client::vote::{self, Report};

/// What the endpoints told of the chain's ends, and of the blocks at some heights beside them.
#[derive(Debug)]
pub struct Tips<'c> {
    client: &'c L1Client,
    reports: Vec<Report>,
}

impl L1Client {
    /// Asks every endpoint for its newest and its final block, and for the blocks at `also`.
    ///
    /// # Errors
    /// The last endpoint's failure when none answered.
    pub async fn tips(&self, also: &[u64]) -> Result<Tips<'_>, RpcError> {
        let reports = if let [_] = self.endpoints.as_slice() {
            let probe = |endpoint| self.probe(endpoint, BlockTag::Latest, also, true).boxed();
            vec![self.on_some_endpoint(HEAD, &BTreeSet::new(), probe).await?]
        } else {
            self.reports(BlockTag::Latest, also).boxed().await?
        };
        Ok(Tips { client: self, reports })
    }
}

impl Tips<'_> {
    /// The newest block.
    ///
    /// # Errors
    /// As [`L1Client::head`].
    pub async fn latest(&self) -> Result<Head, RpcError> {
        let head = self.elect(BlockTag::Latest, self.reports.clone()).await?;
        let behind = vote::beyond(Some(head.block), (self.client.clock)()).unwrap_or(0);
        self.client.clock_behind.store(behind, Ordering::Relaxed);
        Ok(head)
    }

    /// The final block.
    ///
    /// # Errors
    /// As [`L1Client::head`]; also when the chain has none.
    pub async fn finalized(&self) -> Result<Head, RpcError> {
        let told = self.reports.iter().filter(|report| report.finalized.is_some());
        let reports = told.map(|report| Report { block: report.finalized, ..report.clone() });
        self.elect(BlockTag::Finalized, reports.collect()).await
    }

    async fn elect(&self, at: BlockTag, reports: Vec<Report>) -> Result<Head, RpcError> {
        if let [_] = self.client.endpoints.as_slice() {
            let alone = reports.into_iter().find_map(|report| Some(Head { block: report.block?, known: report.known }));
            let name = self.client.endpoints.first().map(|endpoint| endpoint.name().to_owned()).unwrap_or_default();
            return alone.ok_or(RpcError { endpoint: name, method: HEAD, failure: RpcFailure::BlockUnknown });
        }
        if reports.is_empty() {
            let endpoint = format!("{} endpoints", self.client.endpoints.len());
            return Err(RpcError { endpoint, method: HEAD, failure: RpcFailure::BlockUnknown });
        }
        // Boxed, so that whoever waits for a head holds little.
        self.client.elect(at, reports).boxed().await
    }
}
