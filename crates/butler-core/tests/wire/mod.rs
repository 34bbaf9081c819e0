//! What comes over the wire from an endpoint or a node: bounded, told apart, and never quoted with a secret.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod bounds;
mod causes;
mod raw;
mod refusals;
mod secrets;
