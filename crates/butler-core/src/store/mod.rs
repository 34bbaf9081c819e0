//! Files on this machine: read with a bound, replaced as a whole.

pub mod file;
pub mod private;
