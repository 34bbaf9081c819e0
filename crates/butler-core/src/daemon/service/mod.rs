//! A program under a service manager: its signals, what it tells, how it reads its configuration again, and its tasks.

pub mod loader;
pub mod notify;
pub mod presence;
pub mod reload;
pub mod signals;
pub mod supervise;
