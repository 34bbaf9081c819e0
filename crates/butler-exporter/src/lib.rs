//! `butler-exporter`: figures about Aztec validators for Prometheus.
//!
//! Each network has one task for its chain and one for its nodes. A task reads, turns facts into readings and puts them
//! into its slot; `GET /metrics` writes down what the slots hold. Nothing that is scraped can end the program.
//! `catalogue` lists every family; `docs/architecture.md` shows the flow.

pub mod access;
pub mod board;
pub mod catalogue;
pub mod crew;
pub mod http;
pub mod kept_keys;
pub mod key_keeper;
pub mod kinds;
pub mod life;
mod logging;
#[cfg(feature = "otlp")]
mod otlp;
mod page;
pub mod program;
pub mod readings;
mod reload;
pub mod scrapers;
mod service;
pub mod states;
pub mod status;
pub mod tasks;
pub mod text;
mod textfile;
pub mod watched;
