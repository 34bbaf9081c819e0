//! What every program needs around its work, and what knows nothing of that work: exit codes and the printing of errors.

pub mod exit;
pub mod report;
