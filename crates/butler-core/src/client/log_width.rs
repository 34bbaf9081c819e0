//! How wide a log range may be at an endpoint: searched for, within what it grants, while a scan goes on.
//!
//! A width that was granted is used; now and then one range is wider, to see whether that is granted, too. When it is not,
//! the next hundred ranges are as wide as was granted: trying costs. Most limits are round numbers, so between what was granted and
//! what was refused such a one is tried first. Whatever an endpoint
//! refuses in words that speak of ranges or sizes is halved down to one block. What it refuses in other words is
//! halved within a budget, since an endpoint that is broken looks like that, too.

use super::error::RpcFailure;

/// Refusals that do not speak of a range and are taken for one all the same, in one scan.
const UNSPOKEN: u32 = 40;
/// Deadlines that pass and are taken for a refusal, in one scan: each costs its whole time.
const TIMEOUTS: u32 = 2;
/// Answers after which a width that was refused is tried again: a crowded range says nothing about the next.
const QUIET: u32 = 128;
/// More logs than that in one answer ask for narrower ranges.
const CROWD: usize = 4_000;

/// The search at one endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Width {
    /// Granted, or not tried yet.
    good: u64,
    /// Refused, wider than `good`.
    bad: Option<u64>,
    is_granted: bool,
    is_probing: bool,
    /// Whether a range was refused that was tried for its width alone.
    was_vain: bool,
    /// The round number that is tried.
    guess: Option<u64>,
    quiet: u32,
}

impl Width {
    /// A search that begins with that width.
    pub(super) fn new(first: u64) -> Self {
        Self {
            good: first.max(1),
            bad: None,
            is_granted: false,
            is_probing: false,
            was_vain: false,
            guess: None,
            quiet: 0,
        }
    }

    /// A search that begins with a width and does not go beyond the other one, where there is one.
    pub(super) fn begin((first, most): (u64, Option<u64>)) -> Self {
        let good = first.max(1);
        let bad = most.map(|most| most.max(good).saturating_add(1));
        Self { bad, ..Self::new(good) }
    }

    /// The width that is used.
    pub(super) fn good(&self) -> u64 {
        self.good
    }

    /// The width of the next range of at most `rest` blocks.
    pub(super) fn plan(&mut self, rest: u64) -> u64 {
        let guess = self.bad.and_then(|bad| round_between(self.good.saturating_add(self.good / 4), bad));
        let wider = match self.bad {
            None => self.good.saturating_mul(2),
            Some(bad) => guess.unwrap_or(self.good.saturating_add(bad.saturating_sub(self.good) / 2)),
        };
        let is_worth_it = wider.saturating_sub(self.good) > self.good / 4;
        let may_probe = self.is_granted && !self.is_probing && !self.was_vain;
        if may_probe && is_worth_it && rest > self.good {
            (self.is_probing, self.guess) = (true, guess);
            return wider.min(rest);
        }
        self.good.min(rest)
    }

    /// A range of `span` blocks was answered with that many logs.
    pub(super) fn granted(&mut self, span: u64, logs: usize) {
        self.is_granted = true;
        if span > self.good {
            self.good = span;
            self.is_probing = false;
        }
        if logs > CROWD {
            self.bad = Some(span);
            self.good = (span / 2).max(1);
            self.quiet = 0;
            return;
        }
        self.quiet = self.quiet.saturating_add(1);
        if self.quiet >= QUIET {
            (self.bad, self.was_vain, self.quiet) = (None, false, 0);
        }
    }

    /// A range of `span` blocks was not answered for another reason than its width.
    pub(super) fn gave_up(&mut self, span: u64) {
        if span > self.good {
            self.is_probing = false;
        }
    }

    /// A range of `span` blocks was refused; returns the width to try now.
    pub(super) fn refused(&mut self, span: u64, next: Narrower) -> u64 {
        let was_probe = span > self.good;
        self.quiet = 0;
        self.bad = Some(self.bad.map_or(span, |bad| bad.min(span)));
        if was_probe {
            // A limit that is not as round lies below it.
            (self.is_probing, self.was_vain) = (false, self.guess != Some(span));
        }
        if let Some(width) = next.width {
            self.good = width;
            self.bad = Some(width.saturating_add(1));
        } else if was_probe && next.proposed.is_none() {
            return self.good;
        } else {
            self.good = self.good.min(next.span);
        }
        next.span
    }
}

