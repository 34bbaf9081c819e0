//! What programs share that run on: an HTTP server with access and TLS, signals and the service manager, reloads,
//! supervised tasks, logging, metrics as text, and what a service will see.
//!
//! It knows nothing of what a program is for: neither the domain nor a client nor a network. Routes, families of metrics, what a
//! reload changes and what becomes of a panic are handed in. `tests/daemon/` makes a small program of nothing else.

pub mod check;
pub mod http;
pub mod service;
pub mod telemetry;
