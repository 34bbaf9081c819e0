//! The client of one port of one node.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use ethers_core::types::Address;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::answers::{FeesText, L2Tips, NodeInfo, OffenceText, PeerCounts, SettingsText, WorldState, tips};
use super::methods::NodeMethod;
use super::reload::{ReloadError, ReloadRefusal};
use super::stats;
use super::status::{self, NodeStatus};
use crate::client::error::RpcFailure;
use crate::client::http::{HttpSettings, HttpSetupError};
use crate::client::jsonrpc::{Dialect, JsonRpcPeer};
use crate::client::wire::Request;
use crate::domain::slashing::inactivity::InactivityRule;
use crate::domain::slashing::offence::NotedOffence;
use crate::domain::slashing::sentinel::SentinelReport;

/// A client of one port of one Aztec node.
#[derive(Debug)]
pub struct AztecNode {
    name: String,
    peer: JsonRpcPeer,
    /// For each method, the index of the name that was last answered.
    learnt: [AtomicUsize; NodeMethod::COUNT],
}

/// Which offences to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[derive(strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum OffenceRange {
    /// Those of the slashing round that is voted on now.
    Current,
    /// All that the node still keeps.
    All,
}

impl OffenceRange {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Current, Self::All];

    /// The name that the node and labels use.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

impl AztecNode {
    /// Prepares a client; connects to nothing.
    ///
    /// # Errors
    /// See [`HttpSetupError`].
    pub fn new(name: &str, settings: &HttpSettings) -> Result<Self, HttpSetupError> {
        Ok(Self {
            name: name.to_owned(),
            peer: JsonRpcPeer::new(settings, Dialect::Aztec)?,
            learnt: Default::default(),
        })
    }

    /// The node's name in the configuration.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the node says of itself.
    ///
    /// # Errors
    /// The failure of the exchange; `Malformed` for an answer of another shape.
    pub async fn node_info(&self) -> Result<NodeInfo, RpcFailure> {
        let mut info: NodeInfo = self.ask(NodeMethod::NodeInfo).await?;
        info.node_version = self.peer.http().secrets().foreign(&info.node_version);
        Ok(info)
    }

    /// Whether the node calls itself ready. A node whose L1 is gone does, too.
    ///
    /// # Errors
    /// The failure of the exchange; `Malformed` for an answer of another shape.
    pub async fn is_ready(&self) -> Result<bool, RpcFailure> {
        self.ask(NodeMethod::IsReady).await
    }

    /// The heads of the node's chain.
    ///
    /// # Errors
    /// The failure of the exchange; `Malformed` for an answer of another shape.
    pub async fn l2_tips(&self) -> Result<L2Tips, RpcFailure> {
        tips(&self.ask(NodeMethod::L2Tips).await?)
    }

    /// How many peers the node has.
    ///
    /// # Errors
    /// The failure of the exchange; `MethodNotFound` for a node without a peer-to-peer side; `Malformed` for an answer of
    /// another shape.
    pub async fn peers(&self) -> Result<PeerCounts, RpcFailure> {
        self.ask(NodeMethod::Peers).await
    }

    /// Whether the node's state is that of its blocks.
    ///
    /// # Errors
    /// The failure of the exchange; `Malformed` for an answer of another shape.
    pub async fn world_state(&self) -> Result<WorldState, RpcFailure> {
        self.ask(NodeMethod::WorldState).await
    }

    /// Asks for the current fees, which makes the node ask its L1 endpoint. The fees themselves are of no interest, but that there
    /// are some.
    ///
    /// # Errors
    /// The failure of the exchange: an error or silence where the node's L1 is gone; `Malformed` for an answer without fees.
    pub async fn current_fees(&self) -> Result<(), RpcFailure> {
        self.ask::<FeesText>(NodeMethod::CurrentFees).await.map(|_| ())
    }

    /// What the node's sentinel saw of these attesters. The rest of the answer, which is long, is not kept.
    ///
    /// # Errors
    /// The failure of the exchange; `Malformed` for an answer of another shape.
    pub async fn validators_stats(&self, own: &BTreeSet<Address>) -> Result<SentinelReport, RpcFailure> {
        self.ask_with(NodeMethod::ValidatorsStats, &json!([]), |text| stats::report(text, own)).await
    }

