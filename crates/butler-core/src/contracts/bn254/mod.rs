//! Points of the curve BN254, on which Aztec's BLS keys lie.
//!
//! A compressed key is half as likely to be a point as not, so that alone proves nothing; it only refuses what cannot be one.
//! The coordinates of a registration prove each other: two points of one secret in both groups, and a proof that whoever
//! made it knows that secret, checked as the chain does. What was proven once is remembered, since an exporter reads the
//! same files each minute.

mod batch;
mod equation;
mod hashing;
mod memory;
mod points;
mod registration;
#[cfg(feature = "sign")]
mod secret;

pub use self::batch::are_proven;
pub use self::points::{Group1, Group2, could_be_public};
pub use self::registration::Registration;
#[cfg(feature = "sign")]
pub use self::secret::{Secret, registrations};
