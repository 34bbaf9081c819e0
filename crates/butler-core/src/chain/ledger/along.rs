//! What is heard along with a scan of the ledger: logs of other contracts in the same blocks, so that nobody asks for a block
//! twice. Nothing of it is judged here: each stretch is one endpoint's word, and whoever listens decides what that is worth.

use std::collections::BTreeSet;
use std::fmt;

use ethers_core::types::Log;

use crate::client::logs::{LogFilter, LogStep};
use crate::domain::ids::ProviderId;

/// Says of a log whether it is worth to be kept; the providers are those that the ledger covers.
pub type Keep = Box<dyn FnMut(&Log, &BTreeSet<ProviderId>) -> bool + Send + Sync>;

/// Logs that are wanted beside those of the ledger.
pub struct Along {
    filter: LogFilter,
    from: u64,
    keep: Keep,
    is_earlier_heard: bool,
    heard: Heard,
}

impl fmt::Debug for Along {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Along").field("filter", &self.filter).field("from", &self.from).finish_non_exhaustive()
    }
}

/// What was heard: stretches of blocks, each told as a whole by one endpoint.
#[derive(Debug, Default)]
pub struct Heard(Vec<Stretch>);

#[derive(Debug)]
struct Stretch {
    endpoint: usize,
    from: u64,
    to: u64,
    logs: Vec<Log>,
}

impl Along {
    /// Logs of `filter` from block `from` on, as far as `keep` wants them: it sees them in the chain's order, some of them
    /// again, and those of earlier blocks that the scan brings, too. Of the filter's topics only the first counts.
    #[must_use]
    pub fn new(filter: LogFilter, from: u64, keep: Keep) -> Self {
        Self { filter, from, keep, is_earlier_heard: false, heard: Heard::default() }
    }

    /// Hears earlier blocks, too, where the scan reads them for it: after a reorg that is deeper than what is read again each time.
    #[must_use]
    pub fn and_earlier(self) -> Self {
        Self { is_earlier_heard: true, ..self }
    }

    /// What was heard.
    #[must_use]
    pub fn into_heard(self) -> Heard {
        self.heard
    }

    /// The first block.
    pub(super) fn from(&self) -> u64 {
        self.from
    }

    /// A filter over these logs and those of another one.
    pub(super) fn joined(&self, other: &LogFilter) -> LogFilter {
        let addresses: BTreeSet<_> = self.filter.addresses.iter().chain(&other.addresses).copied().collect();
        let topics: BTreeSet<_> =
            [&self.filter, other].into_iter().filter_map(|filter| filter.topics.first()).flatten().collect();
        LogFilter { addresses: addresses.into_iter().collect(), topics: vec![topics.into_iter().copied().collect()] }
    }

    /// Takes in what a step tells, and whether it was asked for by the joined filter.
    pub(super) fn hear(&mut self, step: &LogStep, is_joined: bool, providers: &BTreeSet<ProviderId>) {
        let (from, to) =
            (if is_joined && self.is_earlier_heard { step.from } else { step.from.max(self.from) }, step.to.number);
        let is_late = |log: &Log| block_of(log).is_some_and(|block| block >= from);
        // `keep` hears of every log: who is ours may have been told before.
        let kept = step.logs.iter().filter(|log| (self.keep)(log, providers) && is_late(log));
        let logs: Vec<Log> = kept.cloned().collect();
        if from > to {
            return;
        }
        self.heard.0.push(Stretch { endpoint: step.endpoint, from, to, logs });
    }
}

impl Heard {
    /// What was told of these blocks, by that endpoint or by anybody, oldest first; beside it the ranges of which nothing was
    /// told. What was told later counts.
    #[must_use]
    pub fn of(&self, endpoint: Option<usize>, (from, to): (u64, u64)) -> (Vec<&Log>, Vec<(u64, u64)>) {
        let mut missing = if from > to { Vec::new() } else { vec![(from, to)] };
        let mut logs = Vec::new();
        for stretch in self.0.iter().rev().filter(|one| endpoint.is_none_or(|endpoint| one.endpoint == endpoint)) {
            let mut rest = Vec::new();
            for (from, to) in missing {
                let (first, last) = (from.max(stretch.from), to.min(stretch.to));
                if first > last {
                    rest.push((from, to));
                    continue;
                }
                let is_here = |log: &&Log| block_of(log).is_some_and(|block| (first..=last).contains(&block));
                logs.extend(stretch.logs.iter().filter(is_here));
                rest.extend(first.checked_sub(1).filter(|before| *before >= from).map(|before| (from, before)));
                rest.extend(last.checked_add(1).filter(|after| *after <= to).map(|after| (after, to)));
            }
            missing = rest;
        }
        missing.sort_unstable();
        logs.sort_by_key(|log| (log.block_number, log.log_index));
        (logs, missing)
    }

