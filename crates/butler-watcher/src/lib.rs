//! The watcher: follows the chain, plans what it asks for, keeps that in a journal, and tells it.

mod adopt;
pub mod board;
pub mod catalogue;
pub mod control;
pub mod follower;
pub mod journal;
pub mod plan;
pub mod program;
pub mod replay;
pub mod routes;
pub mod state;
pub mod tell;
pub mod watch;
