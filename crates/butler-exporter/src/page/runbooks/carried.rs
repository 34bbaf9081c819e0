//! The texts that the program carries with it.

/// Name and text of every page of `docs/runbooks`, by name; `build.rs` lists them.
pub(super) static RUNBOOKS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/runbooks.rs"));

/// The list of them, with the severity of each and when it fires.
pub(super) static INDEX: &str = include_str!("../../../../../docs/runbooks/README.md");

/// Name and text of a runbook.
pub(crate) fn runbook(name: &str) -> Option<(&'static str, &'static str)> {
    let at = RUNBOOKS.binary_search_by_key(&name, |(known, _)| known).ok()?;
    RUNBOOKS.get(at).copied()
}
