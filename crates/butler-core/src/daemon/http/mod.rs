//! An HTTP server with its limits, who may ask it, and its certificate. What it answers is handed in.

pub mod access;
pub mod asked;
pub mod bind;
mod connection;
mod dateless;
pub mod desk;
mod host;
pub mod identifiers;
mod limits;
pub mod negotiate;
mod origin;
pub mod page;
pub mod readiness;
pub mod respond;
pub mod routes;
pub mod server;
pub mod tls;
