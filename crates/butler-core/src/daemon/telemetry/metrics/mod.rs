//! Metrics: families that a program declares, samples of them, and both as text.
//!
//! A family is declared once, by [`metric_families`](crate::metric_families), and names, types, labels and help come from there. Samples
//! that change together are written and compressed once; a request joins such pieces.

pub mod exposition;
pub mod family;
pub mod format;
pub mod lines;
pub mod process;
pub mod sample;
pub mod segment;
pub mod usage;
