//! What became of checkpoints, from the order of a rollup's logs; and whether a log is missing among them.
//!
//! Each checkpoint has the number after the one that it builds upon. A prune goes back to what was proven, an invalidation to before
//! what was invalid (`ProposeLib`, `InvalidateLib`: 4.1.2, 5.1.0, 6.0). So whoever leaves a log out leaves a gap.

use thiserror::Error;

use super::fate::Fate;

/// One log of the rollup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    /// `CheckpointProposed`, of this number.
    Proposed(u64),
    /// `PrunedPending`: back to the first number, from the second one.
    Pruned(u64, u64),
    /// `CheckpointInvalidated`: this number and all after it are gone.
    Invalidated(u64),
}

/// Logs that do not follow one another: one is missing, or was made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("checkpoint {found} follows {last} in the logs of L1 block {block}")]
pub struct Gap {
    /// The number that was the newest one.
    pub last: u64,
    /// The number that was told then.
    pub found: u64,
    /// The L1 block of that log.
    pub block: u64,
}

/// What became of each checkpoint, in the order of the logs, each of which comes with its L1 block. `before` is the newest number before
/// the first log, where that is known, and `after` the rollup's own word for the newest one behind the last log, with its block.
///
/// # Errors
/// [`Gap`], at the first place that does not fit.
pub fn fates(logs: &[(u64, Happened)], before: Option<u64>, after: Option<(u64, u64)>) -> Result<Vec<Fate>, Gap> {
    let mut all: Vec<(u64, Fate)> = Vec::new();
    let mut newest = before;
    let fits = |newest: Option<u64>, last: u64, found: u64, block: u64| match newest {
        Some(newest) if newest != last => Err(Gap { last: newest, found, block }),
        Some(_) | None => Ok(()),
    };
    for (block, happened) in logs {
        match *happened {
            Happened::Proposed(number) => {
                fits(newest, number.saturating_sub(1), number, *block)?;
                newest = Some(number);
                all.push((number, Fate::Stands));
            }
            Happened::Pruned(proven, pending) => {
                fits(newest, pending, pending, *block)?;
                newest = Some(proven);
                cut(&mut all, proven, Fate::Pruned(*block));
            }
            Happened::Invalidated(number) => {
                if newest.is_some_and(|newest| newest < number) {
                    return Err(Gap { last: newest.unwrap_or_default(), found: number, block: *block });
                }
                let last = number.saturating_sub(1);
                newest = Some(last);
                cut(&mut all, last, Fate::Invalidated(*block));
            }
        }
    }
    if let Some((number, block)) = after {
        fits(newest, number, number, block)?;
    }
    Ok(all.into_iter().map(|(_, fate)| fate).collect())
}

/// What stands beyond a number does so no more.
fn cut(all: &mut [(u64, Fate)], last: u64, fate: Fate) {
    for (number, one) in all.iter_mut().filter(|(_, one)| *one == Fate::Stands) {
        if *number > last {
            *one = fate;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Logs of a chain that does what the choices say, and the numbers that stand in the end.
    fn chain(choices: &[(u8, u8)]) -> (Vec<(u64, Happened)>, Vec<u64>) {
        let (mut logs, mut standing, mut proven) = (Vec::new(), Vec::new(), 0);
        for (block, (choice, size)) in (10..).zip(choices) {
            let pending = standing.last().copied().unwrap_or(0);
            match choice {
                0 if pending > proven => {
                    logs.push((block, Happened::Pruned(proven, pending)));
                    standing.retain(|number| *number <= proven);
                }
                1 if pending > proven => {
                    let number = proven + 1 + u64::from(*size) % (pending - proven);
                    logs.push((block, Happened::Invalidated(number)));
                    standing.retain(|one| *one < number);
                }
                2 => proven += u64::from(*size) % (pending - proven + 1),
                _ => {
                    logs.push((block, Happened::Proposed(pending + 1)));
                    standing.push(pending + 1);
                }
            }
        }
        (logs, standing)
    }

    #[test]
    fn a_prune_and_an_invalidation_end_what_they_end_and_numbers_come_again() {
        use Happened::{Invalidated, Proposed, Pruned};
        let logs = [
            (1, Proposed(1)),
            (2, Proposed(2)),
            (3, Proposed(3)),
            (4, Invalidated(3)),
            (5, Proposed(3)),
            (6, Pruned(1, 3)),
            (6, Proposed(2)),
        ];
        let expected = [Fate::Stands, Fate::Pruned(6), Fate::Invalidated(4), Fate::Pruned(6), Fate::Stands];
        assert_eq!(fates(&logs, Some(0), Some((2, 7))), Ok(expected.to_vec()));
        assert_eq!(fates(&logs, None, None), Ok(expected.to_vec()), "from the middle, too");
        assert_eq!(fates(&logs, Some(1), None), Err(Gap { last: 1, found: 1, block: 1 }));
        assert_eq!(fates(&logs, None, Some((3, 7))), Err(Gap { last: 2, found: 3, block: 7 }));
    }

    proptest! {
        #[test]
        fn what_stands_is_what_the_chain_has(choices in prop::collection::vec((0_u8..8, any::<u8>()), 0..60)) {
            let (logs, standing) = chain(&choices);
            let newest = standing.last().copied().unwrap_or(0);
            let found = fates(&logs, Some(0), Some((newest, 99))).unwrap();
            let numbers = logs.iter().filter_map(|(_, happened)| match happened {
                Happened::Proposed(number) => Some(*number),
                Happened::Pruned(..) | Happened::Invalidated(_) => None,
            });
            let left: Vec<u64> =
                numbers.zip(found).filter(|(_, fate)| *fate == Fate::Stands).map(|(number, _)| number).collect();
            prop_assert_eq!(left, standing);
        }

        #[test]
        fn a_proposal_that_is_left_out_is_noticed(
            choices in prop::collection::vec((0_u8..8, any::<u8>()), 1..60),
            which in any::<prop::sample::Index>(),
        ) {
            let (logs, standing) = chain(&choices);
            let proposed: Vec<usize> = (0..logs.len()).filter(|index| matches!(logs[*index].1, Happened::Proposed(_))).collect();
            prop_assume!(!proposed.is_empty());
            let gone = proposed[which.index(proposed.len())];
            let mut rest = logs.clone();
            rest.remove(gone);
            // An invalidation that ends the one that was left out hides it.
            let hides = |(_, happened): &(u64, Happened)| matches!(happened, Happened::Invalidated(_));
            prop_assume!(!rest[gone..].iter().any(hides));
            let newest = standing.last().copied().unwrap_or(0);
            prop_assert!(fates(&rest, Some(0), Some((newest, 99))).is_err());
        }
    }
}