    /// Whether nothing of it was worth to be kept.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.0.iter().all(|stretch| stretch.logs.is_empty())
    }
}

fn block_of(log: &Log) -> Option<u64> {
    log.block_number.and_then(|number| u64::try_from(number).ok())
}

#[cfg(test)]
mod tests {
    use ethers_core::types::{Address, H256};

    use super::*;
    use crate::domain::block::BlockRef;

    fn step(endpoint: usize, from: u64, to: u64, logs: &[u64]) -> LogStep {
        let log = |number: &u64| Log {
            block_number: Some((*number).into()),
            log_index: Some(endpoint.into()),
            ..Log::default()
        };
        let to = BlockRef { number: to, hash: H256::zero(), timestamp: 0 };
        LogStep { endpoint, from, to, logs: logs.iter().map(log).collect() }
    }

    /// A log's block and place.
    type Place = (u64, usize);

    fn told(heard: &Heard, endpoint: Option<usize>, range: (u64, u64)) -> (Vec<Place>, Vec<(u64, u64)>) {
        let (logs, missing) = heard.of(endpoint, range);
        let place = |log: &&Log| (block_of(log).unwrap(), log.log_index.unwrap().as_usize());
        (logs.iter().map(place).collect(), missing)
    }

    #[test]
    fn what_was_told_before_the_first_block_decides_what_is_kept_from_it_on() {
        let filter = LogFilter { addresses: Vec::new(), topics: Vec::new() };
        let mut is_known = false;
        let keep = move |log: &Log, _: &BTreeSet<ProviderId>| {
            is_known |= block_of(log) == Some(4);
            is_known
        };
        let mut along = Along::new(filter, 10, Box::new(keep));
        along.hear(&step(0, 0, 9, &[3, 4]), false, &BTreeSet::new());
        along.hear(&step(0, 10, 19, &[11]), true, &BTreeSet::new());
        assert_eq!(told(&along.into_heard(), None, (0, 19)), (vec![(11, 0)], vec![(0, 9)]));
    }

    #[test]
    fn each_endpoint_is_taken_at_its_own_last_word_and_what_nobody_told_is_missing() {
        let filter = LogFilter { addresses: Vec::new(), topics: Vec::new() };
        let mut along = Along::new(filter, 10, Box::new(|log, _| block_of(log) != Some(13)));
        for step in [
            step(0, 0, 19, &[9, 11, 12, 13]),
            step(1, 20, 29, &[21]),
            step(0, 30, 39, &[31]),
            step(0, 10, 11, &[10]),
            step(0, 0, 9, &[3]),
        ] {
            along.hear(&step, false, &BTreeSet::new());
        }
        let heard = along.into_heard();
        assert_eq!(told(&heard, Some(0), (10, 39)), (vec![(10, 0), (12, 0), (31, 0)], vec![(20, 29)]));
        assert_eq!(told(&heard, Some(1), (10, 39)), (vec![(21, 1)], vec![(10, 19), (30, 39)]));
        assert_eq!(told(&heard, None, (12, 45)), (vec![(12, 0), (21, 1), (31, 0)], vec![(40, 45)]));
        assert_eq!(told(&heard, Some(2), (5, 7)), (vec![], vec![(5, 7)]));
        assert_eq!(told(&heard, None, (7, 5)), (vec![], vec![]));
        assert!(!heard.is_silent() && Heard::default().is_silent());
    }

    #[test]
    fn what_lies_before_the_first_block_is_heard_where_that_is_wanted_and_it_was_asked_for() {
        let new = || Along::new(LogFilter { addresses: Vec::new(), topics: Vec::new() }, 10, Box::new(|_, _| true));
        for (along, is_joined, expected) in
            [(new(), true, 10), (new().and_earlier(), true, 3), (new().and_earlier(), false, 10)]
        {
            let mut along = along;
            along.hear(&step(0, 3, 19, &[4, 11]), is_joined, &BTreeSet::new());
            let (_, missing) = told(&along.into_heard(), None, (3, 19));
            assert_eq!(missing.first().map_or(3, |(_, last)| last + 1), expected);
        }
    }

    #[test]
    fn one_filter_asks_for_both_and_names_nothing_twice() {
        let [a, b] = [1, 2].map(Address::repeat_byte);
        let [x, y, z] = [1, 2, 3].map(H256::repeat_byte);
        let wide = LogFilter { addresses: vec![b, a], topics: vec![vec![y, x]] };
        let own = LogFilter { addresses: vec![a], topics: vec![vec![z, x], vec![y]] };
        let joined = Along::new(wide, 0, Box::new(|_, _| true)).joined(&own);
        assert_eq!(joined, LogFilter { addresses: vec![a, b], topics: vec![vec![x, y, z]] });
    }
}
