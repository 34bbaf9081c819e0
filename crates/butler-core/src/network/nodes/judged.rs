//! What is wrong with all nodes together, and with what they saw: the one judgement that every program shows.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::Address;

use super::answers::NodeAnswers;
use super::duties::{AdminAnswers, SentinelAnswers};
use crate::client::error::ErrorKind;
use crate::domain::findings::node::{NodeState, of_nodes};
use crate::domain::findings::sentinel::{of_admin_port, of_duties, of_offences, of_sentinels};
use crate::domain::findings::{Finding, Thresholds};
use crate::domain::operator::node::{Followed, major};
use crate::domain::slashing::offence::{Offence, OffenceSums, sum_offences};
use crate::domain::slashing::sentinel::{AttesterDuties, HeldReport, believe};
use crate::domain::snapshot::NetworkSnapshot;

/// The state of each node, and everything that is wrong with them. `snapshot` is the last one, unless that is too old.
#[must_use]
pub fn judge_nodes<'a>(
    answers: impl IntoIterator<Item = &'a NodeAnswers>,
    snapshot: Option<&NetworkSnapshot>,
    limits: &Thresholds,
) -> (Vec<NodeState>, Vec<Finding>) {
    let grace = limits.node_on_former_rollup;
    let states: Vec<_> = answers.into_iter().map(|answers| answers.state(snapshot, grace)).collect();
    let found = of_nodes(&states, limits);
    (states, found)
}

/// What nodes told of own attesters' duties.
#[derive(Debug)]
pub struct JudgedDuties {
    /// The reports of sentinels by node, each held against the rollup that its node follows.
    pub reports: BTreeMap<String, HeldReport>,
    /// What is believed of each own attester.
    pub believed: BTreeMap<Address, AttesterDuties>,
    /// The offences of own attesters in the current round, and all that nodes keep; `None` where no admin port of a node with
    /// a slasher answered: none known is not the same as nobody asked.
    pub offences: Option<[OffenceSums; 2]>,
    /// From how many attestations missed in a row on an attester is about to be slashed for inactivity.
    pub inactive_streak: u64,
    /// Nodes that follow another chain, registry or rollup: what they tell is of no interest.
    pub strangers: BTreeSet<String>,
    /// Everything that is wrong.
    pub findings: Vec<Finding>,
}

/// Judges what sentinels and admin ports told of `own` attesters.
#[must_use]
pub fn judge_duties<'a>(
    sentinels: impl IntoIterator<Item = &'a SentinelAnswers>,
    ports: &[&AdminAnswers],
    own: &BTreeSet<Address>,
    snapshot: Option<&NetworkSnapshot>,
    limits: &Thresholds,
) -> JudgedDuties {
    let (mut reports, mut strangers, mut majors) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
    for SentinelAnswers { node, report } in sentinels {
        match report {
            Ok((info, report)) => {
                let rollup = info.rollup();
                majors.insert(node.clone(), major(&info.node_version));
                if snapshot.is_some_and(|snapshot| Followed::of(snapshot, rollup) == Followed::Other) {
                    strangers.insert(node.clone());
                } else {
                    reports.insert(node.clone(), HeldReport::new(report.clone(), rollup, snapshot));
                }
            }
            Err(failure) if failure.kind() == ErrorKind::WrongChain => {
                strangers.insert(node.clone());
            }
            Err(_) => {}
        }
    }
    let believed = believe(&reports);
    let offences = noted_offences(ports.iter().copied().filter(|port| !strangers.contains(&port.node)), &majors, own);
    let inactive_streak = inactive_streak(ports, snapshot, limits);
    let mut findings = of_sentinels(&reports, limits);
    findings.extend(of_duties(&believed, inactive_streak, limits));
    findings.extend(ports.iter().filter_map(|port| Some(of_admin_port(&port.node, &port.why_down()?))));
    if let Some([current, _]) = &offences {
        findings.extend(of_offences(&current.by_attester));
    }
    JudgedDuties { reports, believed, offences, inactive_streak, strangers, findings }
}

/// The offences that these ports told of, each as its node's version means it.
fn noted_offences<'a>(
    ports: impl Iterator<Item = &'a AdminAnswers>,
    majors: &BTreeMap<String, Option<u64>>,
    own: &BTreeSet<Address>,
) -> Option<[OffenceSums; 2]> {
    let mut noted = [Vec::<Offence>::new(), Vec::new()];
    let mut has_answer = false;
    for port in ports {
        let Ok(Some(ranges)) = &port.noted else { continue };
        has_answer = true;
        let major = majors.get(&port.node).copied().flatten();
        for (all, told) in noted.iter_mut().zip(ranges) {
            all.extend(told.iter().map(|offence| offence.read(major)));
        }
    }
    has_answer.then(|| noted.map(|offences| sum_offences(offences.iter(), own)))
}

/// The strictest rule that a node tells, by the epochs of the canonical rollup; what is usual where none does.
fn inactive_streak(ports: &[&AdminAnswers], snapshot: Option<&NetworkSnapshot>, limits: &Thresholds) -> u64 {
    let told = snapshot.and_then(|snapshot| {
        let epoch_slots = snapshot.rollup.clock.epoch_slots;
        ports.iter().filter_map(|port| Some(port.inactivity?.critical_streak(epoch_slots))).min()
    });
    told.unwrap_or(limits.inactive_streak)
}
