//! What several endpoints together say about the chain. Pure: they were asked by others.
//!
//! The height is the lower median of the heads, so that one liar of three moves it nowhere and one of two only down. A
//! block is believed when more than half of those that take part tell the very same one.

use std::collections::BTreeMap;

use crate::domain::block::BlockRef;

/// A head this far beyond the clock is not believed, unless most endpoints tell the same.
const FUTURE_SECONDS: u64 = 60;
/// An endpoint this many blocks from the median stands back.
pub(super) const LAG_LIMIT: u64 = 5;

/// What one endpoint told.
#[derive(Debug, Clone)]
pub(super) struct Report {
    /// Its index.
    pub(super) endpoint: usize,
    /// The block that was asked for; `None` when it has none there.
    pub(super) block: Option<BlockRef>,
    /// Its finalized block, where it told one.
    pub(super) finalized: Option<BlockRef>,
    /// The blocks at further heights.
    pub(super) known: Vec<Option<BlockRef>>,
    /// Every block that it told so far, by height; `None` where it has none.
    pub(super) blocks: BTreeMap<u64, Option<BlockRef>>,
}

impl Report {
    pub(super) fn new(
        endpoint: usize,
        block: Option<BlockRef>,
        finalized: Option<BlockRef>,
        known: Vec<Option<BlockRef>>,
    ) -> Self {
        let told = [block, finalized].into_iter().chain(known.iter().copied()).flatten();
        let blocks = told.map(|block| (block.number, Some(block))).collect();
        Self { endpoint, block, finalized, known, blocks }
    }

    /// The block that it tells at that height.
    pub(super) fn at(&self, number: u64) -> Option<BlockRef> {
        self.blocks.get(&number).copied().flatten()
    }
}

/// The number in the middle; of an even count the lower one of the two.
pub(super) fn lower_median(mut numbers: Vec<u64>) -> Option<u64> {
    numbers.sort_unstable();
    numbers.get(numbers.len().checked_sub(1)? / 2).copied()
}

/// The lower median of the heads.
pub(super) fn height(reports: &[Report]) -> Option<u64> {
    lower_median(reports.iter().filter_map(|report| report.block).map(|block| block.number).collect())
}

/// The lower median of the finalized heights.
pub(super) fn finalized_height(reports: &[Report]) -> Option<u64> {
    lower_median(reports.iter().filter_map(|report| report.finalized).map(|block| block.number).collect())
}

/// The block at that height that more than half of `voters` tell.
pub(super) fn majority(reports: &[Report], number: u64, voters: usize) -> Option<BlockRef> {
    let (block, votes) = most_told(reports.iter().map(|report| report.at(number)))?;
    (votes * 2 > voters).then_some(block)
}

/// The block that is told most often, with how often.
pub(super) fn most_told(blocks: impl Iterator<Item = Option<BlockRef>>) -> Option<(BlockRef, usize)> {
    let mut counts: Vec<(BlockRef, usize)> = Vec::new();
    for block in blocks.flatten() {
        match counts.iter_mut().find(|(other, _)| *other == block) {
            Some((_, count)) => *count += 1,
            None => counts.push((block, 1)),
        }
    }
    // Of equal counts the first that was told.
    counts.into_iter().rev().max_by_key(|(_, count)| *count)
}

/// Whether some of these tell different chains: two blocks of one height, or heads too far apart.
pub(super) fn is_split(reports: &[&Report]) -> bool {
    let differ = |one: &Report, other: &Report| {
        let heads = one.block.zip(other.block);
        let is_far = heads.is_some_and(|(one, other)| one.number.abs_diff(other.number) > LAG_LIMIT);
        let mut common = one.blocks.iter().filter_map(|(number, block)| (*block).zip(other.at(*number)));
        is_far || common.any(|(one, other)| one.hash != other.hash)
    };
    reports.iter().enumerate().any(|(index, one)| reports.iter().skip(index + 1).any(|other| differ(one, other)))
}

/// How far a block's time is beyond `now`, when that is too far to be believed.
pub(super) fn beyond(block: Option<BlockRef>, now: u64) -> Option<u64> {
    let seconds = block?.timestamp.saturating_sub(now);
    (seconds > FUTURE_SECONDS).then_some(seconds)
}

