//! Moments in the machine's own zone, for whoever asks for that; everything else is UTC.
//!
//! Reports and findings say moments in UTC, and JSON shows them as they are. Only the text that people read is rewritten, at
//! one place for all commands, so that no moment is forgotten.

use std::sync::OnceLock;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A zone to show moments in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Zone(&'static TimeZone);

/// How a moment looks: digits where this has `0`.
const SHAPE: &str = "0000-00-00 00:00 UTC";

impl Zone {
    /// The machine's. Nothing where it cannot be found out.
    #[must_use]
    pub(crate) fn of_machine() -> Option<Self> {
        // One for the process: `Output` is handed from hand to hand.
        static OF_MACHINE: OnceLock<Option<TimeZone>> = OnceLock::new();
        OF_MACHINE.get_or_init(|| TimeZone::try_system().ok()).as_ref().map(Self)
    }

    /// A text with every moment in this zone, with its offset.
    #[must_use]
    pub(crate) fn shown(self, text: &str) -> String {
        let mut shown = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(" UTC") {
            let end = at.saturating_add(" UTC".len());
            let begin = end.saturating_sub(SHAPE.len());
            let moved = rest.get(begin..end).and_then(|moment| self.moved(moment));
            match (moved, rest.get(..begin)) {
                (Some(moved), Some(before)) => shown.extend([before, moved.as_str()]),
                (_, _) => shown.push_str(rest.get(..end).unwrap_or_default()),
            }
            rest = rest.get(end..).unwrap_or_default();
        }
        shown.push_str(rest);
        shown
    }

    fn moved(self, moment: &str) -> Option<String> {
        let same = |(one, other): (char, char)| if other == '0' { one.is_ascii_digit() } else { one == other };
        if moment.len() != SHAPE.len() || !moment.chars().zip(SHAPE.chars()).all(same) {
            return None;
        }
        let (day, time) = moment.strip_suffix(" UTC")?.split_once(' ')?;
        let time: Timestamp = format!("{day}T{time}:00Z").parse().ok()?;
        Some(time.to_zoned(self.0.clone()).strftime("%Y-%m-%d %H:%M %:z").to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_moment_is_moved_and_nothing_else() {
        let zone = Zone(Box::leak(Box::new(TimeZone::fixed(jiff::tz::offset(-3)))));
        assert_eq!(
            zone.shown(
                "from 2026-01-05 02:11 UTC (now) to 2026-07-05 12:00 UTC, cron 0 3 * * * UTC, 2026-13-45 02:11 UTC"
            ),
            "from 2026-01-04 23:11 -03:00 (now) to 2026-07-05 09:00 -03:00, cron 0 3 * * * UTC, 2026-13-45 02:11 UTC"
        );
        assert_eq!(zone.shown("é… UTC"), "é… UTC");
    }
}
