//! What stands over options in help.

/// Over those that say where everything is.
pub(super) const CONNECTION: &str = "Connection";
/// Over those that say how results look.
pub(super) const OUTPUT: &str = "Output";
/// Over those that say what is looked at.
pub(super) const SELECTION: &str = "Selection";
/// Over those that say how a change is tried and handed over.
pub(super) const TRANSACTION: &str = "Transaction";
/// Over those that say who signs on this machine, and how.
pub(super) const SIGNING: &str = "Signing";
