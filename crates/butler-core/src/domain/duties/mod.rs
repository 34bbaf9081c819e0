//! What attesters were to do and did, from L1 alone: who was to propose, who attested, which of it is missing, and whom it paid.
//!
//! Pure. Whose turn it was follows from committee and seed of an epoch, what happened from the checkpoints that stand in L1's logs and
//! from what their transactions carried. What was not read is never taken for missed.

mod checkpoint;
mod coinbase;
mod duty;
mod epoch;
mod fate;
mod former;
mod network;
mod proof;
mod proposal;
mod seen;
mod sequence;
mod tally;
#[cfg(test)]
mod tests;

pub use self::checkpoint::{Carried, KnownCheckpoint};
pub use self::coinbase::{Used, used};
pub use self::duty::{Done, Duty, DutyKind};
pub use self::epoch::{Draw, EpochDraw, EpochFacts, duties_of};
pub use self::fate::Fate;
pub use self::former::{FormerDuties, all_proposals, has_left};
pub use self::network::NetworkRates;
pub use self::proof::{CoinbaseProof, Expected, ProofState, expected, proofs};
pub use self::proposal::SeenProposal;
pub use self::seen::DutiesSeen;
pub use self::sequence::{Gap, Happened, fates};
pub use self::tally::{Rate, Tally, tally};
