//! The operator's Aztec nodes and what they saw: asked and judged as the exporter does it, shown with a light each.
//!
//! Nothing is green that could not be looked at. A node's own words are never shown: they may hold the URL of its L1, key and all.

use std::collections::BTreeSet;
use std::time::Duration;

use butler_core::client::aztec_node::AztecNode;
use butler_core::domain::findings::node::NodeState;
use butler_core::domain::findings::{Finding, FindingKind, Level, Subject};
use butler_core::domain::snapshot::NetworkSnapshot;
use butler_core::network::nodes::{
    AdminAnswers, DutyMemory, JudgedDuties, NodeAnswers, SentinelAnswers, ask_admin_port, ask_node, ask_sentinel,
    judge_duties, judge_nodes,
};
use butler_core::network::{Network, NetworkError, admin_ports};
use butler_core::runtime::clock::unix_now;
use ethers_core::types::Address;
use futures_util::future::join_all;
use tokio::sync::Semaphore;

use super::check::{Check, Light, check, failure, shown};
use crate::error::CliError;
use crate::view::format;

/// How long one node may take to answer, as for the exporter.
const DEADLINE: Duration = Duration::from_secs(30);
/// How many sentinels are asked at the same time: each answers with megabytes.
const LONG_ANSWERS: usize = 2;

/// The checks that show a finding about one node; any other is about the node itself.
const TOPICS: [(FindingKind, &str); 8] = [
    (FindingKind::NodeL1Unreachable, "node_l1"),
    (FindingKind::NodePeersNone, "node_peers"),
    (FindingKind::NodePeersFew, "node_peers"),
    (FindingKind::NodeLagging, "node_lag"),
    (FindingKind::NodeBehind, "node_lag"),
    (FindingKind::SentinelStale, "sentinel"),
    (FindingKind::SentinelUnread, "sentinel"),
    (FindingKind::InactivityUntold, "admin_port"),
];

/// What all ports of all nodes answered, and what that means.
struct Looked {
    nodes: Vec<NodeAnswers>,
    states: Vec<NodeState>,
    sentinels: Vec<SentinelAnswers>,
    ports: Vec<AdminAnswers>,
    duties: JudgedDuties,
    found: Vec<Finding>,
}

/// Looks at everything that nodes tell. Without a snapshot nothing is compared with the chain, and that is said.
pub(super) async fn check_nodes(network: &Network, snapshot: Option<&NetworkSnapshot>, checks: &mut Vec<Check>) {
    let clients = || Ok::<_, NetworkError>((network.aztec_nodes()?, admin_ports(&network.config)?));
    let (nodes, ports) = match clients() {
        Ok(clients) => clients,
        Err(error) => {
            checks.push(failure("node", &network.config.name, &CliError::from(error)));
            return;
        }
    };
    if nodes.is_empty() {
        return;
    }
    let looked = look(network, snapshot, &nodes, &ports).await;
    for (answers, state) in looked.nodes.iter().zip(&looked.states) {
        looked.check_node(answers, state, checks);
    }
    let of_network = looked.found.iter().filter(|finding| finding.subject == Subject::Network);
    for finding in of_network {
        let name = if finding.kind == FindingKind::SentinelOff { "sentinel" } else { "node" };
        checks.push(shown(name, &network.config.name, finding, 0));
    }
    looked.check_duties(checks);
    for port in &looked.ports {
        checks.push(looked.check_admin_port(port));
    }
}

/// Asks everybody side by side: one that hangs keeps nobody waiting.
async fn look(
    network: &Network,
    snapshot: Option<&NetworkSnapshot>,
    nodes: &[AztecNode],
    ports: &[AztecNode],
) -> Looked {
    let (config, deadline, turns) = (&network.config, DEADLINE, Semaphore::new(LONG_ANSWERS));
    let mut own: BTreeSet<Address> = network.keys.book.attesters();
    own.extend(&config.extra_attesters);
    own.extend(snapshot.into_iter().flat_map(|snapshot| snapshot.attesters.keys()));
    let (nodes, sentinels, ports) = tokio::join!(
        join_all(nodes.iter().map(|node| ask_node(node, config, deadline))),
        join_all(nodes.iter().map(|node| ask_sentinel(node, config, &own, (deadline, &turns)))),
        join_all(ports.iter().map(|port| ask_admin_port(port, deadline))),
    );
    let limits = config.thresholds();
    let (states, mut found) = judge_nodes(&nodes, snapshot, &limits);
    let memory = (&DutyMemory::default(), unix_now());
    let duties = judge_duties(&sentinels, &ports.iter().collect::<Vec<_>>(), memory, &own, snapshot, &limits);
    found.extend(duties.findings.iter().cloned());
    Looked { nodes, states, sentinels, ports, duties, found }
}

