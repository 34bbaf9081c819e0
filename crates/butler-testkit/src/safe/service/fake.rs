//! The running service, and what a test makes of it.

use std::sync::{Arc, Mutex};

use ethers_core::types::{Address, H256};

use super::answers::answer;
use super::execution;
use super::state::{Lag, Service, ServiceFault, Twist, Twisted};
use crate::devnet::Chain;
use crate::http::Client;
use crate::server::Server;

/// A running service for one chain. It ends when it is dropped.
#[derive(Debug)]
pub struct FakeSafeService {
    service: Arc<Service>,
    server: Server,
}

impl FakeSafeService {
    /// Starts a service of that chain, which must be there for as long as the service.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(chain: &Chain) -> anyhow::Result<Self> {
        let chain_id = crate::devnet::quantity(&chain.rpc("eth_chainId", serde_json::json!([])).await?)?;
        let service = Arc::new(Service { chain: Client::new(chain.url())?, chain_id, state: Mutex::default() });
        let shared = Arc::clone(&service);
        let server = Server::start(None, move |request| answer(Arc::clone(&shared), request)).await?;
        Ok(Self { service, server })
    }

    /// What the configuration names: the address with a path, as the hosted one has.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/tx-service/dev/api", self.server.address())
    }

    /// Only who shows this key is answered.
    pub fn demand_key(&self, key: &str) {
        self.service.state().key = Some(key.to_owned());
    }

    /// An owner names a delegate: for one Safe, or for all of them.
    pub fn add_delegate(&self, delegate: Address, delegator: Address, safe: Option<Address>) {
        self.service.state().delegates.push((delegate, delegator, safe));
    }

    /// The next requests go wrong, one by one.
    pub fn break_next(&self, faults: impl IntoIterator<Item = ServiceFault>) {
        self.service.state().faults.extend(faults);
    }

    /// The next request of that method goes wrong.
    pub fn break_at(&self, method: &str, fault: ServiceFault) {
        self.service.state().fault_at = Some((method.to_owned(), fault));
    }

    /// Whether that went wrong already.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.service.state().fault_at.is_none()
    }

    /// Nothing more goes wrong.
    pub fn mend(&self) {
        let mut state = self.service.state();
        state.faults.clear();
        state.fault_at = None;
    }

    /// Everything that is told of transactions and delegates is changed by this; `None` tells the truth again.
    pub fn twist(&self, twist: Option<Twist>) {
        self.service.state().twist = twist.map(Twisted);
    }

    /// How lists lag from now on.
    pub fn set_lag(&self, lag: Lag) {
        self.service.state().lag = lag;
    }

    /// Tells of a monthly quota of so many requests, and refuses what is beyond.
    pub fn set_quota(&self, per_month: u64) {
        self.service.state().quota = Some((per_month, 0));
    }

    /// Reads the chain, as the real one's indexer does at its time: executions are known, lists are complete.
    ///
    /// # Errors
    /// The chain does not answer.
    pub async fn index(&self) -> anyhow::Result<()> {
        execution::index(&self.service).await
    }

    /// The bodies of all proposals that arrived, accepted or not.
    #[must_use]
    pub fn bodies(&self) -> Vec<Vec<u8>> {
        self.service.state().bodies.clone()
    }

    /// Every request as method, path and query.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.service.state().requests.clone()
    }

    /// The hashes of all that it keeps.
    #[must_use]
    pub fn kept(&self) -> Vec<H256> {
        self.service.state().transactions.keys().copied().collect()
    }
}
