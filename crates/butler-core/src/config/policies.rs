//! `[watcher.policies]`: what is to become of each kind of action; who may decide, and when nothing is done.

use std::collections::BTreeMap;

use super::reader::{Read, Section};
use super::setting::{Problem, Setting};
use crate::domain::action::{ActionKind, Policy, Window};

/// Whoever the kernel cannot name, such as a user of another namespace; on most machines called `nobody`.
pub const NOBODY: u32 = 65_534;

/// A user of this machine, as it is written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum User {
    /// By number.
    Id(u32),
    /// By name.
    Name(String),
}

impl Setting for User {
    const KIND: &'static str = "user";
    const EXPECTED: &'static str = "a user's name or number as text, such as \"alice\" or \"1000\"";

    fn from_text(text: &str) -> Result<Self, Problem> {
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return match text.parse() {
                Ok(NOBODY) => Err(Problem::new(format!(
                    "user {NOBODY} is whoever the kernel cannot name, and may neither ask nor decide"
                ))),
                // The last number stands for no change.
                Ok(u32::MAX) | Err(_) => Err(Self::expected()),
                Ok(id) => Ok(Self::Id(id)),
            };
        }
        let is_first = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        let is_name = text.len() <= 32 && text.bytes().next().is_some_and(is_first) && text.bytes().all(is_plain);
        if is_name { Ok(Self::Name(text.to_owned())) } else { Err(Self::expected()) }
    }

    fn show(&self) -> String {
        match self {
            Self::Id(id) => id.to_string(),
            Self::Name(name) => name.clone(),
        }
    }
}

impl Setting for Policy {
    const KIND: &'static str = "policy";
    const EXPECTED: &'static str = "`off`, `notify`, `approve` or `auto`";

    fn from_text(text: &str) -> Result<Self, Problem> {
        text.parse().map_err(|_| Self::expected())
    }

    fn show(&self) -> String {
        self.name().to_owned()
    }
}

impl Setting for Window {
    const KIND: &'static str = "time window";
    const EXPECTED: &'static str = "times of each day such as \"22:00-06:00\", or two moments such as \"2027-01-31T22:00:00Z/2027-02-01T04:00:00Z\"";

    fn from_text(text: &str) -> Result<Self, Problem> {
        text.parse().map_err(|_| Self::expected())
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

/// What the operator wants of each kind of action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policies(BTreeMap<ActionKind, Policy>);

impl Policies {
    /// What the operator wants of this kind.
    #[must_use]
    pub fn of(&self, kind: ActionKind) -> Policy {
        self.0.get(&kind).copied().unwrap_or_else(|| kind.default_policy())
    }
}

pub(super) fn read_policies(section: &Section<'_>) -> Read<Policies> {
    let read = ActionKind::ALL.map(|kind| (kind, read_policy(section, kind)));
    read.into_iter().map(|(kind, policy)| Ok((kind, policy?))).collect::<Read<_>>().map(Policies)
}

fn read_policy(section: &Section<'_>, kind: ActionKind) -> Read<Policy> {
    let policy: Policy = section.get(kind.name())?;
    if policy.acts() && !kind.writes() {
        let problem = Problem::new("this kind is only told: `off` or `notify`");
        return Err(section.fault(kind.name(), problem));
    }
    Ok(policy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::keys::ROOT;
    use crate::config::keys::{Group, Presence};

    #[test]
    fn every_kind_of_action_has_a_key_whose_default_is_the_kinds_own() {
        let group: &Group = ROOT.section("watcher").unwrap().group.section("policies").unwrap().group;
        let keys: Vec<_> = group.keys().map(|key| (key.name, key.presence)).collect();
        let mut kinds: Vec<_> =
            ActionKind::ALL.map(|kind| (kind.name(), Presence::Default(kind.default_policy().name()))).to_vec();
        let mut sorted = keys;
        sorted.sort_by_key(|(name, _)| *name);
        kinds.sort_by_key(|(name, _)| *name);
        assert_eq!(sorted, kinds);
    }

    #[test]
    fn a_user_is_a_number_or_a_name_and_nothing_else() {
        assert_eq!(User::from_text("1000").unwrap(), User::Id(1000));
        assert_eq!(User::from_text("alice").unwrap(), User::Name("alice".to_owned()));
        assert_eq!(User::from_text("svc-butler.1").unwrap().show(), "svc-butler.1");
        for wrong in [
            "",
            "-1",
            "65534",
            "065534",
            "4294967295",
            "99999999999",
            "1000x",
            "al ice",
            "al\nice",
            "@wheel",
            "*",
            &"a".repeat(33),
        ] {
            assert!(User::from_text(wrong).is_err(), "{wrong}");
        }
    }
}
