//! A provider: its terms, its queue's events, the splits of its delegations, publishers, rewards and how long all lasts.

pub mod facts;
pub mod ledger;
pub mod publisher;
pub mod rewards;
pub mod runway;
pub mod split;
pub mod split_record;
pub mod terms;