impl Looked {
    fn check_node(&self, answers: &NodeAnswers, state: &NodeState, checks: &mut Vec<Check>) {
        let name = &state.name;
        self.topic("node", name, whole(answers, state), checks);
        if !state.is_up {
            return;
        }
        // A node whose L1 is gone goes on calling itself ready.
        let l1 = match state.l1_answers {
            Some(_) => (Light::Green, "the node's own L1 answers it".to_owned()),
            None => (Light::Amber, "it cannot be told whether the node's own L1 answers".to_owned()),
        };
        self.topic("node_l1", name, l1, checks);
        let peers = match state.peers {
            Some(peers) => (Light::Green, format::count(peers, "peer")),
            None => (Light::Amber, "it does not tell its peers".to_owned()),
        };
        self.topic("node_peers", name, peers, checks);
        let lag = match (state.lag, state.rollup) {
            (Some(lag), Some(rollup)) => (
                Light::Green,
                format!("{} behind L1 at the rollup of version {}", format::count(lag, "checkpoint"), rollup.version),
            ),
            (Some(_) | None, _) => (Light::Amber, "its tips cannot be compared with the chain".to_owned()),
        };
        self.topic("node_lag", name, lag, checks);
        let told = self.sentinels.iter().find(|sentinel| sentinel.node == *name);
        let why = told.and_then(SentinelAnswers::failure).map(ToString::to_string);
        self.topic("sentinel", name, self.sentinel(name, why), checks);
    }

    /// The findings about a node that belong to this check, or what there is to say without any that asks for a look.
    fn topic(&self, topic: &'static str, node: &str, otherwise: (Light, String), checks: &mut Vec<Check>) {
        let is_its = |finding: &&Finding| {
            let own = TOPICS.iter().find(|(kind, _)| *kind == finding.kind).map_or("node", |(_, topic)| topic);
            finding.subject == Subject::Node(node.to_owned())
                && finding.kind != FindingKind::NodeAdminDown
                && own == topic
        };
        let before = checks.len();
        checks.extend(self.found.iter().filter(is_its).map(|finding| shown(topic, node, finding, 0)));
        let is_quiet = self.found.iter().filter(is_its).all(|finding| finding.level == Level::Note);
        if checks.len() == before || (is_quiet && otherwise.0 == Light::Green) {
            checks.push(check(topic, node, otherwise.0, otherwise.1));
        }
    }

    fn sentinel(&self, node: &str, failure: Option<String>) -> (Light, String) {
        let Some(held) = self.duties.reports.get(node) else {
            let why = failure.unwrap_or_else(|| "it follows a rollup that is not known".to_owned());
            return (Light::Amber, format!("its sentinel was not looked at: {why}"));
        };
        let version = held.rollup.version;
        if held.is_idle() {
            return (Light::Green, format!("the rollup of version {version} has no committee: there are no duties"));
        }
        match (held.report.is_enabled(), held.lag()) {
            (false, _) => (Light::Amber, "it has no sentinel at work".to_owned()),
            (true, Some(lag)) => {
                (Light::Green, format!("{} behind the rollup of version {version}", format::count(lag, "slot")))
            }
            (true, None) => (Light::Amber, "it cannot be told how old what its sentinel saw is".to_owned()),
        }
    }

    /// Duties and offences of own attesters.
    fn check_duties(&self, checks: &mut Vec<Check>) {
        let duties = &self.duties;
        let of_attesters = duties.findings.iter().filter(|finding| matches!(finding.subject, Subject::Attester(_)));
        let (offences, missed): (Vec<_>, Vec<_>) =
            of_attesters.partition(|finding| finding.kind == FindingKind::AttesterOffence);
        let seen = format::count(duties.believed.len(), "attester");
        let is_idle = !duties.reports.is_empty() && duties.reports.values().all(|held| held.is_idle());
        let (light, what) = if duties.reports.values().any(|held| held.is_fresh()) {
            (Light::Green, format!("{seen} seen on duty, {} missed several in a row", missed.len()))
        } else if is_idle {
            (Light::Green, "there are none while there is no committee".to_owned())
        } else {
            (Light::Amber, "nobody saw them: no sentinel that is believed".to_owned())
        };
        checks.push(check("duties", "", light, what));
        checks.extend(missed.iter().map(|finding| shown("duties", &finding.subject.to_string(), finding, 0)));
        if self.ports.is_empty() {
            return;
        }
        checks.push(match &duties.offences {
            Some(_) => check("offences", "", Light::Green, format!("{} of own attesters noted", offences.len())),
            None => check("offences", "", Light::Amber, "no node with a slasher told of any"),
        });
        checks.extend(offences.iter().map(|finding| shown("offences", &finding.subject.to_string(), finding, 0)));
    }

    /// Whether a port is an admin port that takes the key.
    fn check_admin_port(&self, port: &AdminAnswers) -> Check {
        let is_its = |finding: &&Finding| {
            matches!(finding.kind, FindingKind::NodeAdminDown | FindingKind::InactivityUntold)
                && finding.subject == Subject::Node(port.node.clone())
        };
        let what = match (self.found.iter().find(is_its), &port.noted) {
            (Some(finding), _) => return shown("admin_port", &port.node, finding, 0),
            (None, Ok(Some(_))) => "answers and accepts the key",
            (None, Ok(None) | Err(_)) => "answers; the node has no slasher",
        };
        check("admin_port", &port.node, Light::Green, what)
    }
}

/// What there is to say of a node with which nothing is wrong.
fn whole(answers: &NodeAnswers, state: &NodeState) -> (Light, String) {
    let version = state.version.clone().unwrap_or_default();
    match &answers.tips {
        Ok(tips) => {
            (Light::Green, format!("version {version}, proposed block {}, proven {}", tips.proposed, tips.proven))
        }
        Err(failure) => (Light::Red, failure.to_string()),
    }
}
