//! The watcher: follows the chain, plans what it asks for, keeps that in a journal, and tells it.

mod adopt;
pub mod catalogue;
mod check;
pub mod control;
pub mod executors;
pub mod figures;
pub mod follower;
pub mod health;
mod heartbeat;
pub mod jobs;
pub mod journal;
mod page;
pub mod plan;
pub mod program;
pub mod queues;
pub mod replay;
mod retries;
pub mod routes;
pub mod state;
pub mod tell;
mod trusted;
pub mod waiting;
pub mod watch;
