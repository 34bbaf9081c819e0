//! What is wrong, how bad it is, until when, and what to do: decided here, from facts, and nowhere else.
//!
//! `audit`, `doctor`, `status`, the exporter's page and metrics, and whoever acts on them, only show what is found here. Each
//! kind has its code, runbook and metric in `kind`; every limit stands in `thresholds`. Pure: where time passes between
//! two looks, [`Finding::severity_at`] is asked with the time of the look.

mod about;
pub mod alerts;
pub mod attester;
pub mod chain;
mod command;
pub mod contradicted;
mod docs;
mod duplicate;
pub mod duties;
mod finding;
pub mod governance;
pub mod host;
pub mod keys;
mod kind;
pub mod node;
pub mod program;
pub mod provider;
pub mod publisher;
pub mod rollups;
pub mod sentinel;
mod severity;
pub mod slashing;
pub mod staking;
mod subject;
mod thresholds;

pub use self::about::{remedy, severity_rule};
pub use self::docs::render_page;
pub use self::finding::{Finding, counts, deadlines};
pub use self::kind::{FindingKind, Source};
pub use self::severity::{Level, Severity};
pub use self::subject::Subject;
pub use self::thresholds::{FAR_AHEAD, SENTINEL_STALE_SLOTS, Thresholds};

#[cfg(test)]
mod reach;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod words;
