//! What nodes told last of duties and rules: who falls silent has taken nothing back.
//!
//! A report ages by itself, for the rollup's clock goes on; a rule is kept for as long as a last known value is held.

use std::collections::BTreeMap;

use super::duties::{AdminAnswers, SentinelAnswers};
use super::failure::Answer;
use crate::client::aztec_node::NodeInfo;
use crate::client::error::ErrorKind;
use crate::domain::findings::Thresholds;
use crate::domain::rollups::RollupId;
use crate::domain::slashing::inactivity::InactivityRule;
use crate::domain::slashing::sentinel::SentinelReport;

/// What each node told last, by its name. A program that asks once has none.
#[derive(Debug, Default)]
pub struct DutyMemory {
    /// What a node says of itself; `None` for one that follows another chain or registry.
    infos: BTreeMap<String, Option<NodeInfo>>,
    reports: BTreeMap<String, (RollupId, SentinelReport)>,
    /// With when they were told, in unix seconds.
    rules: BTreeMap<String, (InactivityRule, u64)>,
}

impl DutyMemory {
    /// Takes in what sentinels told.
    pub fn learn_reports<'a>(&mut self, told: impl IntoIterator<Item = &'a SentinelAnswers>) {
        for SentinelAnswers { node, report } in told {
            let Some(info) = identity(report) else { continue };
            self.infos.insert(node.clone(), info.cloned());
            match (info, report) {
                (Some(info), Ok((_, Ok(report)))) => {
                    self.reports.insert(node.clone(), (info.rollup(), report.clone()));
                }
                // Slots of another rollup have nothing in common with those that it told of.
                (Some(info), _) => self.reports.retain(|name, (rollup, _)| name != node || *rollup == info.rollup()),
                (None, _) => {
                    self.reports.remove(node);
                    self.rules.remove(node);
                }
            }
        }
    }

    /// Takes in the rules that admin ports told at `now`.
    pub fn learn_rules<'a>(&mut self, told: impl IntoIterator<Item = &'a AdminAnswers>, now: u64) {
        for AdminAnswers { node, inactivity, .. } in told {
            if let Ok(Some(rule)) = inactivity {
                self.rules.insert(node.clone(), (*rule, now));
            }
        }
    }

    /// Who a node is, as far as that is known: `Some(None)` for a stranger. What it says now counts before what it said.
    pub(super) fn identity<'a>(&'a self, told: &'a SentinelAnswers) -> Option<Option<&'a NodeInfo>> {
        identity(&told.report).or_else(|| self.infos.get(&told.node).map(Option::as_ref))
    }

    /// What a node's sentinel told last at that rollup.
    pub(super) fn report(&self, node: &str, rollup: RollupId) -> Option<&SentinelReport> {
        self.reports.get(node).filter(|(at, _)| *at == rollup).map(|(_, report)| report)
    }

    /// The rule that a node's admin port told last, unless that is too long ago.
    pub(super) fn rule(&self, node: &str, now: u64, limits: &Thresholds) -> Option<InactivityRule> {
        self.rules.get(node).filter(|(_, at)| now.saturating_sub(*at) <= limits.held).map(|(rule, _)| *rule)
    }
}

/// Who a node says that it is; `None` for one that does not tell.
fn identity(report: &Answer<(NodeInfo, Answer<SentinelReport>)>) -> Option<Option<&NodeInfo>> {
    match report {
        Ok((info, _)) => Some(Some(info)),
        Err(failure) if failure.kind() == ErrorKind::WrongChain => Some(None),
        Err(_) => None,
    }
}
