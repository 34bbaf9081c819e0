//! Files on this machine: read with a bound, replaced as a whole, looked at for changes.

pub mod file;
pub mod memory;
pub mod private;
pub mod record;
pub mod watch;
