//! Where people are told is read strictly, and its secrets come from files that nobody else may read.

#[path = "config_case/mod.rs"]
mod config_case;
