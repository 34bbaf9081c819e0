//! What the butler's tests, benches and demo run against: a local L1 with Aztec's contracts ([`devnet`]),
//! a proxy that breaks any JSON-RPC endpoint on purpose ([`proxy`]), a chain that is only [`imagined`], a hostile endpoint whose answers are bombs ([`bombs`]),
//! a fake Aztec node that repeats recorded answers ([`aztec_node`]) and one that loads and reloads a keystore ([`keystore_node`]),
//! fakes of the places where people are told ([`chat`]), and a real browser that looks at pages ([`browser`]). Beside the node
//! stand a [`web3signer`], a real [`sshd`], and [`keystores`] of every shape. What several fakes were asked stands in one [`order`].
//! The contracts of each version of the [`safe`] stand on the devnet's chain, with a fake of their transaction service.
//! Jobs have a [`beacon`] node that tells their items, a [`prover`] that does their work, and an [`object_store`].
//!
//! The lies that an endpoint can tell are listed in the README of this crate and in [`proxy::Lie`].
//!
//! Never published and never a normal dependency of the programs. Nothing here reaches beyond loopback, except `npm ci`
//! when the devnet is built, a browser is driven or a Safe is deployed for the first time.

pub mod aztec_node;
pub mod beacon;
pub mod bombs;
pub mod browser;
pub mod chat;
pub mod devnet;
mod http;
pub mod imagined;
pub mod keystore_node;
pub mod keystores;
pub mod long_chain;
mod multicall;
mod npm;
pub mod object_store;
pub mod order;
pub mod prover;
pub mod rpc {
    //! A plain JSON-RPC client, for benches and tests that need one of their own.
    pub use crate::http::Client;
}
pub mod proxy;
pub mod safe;
mod server;
pub mod sshd;
pub mod web3signer;
