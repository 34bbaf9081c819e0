//! What every program needs around its work, and what knows nothing of that work: the time of day, exit codes and the printing of errors.

pub mod clock;
pub mod exit;
pub mod report;
