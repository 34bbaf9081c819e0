//! Safes on a local chain: the real contracts of each version ([`SafeRelease`]) and owners with keys ([`SafeOwner`]).

mod contracts;
mod deployed;
mod owner;
mod packages;

pub use contracts::SafeRelease;
pub use deployed::{DeployedSafe, SafeCall};
pub use owner::SafeOwner;
pub use packages::SafePackages;
