//! Changes that are signed with a key on this machine: sent here, or prepared for a machine without network.

mod account;
mod broadcast;
mod deliver;
mod draft;
mod held_keys;
mod journal;
mod list;
mod offline;
mod repeated;
mod replace;
mod report;
mod run;
mod signer;
mod unsigned;

pub(in crate::commands) use self::broadcast::run as broadcast;
pub(super) use self::draft::cost;
pub(in crate::commands) use self::list::run as list;
pub(in crate::commands) use self::offline::run as sign;
pub(in crate::commands) use self::replace::{Replacement, run as replace};
pub(super) use self::run::run;
pub(super) use self::unsigned::unsigned;
