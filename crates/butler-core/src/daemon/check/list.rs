//! A list of what was looked at.

use serde::Serialize;

use crate::runtime::exit::Exit;

/// How a look ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is as it should be.
    Good,
    /// The service goes on with it, and somebody should look.
    Warning,
    /// The service does not do what it is for, or something on this machine keeps it from starting.
    Bad,
    /// The service does not start: its configuration cannot be used.
    Unusable,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at.
    pub what: String,
    /// How that ended.
    pub outcome: Outcome,
    /// What was found, or what is wrong.
    pub why: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Check {
    /// Something was found to be so.
    pub fn new(what: impl Into<String>, outcome: Outcome, why: impl Into<String>) -> Self {
        Self { what: what.into(), outcome, why: why.into(), hint: None }
    }

    /// It is as it should be.
    pub fn good(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::new(what, Outcome::Good, why)
    }

    /// Somebody should look.
    pub fn warning(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::new(what, Outcome::Warning, why)
    }

    /// The service does not do what it is for.
    pub fn bad(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::new(what, Outcome::Bad, why)
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// Everything that was looked at, in that order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CheckList {
    checks: Vec<Check>,
}

impl CheckList {
    /// Adds one.
    pub fn push(&mut self, check: Check) {
        self.checks.push(check);
    }

    /// The worst of them.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.checks.iter().map(|check| check.outcome).max().unwrap_or(Outcome::Good)
    }

    /// How a program ends that looked at these: a warning fails nothing.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self.outcome() {
            Outcome::Good | Outcome::Warning => Exit::Success,
            Outcome::Bad => Exit::CheckFailed,
            Outcome::Unusable => Exit::Configuration,
        }
    }

    /// Lines for a person, the hints below what they are about.
    #[must_use]
    pub fn render(&self) -> String {
        let line = |check: &Check| {
            let word = match check.outcome {
                Outcome::Good => "ok",
                Outcome::Warning => "warning",
                Outcome::Bad | Outcome::Unusable => "BAD",
            };
            let hint = check.hint.as_ref().map(|hint| format!("         hint: {hint}\n")).unwrap_or_default();
            format!("{word:<8} {}: {}\n{hint}", check.what, check.why)
        };
        self.checks.iter().map(line).collect()
    }

    /// The same as JSON.
    #[must_use]
    pub fn json(&self) -> String {
        #[derive(Serialize)]
        struct Report<'a> {
            outcome: Outcome,
            checks: &'a [Check],
        }
        let report = Report { outcome: self.outcome(), checks: &self.checks };
        serde_json::to_string_pretty(&report).map(|text| format!("{text}\n")).unwrap_or_default()
    }
}

impl Extend<Check> for CheckList {
    fn extend<T: IntoIterator<Item = Check>>(&mut self, checks: T) {
        self.checks.extend(checks);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_decides_the_code_and_a_warning_fails_nothing() {
        let mut list = CheckList::default();
        assert_eq!((list.outcome(), list.exit()), (Outcome::Good, Exit::Success));
        list.push(Check::good("clock", "it is set"));
        list.push(Check::warning("secret", "others can read it").hint("chmod o-r"));
        assert_eq!(list.exit(), Exit::Success);
        assert_eq!(
            list.render(),
            "ok       clock: it is set\nwarning  secret: others can read it\n         hint: chmod o-r\n"
        );
        list.push(Check::bad("key files", "one is broken"));
        assert_eq!(list.exit(), Exit::CheckFailed);
        list.push(Check::new("certificate", Outcome::Unusable, "it is none"));
        assert_eq!(list.exit(), Exit::Configuration);
        let json: serde_json::Value = serde_json::from_str(&list.json()).unwrap();
        assert_eq!((&json["outcome"], &json["checks"][1]["hint"]), (&"unusable".into(), &"chmod o-r".into()));
        assert!(json["checks"][0]["hint"].is_null());
    }
}
