//! Keys that are to be registered: read from a file, looked up on the chain, judged.
//!
//! The registry takes any key and whoever delegates takes the front one: what is wrong with a key shows when a delegator's stake is
//! locked. So every reason that is known is looked for before.

mod add;
mod called;
pub mod facts;
pub mod file;
mod judge;

pub use self::add::{add_keys, confirm};
pub use self::called::{called_keys, unproven};
pub use self::judge::{BadKey, Fault, Judged, judge};
