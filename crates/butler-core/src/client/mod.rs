//! Network I/O: JSON-RPC to L1 endpoints and to Aztec nodes.
//!
//! `http` moves bounded bytes under a deadline, `wire` is JSON-RPC without I/O, `refusal` tells error texts of providers
//! apart, `jsonrpc` is the exchange with one peer that all clients share, `endpoint` is one URL of an L1, `limits` what was learnt about it, `l1` is several endpoints that stand in for each other
//! (`heads` and `vote`: whose block is read; `opinion`: whose answers are believed), `rounds` says when to ask again,
//! `calls`, `log_scan` and `block_logs` are the bulk reads, `safe` is Safe's transaction service, `host` looks at a machine from outside. No answer is retried
//! blindly and no failed read becomes a value.

pub mod aztec_node;
pub mod beacon;
pub mod block_logs;
mod body;
pub mod calls;
pub mod capped;
mod connection;
pub mod endpoint;
pub mod error;
mod evm;
pub mod heads;
pub mod health;
pub mod host;
pub mod http;
mod journey;
pub mod jsonrpc;
pub mod l1;
pub mod limits;
pub mod log_scan;
mod log_text;
mod log_width;
pub mod logs;
mod meter;
pub mod opinion;
mod page;
mod passengers;
pub mod payload;
mod receipts;
pub mod refusal;
mod rounds;
pub mod safe;
pub mod secrets;
#[cfg(feature = "sign")]
pub mod send_reply;
#[cfg(feature = "sign")]
pub mod sending;
mod sent;
pub mod text;
pub mod transactions;
pub mod trial;
mod vote;
pub mod web3signer;
pub mod wire;
