//! What whoever proposes asks chain and service beside the plan: the same for a person's command and for the watcher.

mod dead;
mod places;

pub use self::dead::{NotKnown, dead_of};
pub use self::places::{not_run, places_of, roles_of};
