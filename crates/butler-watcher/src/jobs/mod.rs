//! Jobs: work that is configured, done once for each item of a pipeline.

pub mod run;
pub mod trigger;
