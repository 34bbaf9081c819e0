//! A fake of Safe's transaction service, second version: it keeps what is proposed by the real one's rules, asks the chain for hashes, owners and nonces
//! itself, and tells of executions once it has indexed them. It can lag, refuse, lose its answers and lie.

mod answers;
mod execution;
mod fake;
mod propose;
mod removal;
mod state;

pub use self::fake::FakeSafeService;
pub use self::state::{Lag, ServiceFault, Twist};
