//! What owners of a Safe are to be asked for: what the operator wants, and the chain has otherwise.
//!
//! Of each thing that may be wanted (a slot: of a provider, or of all publishers) one proposal is open at a time. What is shown to a person
//! are its calls; once they would be others, they are shown anew. What a person said no to is not asked again before it was not wanted for a
//! while, or something else is.

mod draft;
mod next;
mod shown;
mod wishes;

pub use self::draft::{Draft, action_of};
pub use self::next::{At, Became, Before, Next, Said, next};
pub use self::shown::{Approved, as_approved, is_as_shown};
pub use self::wishes::{Have, Slot, Wanted, wishes};

#[cfg(test)]
mod tests;
