//! Tests of the testkit itself, in one program: each of its own would be linked with everything.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod aztec_node;
mod cut_over;
mod devnet;
mod keystore_node;
mod keystores;
mod lies;
mod proxy;
mod sshd;
mod web3signer;
