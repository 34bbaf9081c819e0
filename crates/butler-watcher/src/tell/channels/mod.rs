//! The channels, one file each.

pub(super) mod channel;
pub(super) mod discord;
pub(super) mod email;
mod line;
pub(super) mod slack;
pub(super) mod telegram;
pub(super) mod webhook;
