//! How a person wants to be told: what, how often, and when not.

use super::template::Template;
use crate::config::reader::{Read, Section};
use crate::config::setting::{Problem, Setting};
use crate::domain::action::{DailyHours, Priority};

/// How people in one place want to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manner {
    /// What is less pressing is not told there.
    pub min_priority: Priority,
    /// The most messages in a minute.
    pub messages_per_minute: u64,
    /// When only what is urgent is told.
    pub quiet_hours: Option<DailyHours>,
    /// How one thing is worded, where not as it comes.
    pub template: Option<Template>,
}

/// Reads how somebody wants to be told.
pub(crate) fn read_manner(section: &Section<'_>) -> Read<Manner> {
    let min_priority = section.get::<Pressing>("min_priority");
    let messages_per_minute = section.get("messages_per_minute");
    let quiet_hours = section.optional("quiet_hours");
    let template = section.optional("template");
    Ok(Manner {
        min_priority: min_priority?.0,
        messages_per_minute: messages_per_minute?,
        quiet_hours: quiet_hours?,
        template: template?,
    })
}

/// A priority as it is written.
pub(crate) struct Pressing(pub(crate) Priority);

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

impl Setting for DailyHours {
    const KIND: &'static str = "hours";
    const EXPECTED: &'static str = "a part of the day in UTC such as \"22:00-07:00\"";

    fn from_text(text: &str) -> Result<Self, Problem> {
        text.parse().map_err(|_| Self::expected())
    }
    fn show(&self) -> String {
        self.to_string()
    }
}
