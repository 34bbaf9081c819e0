//! A transaction of a file, after it was held against the list of what may be called.

use super::envelope::Draft;
use crate::transaction::permitted::Purpose;

/// A transaction of a file with what it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked<T> {
    /// What is or will be signed.
    pub draft: Draft,
    /// What it does.
    pub purpose: Purpose,
    /// The transaction.
    pub transaction: T,
}
