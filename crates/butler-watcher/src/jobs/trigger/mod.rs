//! What tells which items there are: the newest number that is certain, by whoever can know it.
//!
//! One that lies alone moves nothing. What cannot be known now is an error, never an older number or none.

mod beacon;
mod blocks;
mod error;

pub use self::beacon::BeaconPeriods;
pub use self::blocks::{L1Blocks, L2Blocks, Tip};
pub use self::error::TriggerError;
