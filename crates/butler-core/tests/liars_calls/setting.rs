//! A chain behind proxies, and a client of them.

use std::time::Duration;

use butler_core::client::error::{ErrorKind, RpcError};
use butler_core::client::l1::{BlockTag, L1Client};
use butler_core::contracts::bindings::rollup::{GetAttesterViewCall, GetSequencerRewardsCall};
use butler_core::contracts::call::Call;
use butler_core::contracts::multicall::{MULTICALL3, Outcome};
use butler_core::domain::block::BlockRef;
use butler_testkit::devnet::{Chain, DevnetSpec, ensure};
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy};
use ethers_core::types::Address;

use crate::support;

/// A getter that the rollup does not have: every honest endpoint lets it revert.
const MISSING: [u8; 4] = [0xde, 0xad, 0xbe, 0xef];

pub(crate) struct Setting {
    pub(crate) chain: Chain,
    pub(crate) proxies: Vec<FaultProxy>,
    pub(crate) client: L1Client,
    /// A block that is not the newest, so that reading at the newest is reading elsewhere.
    pub(crate) block: BlockRef,
}

impl Setting {
    pub(crate) async fn start(endpoints: usize) -> Self {
        Self::with_deadline(endpoints, Duration::from_millis(500)).await
    }

    pub(crate) async fn with_deadline(endpoints: usize, timeout: Duration) -> Self {
        let chain = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
        let mut proxies = Vec::new();
        for _ in 0..endpoints {
            proxies.push(FaultProxy::start(chain.url()).await.unwrap());
        }
        chain.mine().await.unwrap();
        chain.mine().await.unwrap();
        let settings: Vec<_> = proxies
            .iter()
            .enumerate()
            .map(|(index, proxy)| {
                let mut endpoint = support::endpoint(&format!("e{index}"), &proxy.url());
                endpoint.http.timeout = timeout;
                endpoint
            })
            .collect();
        let client = support::client(&settings);
        let number = chain.block_number().await.unwrap() - 1;
        // The first endpoint is the quickest, hence the one that is asked first.
        for proxy in proxies.iter().skip(1) {
            proxy.set(FaultPlan::always(Fault::Latency(Duration::from_millis(100))));
        }
        let block = client.head(BlockTag::Number(number), &[]).await.unwrap().block;
        let setting = Self { chain, proxies, client, block };
        setting.reset();
        setting
    }

    pub(crate) fn calls(&self, count: u64) -> Vec<Call> {
        let rollup = self.chain.oracle().unwrap().contracts.rollup_address;
        (1..=count).map(|n| Call::new(rollup, GetAttesterViewCall { attester: Address::from_low_u64_be(n) })).collect()
    }

    pub(crate) fn missing(&self) -> Call {
        let rollup = self.chain.oracle().unwrap().contracts.rollup_address;
        let call = Call::new(rollup, GetSequencerRewardsCall { coinbase: Address::zero() });
        Call { target: butler_core::contracts::call::Target::Function { to: rollup, data: MISSING.into() }, ..call }
    }

    pub(crate) async fn read(&self, calls: &[Call]) -> Result<Vec<Outcome>, RpcError> {
        self.client.calls(&self.block, calls).await.map(|told| told.outcomes)
    }

    pub(crate) fn set(&self, index: usize, fault: Fault) {
        self.proxies[index].set(FaultPlan::always(fault));
    }

    pub(crate) fn reset(&self) {
        for proxy in &self.proxies {
            proxy.set(FaultPlan::none());
            proxy.reset();
        }
    }

    pub(crate) fn requests(&self) -> Vec<u64> {
        self.proxies.iter().map(|proxy| proxy.stats().http_requests).collect()
    }

    pub(crate) fn failure(&self, index: usize) -> Option<ErrorKind> {
        self.client.endpoints()[index].health().last_failure()
    }

    pub(crate) async fn remove_multicall3(&self) {
        self.chain.rpc("anvil_setCode", serde_json::json!([MULTICALL3, "0x"])).await.unwrap();
    }
}

pub(crate) fn answered(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Returned(data) if !data.is_empty())
}
