//! What an endpoint grants, as far as it has told: calls of a batch, gas of one call, blocks of a log range, Multicall3,
//! state overrides.
//!
//! A limit falls when something is refused and is believed for a while only: then it doubles step by step until it is back
//! where it began. What is refused again on that way is believed twice as long, up to a day; what is granted again all the
//! way up starts anew. A refusal in passing is therefore never a property, and a real limit costs a request now and then.

use std::time::Duration;

use tokio::time::Instant;

/// How long a refusal is believed at first when its words name what is refused.
const SPOKEN: Duration = Duration::from_secs(600);
/// The same where no words say what was wrong: an outage looks like that, too.
const UNSPOKEN: Duration = Duration::from_secs(5);
/// The longest that a refusal is believed.
const LONGEST: Duration = Duration::from_secs(86_400);
/// The longest time between two steps on the way back.
const STEP: Duration = Duration::from_secs(60);

/// Gas of one `eth_call` that public endpoints grant: geth's default cap is 50 million, some grant less.
const FIRST_CALL_GAS: u64 = 25_000_000;
/// Below this a call is a single getter, and less would not help.
const LEAST_CALL_GAS: u64 = 100_000;

/// The present limits of an endpoint, for metrics and people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most calls of one JSON-RPC batch; 1 means that no batches are sent.
    pub batch_calls: u64,
    /// The most gas of one `eth_call`.
    pub call_gas: u64,
    /// Blocks of the next log range.
    pub log_range_blocks: u64,
    /// Whether Multicall3 has code; calls are packed into it where overrides are not taken.
    pub uses_multicall: bool,
    /// Whether calls are packed for a program of ours that a state override puts on the chain while they last.
    pub uses_overrides: bool,
}

/// How sure a refusal is, the surest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Refusal {
    /// Nothing says what is refused, but less was granted in the same moment.
    Unspoken,
    /// Its words say what is refused.
    Spoken,
}

/// One number that falls with refusals and returns with time.
#[derive(Debug, Clone)]
struct Limit {
    most: u64,
    present: u64,
    /// When the refusal came that is believed now, or when the last step back was made.
    since: Instant,
    /// How long it is believed; zero when nothing was refused.
    pause: Duration,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing was refused, or all is granted again.
    Open,
    /// A refusal is believed.
    Refused,
    /// On the way back.
    Probing,
}

impl Limit {
    fn new(most: u64, now: Instant) -> Self {
        Self { most, present: most, since: now, pause: Duration::ZERO, state: State::Open }
    }

    /// The limit at `now`.
    fn at(&mut self, now: Instant) -> u64 {
        let wait = match self.state {
            State::Open => return self.present,
            State::Refused => self.pause,
            State::Probing => self.pause.min(STEP),
        };
        if now.saturating_duration_since(self.since) >= wait {
            if self.state == State::Probing && self.present == self.most {
                (self.state, self.pause) = (State::Open, Duration::ZERO);
            } else {
                self.present = self.present.saturating_mul(2).clamp(1, self.most);
                (self.state, self.since) = (State::Probing, now);
            }
        }
        self.present
    }

    /// Something was refused: no more than `to` until further notice.
    fn refused(&mut self, to: u64, how: Refusal, now: Instant) {
        self.present = self.present.min(to);
        let first = match how {
            Refusal::Spoken => SPOKEN,
            Refusal::Unspoken => UNSPOKEN,
        };
        match self.state {
            // Refusals of one moment, on the way down, are one refusal.
            State::Refused => self.pause = self.pause.max(first),
            State::Open => (self.pause, self.since) = (first, now),
            State::Probing => (self.pause, self.since) = (self.pause.saturating_mul(2).clamp(first, LONGEST), now),
        }
        self.state = State::Refused;
    }
}

