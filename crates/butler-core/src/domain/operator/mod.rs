//! What the operator has: key files by attester, labels, nodes and hosts.

pub mod host;
pub mod key_book;
pub mod labels;
pub mod node;
