//! Calls as transactions of a local account (EIP-1559): what is signed, what it may cost, which nonce is next, and what became of it.
//!
//! All of it is pure. One transaction of an account is under way at a time: the next is signed when the one before is in a block and the
//! state after that block still wants it, so nothing that was decided on is ever outdated. `line` decides that from nonces alone: a state
//! whose nonce is beyond what was signed has what became of it, whatever endpoints say of receipts.

mod bundle;
mod checked;
mod envelope;
mod fate;
mod fees;
mod grant;
mod line;

pub use self::bundle::{Bundle, Content, NotUsable, Signed, ToSign};
pub use self::checked::Checked;
pub use self::envelope::{Draft, NotSigned, RAW_LIMIT, SignedTransaction};
pub use self::fate::{Disputed, Fate, Outcome, Presence, Sighting, agreed, fate_of};
pub use self::fees::{FeeLimits, FeeRefusal, Fees, Market, gas_limit, worst_cost};
pub use self::grant::{Grant, TooMuch};
pub use self::line::{Blocked, Next, Nonces, Written, is_covered, is_same, next};