/// Everything that was learnt of one endpoint.
#[derive(Debug)]
pub(super) struct Learnt {
    batch: Limit,
    gas: Limit,
    multicall: Limit,
    overrides: Limit,
    /// Until when contracts that answer nothing inside a state override are believed to.
    silence_proven_until: Option<Instant>,
    log_ceiling: Limit,
    /// Blocks of the next range: never grown beyond the first width, which a scan goes beyond by itself.
    log_range: u64,
    first_log_range: u64,
    /// Whether not even the logs of one block were granted, the last time that they were asked for.
    refuses_logs: bool,
}

impl Learnt {
    /// What is believed of an endpoint that was never asked.
    pub(super) fn new(max_batch: usize, log_range: u64, now: Instant) -> Self {
        Self {
            batch: Limit::new(u64::try_from(max_batch).unwrap_or(u64::MAX).max(1), now),
            gas: Limit::new(FIRST_CALL_GAS, now),
            multicall: Limit::new(1, now),
            overrides: Limit::new(1, now),
            silence_proven_until: None,
            log_ceiling: Limit::new(log_range.max(1), now),
            log_range: log_range.max(1),
            first_log_range: log_range.max(1),
            refuses_logs: false,
        }
    }

    /// The limits at `now`.
    pub(super) fn limits(&mut self, now: Instant) -> Limits {
        Limits {
            batch_calls: self.batch.at(now),
            call_gas: self.gas.at(now),
            log_range_blocks: self.log_range,
            uses_multicall: self.multicall.at(now) > 0,
            uses_overrides: self.overrides.at(now) > 0,
        }
    }

    /// Batches of more than `to` calls were refused.
    pub(super) fn refuse_batch(&mut self, to: u64, how: Refusal, now: Instant) {
        self.batch.refused(to.max(1), how, now);
    }

    /// A call that needed `refused` gas got too little; false when it is as low as is useful.
    pub(super) fn lower_gas(&mut self, refused: u64, now: Instant) -> bool {
        let lower = refused / 2;
        if lower < LEAST_CALL_GAS {
            return false;
        }
        self.gas.refused(lower, Refusal::Spoken, now);
        true
    }

    /// Multicall3 answered as an address without code does.
    pub(super) fn refuse_multicall(&mut self, now: Instant) {
        self.multicall.refused(0, Refusal::Spoken, now);
    }

    /// A state override was refused, ignored or misunderstood, and the same calls were answered without one.
    pub(super) fn refuse_overrides(&mut self, how: Refusal, now: Instant) {
        self.overrides.refused(0, how, now);
    }

    /// What answered nothing inside a state override did so outside of it, too.
    pub(super) fn prove_silence(&mut self, now: Instant) {
        self.silence_proven_until = now.checked_add(SPOKEN);
    }

    /// Whether that was seen lately.
    pub(super) fn is_silence_proven(&self, now: Instant) -> bool {
        self.silence_proven_until.is_some_and(|until| now < until)
    }

    /// A range of `blocks` was refused: `next` is tried, also by later scans until the refusal wears off.
    pub(super) fn refuse_log_range(&mut self, blocks: u64, next: u64, how: Refusal, now: Instant) {
        self.log_ceiling.refused(blocks.saturating_sub(1).max(1), how, now);
        self.set_log_range(next);
    }

    /// What came of the last question for logs that was as narrow as can be, or was answered. It keeps nobody from asking again.
    pub(super) fn note_logs(&mut self, are_refused: bool) {
        self.refuses_logs = are_refused;
    }

    /// Whether not even the logs of one block are granted.
    pub(super) fn refuses_logs(&self) -> bool {
        self.refuses_logs
    }

    /// The next range, whatever is said of others.
    pub(super) fn set_log_range(&mut self, next: u64) {
        self.log_range = next.max(1);
    }

