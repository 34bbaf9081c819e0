//! The past replayed: what would have been said when, had somebody looked at every block.
//!
//! Facts come in the order of the chain, each with its block; at each block where something happened the findings of whom it touches
//! are made anew, by the very judgement that a living program asks (`domain/findings`), and held against what was said before. Pure:
//! who read the facts, from logs or from an archive, is all the same here. Whatever was not read is not judged, as in the present.

mod engine;
mod episodes;
mod losses;
mod past;
#[cfg(test)]
mod tests;

pub use self::engine::{Backtest, Outcome, Setting};
pub use self::episodes::{Change, Open, Said};
pub use self::losses::{Loss, Losses};
pub use self::past::{Fact, Moment, Past};
