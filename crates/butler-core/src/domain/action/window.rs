//! Stretches of time: in which nothing is done that changes something, or only what is urgent is told.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::text::time::{parse_moment, rfc3339};

const DAY: u64 = 86_400;

/// A part of each day, in UTC: its beginning belongs to it, its end does not. It may go over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DailyHours {
    /// The minute of the day at which it begins.
    from: u64,
    /// The minute of the day at which it is over; another one than `from`.
    until: u64,
}

/// A stretch of time: its beginning belongs to it, its end does not. Times are UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// Each day.
    Daily(DailyHours),
    /// Once, in unix seconds.
    Once {
        /// When it begins.
        from: u64,
        /// When it ends.
        until: u64,
    },
}

/// A text that is no window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("expected `HH:MM-HH:MM`, or two moments with a `/` between them")]
pub struct InvalidWindow;

impl DailyHours {
    /// Whether a time, in unix seconds, is in it.
    #[must_use]
    pub fn contains(self, time: u64) -> bool {
        let Self { from, until } = self;
        let minute = time % DAY / 60;
        if from < until { (from..until).contains(&minute) } else { !(until..from).contains(&minute) }
    }
}

impl Window {
    /// Whether a time, in unix seconds, is in it.
    #[must_use]
    pub fn contains(&self, time: u64) -> bool {
        match *self {
            Self::Once { from, until } => (from..until).contains(&time),
            Self::Daily(hours) => hours.contains(time),
        }
    }
}

impl FromStr for DailyHours {
    type Err = InvalidWindow;

    fn from_str(text: &str) -> Result<Self, InvalidWindow> {
        let (from, until) = text.split_once('-').ok_or(InvalidWindow)?;
        let hours = Self { from: minute_of_day(from)?, until: minute_of_day(until)? };
        Some(hours).filter(|hours| hours.from != hours.until).ok_or(InvalidWindow)
    }
}

impl FromStr for Window {
    type Err = InvalidWindow;

    fn from_str(text: &str) -> Result<Self, InvalidWindow> {
        let Some((from, until)) = text.split_once('/') else { return text.parse().map(Self::Daily) };
        let moment = |text| parse_moment(text).ok_or(InvalidWindow);
        let (from, until) = (moment(from)?, moment(until)?);
        Some(Self::Once { from, until }).filter(|_| from < until).ok_or(InvalidWindow)
    }
}

fn minute_of_day(text: &str) -> Result<u64, InvalidWindow> {
    let two = |part: &str, most: u64| {
        let is_two = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse().ok().filter(|number: &u64| is_two && *number <= most).ok_or(InvalidWindow)
    };
    let (hour, minute) = text.split_once(':').ok_or(InvalidWindow)?;
    Ok(two(hour, 23)? * 60 + two(minute, 59)?)
}

impl fmt::Display for DailyHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, until } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, until / 60, until % 60)
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Daily(hours) => hours.fmt(f),
            Self::Once { from, until } => write!(f, "{}/{}", rfc3339(*from), rfc3339(*until)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: u64 = 1_800_000_000 / DAY * DAY + DAY / 2;

    #[test]
    fn a_daily_window_has_its_beginning_and_not_its_end_also_over_midnight() {
        let day: Window = "09:30-12:00".parse().unwrap();
        let night: Window = "22:00-06:00".parse().unwrap();
        let at = |hour: i64| NOON.checked_add_signed((hour - 12) * 3600).unwrap();
        let in_day: Vec<i64> = (0..24).filter(|hour| day.contains(at(*hour))).collect();
        let in_night: Vec<i64> = (0..24).filter(|hour| night.contains(at(*hour))).collect();
        assert_eq!((in_day, in_night), (vec![10, 11], vec![0, 1, 2, 3, 4, 5, 22, 23]));
        assert!(day.contains(at(9) + 1800) && !day.contains(at(12)) && day.contains(at(12) - 1));
    }

    #[test]
    fn a_window_of_moments_is_there_once() {
        let once: Window = "2027-01-31T22:00:00Z/2027-02-01T04:00:00Z".parse().unwrap();
        let Window::Once { from, until } = once else { panic!("{once}") };
        assert_eq!(until - from, 6 * 3600);
        assert!(once.contains(from) && !once.contains(until) && !once.contains(from + DAY));
        for text in ["2027-01-31T22:00:00Z/2027-02-01T04:00:00Z", "22:00-06:00", "00:00-23:59"] {
            assert_eq!(text.parse::<Window>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_window_is_refused() {
        for wrong in [
            "",
            "-",
            "/",
            "22:00",
            "22:00-22:00",
            "24:00-06:00",
            "22:60-06:00",
            "2:00-06:00",
            "+2:00-06:00",
            "22:00-06:00-08:00",
            "22:00/06:00",
            "2027-02-01T04:00:00Z/2027-01-31T22:00:00Z",
            "2027-01-31/2027-02-01",
            "always",
        ] {
            assert_eq!(wrong.parse::<Window>(), Err(InvalidWindow), "{wrong}");
        }
    }
}
