//! Changes that are signed with a key on this machine: sent here, or prepared for a machine without network.

mod account;
mod deliver;
mod journal;
pub(super) mod report;
mod run;
mod signer;

pub(super) use self::run::run;
