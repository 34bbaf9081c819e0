//! `butler-exporter`: figures about Aztec validators for Prometheus.
//!
//! Each network has one task for its chain and one for its nodes. A task reads, turns facts into readings and puts them
//! into its slot; `GET /metrics` writes down what the slots hold. Nothing that is scraped can end the program.
//! `catalogue` lists every family; `docs/architecture.md` shows the flow.

pub mod catalogue;
mod check;
pub mod exposition;
pub mod kept_file;
pub mod key_keeper;
#[cfg(feature = "otlp")]
mod otlp;
mod page;
pub mod plan;
pub mod program;
pub mod readings;
mod reload;
pub mod routes;
pub mod scrapers;
pub mod slots;
pub mod states;
pub mod strips;
mod textfile;
