//! What one node tells of attesters' duties: its sentinel on the public port, offences and the rule behind them on the admin port.

use std::collections::BTreeSet;
use std::time::Duration;

use ethers_core::types::Address;
use tokio::sync::Semaphore;

use super::failure::{Answer, NodeFailure, fitting, within};
use crate::client::aztec_node::{AztecNode, NodeInfo, OffenceRange};
use crate::client::error::RpcFailure;
use crate::config::NetworkConfig;
use crate::domain::slashing::inactivity::InactivityRule;
use crate::domain::slashing::offence::NotedOffence;
use crate::domain::slashing::sentinel::SentinelReport;

/// What one node's sentinel said.
#[derive(Debug)]
pub struct SentinelAnswers {
    /// The node's name in the configuration.
    pub node: String,
    /// What the node says of itself, if that fits the configuration, with its sentinel's report, where that could be read.
    pub report: Answer<(NodeInfo, Answer<SentinelReport>)>,
}

/// What one node's admin port said.
#[derive(Debug)]
pub struct AdminAnswers {
    /// The node's name in the configuration.
    pub node: String,
    /// The offences of the current round, and all; `None` for a node without a slasher, which notes none.
    pub noted: Answer<Option<[Vec<NotedOffence>; 2]>>,
    /// When the node takes an attester for inactive; `None` for settings that do not say.
    pub inactivity: Answer<Option<InactivityRule>>,
}

impl SentinelAnswers {
    /// Why it told nothing.
    #[must_use]
    pub fn failure(&self) -> Option<&NodeFailure> {
        match &self.report {
            Ok((_, report)) => report.as_ref().err(),
            Err(failure) => Some(failure),
        }
    }
}

impl AdminAnswers {
    /// Why it does not tell when the node takes an attester for inactive, although the node has a slasher.
    #[must_use]
    pub fn why_no_rule(&self) -> Option<String> {
        self.noted.as_ref().ok()?.as_ref()?;
        match &self.inactivity {
            Ok(Some(_)) => None,
            Ok(None) => Some("its settings do not say".to_owned()),
            Err(failure) => Some(failure.to_string()),
        }
    }

    /// Why it is not up, in words that follow "its admin port".
    #[must_use]
    pub fn why_down(&self) -> Option<String> {
        let failure = self.noted.as_ref().err()?;
        Some(match failure {
            NodeFailure::Rpc(RpcFailure::MethodNotFound) => "answers, and is no admin port".to_owned(),
            NodeFailure::Rpc(RpcFailure::Unauthorized { .. }) => "refuses the key".to_owned(),
            NodeFailure::Rpc(_)
            | NodeFailure::Deadline(_)
            | NodeFailure::OtherChain { .. }
            | NodeFailure::OtherRegistry(_)
            | NodeFailure::OtherRollup => format!("is not up: {failure}"),
        })
    }
}

/// Asks a node's sentinel about `own` attesters. A node that follows something else tells of other attesters' duties, under the
/// same addresses perhaps, and is not asked. One that does not know the question has no sentinel, which is no failure. The
/// answer is megabytes long: `turns` bounds how many are on their way at a time.
pub async fn ask_sentinel(
    node: &AztecNode,
    config: &NetworkConfig,
    own: &BTreeSet<Address>,
    (deadline, turns): (Duration, &Semaphore),
) -> SentinelAnswers {
    let report = async {
        let info = within(deadline, node.node_info()).await?;
        fitting(&info, config)?;
        // The semaphore is never closed; should it be, the question goes out without a turn.
        let _turn = turns.acquire().await.ok();
        match within(deadline, node.validators_stats(own)).await {
            Err(failure) if failure.is_unknown_method() => Ok((info, Ok(SentinelReport::default()))),
            answer => Ok((info, answer)),
        }
    };
    SentinelAnswers { node: node.name().to_owned(), report: report.await }
}

/// Asks a node's admin port. One that does not know the method is no admin port, and that is a failure.
pub async fn ask_admin_port(port: &AztecNode, deadline: Duration) -> AdminAnswers {
    let ask = async |range| within(deadline, port.noted_offences(range)).await;
    let [current, all] = OffenceRange::BOTH;
    let (current, all, inactivity) = tokio::join!(ask(current), ask(all), within(deadline, port.inactivity_rule()));
    let noted = match (current, all) {
        (Err(failure), _) | (_, Err(failure)) => Err(failure),
        (Ok(current), Ok(all)) => Ok(current.zip(all).map(<[_; 2]>::from)),
    };
    AdminAnswers { node: port.name().to_owned(), noted, inactivity }
}
