//! An HTTP server with its limits, who may ask it, and its certificate. What it answers is handed in.

pub mod access;
pub mod bind;
mod connection;
mod dateless;
pub mod desk;
mod limits;
pub mod page;
pub mod readiness;
pub mod respond;
pub mod routes;
pub mod server;
pub mod tls;
