//! Jobs: work that is configured, done once for each item of a pipeline.
//!
//! A job for an item is an action of the journal, created when everything that it waits for is done, in the same commit that says
//! so. Which items there are, and which of their jobs are done, is kept in the journal beside the actions; what is in memory follows
//! from that. The definition is read at the start, and a new one takes the place of what has not begun.

mod actions;
mod driver;
mod error;
mod held;
mod lanes;
mod line;
mod open;
mod opened;
mod progress;
mod reconcile;
pub mod run;
mod source;
pub mod trigger;
mod work;

pub use self::driver::Driver;
pub use self::error::JobsError;
pub use self::opened::{examine, open};
pub use self::source::{Newest, Trigger};
pub use self::work::Run;

#[cfg(test)]
mod tests;
