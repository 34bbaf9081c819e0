//! Reading how slashing stands: each slasher, its tally proposer, and every round that may still be executed.
//!
//! Everything is read at one block. Rounds in which no attester of ours can be slashed cost their committees only, and
//! what a round that ended long ago holds is read once. Votes are added up here; what they lead to is the contract's word.

mod ballot;
mod network;
mod reader;
mod request;
mod rules;
mod tallied;

pub use self::network::NetworkSlashingReader;
pub use self::reader::SlashingReader;
pub use self::request::SlashingRequest;
