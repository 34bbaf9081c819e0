//! Files on this machine: read with a bound, replaced as a whole, looked at for changes; those of others (`beneath`) and our own.

pub mod beneath;
pub mod dumps;
mod error;
pub mod file;
pub mod memory;
pub mod private;
pub mod record;
pub mod watch;
