//! What is wrong with all nodes together, and with what they saw: the one judgement that every program shows.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::Address;

use super::answers::NodeAnswers;
use super::duties::{AdminAnswers, SentinelAnswers};
use super::memory::DutyMemory;
use crate::client::aztec_node::NodeInfo;
use crate::domain::findings::node::{NodeState, of_nodes};
use crate::domain::findings::sentinel::{of_admin_port, of_duties, of_offences, of_sentinels, of_untold_rule};
use crate::domain::findings::{Finding, Thresholds};
use crate::domain::operator::node::{Followed, major};
use crate::domain::slashing::inactivity::InactivityRule;
use crate::domain::slashing::offence::{Offence, OffenceSums, sum_offences};
use crate::domain::slashing::sentinel::{AttesterDuties, HeldReport, SentinelReport, believe};
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
    /// Nodes that follow another chain, registry or rollup, or did when they last told: what they say is of no interest.
    pub strangers: BTreeSet<String>,
    /// Everything that is wrong.
    pub findings: Vec<Finding>,
}

/// Judges what sentinels and admin ports told of `own` attesters. Where one of them is silent, what it told before counts, as far
/// as that is remembered at `now`, unix seconds.
#[must_use]
pub fn judge_duties<'a>(
    sentinels: impl IntoIterator<Item = &'a SentinelAnswers>,
    ports: &[&AdminAnswers],
    (memory, now): (&DutyMemory, u64),
    own: &BTreeSet<Address>,
    snapshot: Option<&NetworkSnapshot>,
    limits: &Thresholds,
) -> JudgedDuties {
    let (mut reports, mut strangers, mut majors) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
    let mut silent = BTreeMap::new();
    for told in sentinels {
        let node = &told.node;
        let Some(info) = memory.identity(told) else { continue };
        let is_of_ours =
            |info: &&NodeInfo| snapshot.is_none_or(|snapshot| Followed::of(snapshot, info.rollup()) != Followed::Other);
        let Some(info) = info.filter(is_of_ours) else {
            strangers.insert(node.clone());
            continue;
        };
        majors.insert(node.clone(), major(&info.node_version));
        let hold = |report: &SentinelReport| HeldReport::new(report.clone(), info.rollup(), snapshot);
        let kept = || memory.report(node, info.rollup()).map(hold);
        let held = match &told.report {
            Ok((_, Ok(report))) => Some(hold(report)),
            Ok((_, Err(failure))) => {
                let held = kept();
                // Where nobody has a duty there is nothing to tell.
                if !hold(&SentinelReport::default()).is_idle() {
                    silent.insert(node.clone(), failure.to_string());
                }
                held
            }
            // That a node as a whole is down is told of the node.
            Err(_) => kept(),
        };
        reports.extend(held.map(|held| (node.clone(), held)));
    }
    let believed = believe(&reports);
    let of_ours = || ports.iter().copied().filter(|port| !strangers.contains(&port.node));
    let offences = noted_offences(of_ours(), &majors, own);
    let rule_of = |port: &AdminAnswers| match port.inactivity {
        Ok(Some(rule)) => Some(rule),
        Ok(None) | Err(_) => memory.rule(&port.node, now, limits),
    };
    let inactive_streak = inactive_streak(of_ours().filter_map(rule_of), snapshot, limits);
    let mut findings = of_sentinels(&reports, &silent, limits);
    findings.extend(of_ours().filter_map(|port| {
        let why = port.why_no_rule()?;
        Some(of_untold_rule(&port.node, &why, rule_of(port).is_some()))
    }));
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

/// The strictest of these rules, by the epochs of the canonical rollup; what is usual where there is none.
fn inactive_streak(
    rules: impl Iterator<Item = InactivityRule>,
    snapshot: Option<&NetworkSnapshot>,
    limits: &Thresholds,
) -> u64 {
    let told = snapshot.and_then(|snapshot| {
        let epoch_slots = snapshot.rollup.clock.epoch_slots;
        rules.map(|rule| rule.critical_streak(epoch_slots)).min()
    });
    told.unwrap_or(limits.inactive_streak)
}

#[cfg(test)]
mod tests;
