//! Safes: what waits for their owners, and what is proposed to them.

mod delete;
mod desk;
mod journal;
mod proposals;
mod propose;
mod report;

pub(super) use self::delete::delete;
pub(super) use self::proposals::proposals;
pub(super) use self::propose::{Proposed, propose};
