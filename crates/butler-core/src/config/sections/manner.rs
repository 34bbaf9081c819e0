//! How a person wants to be told: what, how often, and when not.

use crate::config::reader::{Read, Section};
use crate::config::setting::{Problem, Setting};
use crate::domain::action::Priority;

/// How people in one place want to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manner {
    /// What is less pressing is not told there.
    pub min_priority: Priority,
    /// The most messages in a minute.
    pub messages_per_minute: u64,
    /// When only what is urgent is told.
    pub quiet_hours: Option<QuietHours>,
}

/// A part of each day, in UTC. It may go over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietHours {
    /// The minute of the day at which it begins.
    pub from: u32,
    /// The minute of the day at which it is over; another one than `from`.
    pub to: u32,
}

impl QuietHours {
    /// Whether a moment is in it; unix seconds.
    #[must_use]
    pub fn contains(self, moment: u64) -> bool {
        let minute = u32::try_from(moment / 60 % 1440).unwrap_or_default();
        if self.from < self.to {
            (self.from..self.to).contains(&minute)
        } else {
            minute >= self.from || minute < self.to
        }
    }
}

/// Reads how somebody wants to be told.
pub(crate) fn read_manner(section: &Section<'_>) -> Read<Manner> {
    let min_priority = section.get::<Pressing>("min_priority");
    let messages_per_minute = section.get("messages_per_minute");
    let quiet_hours = section.optional("quiet_hours");
    Ok(Manner { min_priority: min_priority?.0, messages_per_minute: messages_per_minute?, quiet_hours: quiet_hours? })
}

/// A priority as it is written.
struct Pressing(Priority);

impl Setting for Pressing {
    const KIND: &'static str = "priority";
    const EXPECTED: &'static str = "urgent, high or normal";

    fn from_text(text: &str) -> Result<Self, Problem> {
        let named = [Priority::Urgent, Priority::High, Priority::Normal].into_iter();
        named.map(Self).find(|one| one.show() == text).ok_or_else(Self::expected)
    }
    fn show(&self) -> String {
        <&str>::from(self.0).to_owned()
    }
}

impl Setting for QuietHours {
    const KIND: &'static str = "hours";
    const EXPECTED: &'static str = "a part of the day in UTC such as \"22:00-07:00\"";

    fn from_text(text: &str) -> Result<Self, Problem> {
        let minute = |text: &str| {
            let (hour, minute) = text.split_once(':')?;
            let number = |text: &str| {
                let is_two = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
                if is_two { text.parse::<u32>().ok() } else { None }
            };
            let (hour, minute) = (number(hour)?, number(minute)?);
            (hour < 24 && minute < 60).then_some(hour * 60 + minute)
        };
        let hours = text.split_once('-').and_then(|(from, to)| Some(Self { from: minute(from)?, to: minute(to)? }));
        hours.filter(|hours| hours.from != hours.to).ok_or_else(Self::expected)
    }
    fn show(&self) -> String {
        let Self { from, to } = self;
        format!("{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_hours_go_over_midnight_and_end_before_their_last_minute() {
        let night = QuietHours::from_text("22:00-07:00").unwrap();
        assert_eq!(night.show(), "22:00-07:00");
        let at = |hour: u64, minute: u64| 1_700_006_400 / 86_400 * 86_400 + hour * 3600 + minute * 60;
        for (hour, minute, quiet) in
            [(21, 59, false), (22, 0, true), (0, 0, true), (6, 59, true), (7, 0, false), (12, 0, false)]
        {
            assert_eq!(night.contains(at(hour, minute)), quiet, "{hour}:{minute}");
        }
        let noon = QuietHours::from_text("12:00-13:30").unwrap();
        assert!(noon.contains(at(13, 29)) && !noon.contains(at(13, 30)) && !noon.contains(at(0, 0)));
        for bad in ["", "22-07", "22:00", "22:00-22:00", "24:00-07:00", "22:60-07:00", "2:00-7:00", "22:00-07:00 "] {
            assert!(QuietHours::from_text(bad).is_err(), "{bad}");
        }
    }
}
