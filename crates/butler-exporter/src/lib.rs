//! `butler-exporter`: figures about Aztec validators for Prometheus.
//!
//! In this version it only checks its configuration. `catalogue` lists the families that it will serve.

pub mod catalogue;
pub mod kinds;
