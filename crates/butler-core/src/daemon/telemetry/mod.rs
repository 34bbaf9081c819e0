//! What a program tells of itself: its log and its metrics.

pub mod logging;
pub mod metrics;