    /// The width with which a scan begins: twice the last one where that is not refused at present, up to the first one.
    /// A scan of few blocks would never try a wider range by itself. Beside it the most that is not refused at present,
    /// where anything is.
    pub(super) fn begin_log_range(&mut self, now: Instant) -> (u64, Option<u64>) {
        let ceiling = self.log_ceiling.at(now);
        let wider = self.log_range.saturating_mul(2).min(self.first_log_range);
        if wider > self.log_range && wider <= ceiling {
            self.log_range = wider;
        }
        (self.log_range, (ceiling < self.first_log_range).then_some(ceiling))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    /// The minutes after which each refusal of `most` is tried again, when nothing but `granted` is ever granted.
    fn probes(limit: &mut Limit, granted: u64, until: Duration) -> Vec<u64> {
        let (start, mut probes) = (Instant::now(), Vec::new());
        let mut now = start;
        while now - start < until {
            if limit.at(now) > granted {
                probes.push((now - start).as_secs() / 60);
                limit.refused(granted, Refusal::Spoken, now);
            }
            now += MINUTE;
        }
        probes
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_that_is_real_is_tried_again_after_ten_minutes_then_twenty_up_to_a_day() {
        let mut limit = Limit::new(100, Instant::now());
        let tried = probes(&mut limit, 7, 100 * LONGEST / 10);
        let gaps: Vec<u64> = tried.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert_eq!(tried[0], 0);
        assert_eq!(gaps[..8], [10, 20, 40, 80, 160, 320, 640, 1280]);
        assert!(gaps[8..].iter().all(|gap| *gap == 1440), "{gaps:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_that_passed_is_gone_after_a_while_and_the_next_refusal_is_a_first_one() {
        let start = Instant::now();
        let mut limit = Limit::new(100, start);
        for to in [50, 25, 12, 6, 3, 1] {
            limit.refused(to, Refusal::Spoken, start);
        }
        assert_eq!(limit.at(start + SPOKEN - MINUTE), 1);
        let mut now = start + SPOKEN;
        let mut way = Vec::new();
        while limit.state != State::Open {
            way.push(limit.at(now));
            now += MINUTE;
        }
        assert_eq!(way, [2, 4, 8, 16, 32, 64, 100, 100]);
        limit.refused(50, Refusal::Spoken, now);
        assert_eq!(limit.pause, SPOKEN);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_without_words_is_believed_for_seconds_only() {
        let start = Instant::now();
        let mut limit = Limit::new(100, start);
        limit.refused(1, Refusal::Unspoken, start);
        assert_eq!(limit.at(start + UNSPOKEN - Duration::from_secs(1)), 1);
        assert_eq!(limit.at(start + UNSPOKEN), 2);
        limit.refused(1, Refusal::Unspoken, start + UNSPOKEN);
        assert_eq!(limit.at(start + UNSPOKEN * 2), 1);
        assert_eq!(limit.at(start + UNSPOKEN * 3), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn everything_that_was_learnt_wears_off() {
        let start = Instant::now();
        let mut learnt = Learnt::new(100, 10_000, start);
        let first = learnt.limits(start);
        learnt.refuse_batch(1, Refusal::Spoken, start);
        assert!(learnt.lower_gas(FIRST_CALL_GAS, start) && !learnt.lower_gas(LEAST_CALL_GAS, start));
        learnt.refuse_multicall(start);
        learnt.refuse_overrides(Refusal::Spoken, start);
        learnt.refuse_log_range(10_000, 800, Refusal::Spoken, start);
        assert_eq!([(); 5].map(|()| learnt.begin_log_range(start).0), [1_600, 3_200, 6_400, 6_400, 6_400]);
        let lower = Limits {
            batch_calls: 1,
            call_gas: FIRST_CALL_GAS / 2,
            log_range_blocks: 6_400,
            uses_multicall: false,
            uses_overrides: false,
        };
        assert_eq!(learnt.limits(start), lower);
        let mut now = start + SPOKEN;
        for _ in 0..10 {
            let _ = learnt.limits(now);
            let _ = learnt.begin_log_range(now);
            now += MINUTE;
        }
        assert_eq!(learnt.limits(now), first);
    }
}
