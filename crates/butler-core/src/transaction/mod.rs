//! What a provider changes on Ethereum: planned, checked, simulated as the real sender, sent in one of a few forms, and proven by logs.

mod call;
pub mod safe;

pub use self::call::Call;
