//! How values of the field are written as text: one printer each, for messages, JSON, metrics and pages alike.
//!
//! Pure, and below everything else: nothing here knows where the text goes.

pub mod address;
pub mod amount;
pub mod closed;
pub(crate) mod fixed;
pub mod nearest;
pub(crate) mod pattern;
pub(crate) mod secrets;
pub mod shell;
pub mod time;
pub mod visible;
