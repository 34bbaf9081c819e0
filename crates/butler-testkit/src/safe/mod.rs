//! Safes on a local chain: the real contracts of each version ([`SafeRelease`]), owners with keys ([`SafeOwner`]), and a
//! fake of the service where transactions are proposed ([`FakeSafeService`]).

mod contracts;
mod deployed;
mod owner;
mod packages;
mod service;

pub use contracts::SafeRelease;
pub use deployed::{DeployedSafe, SafeCall};
pub use owner::SafeOwner;
pub use packages::SafePackages;
pub use service::{FakeSafeService, Lag, ServiceFault, Twist};
