//! When a schedule is due: minutes, hours, days, months and weekdays in a time zone.
//!
//! What is due follows from the run that was stored last and the time, never from the time alone: a run that was missed is made up
//! for once, however many there were, and a clock that is set back runs nothing twice. In the hour that a change of clocks skips
//! or repeats, a run that names its hour happens once.

use std::fmt;
use std::str::FromStr as _;

use croner::Cron;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use thiserror::Error;

/// A schedule in a time zone.
#[derive(Debug, Clone)]
pub struct Schedule {
    pattern: String,
    zone_name: String,
    cron: Cron,
    zone: TimeZone,
}

/// A text that is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidSchedule {
    /// The pattern has another form.
    #[error("expected minute, hour, day, month and weekday such as \"0 3 * * *\"")]
    Pattern,
    /// No time fits it.
    #[error("it is never due")]
    Never,
    /// The zone is not known here.
    #[error("this machine knows no time zone of that name (hint: its zones are those of the package `tzdata`)")]
    Zone,
}

/// Two schedules are the same when they are written alike.
impl PartialEq for Schedule {
    fn eq(&self, other: &Self) -> bool {
        (&self.pattern, &self.zone_name) == (&other.pattern, &other.zone_name)
    }
}

impl Eq for Schedule {}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.pattern, self.zone_name)
    }
}

impl Schedule {
    /// Reads a schedule. `UTC` is known everywhere; other zones are those of this machine.
    ///
    /// # Errors
    /// See [`InvalidSchedule`].
    pub fn parse(pattern: &str, zone: &str) -> Result<Self, InvalidSchedule> {
        if pattern.split(' ').count() != 5 || pattern.starts_with('@') {
            return Err(InvalidSchedule::Pattern);
        }
        let cron = Cron::from_str(pattern).map_err(|_| InvalidSchedule::Pattern)?;
        let known = if zone == "UTC" { Ok(TimeZone::UTC) } else { TimeZone::get(zone) };
        let known = known.map_err(|_| InvalidSchedule::Zone)?;
        let schedule = Self { pattern: pattern.to_owned(), zone_name: zone.to_owned(), cron, zone: known };
        // 2024 is a leap year.
        schedule.after(1_704_067_200).map(|_| schedule.clone()).ok_or(InvalidSchedule::Never)
    }

    /// The first time after another one at which it is due, in unix seconds; `None` where it never is.
    #[must_use]
    pub fn after(&self, time: u64) -> Option<u64> {
        seconds(&self.cron.find_next_occurrence(&self.zoned(time)?, false).ok()?)
    }

    /// The run that is to be made at `now`, where the last one was for `last`: the newest time that is due and was not run for.
    #[must_use]
    pub fn due(&self, last: u64, now: u64) -> Option<u64> {
        let newest = seconds(&self.cron.find_previous_occurrence(&self.zoned(now)?, true).ok()?)?;
        Some(newest).filter(|newest| *newest > last)
    }

    fn zoned(&self, time: u64) -> Option<Zoned> {
        let time = Timestamp::from_second(i64::try_from(time).ok()?).ok()?;
        Some(time.to_zoned(self.zone.clone()))
    }
}

fn seconds(time: &Zoned) -> Option<u64> {
    u64::try_from(time.timestamp().as_second()).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::time::{parse_moment, rfc3339};

    fn at(text: &str) -> u64 {
        parse_moment(text).unwrap()
    }

    fn berlin(pattern: &str) -> Schedule {
        Schedule::parse(pattern, "Europe/Berlin").unwrap()
    }

    /// The runs between two times, by the rule that the watcher follows: from the last one, looked at every minute.
    fn runs(schedule: &Schedule, from: &str, to: &str) -> Vec<String> {
        let (mut last, mut runs) = (at(from), Vec::new());
        for now in (at(from)..=at(to)).step_by(60) {
            if let Some(due) = schedule.due(last, now) {
                last = due;
                runs.push(rfc3339(due));
            }
        }
        runs
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for wrong in ["", "* * * *", "* * * * * *", "60 * * * *", "0 24 * * *", "0 3 * * * ", "@daily", "a b c d e"] {
            assert_eq!(Schedule::parse(wrong, "UTC"), Err(InvalidSchedule::Pattern), "{wrong}");
        }
        assert_eq!(Schedule::parse("0 3 31 2 *", "UTC"), Err(InvalidSchedule::Never));
        assert_eq!(Schedule::parse("0 3 * * *", "Mars/Olympus"), Err(InvalidSchedule::Zone));
    }

    #[test]
    fn a_daily_run_happens_once_on_the_days_on_which_clocks_change() {
        let daily = berlin("30 2 * * *");
        // 02:30 does not exist on 29 March 2026, and is there twice on 25 October.
        assert_eq!(runs(&daily, "2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z").len(), 2);
        assert_eq!(runs(&daily, "2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z").len(), 2);
        assert_eq!(
            runs(&berlin("0 3 * * *"), "2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z"),
            ["2026-03-29T01:00:00Z", "2026-03-30T01:00:00Z"]
        );
    }

    #[test]
    fn however_many_runs_were_missed_one_is_made_up_for() {
        let hourly = berlin("0 * * * *");
        let last = at("2026-06-01T00:00:00Z");
        let now = at("2026-06-11T10:20:00Z");
        assert_eq!(hourly.due(last, now), Some(at("2026-06-11T10:00:00Z")));
        assert_eq!(hourly.due(at("2026-06-11T10:00:00Z"), now), None);
    }

    #[test]
    fn a_clock_that_is_set_back_runs_nothing_twice() {
        let hourly = berlin("0 * * * *");
        let last = at("2026-06-11T10:00:00Z");
        for now in ["2026-06-11T09:00:00Z", "2026-06-11T10:00:00Z", "2026-06-11T10:59:59Z"] {
            assert_eq!(hourly.due(last, at(now)), None, "{now}");
        }
        assert_eq!(hourly.due(last, at("2026-06-11T11:00:00Z")), Some(at("2026-06-11T11:00:00Z")));
    }

    proptest! {
        #[test]
        fn whatever_is_due_is_after_the_last_run_and_not_after_now(
            minute in 0..60_u32, hour in 0..24_u32, last in 1_767_225_600_u64..1_798_761_600, passed in 0..10_000_000_u64,
        ) {
            let schedule = berlin(&format!("{minute} {hour} * * *"));
            let now = last + passed;
            let next = schedule.after(last).unwrap();
            match schedule.due(last, now) {
                Some(due) => prop_assert!(due > last && due <= now && next <= due),
                // Around a change of clocks the two directions may see a run an hour apart.
                None => prop_assert!(next + 7_200 > now, "{} {} {}", last, now, next),
            }
        }
    }
}
