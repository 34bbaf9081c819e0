//! Handing out jobs: of each queue as many as have a place, the most urgent first.
//!
//! Queues are gone through by the first of their keys, so that what waits in one costs nothing but a seek.

use std::collections::BTreeMap;
use std::ops::Bound;

use butler_core::domain::action::{LANE_PREFIX, Phase};

use super::claim::{clear, take};
use super::step::Step;
use crate::journal::entry::{LaneStatus, Leased, Work};
use crate::journal::error::JournalError;
use crate::journal::image::Image;
use crate::journal::request::JobClaim;
use crate::journal::schema::{
    JOB_DEADLINES, Queued, RANKS, TO_DO_JOB, TO_LOOK_AT_JOB, group_prefix, is_to_do, lanes_prefix, read_queued, work_of,
};

pub(crate) fn claim_jobs(step: &mut Step<'_>, ask: &JobClaim) -> Result<Vec<Leased>, JournalError> {
    clear(step, (JOB_DEADLINES, step.now / 1000))?;
    let mut places = places(step, ask);
    let mut leased = Vec::new();
    for rank in RANKS {
        let prefix = lanes_prefix(rank, LANE_PREFIX);
        let mut from = Bound::Included(prefix.clone());
        while leased.len() < ask.limit {
            let Some((first, _)) = step.image.next(from, &prefix)? else { break };
            let Some(Queued { kind, work, .. }) = read_queued(&first) else { break };
            let lane = std::str::from_utf8(kind).unwrap_or_default();
            if let Some(places) = places.get_mut(lane).filter(|_| work_of(work) == Work::Job) {
                claim_lane(step, ask, (&group_prefix(rank, kind, work), work), places, &mut leased)?;
            }
            from = Bound::Included(group_prefix(rank, kind, work.saturating_add(1)));
        }
    }
    Ok(leased)
}

/// How many more may be begun of each queue.
fn places<'a>(step: &Step<'_>, ask: &'a JobClaim) -> BTreeMap<&'a str, u64> {
    let under_way = |lane: &str| {
        let phases = step.image.head.lanes.get(lane);
        let count = |phase| phases.and_then(|phases| phases.get(&phase)).copied().unwrap_or_default();
        count(Phase::Running).saturating_add(count(Phase::Verifying))
    };
    let places = ask.lanes.iter().map(|(lane, most)| {
        let left = if ask.holds { 0 } else { most.saturating_sub(under_way(lane)) };
        (lane.as_str(), left)
    });
    places.collect()
}

fn claim_lane(
    step: &mut Step<'_>,
    ask: &JobClaim,
    (prefix, work): (&[u8], u8),
    places: &mut u64,
    leased: &mut Vec<Leased>,
) -> Result<(), JournalError> {
    let mut from = Bound::Included(prefix.to_vec());
    while leased.len() < ask.limit && !(is_to_do(work) && *places == 0) {
        let Some((key, _)) = step.image.next(from, prefix)? else { break };
        let Some(queued) = read_queued(&key).filter(|queued| queued.due <= step.now) else { break };
        let mut entry = step.indexed(queued.id)?;
        leased.push(take(step, ask.lease, &mut entry)?);
        if is_to_do(work) {
            *places = places.saturating_sub(1);
        }
        from = Bound::Excluded(key);
    }
    Ok(())
}

/// Every queue that has live jobs.
pub(crate) fn lanes(image: &Image<'_>) -> Result<BTreeMap<String, LaneStatus>, JournalError> {
    let mut lanes = BTreeMap::new();
    for (lane, counts) in &image.head.lanes {
        let oldest = |work| -> Result<Option<u64>, JournalError> {
            let mut oldest: Option<u64> = None;
            for rank in RANKS {
                let prefix = group_prefix(rank, lane.as_bytes(), work);
                let first = image.next(Bound::Included(prefix.clone()), &prefix)?;
                let due = first.and_then(|(key, _)| read_queued(&key).map(|queued| queued.due));
                oldest = oldest.into_iter().chain(due).min();
            }
            Ok(oldest)
        };
        let (due_since, look_since) = (oldest(TO_DO_JOB)?, oldest(TO_LOOK_AT_JOB)?);
        lanes.insert(lane.clone(), LaneStatus { counts: counts.clone(), due_since, look_since });
    }
    Ok(lanes)
}