    /// The offences that the node noted, everybody's. Needs the admin port.
    ///
    /// # Errors
    /// The failure of the exchange; `Unauthorized` without the right key; `Malformed` for an answer of another shape.
    pub async fn slash_offences(&self, range: OffenceRange) -> Result<Vec<NotedOffence>, RpcFailure> {
        let read = |text: &str| serde_json::from_str::<Vec<OffenceText>>(text);
        let offences = self.ask_with(NodeMethod::SlashOffences, &json!([range.name()]), read).await?;
        Ok(offences.into_iter().map(NotedOffence::from).collect())
    }

    /// When the node takes an attester for inactive; `None` for a node that does not say. Needs the admin port.
    ///
    /// # Errors
    /// The failure of the exchange; `Unauthorized` without the right key; `Malformed` for an answer of another shape.
    pub async fn inactivity_rule(&self) -> Result<Option<InactivityRule>, RpcFailure> {
        self.ask::<SettingsText>(NodeMethod::Settings).await.map(SettingsText::inactivity)
    }

    /// Has the node read its keystore again; what it takes counts from the next slot. Needs the admin port, and patience: a remote signer
    /// that does not answer costs half a minute.
    ///
    /// # Errors
    /// See [`ReloadError`].
    pub async fn reload_keystore(&self) -> Result<(), ReloadError> {
        for name in NodeMethod::ReloadKeystore.names() {
            let mut refusal = ReloadRefusal::Other;
            let hear = |words: &str| refusal = ReloadRefusal::of(words);
            match self.peer.carry_out(&Request::new(name, &json!([])), hear).await {
                Ok(()) => return Ok(()),
                Err(RpcFailure::MethodNotFound) => {}
                Err(failure) => return Err(ReloadError::of(failure, refusal)),
            }
        }
        Err(ReloadError::NotAllowed(RpcFailure::MethodNotFound))
    }

    /// What the node says of itself without JSON-RPC, also in standby. Before 5.2 that is a word.
    ///
    /// # Errors
    /// The failure of the exchange; `Http` for a status that is no success and tells nothing else; `Malformed` for what no
    /// node answers.
    pub async fn status(&self) -> Result<NodeStatus, RpcFailure> {
        let answer = self.peer.http().get(&["status"], &[]).await?;
        status::read(answer.status, &answer.body)
    }

    async fn ask<T: DeserializeOwned>(&self, method: NodeMethod) -> Result<T, RpcFailure> {
        self.ask_with(method, &json!([]), |text| serde_json::from_str(text)).await
    }

    /// Asks by the name that the node knows. A node that was updated may know another than before.
    async fn ask_with<T>(
        &self,
        method: NodeMethod,
        params: &Value,
        read: impl Fn(&str) -> Result<T, serde_json::Error>,
    ) -> Result<T, RpcFailure> {
        let names = method.names();
        let learnt = self.learnt.get(method.index());
        let first = learnt.map_or(0, |learnt| learnt.load(Ordering::Relaxed));
        let others = (0..names.len()).filter(|index| *index != first);
        for index in [first].into_iter().chain(others) {
            let Some(name) = names.get(index) else { continue };
            match self.call(name, params, &read).await {
                Err(RpcFailure::MethodNotFound) => {}
                Err(failure) => return Err(failure),
                Ok(answer) => {
                    if let Some(learnt) = learnt {
                        learnt.store(index, Ordering::Relaxed);
                    }
                    return Ok(answer);
                }
            }
        }
        Err(RpcFailure::MethodNotFound)
    }

    async fn call<T>(
        &self,
        method: &'static str,
        params: &Value,
        read: impl Fn(&str) -> Result<T, serde_json::Error>,
    ) -> Result<T, RpcFailure> {
        let answer = self.peer.call(&Request::new(method, params)).await?;
        // serde's own words may quote the answer.
        read(answer.get())
            .map_err(|_| RpcFailure::Malformed(format!("the answer to {method} has another shape than expected")))
    }
}
