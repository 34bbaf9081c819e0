//! What a Safe is to do: calls made into one of its transactions, under which nonce, once, and what becomes of it.
//!
//! Pure: what the chain and the service say is handed in. Only calls go out of here; of a delegate call only the one to the
//! `MultiSendCallOnly` of the Safe's own version can be said.

mod contents;
mod decision;
mod effect;
mod fate;
mod multi_send;
mod origin;
mod proposer;
mod queue;

pub use self::contents::{Contents, Danger, NothingToDo, calls_transaction, contents_of, is_rejection};
pub use self::decision::{Decision, KeptProposal, NewProposal, SafeView, Undecided, decide};
pub use self::effect::{Repeated, repeated};
pub use self::fate::{Fate, ProposalFacts, Standstill, fate_of};
pub use self::multi_send::{MOST_CALLS, NoBatch, decode_multi_send, encode_multi_send};
pub use self::origin::{effect_of_origin, is_of_effect, origin_of_effect};
pub use self::proposer::{ProposerFault, check_proposer};
pub use self::queue::{ChainBehind, FreeNonce, QueuedTransaction, free_nonce};
