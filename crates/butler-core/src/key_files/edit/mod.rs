//! What changes coinbases in a node's own keystore, and nothing else of it.
//!
//! `edit` decides from bytes which bytes become which; `frame` is what an approval of such a change is bound to. The `agent`
//! answers requests about one folder of keystores, on the machine where these lie, so that no private key ever leaves it.
//! Nothing of a key is in any answer, error or name.

mod editor;
mod error;
mod expected;
mod frame;
mod reading;
mod setting;
mod spans;
#[cfg(test)]
mod tests;

pub use self::editor::{Edited, edit};
pub use self::error::EditError;
pub use self::frame::frame;
pub use self::setting::{Change, Setting};
