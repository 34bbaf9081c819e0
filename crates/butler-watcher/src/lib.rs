//! The watcher: follows the chain, plans what it asks for, keeps that in a journal, and tells it.

pub mod follower;
pub mod journal;
pub mod plan;
