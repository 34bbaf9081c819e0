//! Safe's transaction service, second version, hosted or one's own: what waits for signatures there, proposed, asked for, deleted.
//!
//! It is believed in nothing that can be computed: the hash of each transaction is made anew from its fields, and what does not agree
//! is a [`ServiceLie`], named. That something was executed is the chain's to say. Each request counts in a monthly budget.

mod answers;
mod budget;
mod delegates;
mod error;
mod listed;
mod number;
mod prepared;
mod service;

pub use self::budget::{BudgetSpent, RequestBudget};
pub use self::delegates::Delegate;
pub use self::error::{ServiceError, ServiceLie};
pub(crate) use self::listed::read_page;
pub use self::listed::{ListedExecution, ListedTransaction};
pub use self::prepared::{NotPrepared, ORIGIN_LIMIT, PreparedProposal};
pub use self::service::{MOST_LISTED, SafeService};
