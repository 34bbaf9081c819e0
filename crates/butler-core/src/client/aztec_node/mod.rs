//! JSON-RPC of an Aztec node: its public port and its admin port.
//!
//! Nodes answer errors as HTTP 400 with a JSON-RPC body, leave `result` out where they mean `undefined`, write some
//! numbers as strings, and answer 404 to everything while in standby. Newer nodes say `aztec_` where older ones say
//! `node_`, and `aztecAdmin_` where they say `nodeAdmin_`; which one is learnt from the first answer, method by method.

pub(crate) mod answers;
mod methods;
mod node;
mod probe;
mod reload;
pub(crate) mod stats;
mod status;

pub use self::answers::{L1ContractAddresses, L2Tips, NodeInfo, PeerCounts, WorldState};
pub use self::node::{AztecNode, OffenceRange};
pub use self::probe::{L1_PROBE_DEADLINE, L1Access};
pub use self::reload::{ReloadError, ReloadRefusal};
pub use self::status::{NodeStatus, P2pStatus};
