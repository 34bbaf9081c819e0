//! Every key that the configuration knows, once: type, default, bounds, meaning.
//!
//! The reader takes defaults and bounds from here, the reference page is written from here, and unknown keys are the
//! ones that are not here. So none of the three can disagree with another.

mod channels;
mod http;
mod keystores;
mod pipelines;
mod policies;
mod safe;
mod schema;
mod signer;
mod table;
mod wanted;
mod ways;

pub use self::schema::{Bounds, Group, Key, Presence, Shape, Subsection};
pub use self::table::ROOT;
