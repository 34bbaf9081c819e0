//! One change of the journal, from what is asked to what is written: decided on an image of the store, applied in one transaction.

pub(crate) mod claim;
pub(crate) mod claim_jobs;
pub(crate) mod commit;
pub(crate) mod count;
pub(crate) mod decide;
pub(crate) mod settle;
pub(crate) mod step;
