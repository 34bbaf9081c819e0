//! Choosing the block among what endpoints tell: who is left out, and what the others have in common.

use std::sync::atomic::Ordering;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::{HEAD, headers};
use crate::client::error::{RpcError, RpcFailure};
use crate::client::l1::{BlockTag, Head, L1Client};
use crate::client::rounds::Rounds;
use crate::client::vote::{self, LAG_LIMIT, Report};
use crate::domain::block::BlockRef;

/// How far two branches may go apart before nobody is believed.
const FORK_LIMIT: u64 = 8;

impl L1Client {
    /// Chooses the block.
    pub(super) async fn elect(&self, at: BlockTag, reports: Vec<Report>) -> Result<Head, RpcError> {
        let mut reports = self.without_distrusted(reports);
        if at == BlockTag::Latest {
            reports = self.without_future(reports);
            reports = self.without_far(reports);
        }
        let height = vote::height(&reports);
        let finalized = vote::finalized_height(&reports).filter(|_| reports.len() > 1);
        let wanted: Vec<u64> = height.into_iter().chain(finalized).collect();
        self.ask_for(&mut reports, &wanted).await?;
        if let Some(number) = finalized {
            reports = self.without_other_finality(reports, number)?;
        }
        // Whoever stood back may have been the one in the middle.
        let Some(height) = vote::height(&reports) else {
            return Err(self.nobody_agrees(RpcFailure::BlockUnknown));
        };
        let block = if let BlockTag::Number(number) = at {
            elect_number(&reports, number).ok_or_else(|| self.nobody_agrees(RpcFailure::Disagrees { number }))?
        } else {
            self.common_block(&mut reports, height).await?
        };
        let supporters: Vec<&Report> = reports.iter().filter(|report| report.at(block.number) == Some(block)).collect();
        if let Some(first) = supporters.first() {
            self.preferred.store(first.endpoint, Ordering::Relaxed);
        }
        let count = supporters.first().map_or(0, |first| first.known.len());
        let known = (0..count)
            .map(|place| {
                let told = supporters.iter().map(|report| report.known.get(place).copied().flatten());
                vote::most_told(told).map(|(block, _)| block)
            })
            .collect();
        Ok(Head { block, known })
    }

    /// The highest block at `height` or a little below it that most endpoints have.
    async fn common_block(&self, reports: &mut Vec<Report>, height: u64) -> Result<BlockRef, RpcError> {
        // A fork of one block is common, a deeper one is not.
        for depths in [0..=0, 1..=2, 3..=FORK_LIMIT] {
            let heights: Vec<u64> = depths.filter_map(|depth| height.checked_sub(depth)).collect();
            self.ask_for(reports, &heights).await?;
            let voters = reports.len();
            if let Some(block) = heights.iter().find_map(|number| vote::majority(reports, *number, voters)) {
                if block.number < height {
                    tracing::debug!("the endpoints are on different branches: block {} is common", block.number);
                }
                return Ok(block);
            }
        }
        Err(self.nobody_agrees(RpcFailure::Disagrees { number: height }))
    }

    /// Asks everybody for the blocks at these heights that they did not tell yet. Who fails has no vote.
    async fn ask_for(&self, reports: &mut Vec<Report>, heights: &[u64]) -> Result<(), RpcError> {
        let asked = reports.iter().filter_map(|report| {
            let endpoint = self.endpoints.get(report.endpoint)?;
            let missing: Vec<u64> =
                heights.iter().copied().filter(|number| !report.blocks.contains_key(number)).collect();
            (!missing.is_empty()).then_some(async move { (endpoint, headers(endpoint, &missing).await) })
        });
        let mut rounds = Rounds::new(HEAD, self.policy);
        for (endpoint, answer) in join_all(asked).await {
            let index = endpoint.index();
            match answer {
                Ok(blocks) => {
                    let report = reports.iter_mut().find(|report| report.endpoint == index);
                    report.into_iter().for_each(|report| report.blocks.extend(blocks.iter().copied()));
                }
                Err(failure) => {
                    reports.retain(|report| report.endpoint != index);
                    rounds.failed(endpoint, failure)?;
                }
            }
        }
        if reports.is_empty() { Err(rounds.error()) } else { Ok(()) }
    }

    /// Leaves out those that lied a short while ago, unless nobody else answered.
    fn without_distrusted(&self, reports: Vec<Report>) -> Vec<Report> {
        let now = Instant::now();
        let is_trusted = |report: &Report| {
            self.endpoints.get(report.endpoint).is_some_and(|endpoint| !endpoint.health().is_distrusted(now))
        };
        if reports.iter().any(|report| is_trusted(report) && report.block.is_some()) {
            reports.into_iter().filter(is_trusted).collect()
        } else {
            reports
        }
    }

    fn without_future(&self, reports: Vec<Report>) -> Vec<Report> {
        let (kept, future) = vote::split_future(reports, (self.clock)());
        for (index, seconds) in future {
            let problem = format!("its newest block is {seconds} seconds in the future");
            self.blame(index, &RpcFailure::Malformed(problem));
        }
        kept
    }

    /// Leaves out those that lag behind the median or lead before it. Of two nobody can say which one is wrong.
    fn without_far(&self, mut reports: Vec<Report>) -> Vec<Report> {
        let Some(median) = vote::height(&reports) else { return reports };
        let can_blame = reports.len() > 2;
        reports.retain(|report| {
            let number = report.block.map_or(median, |block| block.number);
            let (behind, ahead) = (median.saturating_sub(number), number.saturating_sub(median));
            let blocks = behind.max(ahead);
            if blocks <= LAG_LIMIT {
                return true;
            }
            if !can_blame {
                tracing::debug!("two endpoints are {blocks} blocks apart: the lower one is followed");
                return true;
            }
            let failure = if ahead > 0 { RpcFailure::Leading { blocks } } else { RpcFailure::Lagging { blocks } };
            self.blame(report.endpoint, &failure);
            false
        });
        reports
    }

    /// Keeps the endpoints that agree with the majority about the finalized block at that height.
    fn without_other_finality(&self, mut reports: Vec<Report>, number: u64) -> Result<Vec<Report>, RpcError> {
        let hash = |report: &Report| report.at(number).map(|block| block.hash);
        let claims: Vec<_> = reports.iter().filter_map(hash).collect();
        let votes = |hash| claims.iter().filter(|other| **other == hash).count();
        let Some(best) = claims.iter().copied().max_by_key(|hash| votes(*hash)) else { return Ok(reports) };
        if votes(best) * 2 <= claims.len() {
            return Err(self.nobody_agrees(RpcFailure::Disagrees { number }));
        }
        reports.retain(|report| {
            let agrees = hash(report).is_none_or(|hash| hash == best);
            if !agrees {
                self.blame(report.endpoint, &RpcFailure::Disagrees { number });
            }
            agrees
        });
        Ok(reports)
    }

    fn nobody_agrees(&self, failure: RpcFailure) -> RpcError {
        RpcError { endpoint: format!("{} endpoints", self.endpoints.len()), method: HEAD, failure }
    }
}

/// The block at a height that was asked for by number. One endpoint alone is believed about a block that is long final for
/// another one: old blocks are thrown away.
fn elect_number(reports: &[Report], number: u64) -> Option<BlockRef> {
    let holders = reports.iter().filter(|report| report.at(number).is_some()).count();
    let block = vote::majority(reports, number, holders)?;
    let is_old = reports.iter().any(|report| report.finalized.is_some_and(|finalized| finalized.number >= number));
    (holders * 2 > reports.len() || is_old).then_some(block)
}
