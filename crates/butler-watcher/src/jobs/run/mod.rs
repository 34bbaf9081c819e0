//! One job of one item: what is to be done, and how it ended.

mod task;

pub use self::task::{Ended, Input, LostLease, Record, Task};