/// The largest of 1, 2, 5, 10, 20, 50 … between two numbers.
fn round_between(low: u64, high: u64) -> Option<u64> {
    let mut found = None;
    let mut unit: u64 = 1;
    while unit < high {
        let rounds = [1, 2, 5].map(|times| unit.saturating_mul(times));
        found = rounds.into_iter().rev().find(|round| *round > low && *round < high).or(found);
        unit = unit.saturating_mul(10);
    }
    found
}

/// What to try after a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Narrower {
    /// Blocks of the next try.
    pub(super) span: u64,
    /// The most blocks of any range, where the refusal names them.
    pub(super) width: Option<u64>,
    /// Blocks of the range that the refusal proposes instead.
    proposed: Option<u64>,
}

/// How many more refusals of unknown meaning are taken for a refused width.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    unspoken: u32,
    timeouts: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self { unspoken: UNSPOKEN, timeouts: TIMEOUTS }
    }
}

/// What to try after a range of `span` blocks from `from` on was refused, always smaller; `None` when there is nothing to try.
pub(super) fn narrower(failure: &RpcFailure, from: u64, span: u64, patience: &mut Patience) -> Option<Narrower> {
    if span < 2 || !failure.kind().may_mean_too_much() {
        return None;
    }
    let half = Narrower { span: span / 2, width: None, proposed: None };
    match failure {
        RpcFailure::RangeRefused { hint, .. } => {
            let fits = |blocks: &u64| (1..span).contains(blocks);
            let width = hint.max_blocks.filter(fits);
            let proposed = hint.range.filter(|(low, _)| *low == from);
            let proposed = proposed.map(|(low, high)| high.saturating_sub(low).saturating_add(1)).filter(fits);
            return Some(Narrower { span: proposed.or(width).unwrap_or(half.span), width, proposed });
        }
        RpcFailure::TooLarge { .. } | RpcFailure::AnswerRefused => return Some(half),
        RpcFailure::Timeout(_) => patience.timeouts = patience.timeouts.checked_sub(1)?,
        RpcFailure::Unreachable(_)
        | RpcFailure::Tls(_)
        | RpcFailure::Broken(_)
        | RpcFailure::Unauthorized { .. }
        | RpcFailure::RateLimited { .. }
        | RpcFailure::Http { .. }
        | RpcFailure::Malformed(_)
        | RpcFailure::BlockUnknown
        | RpcFailure::StateUnavailable
        | RpcFailure::OutOfGas
        | RpcFailure::BatchRefused
        | RpcFailure::Reverted { .. }
        | RpcFailure::MethodNotFound
        | RpcFailure::Rpc { .. }
        | RpcFailure::WrongChain { .. }
        | RpcFailure::Disagrees { .. }
        | RpcFailure::Lagging { .. }
        | RpcFailure::Leading { .. }
        | RpcFailure::WrongBlock { .. }
        | RpcFailure::Incomplete(_)
        | RpcFailure::LogsPruned
        | RpcFailure::Contradicted { .. }
        | RpcFailure::Outvoted { .. }
        | RpcFailure::Nonsense(_)
        | RpcFailure::Disputed { .. } => patience.unspoken = patience.unspoken.checked_sub(1)?,
    }
    Some(half)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::client::error::RangeHint;

    fn refusal(max_blocks: Option<u64>, range: Option<(u64, u64)>) -> RpcFailure {
        RpcFailure::RangeRefused { hint: RangeHint { max_blocks, range }, text: String::new() }
    }

    fn unknown() -> RpcFailure {
        RpcFailure::Rpc { code: -32000, message: "no".to_owned() }
    }

    fn next(failure: &RpcFailure, span: u64) -> Option<Narrower> {
        narrower(failure, 10, span, &mut Patience::default())
    }

    #[test]
    fn every_refusal_makes_the_next_range_narrower_until_one_block_is_left() {
        for failure in [
            refusal(None, None),
            refusal(Some(5000), None),
            refusal(None, Some((10, 9000))),
            refusal(None, Some((3, 4))),
            refusal(Some(0), Some((10, 9))),
            unknown(),
            RpcFailure::Http { status: 502, text: String::new() },
            RpcFailure::AnswerRefused,
        ] {
            let (mut span, mut steps, mut patience) = (4096, 0, Patience::default());
            while let Some(next) = narrower(&failure, 10, span, &mut patience) {
                assert!(next.span < span && next.span > 0, "{failure:?}");
                (span, steps) = (next.span, steps + 1);
            }
            assert!(span == 1 && steps <= 12, "{failure:?}");
        }
    }

    #[test]
    fn what_does_not_speak_of_a_range_is_halved_within_a_budget_and_what_is_down_is_not() {
        let mut patience = Patience::default();
        let halved = |failure: &RpcFailure, patience: &mut Patience| narrower(failure, 0, 100, patience).is_some();
        assert!((0..UNSPOKEN).all(|_| halved(&unknown(), &mut patience)) && !halved(&unknown(), &mut patience));
        let late = RpcFailure::Timeout(Duration::from_secs(10));
        assert!((0..TIMEOUTS).all(|_| halved(&late, &mut patience)) && !halved(&late, &mut patience));
        assert!(halved(&refusal(None, None), &mut patience), "a refused range is no guess");
        for other in [
            RpcFailure::Unreachable("no route".into()),
            RpcFailure::RateLimited { retry_after: None },
            RpcFailure::BlockUnknown,
            RpcFailure::LogsPruned,
        ] {
            assert_eq!(next(&other, 100), None, "{other:?}");
        }
    }

    #[test]
    fn the_range_that_a_refusal_proposes_is_tried_and_the_width_that_it_names_is_kept() {
        assert_eq!(next(&refusal(Some(800), None), 10_000).unwrap().span, 800);
        assert_eq!(next(&refusal(None, Some((10, 19))), 10_000).unwrap().span, 10);
        let both = next(&refusal(Some(2000), Some((10, 509))), 10_000).unwrap();
        assert_eq!((both.span, both.width), (500, Some(2000)));
        let mut width = Width::new(10_000);
        assert_eq!(width.refused(10_000, both), 500);
        assert_eq!(width.good(), 2000);
    }

    /// A scan of `blocks` at an endpoint that grants `limit` blocks and says so with `hint`: requests and refusals.
    fn scan(blocks: u64, limit: u64, hint: Option<u64>) -> (u64, u64) {
        let (mut width, mut patience) = (Width::new(10_000), Patience::default());
        let (mut from, mut requests, mut refusals) = (0, 0, 0);
        while from < blocks {
            let mut span = width.plan(blocks - from);
            loop {
                requests += 1;
                if span <= limit {
                    width.granted(span, 0);
                    from += span;
                    break;
                }
                refusals += 1;
                span = width.refused(span, narrower(&refusal(hint, None), from, span, &mut patience).unwrap());
            }
        }
        (requests, refusals)
    }

    #[test]
    fn a_limit_is_found_with_few_refusals_whether_it_is_named_or_not() {
        for hint in [Some(10_000), None] {
            let (requests, refusals) = scan(1_000_000, 10_000, hint);
            assert!(requests <= 101 && refusals <= 1, "{requests} requests, {refusals} refused");
        }
        let (requests, _) = scan(1_000_000, 50_000, None);
        assert!(requests <= 30, "{requests}");
        let (requests, refusals) = scan(1_000_000, 2_000, None);
        assert!(requests <= 508 && refusals <= 7, "{requests} requests, {refusals} refused");
        let (requests, refusals) = scan(1_000_000, 1_900, None);
        assert!(requests <= 630 && refusals <= 9, "{requests} requests, {refusals} refused");
        let (requests, _) = scan(1_000_000, 1_000, None);
        assert!(requests <= 1_014, "{requests}");
        let (requests, _) = scan(1_000_000, u64::MAX, None);
        assert!(requests <= 8, "{requests}");
        let (requests, refusals) = scan(2_000, 7, None);
        assert!(requests <= 400 && refusals <= 40, "{requests} requests, {refusals} refused");
    }

    #[test]
    fn ranges_that_are_crowded_with_logs_become_narrower() {
        let mut width = Width::new(10_000);
        for _ in 0..20 {
            let span = width.plan(u64::MAX);
            width.granted(span, usize::try_from(span * 2).unwrap());
        }
        assert!((500..=4_000).contains(&width.good()), "{}", width.good());
    }
}