/// Splits off the reports whose head is in the future, unless most of all agree that it is: then this clock is behind.
pub(super) fn split_future(reports: Vec<Report>, now: u64) -> (Vec<Report>, Vec<(usize, u64)>) {
    let ahead: Vec<(usize, u64)> =
        reports.iter().filter_map(|report| Some((report.endpoint, beyond(report.block, now)?))).collect();
    if ahead.len() * 2 > reports.len() {
        return (reports, Vec::new());
    }
    let is_sound = |report: &Report| beyond(report.block, now).is_none();
    (reports.into_iter().filter(is_sound).collect(), ahead)
}

#[cfg(test)]
mod tests {
    use ethers_core::types::H256;
    use proptest::prelude::*;

    use super::*;

    fn block(number: u64, branch: u64) -> BlockRef {
        BlockRef { number, hash: H256::from_low_u64_be(number * 100 + branch), timestamp: number * 12 }
    }

    fn report(endpoint: usize, block: BlockRef) -> Report {
        Report::new(endpoint, Some(block), None, Vec::new())
    }

    #[test]
    fn of_two_heads_the_lower_counts_and_of_three_the_middle() {
        assert_eq!(lower_median(vec![]), None);
        assert_eq!(lower_median(vec![5]), Some(5));
        assert_eq!(lower_median(vec![9, 5]), Some(5));
        assert_eq!(lower_median(vec![9, 5, 7]), Some(7));
        assert_eq!(lower_median(vec![9, 5, 7, 8]), Some(7));
    }

    #[test]
    fn a_block_needs_more_than_half() {
        let told = |branches: &[u64]| -> Vec<Report> {
            branches.iter().enumerate().map(|(index, branch)| report(index, block(7, *branch))).collect()
        };
        assert_eq!(majority(&told(&[0, 0, 1]), 7, 3), Some(block(7, 0)));
        assert_eq!(majority(&told(&[0, 1]), 7, 2), None);
        assert_eq!(majority(&told(&[0, 1, 2]), 7, 3), None);
        assert_eq!(majority(&told(&[0, 0, 1, 1]), 7, 4), None);
        assert_eq!(majority(&told(&[0]), 7, 3), None, "what one of three tells alone");
        assert_eq!(majority(&told(&[0]), 7, 1), Some(block(7, 0)));
    }

    #[test]
    fn a_head_in_the_future_is_left_out_unless_most_agree() {
        let future = BlockRef { timestamp: 10_000, ..block(7, 0) };
        let reports = |blocks: &[BlockRef]| -> Vec<Report> {
            blocks.iter().enumerate().map(|(index, block)| report(index, *block)).collect()
        };
        let (kept, out) = split_future(reports(&[block(7, 0), future, block(7, 0)]), 100);
        assert_eq!((kept.len(), out), (2, vec![(1, 9_900)]));
        let (kept, out) = split_future(reports(&[block(7, 0), future]), 100);
        assert_eq!((kept.len(), out.len()), (1, 1));
        let (kept, out) = split_future(reports(&[future, future, block(7, 0)]), 100);
        assert_eq!((kept.len(), out.len()), (3, 0), "then the clock is behind");
        assert_eq!(split_future(reports(&[block(7, 0)]), 24).0.len(), 1, "a minute is nothing");
    }

    #[test]
    fn reports_are_split_over_one_height_or_over_far_heads_and_not_over_a_block() {
        let split = |one: BlockRef, other: BlockRef| is_split(&[&report(0, one), &report(1, other)]);
        assert!(!split(block(7, 0), block(7, 0)) && !split(block(7, 0), block(8, 1)));
        assert!(split(block(7, 0), block(7, 1)) && split(block(7, 0), block(8 + LAG_LIMIT, 0)));
        assert!(!is_split(&[&report(0, block(7, 0))]) && !is_split(&[]));
    }

    proptest! {
        #[test]
        fn one_liar_of_three_moves_neither_height_nor_block(honest in 100_u64..200, slower in 0_u64..3, lie in any::<u64>()) {
            let heads = vec![honest, honest - slower, lie];
            let height = lower_median(heads).unwrap();
            prop_assert!((honest - slower..=honest).contains(&height));
        }
    }
}
