//! What own proposals prove of the coinbases that nodes use: the first right one is told once, each time that others are used once.
//!
//! Every proposal is judged once, in whatever order they turn up: one whose transaction could not be read comes late. The memory is the
//! caller's to keep, before anything of it is planned; what is planned of it again changes nothing. Of what was proposed before the very
//! first look only the last run of each attester counts. What was not read is not judged, and so nothing is planned of it.

mod contradiction;
mod held;
mod reload;
mod remedy;
mod told;

pub use self::contradiction::{Contradiction, End};
pub use self::held::Proofs;
pub use self::reload::{Asked, At, Became, Live, Reloads, Server, decide};
pub use self::remedy::{Reloading, Remedy, remedy};
pub use self::told::{Delegated, Telling, delegated, mend, mend_keys};
