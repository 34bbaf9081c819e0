//! Tests of the whole program, in one program: each of its own would be linked with everything.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod audit;
mod backtest;
mod bad_input;
mod bombs;
mod claims;
mod cut_over;
mod docs;
mod doctor;
mod duties;
mod events;
mod files_gone;
mod json_shapes;
mod keystore_agent;
mod liars;
mod providers;
mod runbooks;
mod safe;
mod scan;
mod scenario;
mod signed;
mod stakes;
mod support;
mod terminal;
mod transactions;
mod watcher;
