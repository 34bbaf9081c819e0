//! What every program needs around its work, and what knows nothing of that work: the time of day, exit codes, the printing of
//! errors, pauses between tries, the dates of certificates, and when a failure is worth a line.

pub mod backoff;
pub mod certificate;
pub mod clock;
pub mod exit;
pub mod failures;
pub mod report;
